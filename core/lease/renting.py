"""The renter's side of a lease: proposed, opened, started, running, draining, closing, ended."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from core.lease import effects as do
from core.lease import facts as was
from core.lease.part import (
    COMING_BACK_S,
    HAND_OVER_S,
    STOP_ALLOWANCE_S,
    Part,
    PartState,
    heard,
    late,
    lose,
    reason_of,
    seen,
    unseen,
    witnessed_s,
)
from core.model import Agreement, Amount
from core.reason import Reason

ASK_AGAIN_S: Final = 4
"""An effect that nothing has answered is asked for again after so long."""

AWAKE_EVERY_S: Final = 10
_ALIKE: Final = (Reason.NEVER_STARTED, Reason.LET_GO)
"""Where all of a lease's workers ended so, it ended so itself."""

ASLEEP_S: Final = 30
"""An agent that was not awake for so long slept, and so did its master: nobody is missing because of that."""


class RentalPhase(StrEnum):
    """Where a lease stands, for its renter."""

    PROPOSED = "proposed"
    OPENING = "opening"
    STARTING = "starting"
    RUNNING = "running"
    DRAINING = "draining"
    CLOSING = "closing"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Rental:
    """A lease, as its renter knows it. `deadline` bounds the phase; `asked_at` is when its effects were last asked.

    While workers run, `awake_at` is when the agent was last known to be awake, to some seconds, and nobody is given up
    as missing before `patient_until`.
    """

    agreement: Agreement
    phase: RentalPhase
    parts: tuple[Part, ...]
    deadline: int
    asked_at: int
    start_within_s: int
    master: str = ""
    opened_at: int = 0
    ending_at: int = 0
    claimable_until: int = 0
    reason: Reason | None = None
    why: str = ""
    refund: Amount = Amount(0)
    paid: tuple[Amount, ...] = ()
    awake_at: int = 0
    patient_until: int = 0


_Step = tuple[Rental, tuple[do.Effect, ...]]


def propose(agreement: Agreement, *, now: int, accept_within_s: int, start_within_s: int) -> _Step:
    """A new lease, each of its donors asked."""
    rental = Rental(
        agreement,
        RentalPhase.PROPOSED,
        tuple(Part() for _ in agreement.shares),
        deadline=now + accept_within_s,
        asked_at=now,
        start_within_s=start_within_s,
    )
    return rental, _for_each(rental, do.ProposeShare)


def step_rental(rental: Rental, fact: was.Fact) -> _Step:
    """The lease after `fact`, and what to do about it."""
    match rental.phase:
        case RentalPhase.PROPOSED:
            return _proposed(rental, fact)
        case RentalPhase.OPENING:
            return _opening(rental, fact)
        case RentalPhase.STARTING | RentalPhase.RUNNING:
            return _live(rental, fact)
        case RentalPhase.DRAINING:
            return _draining(rental, fact)
        case RentalPhase.CLOSING:
            return _closing(rental, fact)
        case RentalPhase.ENDED:
            return rental, ()


def _proposed(rental: Rental, fact: was.Fact) -> _Step:
    match fact:
        case was.DonorAccepted(now=now, index=index, expires_at=until) if _within(rental, index):
            rental = _with(rental, index, replace(rental.parts[index], state=PartState.ACCEPTED, held_until=until))
            if any(part.state is PartState.PROPOSED for part in rental.parts):
                return rental, ()
            held_until = min(part.held_until for part in rental.parts)
            rental = replace(rental, phase=RentalPhase.OPENING, asked_at=now, deadline=held_until)
            return rental, (do.OpenLease(held_until),)
        case was.DonorRefused(index=index) if _within(rental, index):
            rental = _with(rental, index, replace(rental.parts[index], reason=Reason.DONOR_REFUSED))
            return _unopened(rental, Reason.DONOR_REFUSED)
        case was.CloseAsked(reason=reason):
            return _unopened(rental, reason)
        case was.Ticked(now=now) if now >= rental.deadline:
            parts = tuple(
                replace(part, reason=Reason.DONOR_SILENT) if part.state is PartState.PROPOSED else part
                for part in rental.parts
            )
            return _unopened(replace(rental, parts=parts), Reason.DONOR_SILENT)
        case was.Ticked(now=now) | was.Restarted(now=now) if _due(rental, now):
            return replace(rental, asked_at=now), _for_each(rental, do.ProposeShare, _waiting)
        case _:
            return rental, ()


