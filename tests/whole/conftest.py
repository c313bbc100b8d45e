"""One market for the whole folder: three donors, a renter, a chain and a bus, each a process of its own."""

import asyncio
from collections.abc import AsyncGenerator

import pytest_asyncio
from pytest import TempPathFactory

from core.gateway import presence
from core.membership import images_folder
from core.runtime import leftovers
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from renter_tui.demo.market import Timing, local_market
from tests.whole.stage import Stage

DONORS = ("ada", "grace", "edsger")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(tmp_path_factory: TempPathFactory) -> AsyncGenerator[Stage]:
    engine = ContainerEngine()
    await Images(engine, images_folder()).ensure()
    timing = Timing(interval_s=3, grace_s=5, accept_within_s=8, start_within_s=45)
    async with local_market(tmp_path_factory.mktemp("market"), DONORS, timing) as market:
        stage = Stage(market, engine)
        try:
            await asyncio.gather(*(market.start_donor(name) for name in DONORS))
            await stage.offers(len(DONORS))
            yield stage
        finally:
            if await presence.find(stage.home):
                async with stage.agent() as agent:
                    await agent.shutdown()
            await asyncio.gather(*(child.end() for child in market.donors.values()))
            await asyncio.to_thread(leftovers.clear, engine, stage.leases)
            engine.close()
