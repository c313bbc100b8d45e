"""What the tests of the wire share: a bus of their own, keys, and offers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from core.chain.typed_data import Domain, DomainNotary
from core.chain.wallet import Key
from core.clock import SystemClock
from core.model import Address, Amount, Kind, Offer, Prices, Resources, SignedOffer
from core.wire.board import NatsBoard
from core.wire.bus import Bus

DOMAIN = Domain(61, Address("0x" + "11" * 20))
CLOCK = SystemClock()


def notary() -> DomainNotary:
    return DomainNotary(DOMAIN, Key.random())


def signed(by: DomainNotary, **changes: object) -> SignedOffer:
    offer = Offer(
        donor=by.address,
        name="laptop",
        capacity=Resources(4000, 4096),
        prices=Prices(Amount(1), Amount(1), Amount(0), Amount(0)),
        kinds=(Kind.SPARK,),
        seal_key="0x" + "22" * 32,
        sequence=1,
        expires_at=CLOCK.now() + 60,
        longest_lease_s=3600,
        shortest_grace_s=60,
    )
    offer = replace(offer, **changes)  # type: ignore[arg-type]  # the tests name real fields
    return SignedOffer(offer, by.sign(offer))


@asynccontextmanager
async def board_on(url: str, *, most_donors: int = 100) -> AsyncIterator[NatsBoard]:
    async with Bus(url, name="board") as bus:
        await bus.ready()
        board = NatsBoard(bus, notary(), CLOCK, most_donors=most_donors)
        await board.open()
        yield board


async def until(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.02)