def _opening(rental: Rental, fact: was.Fact) -> _Step:
    match fact:
        case was.LeaseOpened(now=now):
            rental = replace(rental, opened_at=now, asked_at=now, deadline=now + rental.start_within_s)
            if rental.reason is not None:
                return _drain(rental, rental.reason, now)
            return replace(rental, phase=RentalPhase.STARTING), (do.StartMaster(),)
        case was.OpeningFailed(why=why):
            return _unopened(replace(rental, why=why), Reason.OPENING_FAILED)
        case was.CloseAsked(reason=reason):
            return replace(rental, reason=reason), ()
        case was.Ticked(now=now) | was.Restarted(now=now) if _due(rental, now):
            return replace(rental, asked_at=now), (do.OpenLease(rental.deadline),)
        case _:
            return rental, ()


def _live(rental: Rental, fact: was.Fact) -> _Step:
    match fact:
        case was.MasterStarted(now=now, address=address) if not rental.master:
            parts = tuple(replace(part, ordered_at=now) for part in rental.parts)
            rental = replace(rental, master=address, parts=parts, asked_at=now)
            return rental, _for_each(rental, do.OrderStart)
        case was.MasterFailed(now=now, why=why):
            return _drain(replace(rental, why=why), Reason.MASTER_FAILED, now)
        case was.WorkersSeen():
            return _seen(rental, fact)
        case was.HeartbeatArrived(index=index) if _within(rental, index):
            rental = _with(rental, index, heard(rental.parts[index], fact, rental.agreement.interval_s))
            rental, signed = _paid(rental, fact)
            if not fact.serving and rental.parts[index].state is not PartState.LOST:
                # The master may have missed the worker before its donor said so: no second is paid twice.
                at = rental.parts[index].missing_since or fact.now
                rental = _lose(rental, index, at, reason_of(rental.parts[index], fact.reason or Reason.WORKER_DIED))
            if fact.serving:
                signed += _reminder(rental.parts[index], index)
            rental, more = _judge(rental, fact.now)
            return rental, signed + more
        case was.Replaced(now=now, index=index) if _within(rental, index) and not rental.parts[index].replaced:
            return _replaced(rental, index, now)
        case was.LetGo(now=now, index=index) if _within(rental, index) and not rental.parts[index].let_go_at:
            return _let_go(rental, index, now)
        case was.CloseAsked(now=now, reason=reason):
            return _drain(rental, reason, now)
        case was.Ticked(now=now):
            return _live_tick(rental, now)
        case was.Restarted(now=now) if not rental.master:
            return replace(rental, asked_at=now), (do.StartMaster(),)
        case was.Restarted(now=now):
            return replace(rental, patient_until=now + COMING_BACK_S), ()
        case _:
            return rental, ()


def _live_tick(rental: Rental, now: int) -> _Step:
    if now >= rental.agreement.terms.ends_at:
        return _drain(rental, Reason.TIME_IS_UP, now)
    if rental.awake_at and now - rental.awake_at > ASLEEP_S:
        coming_back = now + COMING_BACK_S
        rental = replace(rental, patient_until=coming_back, deadline=max(rental.deadline, coming_back))
    if abs(now - rental.awake_at) >= AWAKE_EVERY_S:
        # Not each second: every change of a lease is written to the disk.
        rental = replace(rental, awake_at=now)
    asked: tuple[do.Effect, ...] = (do.LookAtWorkers(),) if rental.master else ()
    if rental.phase is RentalPhase.STARTING:
        if now >= rental.deadline:
            for index, part in enumerate(rental.parts):
                if part.state is PartState.ACCEPTED:
                    rental = _lose(rental, index, now, Reason.NEVER_STARTED)
        elif _due(rental, now):
            rental = replace(rental, asked_at=now)
            asked += _for_each(rental, do.OrderStart, _unregistered) if rental.master else (do.StartMaster(),)
    rental = replace(rental, parts=tuple(late(part, now, rental.patient_until) for part in rental.parts))
    rental, more = _judge(rental, now)
    return rental, asked + more


