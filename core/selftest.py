"""The self-test: everything between this machine and a renter, checked one by one, with what to do where it fails."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from core.donor_work import DonorPorts
from core.errors import EngineUnavailable, SparecloudError
from core.model import Address, Offer
from core.observed import Measured
from core.rehearsal import ANSWERED_WITHIN_S, JOINED_WITHIN_S, NEEDED_MIB, Rehearsal
from core.settings import Renter
from core.timekeeping import CLOCK_OFF_S
from core.view import DonorView, resources_text, spare

IMAGES_WITHIN_S: Final = 1800
"""The first time they are fetched and built."""

ECHO_WITHIN_S: Final = 15
_ANSWER_WITHIN_S: Final = 30
_REHEARSAL_WITHIN_S: Final = JOINED_WITHIN_S + ANSWERED_WITHIN_S + 120
_OLD_BLOCK_S: Final = 900
_LOOK_EVERY_S: Final = 0.2
_JOB: Final = "A job on this machine"

_WALLS: Final = {
    "container": "Workers are kept apart from this machine by the kernel's own walls.",
    "container+userns": "Workers are kept apart by the kernel's own walls, and root inside is nobody outside.",
    "gvisor": "Workers run on a kernel of their own (gVisor).",
}

_SENSED: Final = {
    "idle_s": "You",
    "on_battery": "Power",
    "metered": "Network",
    "celsius": "Temperature",
    "full_screen": "Full screen",
    "programs": "Programs",
}
"""The fields of Conditions, as screens name what they tell of; a battery's percentage comes from who tells of power."""

_Answer = TypeVar("_Answer")
_log = logging.getLogger(__name__)


class State(StrEnum):
    """How a check stands. WARNED: it works, and something is worth knowing."""

    RUNNING = "running"
    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: told when it starts, as it goes on, and once it ended. `name` stays the same."""

    name: str
    state: State
    sentence: str
    hint: str = ""


Tell = Callable[[Check], None]


class Selftest:
    """One run at a time. Nothing of it is left, however it ends. Without a `rehearsal` no job is tried."""

    def __init__(self, ports: DonorPorts, rehearsal: Rehearsal | None, view: Callable[[], DonorView]) -> None:
        self._ports = ports
        self._rehearsal = rehearsal
        self._view = view
        self._runs = False

    async def run(self, tell: Tell) -> None:
        """Check everything; `tell` hears of each check. Raises SparecloudError where a self-test runs already."""
        if self._runs:
            raise SparecloudError("A self-test runs already.", "Wait until it has ended.")
        self._runs = True
        try:
            await self._run(tell)
        finally:
            self._runs = False

    async def tidy(self) -> None:
        """Remove what a self-test that was killed left behind. Raises EngineUnavailable, SandboxFailed."""
        if self._rehearsal is not None and not self._runs:
            await self._rehearsal.clear()

    async def _run(self, tell: Tell) -> None:
        engine = await checked(tell, "Container engine", "Asking the container engine.", self._engine())
        images = engine and await checked(
            tell, "Images", "Looking for the images that workers run in.", self._images(tell), IMAGES_WITHIN_S
        )
        if engine:
            await checked(tell, "Isolation", "Asking how workers are kept apart.", self._isolation())
        await checked(tell, "Chain", "Asking the chain.", self._chain())
        await checked(tell, "Wallet", "Counting what the wallet holds.", self._wallet())
        await checked(tell, "Stake", "Comparing the stake with what renters ask.", self._stake())
        await checked(tell, "Market", "Waiting for this machine's own offer to come back.", self._market())
        tell(settings_check(self._view()))
        tell(limits_check(self._view()))
        tell(sensors_check(self._view(), self._ports.sensors.providers()))
        if self._rehearsal is not None:
            await self._rehearse(self._rehearsal, tell, possible=images)
        tell(renters_check(self._view(), await self._offer()))

    async def _engine(self) -> Check:
        await self._ports.runtime.held()
        measured = await self._ports.probe.measure()
        if not measured.engine_version:
            raise EngineUnavailable("No container engine answers on this machine.", "Start Docker, and test again.")
        return Check("Container engine", State.PASSED, f"It answers: version {measured.engine_version}.")

    async def _images(self, tell: Tell) -> Check:
        loop = asyncio.get_running_loop()

        def progress(sentence: str) -> None:
            # From another thread.
            loop.call_soon_threadsafe(tell, Check("Images", State.RUNNING, sentence))

        await self._ports.runtime.prepare(progress)
        return Check("Images", State.PASSED, "They were built on this machine, and are here.")

    async def _isolation(self) -> Check:
        return isolation_check(await self._ports.probe.measure())

    async def _chain(self) -> Check:
        return chain_check(await self._ports.chain.now(), self._ports.clock.now())

    async def _wallet(self) -> Check:
        native = (await self._ports.chain.balances()).native
        return wallet_check(native, self._ports.notary.address)

    async def _stake(self) -> Check:
        stake = (await self._ports.chain.balances()).account.unreserved
        return stake_check(stake, self._view())

    async def _market(self) -> Check:
        before = await self._offer()
        known, began = before.sequence if before else -1, asyncio.get_running_loop().time()
        await self._ports.board.ask()
        try:
            async with asyncio.timeout(ECHO_WITHIN_S):
                while (offer := await self._offer()) is None or offer.sequence <= known:
                    await asyncio.sleep(_LOOK_EVERY_S)
        except TimeoutError:
            return Check(
                "Market",
                State.FAILED,
                f"This machine's offer did not come back from the market within {ECHO_WITHIN_S} s.",
                "Check the relays under [network] in the settings, and this machine's connection and clock.",
            )
        took_s = asyncio.get_running_loop().time() - began
        return Check("Market", State.PASSED, f"The offer came back from the market in {took_s:.1f} s, as signed.")

    async def _rehearse(self, rehearsal: Rehearsal, tell: Tell, *, possible: bool) -> None:
        if possible:
            await checked(tell, _JOB, "Preparing a cluster.", self._play(rehearsal, tell), _REHEARSAL_WITHIN_S)
        else:
            tell(Check(_JOB, State.FAILED, "Not tried: the engine or its images are missing."))

    async def _play(self, rehearsal: Rehearsal, tell: Tell) -> Check:
        free_mib = (await self._ports.probe.measure()).free.memory_mib
        if free_mib < NEEDED_MIB:
            sentence = f"Not tried: it needs {NEEDED_MIB} MiB of free memory, and {free_mib} MiB are free."
            return Check(_JOB, State.WARNED, sentence, "Close some programs, and test again.")
        await rehearsal.play(self._ports.notary.address, lambda said: tell(Check(_JOB, State.RUNNING, said)))
        return Check(_JOB, State.PASSED, "A cluster was started, a job ran on it and gave the right answer.")

    async def _offer(self) -> Offer | None:
        """This machine's own offer, as the board holds it: back from the bus, verified, not expired."""
        held = self._ports.board.offers(self._ports.clock.now())
        return next((each.offer for each in held if each.offer.donor == self._ports.notary.address), None)


