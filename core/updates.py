"""Follows what a market's relays say of new versions. It tells, and never fetches or opens anything."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Protocol

from core.errors import InvalidInput
from core.model import Address
from core.ports import Clock, Notary
from core.release import Announcement, Release, check, counts_before, is_update

ASK_EVERY_S: Final = 6 * 3600
LOOK_EVERY_S: Final = 600
"""Where no relay answered, or the owner wants to know again, nobody waits longer than this."""

AskRelays = Callable[[], Awaitable[Sequence[Announcement | None]]]
"""What each relay that answers holds for the newest announcement, unchecked; None where it knows none."""

log = logging.getLogger(__name__)


class Updates(Protocol):
    """What an agent tells of new versions."""

    @property
    def newest(self) -> Release | None:
        """What is out and newer than what runs here, as far as anybody knows."""
        ...

    async def follow(self, wanted: Callable[[], bool]) -> None:
        """Keep `newest` up to date while it is `wanted`, until cancelled."""
        ...


class _NothingNew:
    newest: Release | None = None

    async def follow(self, wanted: Callable[[], bool]) -> None:
        """There is nobody to ask."""


NOTHING_NEW: Final[Updates] = _NothingNew()
"""In a market without a release key nobody is asked, and nobody believed."""


class ReleaseNews:
    """The newest release that `key`, the market's release key, signed, where it is newer than `own`, this version.

    Relays are not trusted: each may be silent, behind, or lie. Of all that they say, the newest that is signed counts.
    """

    def __init__(self, ask: AskRelays, key: Address, notary: Notary, clock: Clock, own: str) -> None:
        self._ask = ask
        self._key = key
        self._notary = notary
        self._clock = clock
        self._own = own
        self._held: Announcement | None = None
        self._asked_at: int | None = None

    @property
    def newest(self) -> Release | None:
        """What is out and newer than what runs here."""
        held = self._told()
        return held.release if held is not None else None

    async def follow(self, wanted: Callable[[], bool]) -> None:
        """Ask now, and where it is time to, while it is `wanted`, until cancelled."""
        while True:
            if wanted():
                await self.look()
            await self._clock.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Ask the relays, where it is time to."""
        now = self._clock.now()
        if self._asked_at is not None and 0 <= now - self._asked_at < ASK_EVERY_S:
            return
        answers = await self._ask()
        self._asked_at = now if answers else None
        for announcement in answers:
            if announcement is not None:
                self._take(announcement, now)

    def _take(self, announcement: Announcement, now: int) -> None:
        release = announcement.release
        if not is_update(release, self._own) or not counts_before(announcement, self._told()):
            return
        try:
            check(announcement, self._key, self._notary, now)
        except InvalidInput as refused:
            log.warning("an announcement of version %s was refused: %s", release.version, refused.title)
            return
        if release != self.newest:
            log.info("version %s is out: %s %s", release.version, release.summary, release.where)
        self._held = announcement

    def _told(self) -> Announcement | None:
        return self._held if self._held is not None and self._clock.now() < self._held.expires_at else None


def own_version() -> str:
    """The version that runs here; "checkout" where it was never installed."""
    try:
        return version("sparecloud")
    except PackageNotFoundError:
        return "checkout"
