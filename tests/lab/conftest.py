"""One market for all scenarios."""

from collections.abc import AsyncIterator

import pytest_asyncio
from pytest import TempPathFactory

from tests.lab.person import Person
from tests.lab.stage import stage


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def person(tmp_path_factory: TempPathFactory) -> AsyncIterator[Person]:
    async with stage(tmp_path_factory.mktemp("cache")) as renter:
        yield renter
