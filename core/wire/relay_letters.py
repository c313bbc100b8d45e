"""What is asked of a relay, and what it answers: strict, bounded, with a version.

An ask is JSON. What is asked about a lease is signed by its session key; an answer is sealed to a key that the body
brings, so that whoever else listens on the bus learns nothing.
"""

import re
from hashlib import sha256
from typing import Final, TypeVar

import msgspec

from core.errors import InvalidInput
from core.model import Address, LeaseId, Letterhead, Terms
from core.release import Announcement
from core.ticket import MOST_REVOKED, Overlay, RelayPoint, is_node_key

VERSION: Final = 1
ASKS: Final = "sparecloud.relay.v1.asks"
MAX_ASK_BYTES: Final = 48 * 1024
MAX_ANSWER_BYTES: Final = 4 * 1024

_TOKEN = re.compile(r"[0-9a-f]{32}")
_WORD = re.compile(r"0x[0-9a-f]{64}")
_ASSUMED_PORT: Final = 1


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Unknown fields are refused."""


class Back(_Strict, frozen=True):
    """Where the answer goes: a subject's last part (32 hexadecimal digits), a number, and the key to seal it to."""

    answer_to: str
    number: int
    seal_key: str

    def __post_init__(self) -> None:
        _need(_TOKEN.fullmatch(self.answer_to) is not None, "answer_to must be 32 hexadecimal digits")
        _need(0 <= self.number < 2**53, "number must be between 0 and 2^53")
        _need(_WORD.fullmatch(self.seal_key) is not None, "seal_key must be 0x and sixty-four hexadecimal digits")


class _Body(_Strict, frozen=True, tag_field="ask", tag=str.lower):
    """The class name is the tag."""

    back: Back


class Card(_Body, frozen=True):
    """Who are you? Anybody may ask."""


class Open(_Body, frozen=True):
    """Serve `network`, which the lease on `terms` belongs to, at `address` within it.

    `certificate` is the network's `authority`'s for the relay's own node key (both PEM); `revoked` are fingerprints of
    certificates to be refused.
    """

    network: LeaseId
    terms: Terms
    address: str
    authority: str
    certificate: str
    revoked: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _need(_WORD.fullmatch(self.network) is not None, "network must be 0x and sixty-four hexadecimal digits")
        _need(len(self.revoked) <= MOST_REVOKED, f"revoked must be at most {MOST_REVOKED} fingerprints")
        # A ticket's own checks, of everything that a ticket has, too.
        here = RelayPoint(self.address, "relay", _ASSUMED_PORT)
        Overlay(self.address, self.authority, self.certificate, (here,), max(1, self.terms.ends_at), self.revoked)


class Close(_Body, frozen=True):
    """The lease on `terms` needs `network` no more."""

    network: LeaseId
    terms: Terms

    def __post_init__(self) -> None:
        _need(_WORD.fullmatch(self.network) is not None, "network must be 0x and sixty-four hexadecimal digits")


class News(_Body, frozen=True):
    """Which release was announced last? Anybody may ask."""


class Announce(_Body, frozen=True):
    """Hand this out from now on. Anybody may bring it, as it bears its own signature."""

    announcement: Announcement


Body = Card | Open | Close | News | Announce


class Ask(_Strict, frozen=True):
    """A body as sent; Open and Close bear a signature over `letterhead`, whose recipient is `mailbox` of the relay."""

    version: int
    body: bytes
    letterhead: Letterhead | None = None
    signature: str = ""


class Answer(_Strict, frozen=True, kw_only=True, omit_defaults=True):
    """To the ask of that number: a node key (to Card), a UDP port (to Open), an announcement (to News), or why not.

    What does not belong to the answer is left out: who knows nothing of it understands the rest.
    """

    number: int
    node_key: str = ""
    port: int = 0
    announcement: Announcement | None = None
    refused: str = ""

    def __post_init__(self) -> None:
        _need(not self.node_key or is_node_key(self.node_key), "node_key must be sixty-four hexadecimal digits")
        _need(0 <= self.port <= 65535, "port must be between 0 and 65535")
        _need(len(self.refused) <= 300 and self.refused.isprintable(), "refused must be at most 300 characters")


_asks: Final = msgspec.json.Decoder(Ask)
_bodies: Final = msgspec.json.Decoder(Body)
_answers: Final = msgspec.json.Decoder(Answer)
_Decoded = TypeVar("_Decoded")


def subject(answer_to: str) -> str:
    """What answers to that token are published on; nobody but the relay may."""
    return f"sparecloud.relay.v1.answers.{answer_to}"


def mailbox(node_key: str) -> Address:
    """Whom letters to the relay with that node key are addressed to: none of them counts at another relay."""
    return Address("0x" + sha256(bytes.fromhex(node_key)).hexdigest()[-40:])


def body_hash(body: bytes) -> str:
    """What a letterhead says of `body`."""
    return "0x" + sha256(body).hexdigest()


def read_ask(payload: bytes) -> tuple[Ask, Body]:
    """The ask in `payload`, its signature unchecked. Raises InvalidInput."""
    ask = _read(_asks, payload, MAX_ASK_BYTES)
    if ask.version != VERSION:
        raise InvalidInput("The relay speaks another version.", "Update the older of both.")
    return ask, _read(_bodies, ask.body, MAX_ASK_BYTES)


def read_answer(opened: bytes) -> Answer:
    """The answer in `opened`. Raises InvalidInput."""
    return _read(_answers, opened, MAX_ANSWER_BYTES)


def _read(decoder: msgspec.json.Decoder[_Decoded], raw: bytes, most: int) -> _Decoded:
    if len(raw) > most:
        raise InvalidInput("A relay's letter is too long.")
    try:
        return decoder.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError) as refused:
        raise InvalidInput("A relay's letter is malformed.") from refused


def _need(condition: bool, sentence: str) -> None:
    if not condition:
        raise ValueError(sentence)
