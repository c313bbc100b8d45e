"""One market for the scenarios: three donors behind routers of every kind, the renter behind the worst, two relays."""

from collections.abc import AsyncIterator

import pytest_asyncio
from pytest import TempPathFactory

from tests.lab.images import built
from tests.lab.inside import Inside
from tests.lab.market import RENTER, market
from tests.lab.person import Person
from tests.lab.routers import Nat
from tests.lab.world import world

HOMES = {"ada": Nat.RESTRICTED, "grace": Nat.RESTRICTED, "edsger": Nat.SYMMETRIC, RENTER: Nat.SYMMETRIC}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def person(tmp_path_factory: TempPathFactory) -> AsyncIterator[Person]:
    images = await built(tmp_path_factory.mktemp("cache"))
    with world(HOMES, images.ids) as standing:
        laptop = Inside(standing.homes[RENTER].laptop.namespace)
        try:
            async with market(standing, images) as opened:
                renter = Person(opened, laptop)
                await renter.until(lambda view: len(view.market) == len(HOMES) - 1, "every donor's offer", 90)
                yield renter
        finally:
            await laptop.close()
