"""Keeps a donor's offer on the market: again before it expires, when it changed, and when somebody asks."""

import asyncio
import contextlib
import logging

from core.donor_work import DonorPorts
from core.errors import SparecloudError
from core.model import Resources, SignedOffer
from core.offering import differs, offer
from core.standing import Standing

log = logging.getLogger(__name__)


class Publisher:
    """Two loops for the agent's tasks; `soon` asks for a look at once."""

    def __init__(self, ports: DonorPorts, standing: Standing) -> None:
        self._ports = ports
        self._standing = standing
        self._now = asyncio.Event()

    def soon(self) -> None:
        """What is free may have changed."""
        self._now.set()

    async def publish(self) -> None:
        """Publish for ever."""
        last_at, last_room = 0, Resources()
        while True:
            self._now.clear()
            every_s = self._standing.keeping.donor.offer_every_s
            now, free = self._ports.clock.now(), self._standing.room()
            if now - last_at >= every_s or differs(free, last_room):
                try:
                    await self._ports.board.publish(self._offer())
                    last_at, last_room = now, free
                except SparecloudError as problem:
                    log.warning("offer not published: %s", problem)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(every_s):
                    await self._now.wait()

    async def answer_asks(self) -> None:
        """Publish whenever somebody asks, for ever."""
        while True:
            await self._ports.board.asked()
            try:
                await self._ports.board.publish(self._offer())
            except SparecloudError as problem:
                log.warning("offer not published: %s", problem)
            await self._ports.clock.sleep(0.2)

    def _offer(self) -> SignedOffer:
        standing = self._standing
        statement = offer(
            standing.keeping.donor,
            standing.measured,
            standing.room(),
            stake=standing.stake(),
            donor=self._ports.notary.address,
            seal_key=self._ports.peers.seal_key,
            sequence=self._next_sequence(),
            now=self._ports.clock.now(),
            speed=standing.speed.speed,
        )
        return SignedOffer(statement, self._ports.notary.sign(statement))

    def _next_sequence(self) -> int:
        """Higher than any before, across restarts: instants are the base, the journal breaks ties and bad clocks."""
        last = int(self._ports.journal.get("state", "offer_sequence") or b"0")
        sequence = max(last + 1, self._ports.clock.now() * 1000)
        self._ports.journal.put("state", "offer_sequence", str(sequence).encode())
        return sequence
