"""An owner's limits and reclaims while a worker runs: the agent itself, over a real journal and made-up neighbours."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from core import settings
from core.allowance import NEVER, Hold
from core.clock import SystemClock
from core.donor import DonorAgent
from core.donor_work import DonorPorts
from core.errors import ChainUnavailable, EngineUnavailable, SandboxFailed
from core.journal import open_journal
from core.lease import Service, ServicePhase
from core.messages import Beat, decode
from core.model import Amount, LeaseId, Resources, SignedOffer
from core.observed import Balances, Measured, Speed, Usage, WorkerReport, WorkerState
from core.owner import Donor, Limits, When
from core.ports import OwnerFile
from core.view import DonorView, ServiceLine
from tests.pure.leases import agreement
from tests.pure.owners import CALM, FakeOwnerFile, FakeSensors
from tests.real.market import notary

MACHINE = Resources(8000, 16_384, 100_000)
LIMITS = Limits(cpu_millis=2000, memory_mib=4096)
NOTICE_S = 60
IMAGE = "sha256:" + "ab" * 32
DONOR = Donor(limits=LIMITS, reclaim_notice_s=NOTICE_S)


class Hurried(SystemClock):
    """Looks at files, machines and leases as often as a test can wait for."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.1))


@dataclass
class World:
    """Everything around the agent: a worker that hands its data over until it is stopped, and what was said to whom."""

    started_at: int
    beats: list[Beat] = field(default_factory=list)
    offers: list[SignedOffer] = field(default_factory=list)
    granted: list[int] = field(default_factory=list)
    bounds: list[tuple[int, int]] = field(default_factory=list)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    seal_key: str = "0x" + "22" * 32
    image: str = ""
    chain_ahead_s: int = 0
    engine_answers: bool = True
    chain_answers: bool = True
    half_made: set[tuple[LeaseId, int]] = field(default_factory=set)

    async def run(self) -> Speed:
        """The benchmark: nothing is known of a made-up machine."""
        raise SandboxFailed("No benchmark here.")

    async def prepare(self, progress: Callable[[str], None]) -> None:
        if not self.engine_answers:
            raise EngineUnavailable("No container engine answers on this machine.", "Start Docker.")
        self.image = IMAGE

    async def measure(self) -> Measured:
        return Measured(MACHINE, MACHINE)

    async def worker(self, lease: LeaseId, index: int) -> WorkerReport:
        if self.stopped.is_set():
            return WorkerReport(WorkerState.EXITED, self.started_at, int(time.time()))
        return WorkerReport(WorkerState.RUNNING, self.started_at)

    async def grant_worker(self, lease: LeaseId, index: int, resources: Resources, permille: int) -> WorkerReport:
        self.granted.append(permille)
        return await self.worker(lease, index)

    async def usage(self, lease: LeaseId, index: int) -> Usage | None:
        return Usage(900, 1200)

    async def bound_network(self, lease: LeaseId, index: int, up_kib_s: int, down_kib_s: int) -> None:
        self.bounds.append((up_kib_s, down_kib_s))

    async def stop_worker(self, lease: LeaseId, index: int, *, within_s: int) -> WorkerReport:
        if within_s:
            await asyncio.wait_for(self.stopped.wait(), within_s)
        self.stopped.set()
        return await self.worker(lease, index)

    async def forget(self, lease: LeaseId, index: int) -> None:
        self.half_made.discard((lease, index))

    async def held(self) -> frozenset[tuple[LeaseId, int]]:
        return frozenset(self.half_made)

    async def publish(self, offer: SignedOffer) -> None:
        self.offers.append(offer)

    async def asked(self) -> None:
        await asyncio.Event().wait()

    async def listen(self, recipient: str) -> None: ...

    async def letters(self) -> AsyncIterator[tuple[str, str, bytes]]:
        await asyncio.Event().wait()
        yield "", "", b""

    async def send(self, by: object, recipient: str, seal_key: str, body: bytes) -> None:
        message = decode(body)
        assert isinstance(message, Beat)
        self.beats.append(message)

    async def now(self) -> int:
        """The chain's newest block."""
        return int(time.time()) + self.chain_ahead_s

    async def balances(self) -> Balances:
        if not self.chain_answers:
            raise ChainUnavailable("No chain node answers.", "Check rpc_url.")
        return Balances(Amount(0), Amount(0))

    async def answer_trials(self) -> int:
        return 0

    async def held_back(self) -> Amount:
        return Amount(0)


