"""The donor's side of a lease, one share of it: accepted, starting, serving, leaving, stopping, claiming, ended."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from core.lease import effects as do
from core.lease import facts as was
from core.lease.granted import WHOLE, Grants, in_force, served_ms
from core.model import Agreement, Amount, Share
from core.pledges import NO_SEATS
from core.reason import Reason

ASK_AGAIN_S: Final = 4
"""An effect that nothing has answered is asked for again after so long."""

LOOK_EVERY_S: Final = 2
"""A running worker is looked at this often."""

REDEEM_EVERY_S: Final = 3600
"""What was vouched for is redeemed this often, so that a donor that sleeps through the end of a lease loses little."""

START_WITHIN_S: Final = 120
"""A worker that does not run by then is given up."""

START_PATIENCE_S: Final = 45
"""A renter pays from the order on, but only once the worker is registered: so long a donor waits to be paid first."""


class ServicePhase(StrEnum):
    """Where a share stands, for its donor."""

    ACCEPTED = "accepted"
    STARTING = "starting"
    SERVING = "serving"
    LEAVING = "leaving"
    STOPPING = "stopping"
    CLAIMING = "claiming"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Service:
    """A share, as its donor knows it. `deadline` bounds the phase; `paid` is what the escrow has paid out.

    `permille` is what the owner leaves the worker of its processor time, `grants` what the engine gave it and when.
    So many intervals may pass unpaid as `patience_intervals` says.
    """

    agreement: Agreement
    index: int
    phase: ServicePhase
    deadline: int
    asked_at: int
    started_at: int = 0
    ended_at: int = 0
    beat_at: int = 0
    looked_at: int = 0
    redeemed_at: int = 0
    patient_until: int = 0
    voucher: Amount = Amount(0)
    signature: str = ""
    paid: Amount = Amount(0)
    reason: Reason | None = None
    why: str = ""
    seats: str = NO_SEATS
    patience_intervals: int = 2
    permille: int = WHOLE
    grants: Grants = ()

    @property
    def share(self) -> Share:
        """The share served."""
        return self.agreement.shares[self.index]

    def served_s(self, now: int) -> int:
        """Whole seconds served until `now`, as far as granted: never beyond the worker's end or the lease's."""
        if not self.started_at:
            return 0
        until = min(self.ended_at or now, self.agreement.terms.ends_at)
        return served_ms(self.grants, self.started_at, until) // WHOLE


_Step = tuple[Service, tuple[do.Effect, ...]]


def accept(
    agreement: Agreement, index: int, *, now: int, hold_s: int, seats: str = NO_SEATS, patience_intervals: int = 2
) -> _Step:
    """A share accepted: its room is held for `hold_s` seconds, its `seats` until it ends."""
    service = Service(
        agreement,
        index,
        ServicePhase.ACCEPTED,
        deadline=now + hold_s,
        asked_at=now,
        seats=seats,
        patience_intervals=patience_intervals,
    )
    return service, (do.AnswerAccepted(),)


def step_service(service: Service, fact: was.Fact) -> _Step:
    """The share after `fact`, and what to do about it."""
    match service.phase:
        case ServicePhase.ACCEPTED:
            return _accepted(service, fact)
        case ServicePhase.STARTING:
            return _starting(service, fact)
        case ServicePhase.SERVING:
            return _serving(service, fact)
        case ServicePhase.LEAVING:
            return _leaving(service, fact)
        case ServicePhase.STOPPING:
            return _stopping(service, fact)
        case ServicePhase.CLAIMING:
            return _claiming(service, fact)
        case ServicePhase.ENDED:
            return service, ()


def _accepted(service: Service, fact: was.Fact) -> _Step:
    match fact:
        case was.StartOrdered(now=now, master=master, secret=secret, ticket=ticket):
            started = replace(service, phase=ServicePhase.STARTING, deadline=now + START_WITHIN_S, asked_at=now)
            return started, (do.StartWorker(master, secret, ticket),)
        case was.EndingTold():
            return _end(service, Reason.RENTER_CLOSED), ()
        case was.ReclaimAsked():
            return _end(service, Reason.OWNER_RETURNED), ()
        case was.Regranted(permille=permille):
            return replace(service, permille=permille), ()
        case was.Ticked(now=now) if now >= service.deadline:
            return _end(service, Reason.NOT_OPENED), ()
        case _:
            return service, ()


def _starting(service: Service, fact: was.Fact) -> _Step:
    match fact:
        case was.WorkerRuns(now=now, since=since):
            serving = replace(
                service,
                phase=ServicePhase.SERVING,
                started_at=since,
                asked_at=now,
                beat_at=now,
                looked_at=now,
                redeemed_at=now,
                patient_until=now + START_PATIENCE_S,
            )
            return serving, () if service.permille == WHOLE else (do.Grant(service.permille),)
        case was.StartOrdered(now=now, master=master, secret=secret, ticket=ticket):
            # The renter orders again while the worker is not registered: after a crash this is how it gets started.
            return replace(service, asked_at=now), (do.StartWorker(master, secret, ticket),)
        case was.StartFailed(now=now, why=why):
            return _stop(replace(service, why=why), Reason.START_FAILED, now)
        case was.WorkerEnded(now=now, at=at, why=why):
            return _stop(replace(service, ended_at=at, why=why), Reason.START_FAILED, now)
        case was.Ticked(now=now) if now >= service.deadline:
            return _stop(service, Reason.START_FAILED, now)
        case was.Restarted():
            return service, (do.LookAtWorker(),)
        case was.Regranted(permille=permille):
            return replace(service, permille=permille), ()
        case was.ReclaimAsked(now=now):
            return _stop(service, Reason.OWNER_RETURNED, now)
        case was.EndingTold(now=now):
            return _stop(service, Reason.RENTER_CLOSED, now)
        case _:
            return service, ()


def _serving(service: Service, fact: was.Fact) -> _Step:
    match fact:
        case was.VoucherArrived():
            return _take(service, fact), ()
        case was.Claimed(total=total):
            return replace(service, paid=Amount(max(service.paid, total))), ()
        case was.TicketRenewed(ticket=ticket):
            return service, (do.RenewTicket(ticket),)
        case was.WorkerEnded(now=now, at=at, why=why):
            # A worker of which nothing is left (at = 0) is known to have served until the last heartbeat.
            return _stop(replace(service, ended_at=at or service.beat_at, why=why), Reason.WORKER_DIED, now)
        case was.Restarted(now=now):
            service = replace(_patient(service, now), beat_at=now)
            return service, (do.LookAtWorker(), _beat(service, now))
        case was.Regranted(now=now, permille=permille):
            return replace(service, permille=permille, asked_at=now), (do.Grant(permille),)
        case was.Granted():
            return _granted(service, fact)
        case was.Ticked(now=now):
            return _serving_tick(service, now)
        case was.ReclaimAsked(now=now, notice_s=notice_s):
            return _leave(service, now, notice_s, Reason.OWNER_RETURNED)
        case was.EndingTold(now=now, hand_over_s=hand_over_s) if hand_over_s > 0:
            return _leave(service, now, hand_over_s, Reason.LET_GO)
        case was.EndingTold(now=now):
            return _stop(service, Reason.RENTER_CLOSED, now)
        case _:
            return service, ()


def _serving_tick(service: Service, now: int) -> _Step:
    if now >= service.agreement.terms.ends_at:
        return _stop(service, Reason.TIME_IS_UP, now)
    if _impatient(service, now):
        return _stop(service, Reason.UNPAID, now)
    asked: tuple[do.Effect, ...] = ()
    if now - service.looked_at >= LOOK_EVERY_S:
        service = replace(service, looked_at=now)
        asked += (do.LookAtWorker(),)
    if now - service.beat_at >= service.agreement.interval_s:
        service = replace(service, beat_at=now)
        asked += (_beat(service, now), do.LookAtLease())
    if service.permille != in_force(service.grants) and now - service.asked_at >= ASK_AGAIN_S:
        service = replace(service, asked_at=now)
        asked += (do.Grant(service.permille),)
    if now - service.redeemed_at >= REDEEM_EVERY_S and service.voucher > service.paid:
        service = replace(service, redeemed_at=now)
        asked += (_claim(service),)
    return service, asked


def _unpaid(service: Service, now: int) -> int:
    return service.share.earned(service.served_s(now)) - service.voucher


def _granted(service: Service, fact: was.Granted) -> _Step:
    if fact.permille == in_force(service.grants):
        return service, ()
    service = replace(service, grants=(*service.grants, (fact.now, fact.permille)), beat_at=fact.now)
    return service, (_beat(service, fact.now),)


def _impatient(service: Service, now: int) -> bool:
    patience_s = service.patience_intervals * service.agreement.interval_s
    return now >= service.patient_until and _unpaid(service, now) > service.share.rate * patience_s


def _patient(service: Service, now: int) -> Service:
    """Nobody sent heartbeats while this agent was away, so nobody could pay: give the renter time to catch up."""
    patience_s = service.patience_intervals * service.agreement.interval_s
    return replace(service, patient_until=max(service.patient_until, now + patience_s))


def _beat(service: Service, now: int) -> do.SendHeartbeat:
    """What the renter is told while the worker runs."""
    granted = in_force(service.grants)
    if service.phase is ServicePhase.LEAVING:
        return do.SendHeartbeat(service.served_s(now), True, service.reason, service.deadline, granted)
    return do.SendHeartbeat(service.served_s(now), True, granted_permille=granted)


def _stop(service: Service, reason: Reason, now: int) -> _Step:
    return replace(service, phase=ServicePhase.STOPPING, reason=reason, asked_at=now), (do.StopWorker(),)


def _leave(service: Service, now: int, notice_s: int, reason: Reason) -> _Step:
    """Tell the renter when the worker will be gone, and let it hand its data over until then."""
    by = min(now + notice_s, service.agreement.terms.ends_at)
    if by <= now:
        return _stop(service, reason, now)
    leaving = replace(service, phase=ServicePhase.LEAVING, reason=reason, deadline=by, asked_at=now, beat_at=now)
    return leaving, (_beat(leaving, now), do.StopWorker(by))


def _leaving(service: Service, fact: was.Fact) -> _Step:
    match fact:
        case was.VoucherArrived():
            return _take(service, fact), ()
        case was.Claimed(total=total):
            return replace(service, paid=Amount(max(service.paid, total))), ()
        case was.WorkerEnded(now=now, at=at):
            return _gone(service, now, at or service.beat_at)
        case was.Granted():
            return _granted(service, fact)
        case was.ReclaimAsked(now=now, notice_s=notice_s) if now < now + notice_s < service.deadline:
            service = replace(service, deadline=now + notice_s, asked_at=now, beat_at=now)
            return service, (_beat(service, now), do.StopWorker(service.deadline))
        case was.ReclaimAsked(now=now, notice_s=notice_s) if notice_s <= 0:
            return _cut_short(service, now)
        case was.EndingTold(now=now, hand_over_s=0):
            return _cut_short(service, now)
        case was.Ticked(now=now) if now >= service.deadline or _impatient(service, now):
            return _cut_short(service, now)
        case was.Restarted(now=now):
            service = replace(_patient(service, now), asked_at=now, beat_at=now)
            return service, (_beat(service, now), do.StopWorker(service.deadline))
        case was.Ticked(now=now) if now - service.asked_at >= ASK_AGAIN_S:
            # More often than each interval: a lost announcement would make a worker that leaves look like a lost one.
            service = replace(service, asked_at=now, beat_at=now)
            return service, (_beat(service, now), do.StopWorker(service.deadline))
        case _:
            return service, ()


def _cut_short(service: Service, now: int) -> _Step:
    stopping = replace(service, phase=ServicePhase.STOPPING, asked_at=now)
    return stopping, (do.CutShort(), do.StopWorker())


def _stopping(service: Service, fact: was.Fact) -> _Step:
    match fact:
        case was.VoucherArrived():
            return _take(service, fact), ()
        case was.WorkerRuns(since=since) if not service.started_at:
            return replace(service, started_at=since), ()
        case was.WorkerEnded(now=now, at=at):
            return _gone(service, now, at or now)
        case was.Ticked(now=now) | was.Restarted(now=now) if now - service.asked_at >= ASK_AGAIN_S:
            return replace(service, asked_at=now), (do.StopWorker(),)
        case _:
            return service, ()


def _gone(service: Service, now: int, at: int) -> _Step:
    """The worker ended at `at`, unless it is known to have ended before: say so, and be paid."""
    service = replace(service, ended_at=service.ended_at or at)
    if not service.started_at:
        return _end(service, service.reason or Reason.START_FAILED), (do.SendHeartbeat(0, False, service.reason),)
    # The renter may close at any moment now: half the grace must be left for the claim itself.
    patience_s = min(2 * service.agreement.interval_s, service.agreement.terms.grace_s // 2)
    service = replace(service, phase=ServicePhase.CLAIMING, deadline=now + patience_s, asked_at=now)
    last = do.SendHeartbeat(service.served_s(now), False, service.reason)
    return service, (last, *_claim_in_full(service, now))


def _claiming(service: Service, fact: was.Fact) -> _Step:
    match fact:
        case was.VoucherArrived():
            service = _take(service, fact)
            claim = _claim_in_full(service, fact.now)
            return replace(service, asked_at=fact.now) if claim else service, claim
        case was.Claimed(now=now, total=total):
            service = replace(service, paid=Amount(max(service.paid, total)))
            done = service.paid >= service.voucher and (not _unpaid(service, now) or now >= service.deadline)
            return (_end(service, service.reason), ()) if done else (service, ())
        case was.LeaseSwept():
            why = "The escrow was refunded before the last voucher was redeemed."
            return _end(replace(service, why=why) if service.voucher > service.paid else service, service.reason), ()
        case was.Ticked(now=now) | was.Restarted(now=now):
            return _claiming_tick(service, now)
        case _:
            return service, ()


def _claiming_tick(service: Service, now: int) -> _Step:
    terms = service.agreement.terms
    if now > terms.ends_at + terms.grace_s:
        return _end(replace(service, why="The time to claim is over."), service.reason), ()
    patience_over = service.asked_at < service.deadline <= now
    if now - service.asked_at < ASK_AGAIN_S and not patience_over:
        return service, ()
    asked: tuple[do.Effect, ...] = ()
    if now < service.deadline and _unpaid(service, now):
        asked += (do.SendHeartbeat(service.served_s(now), False, service.reason),)
    elif service.voucher > service.paid:
        asked += (_claim(service),)
    else:
        return _end(service, service.reason), ()
    return replace(service, asked_at=now), asked


def _claim_in_full(service: Service, now: int) -> tuple[do.Effect, ...]:
    """The claim, where the voucher covers all that was served; else a better one is waited for until the deadline."""
    return (_claim(service),) if service.voucher > service.paid and not _unpaid(service, now) else ()


def _claim(service: Service) -> do.ClaimVoucher:
    return do.ClaimVoucher(service.voucher, service.signature)


def _take(service: Service, fact: was.VoucherArrived) -> Service:
    """Keep the highest voucher, and be patient no longer; one above the cap could never be redeemed."""
    if service.voucher < fact.amount <= service.share.cap:
        return replace(service, voucher=fact.amount, signature=fact.signature, patient_until=0)
    return service


def _end(service: Service, reason: Reason | None) -> Service:
    return replace(service, phase=ServicePhase.ENDED, reason=service.reason or reason)
