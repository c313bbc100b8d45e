"""What scenarios and chaos play on: three donors, a renter behind the worst kind of router, two relays, a chain."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.lab.images import built
from tests.lab.inside import Inside
from tests.lab.market import RENTER, market
from tests.lab.person import Person
from tests.lab.routers import Nat
from tests.lab.world import world

HOMES: Final = {"ada": Nat.RESTRICTED, "grace": Nat.RESTRICTED, "edsger": Nat.SYMMETRIC, RENTER: Nat.SYMMETRIC}
DONORS: Final = tuple(name for name in HOMES if name != RENTER)


@asynccontextmanager
async def stage(cache: Path) -> AsyncIterator[Person]:
    """The renter, once every donor's offer is there; `cache` is an empty folder."""
    images = await built(cache)
    with world(HOMES, images.ids) as standing:
        laptop = Inside(standing.homes[RENTER].laptop.namespace)
        try:
            async with market(standing, images) as opened:
                renter = Person(opened, laptop)
                await renter.until(lambda view: len(view.market) == len(DONORS), "every donor's offer", 90)
                yield renter
        finally:
            await laptop.close()
