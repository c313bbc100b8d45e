"""Sealed, signed letters from one party to another over a bus that everybody may read and write.

A letter is JSON: the letterhead, its signature, and the sealed body in base64. `body_hash` is the SHA-256 of the
sealed bytes. Nothing on the bus is trusted; a letter is checked cheapest first, and one that fails changes nothing.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Final

import msgspec

from core.errors import InvalidInput
from core.model import Address, Letterhead
from core.ports import Clock, Notary
from core.wire.bus import Bus
from core.wire.buses import Buses
from core.wire.freshness import LIFE_S, NANOSECONDS, Freshness
from core.wire.refusals import Refusals
from core.wire.seal import OVERHEAD_BYTES, SealKey, seal

MAX_LETTER_BYTES: Final = 112 * 1024
"""Below the bus's own limit of 128 KiB; an agreement of 256 shares needs more than 64 KiB once sealed and in base64."""
MAX_BODY_BYTES: Final = 80 * 1024
MOST_WAITING: Final = 256
"""Letters taken and not yet read; beyond that they are dropped, and their senders send again."""

_SIGNATURE_LENGTH: Final = 132


class _Letter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    letterhead: Letterhead
    signature: str
    sealed: bytes


_decoder: Final = msgspec.json.Decoder(_Letter)


class NatsPeers:
    """core.ports.Peers over the bus. Recovers signers with `notary`; opens with `key` (core/wire/seal.py)."""

    def __init__(self, bus: Bus | Buses, notary: Notary, clock: Clock, key: SealKey) -> None:
        self._bus = bus
        self._notary = notary
        self._clock = clock
        self._key = key
        self._recipients: set[Address] = set()
        self._sent: dict[Address, int] = {}
        self._freshness = Freshness(clock.now())
        self._letters: asyncio.Queue[tuple[Address, Address, bytes]] = asyncio.Queue(MOST_WAITING)
        self._refusals = Refusals(logging.getLogger(__name__), "a letter")

    @property
    def seal_key(self) -> str:
        """The public key that letters to this party are sealed to."""
        return self._key.public

    async def send(self, notary: Notary, recipient: Address, seal_key: str, body: bytes) -> None:
        """Seal `body` to `seal_key` and send it, signed by `notary`. At most once.

        Raises InvalidInput where the body is too large or the recipient or seal key is none, BusUnavailable.
        """
        if len(body) > MAX_BODY_BYTES:
            raise InvalidInput(f"The message is too large: {len(body)} of at most {MAX_BODY_BYTES} bytes.")
        sealed = seal(body, seal_key)
        now = self._clock.now()
        try:
            head = Letterhead(notary.address, recipient, self._next(notary.address, now), now + LIFE_S, _hash(sealed))
        except ValueError as refused:
            raise InvalidInput(f"The letter cannot be addressed: {refused}.") from refused
        letter = _Letter(head, notary.sign(head), sealed)
        await self._bus.publish(letters_to(recipient), msgspec.json.encode(letter))

    async def listen(self, recipient: Address) -> None:
        """Take letters to `recipient` from now on, also after the bus was away."""
        self._recipients.add(recipient)
        await self._bus.subscribe(letters_to(recipient), self._hear, most_pending=512)

    async def letters(self) -> AsyncIterator[tuple[Address, Address, bytes]]:
        """(sender, recipient, body) of each letter listened for; forged, stale and replayed ones never appear."""
        while True:
            yield await self._letters.get()

    def _next(self, sender: Address, now: int) -> int:
        # The clock tells whole seconds; what is below only keeps a restart within one second from going back.
        instant = now * NANOSECONDS + time.time_ns() % NANOSECONDS
        self._sent[sender] = max(self._sent.get(sender, 0) + 1, instant)
        return self._sent[sender]

    async def _hear(self, payload: bytes) -> None:
        try:
            self._take(payload, self._clock.now())
        except InvalidInput as refused:
            self._refusals.note(refused.title)
        await asyncio.sleep(0)

    def _take(self, payload: bytes, now: int) -> None:
        """Open the letter in `payload` if it is good and new. Raises InvalidInput."""
        letter = _decoded(payload)
        head = letter.letterhead
        if head.recipient not in self._recipients:
            raise InvalidInput("It is for somebody else.")
        pair = (head.sender, head.recipient)
        if not self._freshness.is_new(pair, head.sequence, head.expires_at, now):
            raise InvalidInput("It is stale, or was here before.")
        if len(letter.signature) != _SIGNATURE_LENGTH or _hash(letter.sealed) != head.body_hash:
            raise InvalidInput("It was altered.")
        if self._letters.full():
            raise InvalidInput("Too many letters wait to be read.")
        if self._notary.signer(head, letter.signature) != head.sender:
            raise InvalidInput("Somebody else signed it.")
        self._freshness.remember(pair, head.sequence)
        body = self._key.open(letter.sealed)
        self._letters.put_nowait((head.sender, head.recipient, body))


def _decoded(payload: bytes) -> _Letter:
    if len(payload) > MAX_LETTER_BYTES:
        raise InvalidInput("It is too long.")
    try:
        letter: _Letter = _decoder.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError) as refused:
        raise InvalidInput("It is malformed.") from refused
    if len(letter.sealed) > MAX_BODY_BYTES + OVERHEAD_BYTES:
        raise InvalidInput("It is too long.")
    return letter


def _hash(sealed: bytes) -> str:
    return "0x" + sha256(sealed).hexdigest()


def letters_to(recipient: str) -> str:
    """The subject of letters to that party; "*" means anybody's."""
    return f"sparecloud.v1.to.{recipient}"
