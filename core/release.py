"""Announcements of new versions: what one says, who must have signed it, and which of several counts. Pure.

An announcement bears its own signature, so it does not matter who hands it on (docs/decisions).
"""

import re
from hashlib import sha256
from typing import Final, Protocol
from urllib.parse import urlsplit

import msgspec

from core.errors import InvalidInput
from core.model import Address, Letterhead, address

LIFE_S: Final = 180 * 86_400
"""An announcement is told for so long at most: what nobody signs anew is forgotten."""
SKEW_S: Final = 86_400
"""A clock that is so far behind takes an announcement all the same: nothing hangs on the second it was made."""
READERS: Final = address("0x" + sha256(b"sparecloud releases").hexdigest()[-40:])
"""Whom the statement that is signed is addressed to: nobody's account, so that it passes for no other letter."""

_NUMBER: Final = re.compile(r"(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})")
_LONGEST_SUMMARY: Final = 200
_LONGEST_PAGE: Final = 100

Number = tuple[int, int, int]


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A version that is out: its number (X.Y.Z), what is new in a line, and the https page that has it."""

    version: str
    summary: str
    where: str

    def __post_init__(self) -> None:
        _need(number(self.version) is not None, "version must be three numbers, like 1.4.0")
        _need(0 < len(self.summary) <= _LONGEST_SUMMARY, f"summary must be 1 to {_LONGEST_SUMMARY} letters")
        _need(self.summary.isprintable(), "summary must be printable")
        _need(_is_page(self.where), f"where must be an https address of {_LONGEST_PAGE} letters at most")


class Announcement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A release, signed by a market's release key at `announced_at`, to be told until `expires_at` (Unix seconds).

    Its form never changes: the oldest version must understand what the newest one's maker signs.
    """

    release: Release
    announced_at: int
    expires_at: int
    signature: str


class Signer(Protocol):
    """Whose word an announcement is: a core.ports.Notary of the release key."""

    @property
    def address(self) -> Address: ...

    def sign(self, statement: Letterhead) -> str: ...


class Witness(Protocol):
    """Says who signed: any core.ports.Notary of the market."""

    def signer(self, statement: Letterhead, signature: str) -> Address: ...


def announced(release: Release, key: Signer, now: int) -> Announcement:
    """`release`, announced by `key` for as long as any announcement may be told."""
    signature = key.sign(_statement(release, key.address, now, now + LIFE_S))
    return Announcement(release, now, now + LIFE_S, signature)


def check(announcement: Announcement, key: Address, witness: Witness, now: int) -> None:
    """Raise InvalidInput unless `key` signed the announcement, and it is to be told now."""
    signed_at, until = announcement.announced_at, announcement.expires_at
    if not 0 < signed_at <= now + SKEW_S:
        raise InvalidInput("It is dated ahead of this machine's clock.")
    if not now < until <= signed_at + LIFE_S:
        raise InvalidInput("Its time is over, or it claims more than it may have.")
    statement = _statement(announcement.release, key, signed_at, until)
    if witness.signer(statement, announcement.signature) != key:
        raise InvalidInput("The market's release key did not sign it.")


def counts_before(one: Announcement, other: Announcement | None) -> bool:
    """Whether `one` takes the place of `other`: a newer version, or a newer word on the same."""
    return other is None or _rank(one) > _rank(other)


def is_update(release: Release, own: str) -> bool:
    """Whether `release` is newer than the version `own`; never where that is none, as in a checkout."""
    have, found = number(own), number(release.version)
    return have is not None and found is not None and found > have


def number(version: str) -> Number | None:
    """X.Y.Z as three numbers; None for any other text, so that nothing is ever compared by its letters."""
    match = _NUMBER.fullmatch(version)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _statement(release: Release, key: Address, announced_at: int, expires_at: int) -> Letterhead:
    said = "0x" + sha256(msgspec.json.encode(release)).hexdigest()
    return Letterhead(key, READERS, announced_at, expires_at, said)


def _rank(announcement: Announcement) -> tuple[Number, int]:
    return number(announcement.release.version) or (0, 0, 0), announcement.announced_at


def _is_page(where: str) -> bool:
    if len(where) > _LONGEST_PAGE or not where.isascii() or not where.isprintable() or " " in where:
        return False
    try:
        parts = urlsplit(where)
        # A name before the host would make it look like another one.
        return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return False


def _need(condition: bool, sentence: str) -> None:
    if not condition:
        raise ValueError(sentence)