@asynccontextmanager
async def serving(
    folder: Path, file: OwnerFile | None = None, sensors: FakeSensors | None = None
) -> AsyncIterator[tuple[DonorAgent, World]]:
    """An agent that took a running worker of one core over, which nobody has paid for yet."""
    now = int(time.time())
    world, agreed = World(now - 1), agreement()
    agreed = replace(agreed, terms=replace(agreed.terms, ends_at=now + 600, grace_s=2))
    service = Service(
        agreed, 1, ServicePhase.SERVING, now, now, started_at=now - 1, beat_at=now, patient_until=now + 600
    )
    journal = open_journal(folder)
    journal.save(f"{agreed.lease}/1", service)
    w = cast("Any", world)
    ports = DonorPorts(
        chain=w,
        notary=notary(),
        runtime=w,
        board=w,
        peers=w,
        journal=journal,
        probe=w,
        benchmark=w,
        sensors=sensors or FakeSensors(),
        owner=file or FakeOwnerFile(DONOR),
        clock=Hurried(),
    )
    agent = DonorAgent(ports, consented=True)
    running = asyncio.create_task(agent.run())
    try:
        await seen(agent, lambda view: view.measured is not None)
        yield agent, world
    finally:
        await agent.share(False, at_once=True)
        world.stopped.set()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        journal.close()


async def limit(agent: DonorAgent, limits: Limits) -> None:
    await agent.change(msgspec.structs.replace(DONOR, limits=limits))


async def seen(agent: DonorAgent, true: Callable[[DonorView], bool]) -> DonorView:
    async with asyncio.timeout(20):
        async for view in agent.watch():
            if true(view):
                return view
    raise AssertionError("a view is watched for ever")


def line(view: DonorView) -> ServiceLine:
    return view.services[0]


async def test_lower_limits_slow_a_running_worker_and_tell_its_renter_and_higher_ones_undo_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as (agent, world):
        await limit(agent, Limits(cpu_millis=250, memory_mib=4096))
        slowed = await seen(agent, lambda view: line(view).granted_permille == 250)
        await limit(agent, LIMITS)
        await seen(agent, lambda view: line(view).granted_permille == 1000)

    assert "25 %" in line(slowed).sentence
    assert world.granted == [250, 1000]
    assert [beat.granted_permille for beat in world.beats if beat.heartbeat.serving][-2:] == [250, 1000]


async def test_a_limit_of_no_processor_time_pauses_the_worker(tmp_path: Path) -> None:
    async with serving(tmp_path) as (agent, _):
        await limit(agent, Limits(cpu_millis=0, memory_mib=4096))

        paused = await seen(agent, lambda view: line(view).granted_permille == 0)

    assert "paused" in line(paused).sentence


async def test_a_worker_that_no_longer_fits_leaves_with_notice_and_an_owner_in_a_hurry_cuts_it_short(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path) as (agent, world):
        await limit(agent, Limits(cpu_millis=2000, memory_mib=1024))
        leaving = await seen(agent, lambda view: line(view).state == ServicePhase.LEAVING)
        await agent.share(False, at_once=True)
        await seen(agent, lambda view: line(view).state in (ServicePhase.CLAIMING, ServicePhase.ENDED))

    announced = [beat.leaves_at for beat in world.beats if beat.leaves_at]
    assert announced[0] == line(leaving).leaves_at
    assert "other workers" in line(leaving).sentence


async def test_the_agent_follows_the_limits_in_its_file_and_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    path = tmp_path / settings.FILE_NAME
    path.write_text("[donor.limits]\ncpu_millis = 2000\nmemory_mib = 4096\ndisk_mib = 20480\n")

    async with serving(tmp_path, settings.DonorFile(tmp_path)) as (agent, world):
        path.write_text("[donor.limits]\ncpu_milis = 500\n")
        wrong = await seen(agent, lambda view: bool(view.problem))
        path.write_text("[donor.limits]\ncpu_millis = 500\nmemory_mib = 4096\n")
        right = await seen(agent, lambda view: line(view).granted_permille == 500)

    assert "cpu_milis" in wrong.problem
    assert wrong.hint
    assert line(wrong).granted_permille == 1000
    assert not right.problem
    assert world.offers[-1].offer.capacity.cpu_millis == 0


async def test_an_owner_who_returns_has_the_machine_within_two_seconds_and_the_worker_resumes_when_they_leave(
    tmp_path: Path,
) -> None:
    sensors = FakeSensors()
    alone = msgspec.structs.replace(DONOR, when=When(only_when_idle=True, idle_after_s=300))

    async with serving(tmp_path, FakeOwnerFile(alone), sensors) as (agent, world):
        sensors.conditions, returned = replace(CALM, idle_s=0), time.monotonic()
        held = await seen(agent, lambda view: line(view).granted_permille == 0)
        took_s = time.monotonic() - returned
        sensors.conditions = replace(CALM, idle_s=301)
        back = await seen(agent, lambda view: line(view).granted_permille == 1000)

    assert took_s < 2
    assert held.headline == "1 worker paused. You are using this machine; sharing waits 5 min after that."
    assert held.allowance.holds == {Hold.IN_USE}
    assert not held.offered.cpu_millis
    assert back.headline.startswith("Sharing ")
    assert world.granted == [0, 1000]


async def test_lower_limits_for_an_owner_at_the_machine_slow_the_worker_alone(tmp_path: Path) -> None:
    sensors = FakeSensors()
    gentle = msgspec.structs.replace(DONOR, in_use=Limits(cpu_millis=300, memory_mib=4096, up_kib_s=64))

    async with serving(tmp_path, FakeOwnerFile(gentle), sensors) as (agent, world):
        sensors.conditions = replace(CALM, idle_s=0)
        slowed = await seen(agent, lambda view: line(view).granted_permille == 300)
        async with asyncio.timeout(5):
            while (64, 0) not in world.bounds:
                await asyncio.sleep(0.05)

    assert not slowed.allowance.holdings
    assert world.bounds[0] in ((0, 0), (64, 0))


