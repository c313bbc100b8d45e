"""The self-test: each check's verdict, one run at a time, and a whole lease on this machine that leaves nothing."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import msgspec
import pytest

from core.clock import SystemClock
from core.donor_work import DonorPorts
from core.errors import ChainUnavailable, EngineUnavailable, SparecloudError
from core.model import Amount, LeaseId, Resources, SignedOffer
from core.observed import Account, Balances, Measured
from core.owner import When
from core.rehearsal import DRIVER, Rehearsal
from core.runtime.clusters import DockerClusters
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.runtime.labels import OWNER
from core.runtime.network import BridgeNetwork
from core.runtime.workers import DockerWorkers
from core.selftest import (
    Check,
    Selftest,
    State,
    chain_check,
    invisible_because,
    renters_check,
    sensors_check,
    settings_check,
    stake_check,
    wallet_check,
)
from core.ticket import Ticket
from core.view import DonorView
from tests.pure.owners import FakeSensors
from tests.real.market import notary, signed
from tests.real.runtime_lab import a_lab
from tests.screens.donor_samples import HELD, IDLE, NOW, OFF, PROBLEM

OWNER_LABEL = "selftest-of-the-tests"
BUSY = Resources(4000, 8192)
DONOR = notary()


@dataclass
class World:
    """Everything around the self-test, all well until a test changes it."""

    engine_answers: bool = True
    chain_answers: bool = True
    echoes: bool = True
    sequence: int = 1
    address = DONOR.address

    async def held(self) -> frozenset[tuple[LeaseId, int]]:
        if not self.engine_answers:
            raise EngineUnavailable("No container engine answers on this machine.", "Install Docker.")
        return frozenset()

    async def prepare(self, progress: Callable[[str], None]) -> None:
        await asyncio.to_thread(progress, "Building an image.")

    async def measure(self) -> Measured:
        return Measured(BUSY, BUSY, engine_version="29.1")

    async def now(self) -> int:
        if not self.chain_answers:
            raise ChainUnavailable("No chain node answers.", "Check rpc_url.")
        return SystemClock().now() - 4

    async def balances(self) -> Balances:
        return Balances(Amount(0), Amount(10**18), Account(bonded=Amount(10**21)))

    async def ask(self) -> None:
        self.sequence += self.echoes

    def offers(self, now: int) -> tuple[SignedOffer, ...]:
        return (signed(notary()), signed(DONOR, sequence=self.sequence, expires_at=now + 60, capacity=BUSY))


def selftest(world: World, view: DonorView = IDLE, rehearsal: Rehearsal | None = None) -> Selftest:
    around = cast(Any, world)
    ports = DonorPorts(
        chain=around,
        notary=DONOR,
        runtime=around,
        board=around,
        peers=around,
        journal=around,
        probe=around,
        benchmark=around,
        sensors=FakeSensors(),
        owner=around,
        clock=SystemClock(),
    )
    return Selftest(ports, rehearsal, lambda: view)


async def outcome(test: Selftest) -> dict[str, Check]:
    """The last word on each check."""
    told: dict[str, Check] = {}
    await test.run(lambda check: told.update({check.name: check}))
    return told


async def test_all_is_well_where_all_is_well() -> None:
    told = await outcome(selftest(World()))

    assert {check.state for check in told.values()} == {State.PASSED}, told
    assert "4 cores, 8 GiB for" in told["What renters see"].sentence


async def test_every_check_starts_and_goes_on_before_it_ends() -> None:
    told: list[Check] = []

    await selftest(World()).run(told.append)

    images = [(check.state, check.sentence) for check in told if check.name == "Images"]
    assert [state for state, _ in images] == [State.RUNNING, State.RUNNING, State.PASSED]
    assert images[1][1] == "Building an image."


async def test_one_failure_hides_no_other() -> None:
    told = await outcome(selftest(World(engine_answers=False, chain_answers=False)))

    assert (told["Container engine"].state, told["Container engine"].hint) == (State.FAILED, "Install Docker.")
    assert (told["Chain"].state, told["Chain"].sentence) == (State.FAILED, "No chain node answers.")
    assert told["Market"].state is State.PASSED
    assert "Images" not in told


async def test_an_offer_that_does_not_come_back_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.selftest.ECHO_WITHIN_S", 1)

    told = await outcome(selftest(World(echoes=False)))

    assert told["Market"].state is State.FAILED
    assert "did not come back" in told["Market"].sentence


async def test_a_surprise_fails_its_check_alone(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.balances = None  # type: ignore[assignment,method-assign]  # what nobody foresaw

    told = await outcome(selftest(world))

    assert told["Wallet"].sentence == "It failed unexpectedly: TypeError."
    assert told["Market"].state is State.PASSED
    assert "unexpectedly" in caplog.text


async def test_a_second_run_beside_the_first_is_refused() -> None:
    test = selftest(World())
    first = asyncio.ensure_future(test.run(lambda check: None))
    await asyncio.sleep(0)

    with pytest.raises(SparecloudError, match="runs already"):
        await test.run(lambda check: None)
    await first
    await test.run(lambda check: None)


@pytest.mark.parametrize(
    ("block_at", "state"),
    [(NOW, State.PASSED), (NOW - 60, State.PASSED), (NOW - 3600, State.WARNED), (NOW + 600, State.FAILED)],
)
def test_a_block_tells_of_a_wrong_clock(block_at: int, state: State) -> None:
    assert chain_check(block_at, NOW).state is state


def test_a_wallet_that_cannot_pay_fees_fails_and_says_where_to_send_them() -> None:
    check = wallet_check(0, DONOR.address)

    assert check.state is State.FAILED
    assert DONOR.address in check.hint


def test_too_little_stake_is_worth_knowing() -> None:
    assert stake_check(0, IDLE).state is State.WARNED
    assert stake_check(10**24, IDLE).state is State.PASSED


def test_contradictions_are_told() -> None:
    view = replace(IDLE, contradictions=("The limits share no memory.",))

    assert (settings_check(view).state, settings_check(view).sentence) == (State.WARNED, view.contradictions[0])


def test_who_tells_each_condition_is_told_and_what_nobody_tells_is_of_note_where_settings_ask_for_it() -> None:
    providers = {
        **FakeSensors().providers(),
        "metered": "NetworkManager does not answer.",
        "celsius": "No thermometer.",
    }
    lenient = msgspec.structs.replace(IDLE.settings, when=When(on_metered=True, hottest_celsius=0))
    unknown = replace(IDLE.conditions, metered=None, celsius=None)

    all_known = sensors_check(IDLE, FakeSensors().providers())
    asked_for = sensors_check(replace(IDLE, conditions=unknown), providers)
    not_asked_for = sensors_check(replace(IDLE, conditions=unknown, settings=lenient), providers)

    assert (all_known.state, asked_for.state, not_asked_for.state) == (State.PASSED, State.WARNED, State.PASSED)
    assert "Network: not known here. NetworkManager does not answer." in asked_for.sentence
    assert "Temperature: not known here. No thermometer." in not_asked_for.sentence
    assert "Power: the test" in asked_for.sentence
    assert asked_for.hint


def test_every_reason_for_being_invisible_is_told() -> None:
    assert invisible_because(OFF, None) == ("Sharing is off.", "No offer of it is on the market.")
    assert len(HELD.allowance.holdings) == 3
    for holding in HELD.allowance.holdings:
        assert holding.sentence in renters_check(HELD, signed(DONOR, capacity=Resources()).offer).sentence
    assert PROBLEM.problem in invisible_because(PROBLEM, None)


@pytest.fixture(scope="module")
def lab() -> Iterator[tuple[ContainerEngine, Rehearsal]]:
    with a_lab() as (engine, images):
        yield engine, made_of(engine, images)


def made_of(engine: ContainerEngine, images: Images) -> Rehearsal:
    alone = BridgeNetwork(engine)
    return Rehearsal(
        DockerWorkers(engine, alone, images, OWNER_LABEL),
        DockerClusters(engine, alone, images, OWNER_LABEL, DRIVER),
        SystemClock(),
    )


def left(engine: ContainerEngine) -> list[str]:
    """Every container, volume and network that the self-test's own label is on."""
    label = {OWNER: OWNER_LABEL}
    networks = engine.client.networks.list(filters={"label": f"{OWNER}={OWNER_LABEL}"})
    return [str(each.id) for each in (*engine.labelled(label), *engine.volumes(label), *networks)]