async def checked(
    tell: Tell, name: str, beginning: str, work: Awaitable[Check], within_s: int = _ANSWER_WITHIN_S
) -> bool:
    """Tell of a check from its start to its end; whether it did not fail."""
    tell(Check(name, State.RUNNING, beginning))
    try:
        async with asyncio.timeout(within_s):
            check = await work
    except SparecloudError as problem:
        check = Check(name, State.FAILED, problem.title, problem.hint)
    except TimeoutError:
        check = Check(name, State.FAILED, f"There was no answer within {within_s} s.", "Test again in a while.")
    except Exception as surprise:
        _log.exception("A check of the self-test failed unexpectedly")
        check = Check(name, State.FAILED, f"It failed unexpectedly: {type(surprise).__name__}.", "Look at the log.")
    tell(check)
    return check.state is not State.FAILED


def isolation_check(measured: Measured) -> Check:
    """How workers are kept apart, and graphics processors that cannot be offered."""
    walls = _WALLS.get(measured.isolation, f"Workers run at the level {measured.isolation}.")
    if measured.gpu_note:
        return Check("Isolation", State.WARNED, f"{walls} {measured.gpu_note}".strip())
    return Check("Isolation", State.PASSED, walls)


def chain_check(block_at: int, now: int) -> Check:
    """Whether the chain's latest block fits this machine's clock."""
    age_s = now - block_at
    if age_s < -CLOCK_OFF_S:
        return Check(
            "Chain",
            State.FAILED,
            f"The chain's latest block is {-age_s} s ahead of this machine's clock.",
            "Set the clock right: offers and heartbeats with a wrong time are refused.",
        )
    if age_s > _OLD_BLOCK_S:
        return Check(
            "Chain",
            State.WARNED,
            f"The chain's latest block is {age_s // 60} min old.",
            "Where the chain is not idle, its node is out of step or this machine's clock is ahead.",
        )
    return Check("Chain", State.PASSED, f"It answers; its latest block is {max(0, age_s)} s old.")


