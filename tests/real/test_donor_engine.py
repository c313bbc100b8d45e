"""A container engine that vanishes in mid-lease: told, and survived by the worker, the lease and the agent."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from core.donor import DonorAgent
from core.donor_work import DonorPorts
from core.errors import EngineUnavailable
from core.journal import open_journal
from core.lease import Service, ServicePhase
from core.membership import images_folder
from core.model import Agreement, Resources
from core.observed import WorkerState
from core.runtime.clusters import DockerClusters
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.runtime.network import BridgeNetwork
from core.runtime.probe import HardwareProbe
from core.runtime.workers import DockerWorkers
from core.ticket import Ticket, worker_name
from tests.pure.owners import FakeOwnerFile, FakeSensors
from tests.real.engine_door import engine_door
from tests.real.market import notary
from tests.real.runtime_lab import SECRET, a_lab, agreement, new_lease
from tests.real.test_owner_limits import DONOR, Hurried, World, line, seen

OWNER = "a-donor-whose-engine-vanishes"


@pytest.fixture(scope="module")
def engine() -> Iterator[ContainerEngine]:
    """The engine itself, whatever door others go through."""
    with a_lab() as (engine, _):
        yield engine


def workers(engine: ContainerEngine) -> DockerWorkers:
    return DockerWorkers(engine, BridgeNetwork(engine), Images(engine, images_folder()), OWNER)


@asynccontextmanager
async def rented(engine: ContainerEngine) -> AsyncIterator[Agreement]:
    """A lease whose worker has joined its master; nothing of it is left afterwards."""
    lease = new_lease()
    agreed = agreement(lease, 1)
    agreed = replace(agreed, terms=replace(agreed.terms, ends_at=int(time.time()) + 600, grace_s=2))
    donor = workers(engine)
    renter = DockerClusters(engine, BridgeNetwork(engine), Images(engine, images_folder()), "renter")
    try:
        master = await renter.start_master(lease, SECRET, Ticket(lease, "master"))
        await donor.start_worker(agreed, agreed.shares[0], master, SECRET, Ticket(lease, worker_name(lease, 0)))
        yield agreed
    finally:
        await donor.forget(lease, 0)
        await renter.forget(lease)


@asynccontextmanager
async def serving(agreed: Agreement, folder: Path) -> AsyncIterator[tuple[DonorAgent, World]]:
    """An agent that has taken the worker over, on the engine that DOCKER_HOST names."""
    now = int(time.time())
    world = cast("Any", World(now))
    service = Service(agreed, 0, ServicePhase.SERVING, now, now, started_at=now, beat_at=now, patient_until=now + 600)
    with closing(open_journal(folder)) as journal, closing(ContainerEngine()) as engine:
        journal.save(f"{agreed.lease}/0", service)
        ports = DonorPorts(
            chain=world,
            notary=notary(),
            runtime=workers(engine),
            board=world,
            peers=world,
            journal=journal,
            probe=HardwareProbe(engine),
            benchmark=world,
            sensors=FakeSensors(),
            owner=FakeOwnerFile(DONOR),
            clock=Hurried(),
        )
        agent = DonorAgent(ports, consented=True)
        running = asyncio.create_task(agent.run())
        try:
            yield agent, world
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_an_engine_that_vanishes_in_mid_lease_is_told_and_the_worker_is_taken_over_once_it_is_back(
    engine: ContainerEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine_door(tmp_path / "engine.sock") as door:
        monkeypatch.setenv("DOCKER_HOST", door.host)
        async with rented(engine) as agreed, serving(agreed, tmp_path) as (agent, world):
            started = (await workers(engine).worker(agreed.lease, 0)).started_at
            before = await seen(agent, lambda view: bool(view.image) and line(view).usage is not None)
            await door.shut()
            gone = await seen(agent, lambda view: bool(view.problem))
            beats = len(world.beats)
            meanwhile = await workers(engine).worker(agreed.lease, 0)
            door.is_open = True
            back = await seen(agent, lambda view: not view.problem and line(view).usage is not None)
            after = await workers(engine).worker(agreed.lease, 0)
            await agent.share(False, at_once=True)
            over = await seen(agent, lambda view: line(view).ended)
            left = await workers(engine).held()

    assert not before.problem
    assert (gone.problem_kind, bool(gone.hint)) == (EngineUnavailable.__name__, True)
    assert gone.offered == Resources()
    assert [line(view).state for view in (before, gone, back)] == [ServicePhase.SERVING] * 3
    assert (meanwhile.state, meanwhile.started_at) == (WorkerState.RUNNING, started)
    assert (after.state, after.started_at) == (WorkerState.RUNNING, started)
    assert line(over).served_s >= line(back).served_s
    assert beats
    assert left == frozenset()