async def test_a_whole_lease_is_played_on_this_machine_and_leaves_nothing(
    lab: tuple[ContainerEngine, Rehearsal],
) -> None:
    engine, played = lab
    said: list[str] = []

    await played.play(DONOR.address, said.append)

    assert said == [
        "Starting a cluster's master.",
        "Starting one sandboxed worker.",
        "Running a job on it.",
        "Removing what the job ran in.",
    ]
    assert left(engine) == []


@pytest.mark.parametrize("moment", ["Starting a cluster's master.", "Starting one sandboxed worker."])
async def test_an_interrupted_one_leaves_nothing_either(moment: str, lab: tuple[ContainerEngine, Rehearsal]) -> None:
    engine, played = lab
    reached = asyncio.Event()
    playing = asyncio.ensure_future(played.play(DONOR.address, lambda said: reached.set() if said == moment else None))

    await reached.wait()
    await asyncio.sleep(0.3)
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing

    assert left(engine) == []


async def test_what_a_killed_one_left_is_tidied_away(lab: tuple[ContainerEngine, Rehearsal]) -> None:
    engine, played = lab
    lease = LeaseId(f"0x{secrets.token_hex(32)}")
    await played.clusters.start_master(lease, secrets.token_hex(16), Ticket(lease, "master"))
    assert left(engine)

    await selftest(World(), rehearsal=played).tidy()

    assert left(engine) == []