def wallet_check(native: int, donor: Address) -> Check:
    """Whether fees can be paid."""
    if not native:
        return Check(
            "Wallet",
            State.FAILED,
            "The wallet has none of the chain's own coin, which fees are paid in: no earnings can be redeemed.",
            f"Send a little of it to {donor}.",
        )
    held = spare(native, "of the chain's own coin")
    return Check("Wallet", State.PASSED, f"It holds {held} for fees.")


def stake_check(stake: int, view: DonorView) -> Check:
    """For how long the stake that is left covers what renters ask donors to pledge."""
    percent, name = Renter().penalty_percent, "Stake"
    pledged_percent = min(percent, view.settings.highest_penalty_percent)
    if not pledged_percent:
        return Check(name, State.WARNED, "The settings pledge no stake: renters prefer donors that do.")
    limits = view.allowance.limits.resources()
    an_hour = view.settings.asking.prices().per_second(limits) * 3600 * pledged_percent // 100
    minutes = 60 if not an_hour else stake * 60 // an_hour
    usual = f"Renters ask donors to pledge {percent} % of what a share can earn"
    if minutes < 60:
        return Check(
            name,
            State.WARNED,
            f"{usual}; the {spare(stake)} left here cover {minutes} min of all that is shared.",
            "Stake more with `sparecloud wallet stake`, or wait: a part of what is earned becomes stake.",
        )
    return Check(name, State.PASSED, f"{usual}; the {spare(stake)} left here are enough for that.")


def settings_check(view: DonorView) -> Check:
    """What in the settings contradicts itself or the machine."""
    if view.contradictions:
        return Check("Settings", State.WARNED, " ".join(view.contradictions), "Change them under Settings.")
    return Check("Settings", State.PASSED, "They do not contradict one another.")


def limits_check(view: DonorView) -> Check:
    """What the owner's limits leave at this moment, and every reason why it is not more."""
    holdings = view.allowance.holdings
    if holdings:
        return Check("Limits", State.WARNED, " ".join(holding.sentence for holding in holdings))
    left = resources_text(view.allowance.limits.resources())
    return Check("Limits", State.PASSED, f"They leave {left} to share now.")


def sensors_check(view: DonorView, providers: Mapping[str, str]) -> Check:
    """Who tells what goes on around this machine, or that nobody does; of note where the settings ask for it."""
    unknown = {field for field in _SENSED if getattr(view.conditions, field) is None}
    told = (
        f"{name}: {'not known here. ' if field in unknown else ''}{providers[field]}" for field, name in _SENSED.items()
    )
    sentence = " ".join(told)
    if unknown & _asked_for(view):
        hint = "Nobody can keep to settings that ask for what is not known here: look through them."
        return Check("Sensors", State.WARNED, sentence, hint)
    return Check("Sensors", State.PASSED, sentence)


def _asked_for(view: DonorView) -> set[str]:
    """The fields of Conditions that the owner's settings make a difference by."""
    when = view.settings.when
    asked = {
        "idle_s": when.only_when_idle or view.settings.in_use is not None,
        "on_battery": not when.on_battery,
        "metered": not when.on_metered,
        "celsius": bool(when.hottest_celsius),
        "full_screen": when.pause_for_full_screen,
    }
    return {field for field, matters in asked.items() if matters}


def renters_check(view: DonorView, offer: Offer | None) -> Check:
    """What a renter sees of this machine, or every reason why there is nothing to see."""
    name, reasons = "What renters see", invisible_because(view, offer)
    if offer is None or reasons:
        return Check(name, State.WARNED, f"This machine is invisible to the market. {' '.join(reasons)}")
    hourly = offer.prices.per_second(offer.capacity) * 3600
    seen = f"{offer.name}: {resources_text(offer.capacity)} for {spare(hourly)} an hour"
    return Check(name, State.PASSED, f"{seen}, leases of {offer.longest_lease_s // 60} min at most.")


def invisible_because(view: DonorView, offer: Offer | None) -> tuple[str, ...]:
    """Every reason for which renters do not see this machine, a sentence each; empty where they do."""
    reasons: list[str] = []
    if not view.sharing:
        reasons.append("Sharing is off.")
    reasons += [holding.sentence for holding in view.allowance.holdings]
    if view.problem:
        reasons.append(view.problem)
    if view.measured is None:
        reasons.append("Nothing of this machine has been measured yet.")
    elif view.sharing and view.allowance.offers and not (view.offered.cpu_millis and view.offered.memory_mib):
        reasons.append("Within the limits nothing is free.")
    if offer is None:
        reasons.append("No offer of it is on the market.")
    elif not reasons and not (offer.capacity.cpu_millis and offer.capacity.memory_mib):
        reasons.append("Its offer names nothing to lease.")
    return tuple(reasons)