async def test_a_worker_that_is_held_up_for_too_long_leaves_with_notice(tmp_path: Path) -> None:
    sensors = FakeSensors()
    strict = msgspec.structs.replace(DONOR, when=When(hold_for_s=1))

    async with serving(tmp_path, FakeOwnerFile(strict), sensors) as (agent, world):
        sensors.conditions = replace(CALM, on_battery=True)
        leaving = await seen(agent, lambda view: line(view).state == ServicePhase.LEAVING)

    assert line(leaving).leaves_at > leaving.now
    assert world.granted == [0, 100]


async def test_a_pause_outlives_a_restart_and_a_resume_ends_it_but_no_other_reason(tmp_path: Path) -> None:
    sensors = FakeSensors()

    async with serving(tmp_path, sensors=sensors) as (agent, _):
        await agent.pause(NEVER)
        await seen(agent, lambda view: line(view).granted_permille == 0)
        sensors.conditions = replace(CALM, metered=True)
        both = await seen(agent, lambda view: len(view.allowance.holdings) == 2)
        await agent.resume()
        one = await seen(agent, lambda view: Hold.PAUSED not in view.allowance.holds)

    assert both.allowance.holds == {Hold.PAUSED, Hold.METERED}
    assert one.allowance.holds == {Hold.METERED}


async def test_finishing_lets_the_worker_run_takes_nothing_new_and_ends_in_not_sharing(tmp_path: Path) -> None:
    async with serving(tmp_path) as (agent, world):
        await agent.finish()
        finishing = await seen(agent, lambda view: Hold.FINISHING in view.allowance.holds)
        await agent.stop(line(finishing).lease, 1, at_once=True)
        done = await seen(agent, lambda view: not view.sharing)

    assert finishing.headline == "Finishing 1 worker; nothing new is taken."
    assert not finishing.offered.cpu_millis
    assert line(done).ended
    assert world.granted == []


async def test_a_blocked_renters_worker_leaves_and_the_block_is_kept(tmp_path: Path) -> None:
    file = FakeOwnerFile(DONOR)

    async with serving(tmp_path, file) as (agent, _):
        renter = line(await seen(agent, lambda view: True)).renter
        await agent.block(renter)
        await seen(agent, lambda view: line(view).state == ServicePhase.LEAVING)
        blocked = file.donor.blocked
        await agent.block(renter, False)

    assert blocked == (renter,)
    assert file.donor.blocked == ()


async def test_an_owner_whose_clock_is_wrong_is_told_while_the_worker_serves_and_no_more_once_it_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.timekeeping.LOOK_EVERY_S", 0)

    async with serving(tmp_path) as (agent, world):
        world.chain_ahead_s = 600
        wrong = await seen(agent, lambda view: bool(view.problem))
        world.chain_ahead_s = 0
        right = await seen(agent, lambda view: not view.problem)

    assert "10 min behind the chain's" in wrong.problem
    assert "Set it right" in wrong.hint
    assert (line(wrong).state, line(right).state) == (ServicePhase.SERVING, ServicePhase.SERVING)


async def test_the_view_names_the_image_that_workers_run_from_once_it_is_here(tmp_path: Path) -> None:
    async with serving(tmp_path) as (agent, _):
        view = await seen(agent, lambda view: bool(view.image))

    assert view.image == IMAGE


async def test_an_owner_who_asks_for_another_look_knows_at_once_whether_the_engine_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.donor.MEASURE_EVERY_S", 100_000)

    async with serving(tmp_path) as (agent, world):
        world.engine_answers = False
        await agent.look_again()
        gone = await anext(agent.watch())
        world.engine_answers = True
        await agent.look_again()
        back = await anext(agent.watch())

    assert (gone.problem_kind, gone.hint) == ("EngineUnavailable", "Start Docker.")
    assert gone.offered == Resources()
    assert not back.problem


async def test_what_was_half_made_as_the_engine_vanished_is_removed_once_it_is_back(tmp_path: Path) -> None:
    async with serving(tmp_path) as (agent, world):
        world.engine_answers = False
        await agent.look_again()
        world.half_made.add((LeaseId("0x" + "ab" * 32), 0))
        world.engine_answers = True
        await agent.look_again()
        left = set(world.half_made)

    assert left == set()


async def test_a_chain_that_stops_answering_is_told_while_the_worker_serves_on(tmp_path: Path) -> None:
    async with serving(tmp_path) as (agent, world):
        world.chain_answers = False
        told = await seen(agent, lambda view: bool(view.problem))
        world.chain_answers = True
        over = await seen(agent, lambda view: not view.problem)

    assert (told.problem, told.hint) == ("No chain node answers.", "Check rpc_url.")
    assert line(told).state == line(over).state == ServicePhase.SERVING
