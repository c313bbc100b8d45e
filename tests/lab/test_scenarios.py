"""What homes, routers and lines do to a cluster, and what must be true afterwards: the answer, the money, no leftovers.

One cluster with a worker at every donor goes through what costs no worker; what costs one gets a cluster of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

import pytest
import pytest_asyncio
from docker.models.containers import Container

from core.observed import Job
from core.runtime.labels import NETWORK, Role
from core.runtime.spark_settings import EXECUTOR_BLOCKS_PORT, MASTER_PORT, METER_PORT
from core.ticket import MASTER
from core.view import ClusterLine
from tests.lab import checks, faults
from tests.lab.jobs import BEGUN, KnownJob
from tests.lab.lines import received
from tests.lab.market import BUS_PORT, CHAIN_PORT, RENTER, Market
from tests.lab.person import Person, line
from tests.lab.reach import bridge_addresses, reached
from tests.lab.stage import DONORS
from tests.lab.world import SERVERS

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(400)]

COMMON = "common"
CONES = (("ada", "grace"), ("grace", "ada"))
ONE_SIDED, DOUBLE = ("edsger", "ada"), (RENTER, "edsger")
SHUFFLED = 10**6
"""More bytes than two workers exchange before they find the straight way to each other."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def common(person: Person) -> AsyncIterator[ClusterLine]:
    """The cluster that goes through most of it; it is settled when the last scenario is over."""
    yield await person.launch(COMMON, 3)
    ended = await person.destroy(COMMON)
    await checks.settled(person.market, ended)
    await checks.nothing_left(person.market)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def heard(person: Person, common: ClusterLine) -> Mapping[tuple[str, str], int]:
    """How many bytes of UDP came straight from another home while a job shuffled, by (who received, from whom)."""
    pairs = (*CONES, ONE_SIDED, DOUBLE)
    before = {pair: received(person.market.world, *pair) for pair in pairs}
    await works(person, COMMON)
    return {pair: received(person.market.world, *pair) - before[pair] for pair in pairs}


async def test_homes_behind_cones_find_the_straight_way(heard: Mapping[tuple[str, str], int]) -> None:
    assert sum(heard[pair] for pair in CONES) > SHUFFLED


async def test_one_symmetric_router_costs_no_answer(person: Person, heard: Mapping[tuple[str, str], int]) -> None:
    """A port-restricted cone and a symmetric router never meet: the job of `heard` went by a relay."""
    assert heard[ONE_SIDED] == 0
    assert {worker.state for worker in line(await person.view(), COMMON).workers} == {"serving"}


async def test_two_symmetric_routers_are_joined_by_a_relay(
    person: Person, common: ClusterLine, heard: Mapping[tuple[str, str], int]
) -> None:
    worker = _running(person.market, common, "edsger", Role.WORKER)

    assert heard[DOUBLE] == 0
    assert await asyncio.to_thread(reached, worker, [_MASTER]) == [_MASTER]


async def test_a_second_lease_on_every_donor_meets_neither_the_first_nor_anybody_else(
    person: Person, common: ClusterLine
) -> None:
    market = person.market
    async with _rented(person, "other", 3) as other:
        for donor in DONORS:
            mine, theirs = (_running(market, cluster, donor, Role.WORKER) for cluster in (common, other))
            strangers = [(host, port) for host in bridge_addresses(theirs) for port in _SPARK] + _outside(market)

            assert await asyncio.to_thread(reached, mine, [_MASTER, *strangers]) == [_MASTER]


async def test_a_relay_that_dies_costs_no_job(person: Person, common: ClusterLine) -> None:
    await works(person, COMMON, faults.relay_down(person.market, "relay1"))


async def test_a_chain_that_nobody_reaches_for_a_while_costs_no_job(person: Person, common: ClusterLine) -> None:
    await works(person, COMMON, faults.chain_unreachable(person.market))


