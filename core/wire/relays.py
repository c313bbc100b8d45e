"""Asking relays to carry a network, and for news: each is asked on its own bus, and only it can answer there."""

import asyncio
import itertools
import secrets
import time
from collections.abc import Mapping
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import msgspec

from core.errors import InvalidInput, RelayUnavailable, SparecloudError
from core.model import LeaseId, Letterhead, Terms
from core.ports import Clock, Notary
from core.release import Announcement
from core.wire.bus import Bus
from core.wire.buses import Buses
from core.wire.freshness import LIFE_S, NANOSECONDS
from core.wire.relay_letters import (
    ASKS,
    VERSION,
    Announce,
    Answer,
    Ask,
    Back,
    Body,
    Card,
    Close,
    News,
    Open,
    body_hash,
    mailbox,
    read_answer,
    subject,
)
from core.wire.seal import SealKey

CARDS_WITHIN_S: Final = 2.0
OPEN_WITHIN_S: Final = 15.0


class RelayCard(msgspec.Struct, frozen=True):
    """A relay that answered: the address of its bus, the host of it, and its node's public key."""

    url: str
    host: str
    node_key: str


class NatsRelays:
    """The relays behind `buses`."""

    def __init__(self, buses: Buses, clock: Clock) -> None:
        self._buses = buses
        self._clock = clock
        self._key = SealKey.random()
        self._answer_to = secrets.token_hex(16)
        self._numbers = itertools.count(1)
        self._waiting: dict[tuple[str, int], asyncio.Future[Answer]] = {}
        self._sent = 0

    async def cards(self) -> tuple[RelayCard, ...]:
        """Those that answer within two seconds, in the order of the settings."""
        found = await asyncio.gather(*(self._card(url, bus) for url, bus in self._buses.each.items()))
        return tuple(card for card in found if card is not None)

    async def open(
        self,
        card: RelayCard,
        network: LeaseId,
        terms: Terms,
        session: Notary,
        authority: str,
        certificate: str,
        address: str,
        revoked: tuple[str, ...] = (),
    ) -> int:
        """Have the relay serve `network` at `address` for as long as the lease on `terms` is open; its UDP port.

        `session` signs for the terms' session. The same again changes nothing; another certificate or list of revoked
        ones takes the place of what was there. Raises RelayUnavailable, with the relay's own sentence if it refused.
        """
        body = Open(self._back(), network, terms, address, authority, certificate, revoked)
        answer = await self._signed(card, body, session)
        if not answer.port:
            raise RelayUnavailable(f"The relay at {card.host} gave no port.", "Use another relay.")
        return answer.port

    async def close(self, card: RelayCard, network: LeaseId, terms: Terms, session: Notary) -> None:
        """The lease on `terms` needs `network` no more. Raises RelayUnavailable; a relay finds out by itself later."""
        await self._signed(card, Close(self._back(), network, terms), session)

    async def news(self) -> tuple[Announcement | None, ...]:
        """The newest announcement of a release that each relay knows of, unchecked; silent relays are left out."""
        found = await asyncio.gather(*(self._told(url, bus) for url, bus in self._buses.each.items()))
        return tuple(answer.announcement for answer in found if answer is not None)

    async def announce(self, announcement: Announcement) -> Mapping[str, SparecloudError | None]:
        """Bring it to every relay: None by the address of each that hands it out now, and why not by the others'."""
        found = await asyncio.gather(*(self._brought(url, bus, announcement) for url, bus in self._buses.each.items()))
        return dict(zip(self._buses.each, found, strict=True))

    async def _told(self, url: str, bus: Bus) -> Answer | None:
        try:
            return await self._answered(url, bus, News(self._back()), None, CARDS_WITHIN_S)
        except SparecloudError:
            return None

    async def _brought(self, url: str, bus: Bus, announcement: Announcement) -> SparecloudError | None:
        try:
            await self._answered(url, bus, Announce(self._back(), announcement), None, OPEN_WITHIN_S)
        except SparecloudError as problem:
            return problem
        return None

    async def _card(self, url: str, bus: Bus) -> RelayCard | None:
        try:
            answer = await self._answered(url, bus, Card(self._back()), None, CARDS_WITHIN_S)
        except SparecloudError:
            return None
        return RelayCard(url, _host(url), answer.node_key) if answer.node_key else None

    async def _signed(self, card: RelayCard, body: Open | Close, session: Notary) -> Answer:
        bus = self._buses.each.get(card.url)
        if bus is None:
            raise RelayUnavailable(f"The relay at {card.host} is none of ours.", "Look at `[network] relays`.")
        return await self._answered(card.url, bus, body, (card, session), OPEN_WITHIN_S)

    async def _answered(
        self, url: str, bus: Bus, body: Body, signing: tuple[RelayCard, Notary] | None, within_s: float
    ) -> Answer:
        await bus.subscribe(subject(self._answer_to), partial(self._hear, url))
        number = (url, body.back.number)
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answered
        try:
            await bus.publish(ASKS, self._ask(body, signing))
            answer = await asyncio.wait_for(answered, within_s)
        except TimeoutError:
            raise RelayUnavailable(f"The relay at {_host(url)} does not answer.", "Use another relay.") from None
        finally:
            del self._waiting[number]
        if answer.refused:
            raise RelayUnavailable(f"The relay at {_host(url)} refuses: {answer.refused}")
        return answer

    def _back(self) -> Back:
        return Back(self._answer_to, next(self._numbers), self._key.public)

    def _ask(self, body: Body, signing: tuple[RelayCard, Notary] | None) -> bytes:
        said = msgspec.json.encode(body)
        if signing is None:
            return msgspec.json.encode(Ask(VERSION, said))
        card, session = signing
        now = self._clock.now()
        # As for letters between peers (core/wire/peers.py): an instant, kept rising.
        self._sent = max(self._sent + 1, now * NANOSECONDS + time.time_ns() % NANOSECONDS)
        head = Letterhead(session.address, mailbox(card.node_key), self._sent, now + LIFE_S, body_hash(said))
        return msgspec.json.encode(Ask(VERSION, said, head, session.sign(head)))

    async def _hear(self, url: str, payload: bytes) -> None:
        try:
            answer = read_answer(self._key.open(payload))
        except InvalidInput:
            return
        waiting = self._waiting.get((url, answer.number))
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
