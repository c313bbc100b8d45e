"""The public board: every donor publishes its signed offer, everybody keeps the newest valid one of each.

Nothing on the bus is trusted. An offer is checked cheapest first: size, form, expiry, sequence, and only then whose
signature it bears (0.1 ms each, so on the event loop, with a breath between two).
"""

import asyncio
import logging
from collections.abc import Iterator
from typing import Final

import msgspec

from core.errors import InvalidInput
from core.model import Address, SignedOffer
from core.ports import Clock, Notary
from core.wire.bus import Bus
from core.wire.buses import Buses
from core.wire.latch import Latch
from core.wire.refusals import Refusals

OFFERS: Final = "sparecloud.v1.offers"
ASK: Final = "sparecloud.v1.ask"
MAX_OFFER_BYTES: Final = 8 * 1024
MAX_LIFE_S: Final = 600
"""No offer may bind its donor for longer ahead: a stolen key or a wrong clock must not fill the board for ever."""
MOST_DONORS: Final = 200_000
"""At so many donors newcomers wait until others' offers expire; those already held stay current."""

_LEAST_BETWEEN_ANSWERS_S: Final = 1.0
_SIGNATURE_LENGTH: Final = 132
_decoder: Final = msgspec.json.Decoder(SignedOffer)


class NatsBoard:
    """core.ports.Board over the bus. `open` first; then the newest valid offer of each donor is kept."""

    def __init__(self, bus: Bus | Buses, notary: Notary, clock: Clock, *, most_donors: int = MOST_DONORS) -> None:
        self._bus = bus
        self._notary = notary
        self._clock = clock
        self._most_donors = most_donors
        self._held: dict[Address, SignedOffer] = {}
        self._changed = Latch()
        self._asked = Latch()
        self._refusals = Refusals(logging.getLogger(__name__), "an offer")

    async def open(self) -> None:
        """Listen for offers and for questions from now on, also after the bus was away."""
        await self._bus.subscribe(OFFERS, self._hear_offer, most_pending=4096)
        await self._bus.subscribe(ASK, self._hear_ask, most_pending=1)

    async def publish(self, offer: SignedOffer) -> None:
        """Put `offer` on the board. Raises BusUnavailable, or InvalidInput where nobody would accept it."""
        payload = msgspec.json.encode(offer)
        if len(payload) > MAX_OFFER_BYTES:
            raise InvalidInput("The offer is too long for the board.", "Use a shorter name.")
        await self._bus.publish(OFFERS, payload)

    async def ask(self) -> None:
        """Ask every donor to publish its offer now. Raises BusUnavailable."""
        await self._bus.publish(ASK, b"")

    def offers(self, now: int) -> tuple[SignedOffer, ...]:
        """Verified offers that have not expired, one a donor (the highest sequence), ordered by donor."""
        self._prune(now)
        return tuple(self._held[donor] for donor in sorted(self._held))

    async def asked(self) -> None:
        """Return when somebody asks, or has asked since the last call; at most once a second, however many ask."""
        await self._asked.wait()

    async def changed(self) -> None:
        """Return when the board holds something new, or has come to since the last call."""
        await self._changed.wait()

    async def _hear_ask(self, _payload: bytes) -> None:
        self._asked.set()
        # Meanwhile one more question waits and the rest are dropped: a flood of them costs donors one offer a second.
        await asyncio.sleep(_LEAST_BETWEEN_ANSWERS_S)

    async def _hear_offer(self, payload: bytes) -> None:
        try:
            self._take(payload, self._clock.now())
        except InvalidInput as refused:
            self._refusals.note(refused.title)
        await asyncio.sleep(0)

    def _take(self, payload: bytes, now: int) -> None:
        """Keep the offer in `payload` if it is good and new. Raises InvalidInput."""
        signed = _decoded(payload)
        offer = signed.offer
        if not now < offer.expires_at <= now + MAX_LIFE_S:
            raise InvalidInput("It has expired, or binds for too long.")
        if len(signed.signature) != _SIGNATURE_LENGTH:
            raise InvalidInput("Its signature is malformed.")
        held = self._held.get(offer.donor)
        if held is not None and offer.sequence <= held.offer.sequence:
            raise InvalidInput("It is not newer than the one held.")
        if held is None and len(self._held) >= self._most_donors:
            self._prune(now)
            if len(self._held) >= self._most_donors:
                raise InvalidInput("The board is full.")
        if self._notary.signer(offer, signed.signature) != offer.donor:
            raise InvalidInput("Somebody else signed it.")
        self._held[offer.donor] = signed
        self._changed.set()

    def _prune(self, now: int) -> None:
        for donor in tuple(self._expired(now)):
            del self._held[donor]

    def _expired(self, now: int) -> Iterator[Address]:
        return (donor for donor, signed in self._held.items() if signed.offer.expires_at <= now)


def _decoded(payload: bytes) -> SignedOffer:
    if len(payload) > MAX_OFFER_BYTES:
        raise InvalidInput("It is too long.")
    try:
        signed: SignedOffer = _decoder.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError) as refused:
        raise InvalidInput("It is malformed.") from refused
    return signed