async def test_a_slow_and_lossy_line_costs_time_alone(person: Person, common: ClusterLine) -> None:
    """TCP moves some 70 kB a second over such a line: the job has less to hand around."""
    await works(person, COMMON, faults.line_slow(person.market, "ada"), KnownJob(padding=30))


async def test_a_donor_whose_clock_is_minutes_ahead_goes_on_working(person: Person, common: ClusterLine) -> None:
    await works(person, COMMON, faults.clock_wrong(person.market, "grace"))


async def test_a_donor_cut_off_from_the_buses_costs_no_job(person: Person, common: ClusterLine) -> None:
    """It goes on working for as long as it serves unpaid."""
    await works(person, COMMON, faults.bus_partitioned(person.market, "ada"))


async def test_without_its_tunnel_a_worker_reaches_nobody_and_is_replaced(person: Person, common: ClusterLine) -> None:
    """Stopped through the engine, a tunnel stays down."""
    market = person.market
    async with _rented(person, "closed", 2) as cluster:
        donor = cluster.workers[0].donor_name
        worker, tunnel = (_running(market, cluster, donor, role) for role in (Role.WORKER, Role.TUNNEL))
        tunnel.kill()

        assert await asyncio.to_thread(reached, worker, [_MASTER, *_outside(market)]) == []
        await works(person, "closed")


async def test_a_cut_line_costs_a_worker_and_not_the_job(person: Person, common: ClusterLine) -> None:
    await _loses_one(person, "cut", faults.link_cut)


async def test_a_donor_that_boots_anew_costs_a_worker_and_not_the_job(person: Person, common: ClusterLine) -> None:
    await _loses_one(person, "booted", faults.laptop_off)


_MASTER = (MASTER, MASTER_PORT)
_SPARK = (METER_PORT, EXECUTOR_BLOCKS_PORT)


def _outside(market: Market) -> list[tuple[str, int]]:
    """Where a worker must not get: its router, the machine it runs on, servers, other homes, name servers, metadata."""
    return [
        ("192.168.1.1", 53),
        ("192.168.1.10", 22),
        ("172.31.255.1", 22),
        ("169.254.169.254", 80),
        (SERVERS["chain"], CHAIN_PORT),
        (SERVERS["relay1"], BUS_PORT),
        *((home.public, 22) for home in market.world.homes.values()),
    ]


@asynccontextmanager
async def _rented(person: Person, name: str, workers: int) -> AsyncIterator[ClusterLine]:
    """A cluster of the scenario's own, settled at its end whatever happened."""
    try:
        yield await person.launch(name, workers)
    finally:
        await checks.conserved(person.market, await person.destroy(name))


async def _loses_one(person: Person, name: str, fault: faults.Fault) -> None:
    """A cluster loses a worker in the middle of a job to a fault that lasts until the job is done."""
    async with _rented(person, name, 2) as cluster:
        await works(person, name, fault(person.market, cluster.workers[0].donor_name))
    ended = line(await person.view(), name)

    assert ended.workers[0].state == "lost"
    assert ended.workers[0].paid < ended.workers[1].paid


def _running(market: Market, cluster: ClusterLine, donor: str, role: Role) -> Container:
    """The donor's container of that role that serves the cluster."""
    (found,) = (
        container for container in faults.containers(market, donor, role) if container.labels[NETWORK] == cluster.lease
    )
    return found


async def works(
    person: Person, cluster: str, fault: AbstractContextManager[None] | None = None, known: KnownJob | None = None
) -> None:
    """A job on the cluster gives the right answer, although the fault strikes in the middle of it."""
    known = known or KnownJob()
    job = await person.submit(cluster, known.program)
    await _begun(person, cluster, job)
    with fault or nullcontext():
        await checks.answered(person, cluster, job, known)


async def _begun(person: Person, cluster: str, job: Job) -> None:
    async with asyncio.timeout(90):
        while BEGUN not in await person.said(cluster, job):
            await asyncio.sleep(0.5)
