"""Which worker's speed is measured when, and what it is compared with."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import cast

from core.cluster import Cluster
from core.lease import PartState, Rental, RentalPhase
from core.lease.renting import propose
from core.model import Address, Amount, Kind, LeaseId, Offer, Prices, Resources, SignedOffer, Traits
from core.observed import Job, JobState, Pace
from core.paces import PaceBook
from core.pacing import AGAIN_S, SOON_S, Pacing
from core.ports import Journal
from core.quote import Request
from core.renter_work import RenterPorts
from tests.pure.leases import START, agreement, donor

NETWORK = LeaseId("0x" + "33" * 32)
SIGNED = 800


@dataclass
class World:
    """Every port that pacing uses: two workers, of which the first computes at `score`."""

    now_s: int = START
    score: int = SIGNED
    asked: list[str] = field(default_factory=list)
    kept: dict[str, bytes] = field(default_factory=dict)

    @property
    def ports(self) -> RenterPorts:
        return cast(RenterPorts, self)

    @property
    def clock(self) -> "World":
        return self

    @property
    def board(self) -> "World":
        return self

    @property
    def runtime(self) -> "World":
        return self

    @property
    def fabric(self) -> "World":
        return self

    @property
    def journal(self) -> "World":
        return self

    def now(self) -> int:
        return self.now_s

    def offers(self, now: int) -> tuple[SignedOffer, ...]:
        return tuple(SignedOffer(_offer(donor(index), SIGNED if index < 2 else 0), "0x") for index in range(3))

    def place(self, network: LeaseId, lease: LeaseId, index: int) -> str:
        return f"worker-{index}"

    async def pace(self, network: LeaseId, host: str) -> Pace | None:
        self.asked.append(host)
        return Pace(self.score) if host == "worker-0" else None

    def get(self, table: str, key: str) -> bytes | None:
        return self.kept.get(key)

    def put(self, table: str, key: str, value: bytes) -> None:
        self.kept[key] = value

    def rows(self, table: str) -> dict[str, bytes]:
        return self.kept


def _offer(by: Address, score: int) -> Offer:
    prices = Prices(Amount(1), Amount(1), Amount(0), Amount(0))
    traits = Traits(cpu_score=score)
    return Offer(by, "a", Resources(), prices, (Kind.SPARK,), "0x" + "77" * 32, 1, START, 60, 60, traits)


def rental(**changes: object) -> Rental:
    asked, _ = propose(agreement(3), now=START, accept_within_s=10, start_within_s=60)
    parts = tuple(replace(part, state=PartState.SERVING, **changes) for part in asked.parts)  # type: ignore[arg-type]  # the tests name real fields
    return replace(asked, phase=RentalPhase.RUNNING, parts=parts)


def cluster(*jobs: Job) -> Cluster:
    return Cluster("c", Request(Resources(1000, 1536), 3, 600), Amount(0), START, jobs=jobs)


def look(
    pacing: Pacing, world: World, *, times: int, every_s: int, held: Rental | None = None, busy: bool = False
) -> None:
    jobs = (Job("j", NETWORK, JobState.RUNNING, START),) if busy else ()
    for _ in range(times):
        asyncio.run(pacing.look(cluster(*jobs), NETWORK, (held or rental(),)))
        world.now_s += every_s


def test_workers_whose_donors_signed_a_speed_are_measured_one_at_a_look() -> None:
    world = World()

    look(Pacing(world.ports), world, times=5, every_s=1)

    assert world.asked == ["worker-0", "worker-1"]


def test_three_times_soon_and_then_every_few_hours() -> None:
    world = World()
    pacing = Pacing(world.ports)

    look(pacing, world, times=10, every_s=SOON_S)
    soon = len(world.asked)
    world.now_s += AGAIN_S
    look(pacing, world, times=5, every_s=SOON_S)

    assert (soon, len(world.asked)) == (6, 8)


def test_nobody_is_measured_beside_a_job_or_while_paused() -> None:
    world = World()

    look(Pacing(world.ports), world, times=3, every_s=1, busy=True)
    look(Pacing(world.ports), world, times=3, every_s=1, held=rental(granted_permille=0))

    assert world.asked == []


def test_a_worker_at_a_third_of_what_was_signed_makes_its_donor_slow_unless_its_owner_took_that_time() -> None:
    cheating, shared = World(score=SIGNED // 3), World(score=SIGNED // 3)

    look(Pacing(cheating.ports), cheating, times=10, every_s=SOON_S)
    look(Pacing(shared.ports), shared, times=10, every_s=SOON_S, held=rental(granted_permille=400))

    assert PaceBook(cast(Journal, cheating)).slow(cheating.now_s) == {donor(0): 332}
    assert PaceBook(cast(Journal, shared)).slow(shared.now_s) == {}
