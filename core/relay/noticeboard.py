"""The newest announcement of a release that a relay knows of: handed to whoever asks, and kept over a restart."""

import logging
from pathlib import Path
from typing import Final

import msgspec

from core.chain.keystore import write_for_owner
from core.errors import InvalidInput
from core.model import address
from core.relay.refusals import Refusal, Refused
from core.release import Announcement, Witness, check, counts_before

_FILE: Final = "release.json"

_log = logging.getLogger(__name__)


class Noticeboard:
    """Keeps in `folder` what `key`, the market's release key, signed; without a key ("") nothing is taken."""

    def __init__(self, folder: Path, key: str, witness: Witness, now: int) -> None:
        self._file = folder / _FILE
        self._key = address(key) if key else None
        self._witness = witness
        self._held = self._kept(now)

    def newest(self, now: int) -> Announcement | None:
        """What to tell at `now`."""
        return self._held if self._held is not None and now < self._held.expires_at else None

    def put(self, announcement: Announcement, now: int) -> None:
        """Take the announcement; the one held already is no news and no error. Raises Refused."""
        if self._key is None:
            raise Refused(Refusal.NO_RELEASE_KEY)
        if announcement == self._held:
            return
        if not counts_before(announcement, self.newest(now)):
            raise Refused(Refusal.OLD_RELEASE)
        try:
            check(announcement, self._key, self._witness, now)
        except InvalidInput as refused:
            raise Refused(Refusal.FORGED_RELEASE) from refused
        write_for_owner(self._file, msgspec.json.encode(announcement))
        self._held = announcement

    def _kept(self, now: int) -> Announcement | None:
        try:
            found = msgspec.json.decode(self._file.read_bytes(), type=Announcement)
            if self._key is not None:
                # The settings may name another key by now.
                check(found, self._key, self._witness, now)
                return found
        except FileNotFoundError:
            pass
        except (OSError, msgspec.MsgspecError, InvalidInput) as useless:
            _log.warning("The announcement kept in %s does not count any more: %s", self._file, useless)
        return None
