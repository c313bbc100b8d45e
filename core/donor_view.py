"""Draws a donor's view: words, sentences and sums over what its agent knows. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from core.allowance import Allowance, Hold, Orders, contradictions
from core.earnings import Earnings
from core.errors import SparecloudError
from core.lease import Service, ServicePhase, ended
from core.lease.granted import WHOLE, in_force
from core.model import Address, Amount, LeaseId, Resources
from core.observed import Balances, Conditions, Measured, Usage
from core.owner import Donor
from core.release import Release
from core.view import DonorView, ServiceLine, resources_text


class Kept(Protocol):
    """What the owner allows, as core.keeping.Keeping tells it."""

    @property
    def donor(self) -> Donor: ...
    @property
    def orders(self) -> Orders: ...
    @property
    def conditions(self) -> Conditions: ...
    @property
    def allowance(self) -> Allowance: ...


def draw(
    *,
    local: datetime,
    keeping: Kept,
    address: Address,
    sharing: bool,
    problem: SparecloudError | None,
    ready: bool,
    preparing: str,
    measured: Measured | None,
    offered: Resources,
    balances: Balances | None,
    services: tuple[Service, ...],
    usages: Mapping[tuple[LeaseId, int], Usage],
    earned: Earnings,
    held_back: Amount | None = None,
    image: str = "",
    chosen: bool = True,
    update: Release | None = None,
) -> DonorView:
    """All that a donor's screen shows; the newest shares first."""
    now = int(local.timestamp())
    newest = sorted(services, key=lambda service: (ended(service), -service.started_at, -service.asked_at))
    return DonorView(
        now=now,
        name=keeping.donor.name,
        address=address,
        sharing=sharing,
        headline=_headline(keeping, services, offered, "" if ready else preparing or _WAITING, sharing=sharing),
        problem=problem.title if problem else "",
        hint=problem.hint if problem else "",
        measured=measured,
        settings=keeping.donor,
        allowance=keeping.allowance,
        orders=keeping.orders,
        conditions=keeping.conditions,
        contradictions=contradictions(keeping.donor, measured),
        offered=offered,
        balances=balances,
        services=tuple(_line(service, usages.get((service.agreement.lease, service.index)), now) for service in newest),
        earnings=earned,
        unredeemed=Amount(sum(max(0, each.voucher - each.paid) for each in services if not ended(each))),
        held_back=held_back,
        image=image,
        chosen=chosen,
        problem_kind=type(problem).__name__ if problem else "",
        update=update if keeping.donor.notifications.updates else None,
    )


def _headline(
    keeping: Kept,
    services: tuple[Service, ...],
    offered: Resources,
    awaited: str,
    *,
    sharing: bool,
) -> str:
    serving = [service for service in services if service.phase is ServicePhase.SERVING]
    leaving = any(service.phase in _ON_ITS_WAY_OUT for service in services)
    workers = f"{len(serving)} worker{'' if len(serving) == 1 else 's'}"
    holdings = keeping.allowance.holdings
    if not sharing:
        if serving or leaving:
            return "Stopping the last worker and redeeming what it earned."
        return "Not sharing. Nothing of this machine is offered."
    if not keeping.allowance.runs:
        told = next(holding for holding in holdings if holding.hold is not Hold.FINISHING)
        return f"{workers.capitalize()} paused. {told.sentence}" if serving else told.sentence
    if holdings:
        return f"Finishing {workers}; nothing new is taken."
    if serving:
        held = Resources()
        for service in serving:
            held = held.plus(service.share.resources)
        return f"Sharing {resources_text(replace(held, disk_mib=0))}; {workers} running."
    if awaited:
        return awaited
    if not offered.cpu_millis or not offered.memory_mib:
        return "Sharing, but nothing is free within the limits right now."
    return f"Sharing {resources_text(offered)}; waiting for a renter."


def _line(service: Service, usage: Usage | None, now: int) -> ServiceLine:
    served_s = service.served_s(now)
    return ServiceLine(
        lease=service.agreement.lease,
        index=service.index,
        state=service.phase.value,
        sentence=f"{_sentence(service, now)} {service.why}".strip(),
        renter=service.agreement.terms.renter,
        resources=service.share.resources,
        rate=service.share.rate,
        served_s=served_s,
        earned=service.share.earned(served_s),
        vouched=service.voucher,
        paid=service.paid,
        ended=ended(service),
        granted_permille=in_force(service.grants),
        leaves_at=service.deadline if service.phase is ServicePhase.LEAVING else 0,
        started_at=service.started_at,
        ended_at=service.ended_at,
        usage=usage if service.phase in (ServicePhase.SERVING, ServicePhase.LEAVING) else None,
    )


def _sentence(service: Service, now: int) -> str:
    if service.phase is ServicePhase.LEAVING:
        left_s = max(0, service.deadline - now)
        return f"Its data move to the cluster's other workers; it stops within {left_s} seconds."
    if service.reason:
        return service.reason.sentence
    granted = in_force(service.grants)
    if service.phase is ServicePhase.SERVING and granted < WHOLE:
        if not granted:
            return "The worker is paused by the limits, and earns nothing meanwhile."
        return f"The worker is slowed by the limits to {granted / 10:g} % of its share, and paid for as much."
    return _SENTENCES[service.phase]


_WAITING = "Waiting until this machine can serve."

_ON_ITS_WAY_OUT = (ServicePhase.LEAVING, ServicePhase.STOPPING, ServicePhase.CLAIMING)

_SENTENCES = {
    ServicePhase.ACCEPTED: "Room is held until the renter opens the lease.",
    ServicePhase.STARTING: "The worker is starting.",
    ServicePhase.SERVING: "The worker is serving.",
    ServicePhase.STOPPING: "The worker is stopping.",
    ServicePhase.CLAIMING: "The last voucher is being redeemed.",
    ServicePhase.ENDED: "Over.",
}