def _replaced(rental: Rental, index: int, now: int) -> _Step:
    """A share whose place was taken is over for good, unless it leaves by itself and may still hand its data over."""
    part = rental.parts[index]
    if part.leaving:
        return rental, ()
    if part.state is not PartState.LOST:
        rental = _lose(rental, index, part.missing_since or now, Reason.WORKER_LOST)
    rental = _with(rental, index, replace(rental.parts[index], replaced=True))
    rental, more = _judge(rental, now)
    return rental, (do.TellEnding(index), *more)


def _let_go(rental: Rental, index: int, now: int) -> _Step:
    """A worker that serves hands its data over and leaves; one that never came, or is gone, is over for good."""
    part = replace(rental.parts[index], let_go_at=now)
    if part.state is PartState.SERVING:
        return _with(rental, index, part), () if part.leaving else (do.TellEnding(index, HAND_OVER_S),)
    if part.state is not PartState.LOST:
        part = lose(part, now, Reason.LET_GO)
    rental, more = _judge(_with(rental, index, replace(part, replaced=True)), now)
    return rental, (do.TellEnding(index), *more)


def _reminder(part: Part, index: int) -> tuple[do.Effect, ...]:
    """What a donor is told that still serves a share which is over."""
    if part.replaced:
        return (do.TellEnding(index),)
    return (do.TellEnding(index, HAND_OVER_S),) if part.let_go_at and not part.leaves_at else ()


def _seen(rental: Rental, fact: was.WorkersSeen) -> _Step:
    parts = tuple(
        seen(part, fact.now) if index in fact.indices else unseen(part, fact.now)
        for index, part in enumerate(rental.parts)
    )
    return _judge(replace(rental, parts=parts), fact.now)


def _judge(rental: Rental, now: int) -> _Step:
    """Running once every share serves or is lost; draining once all are lost."""
    if all(part.state is PartState.LOST for part in rental.parts):
        shared = next((alone for alone in _ALIKE if all(part.reason is alone for part in rental.parts)), None)
        return _drain(rental, shared or Reason.ALL_WORKERS_LOST, now)
    if rental.phase is RentalPhase.STARTING and not any(_unregistered(part) for part in rental.parts):
        return replace(rental, phase=RentalPhase.RUNNING), ()
    return rental, ()


def _paid(rental: Rental, fact: was.HeartbeatArrived) -> _Step:
    """Sign for what the donor states, as far as the renter saw the worker serve; the same again where it saw no more.

    A share whose worker never registered is paid nothing, whatever its donor states.
    """
    part, share = rental.parts[fact.index], rental.agreement.shares[fact.index]
    part = replace(
        part,
        heard_at=fact.now,
        served_s=max(part.served_s, fact.served_s),
        finished=part.finished or not fact.serving,
    )
    if part.state is PartState.SERVING or (part.state is PartState.LOST and part.reason is not Reason.NEVER_STARTED):
        until = min(fact.now, rental.agreement.terms.ends_at)
        if rental.ending_at:
            until = min(until, rental.ending_at + STOP_ALLOWANCE_S)
        earned = share.earned(min(fact.served_s, witnessed_s(part, until)))
        part = replace(part, vouched=Amount(max(part.vouched, earned)))
    rental = _with(rental, fact.index, part)
    return rental, (do.SignVoucher(fact.index, part.vouched),) if part.vouched else ()


def _draining(rental: Rental, fact: was.Fact) -> _Step:
    match fact:
        case was.HeartbeatArrived(index=index) if _within(rental, index):
            rental, signed = _paid(rental, fact)
            if any(_unfinished(part) for part in rental.parts):
                return rental, signed
            rental, closing = _close(rental, fact.now)
            return rental, signed + closing
        case was.Ticked(now=now) if now >= rental.deadline:
            return _close(rental, now)
        case was.Ticked(now=now) | was.Restarted(now=now) if _due(rental, now):
            return replace(rental, asked_at=now), _for_each(rental, do.TellEnding, _unfinished)
        case _:
            return rental, ()


def _closing(rental: Rental, fact: was.Fact) -> _Step:
    match fact:
        case was.HeartbeatArrived(index=index) if _within(rental, index):
            return _paid(rental, fact)
        case was.LeaseClosed(claimable_until=until):
            return replace(rental, claimable_until=until), ()
        case was.LeaseSwept(refund=refund, paid=paid):
            return replace(rental, phase=RentalPhase.ENDED, refund=refund, paid=paid), ()
        case was.Ticked(now=now) if rental.claimable_until and now > rental.claimable_until:
            return rental, (do.SweepLease(),)
        case was.Ticked(now=now) | was.Restarted(now=now) if not rental.claimable_until and _due(rental, now):
            again: tuple[do.Effect, ...] = (do.StopCluster(), do.CloseLease())
            return replace(rental, asked_at=now), again + _for_each(rental, do.TellEnding, _unfinished)
        case was.Restarted():
            return rental, (do.StopCluster(),)
        case _:
            return rental, ()


def _unopened(rental: Rental, reason: Reason) -> _Step:
    """End a lease that nothing was paid for, and let its donors know."""
    ended = replace(rental, phase=RentalPhase.ENDED, reason=rental.reason or reason)
    return ended, _for_each(rental, do.TellEnding)


def _drain(rental: Rental, reason: Reason, now: int) -> _Step:
    """Have the donors stop, and wait two intervals at most for their last heartbeats before the escrow is closed."""
    patience_s = 2 * rental.agreement.interval_s + STOP_ALLOWANCE_S
    rental = replace(
        rental,
        phase=RentalPhase.DRAINING,
        reason=reason,
        ending_at=now,
        deadline=now + patience_s,
        asked_at=now,
    )
    told = _for_each(rental, do.TellEnding)
    if any(_unfinished(part) for part in rental.parts):
        return rental, told
    rental, closing = _close(rental, now)
    return rental, told + closing


def _close(rental: Rental, now: int) -> _Step:
    return replace(rental, phase=RentalPhase.CLOSING, asked_at=now), (do.StopCluster(), do.CloseLease())


def _lose(rental: Rental, index: int, at: int, reason: Reason) -> Rental:
    return _with(rental, index, lose(rental.parts[index], at, reason))


def _within(rental: Rental, index: int) -> bool:
    return 0 <= index < len(rental.parts)


def _due(rental: Rental, now: int) -> bool:
    return now - rental.asked_at >= ASK_AGAIN_S


def _waiting(part: Part) -> bool:
    return part.state is PartState.PROPOSED


def _unregistered(part: Part) -> bool:
    return part.state is PartState.ACCEPTED


def _unfinished(part: Part) -> bool:
    """A share that may still be served: its donor has not said that it stopped, and nobody took its place."""
    never = part.state is PartState.LOST and part.reason is Reason.NEVER_STARTED
    return not part.finished and not part.replaced and not never and part.ordered_at > 0


def _for_each(
    rental: Rental, effect: Callable[[int], do.Effect], which: Callable[[Part], bool] = lambda _part: True
) -> tuple[do.Effect, ...]:
    return tuple(effect(index) for index, part in enumerate(rental.parts) if which(part))


def _with(rental: Rental, index: int, part: Part) -> Rental:
    return replace(rental, parts=(*rental.parts[:index], part, *rental.parts[index + 1 :]))
