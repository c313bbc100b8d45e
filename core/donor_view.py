"""Draws a donor's view: words, sentences and sums over what its agent knows. Pure."""

from core.errors import SparecloudError
from core.lease import Service, ServicePhase, ended
from core.lease.granted import WHOLE, in_force
from core.model import Address, Amount, Resources
from core.observed import Balances, Measured
from core.settings import Donor
from core.view import DonorView, ServiceLine, resources_text

_DAY_S = 86_400


def draw(
    *,
    now: int,
    settings: Donor,
    address: Address,
    sharing: bool,
    problem: SparecloudError | None,
    preparing: str,
    measured: Measured | None,
    offered: Resources,
    balances: Balances | None,
    services: tuple[Service, ...],
    held_back: Amount | None = None,
) -> DonorView:
    """All that a donor's screen shows; the newest shares first."""
    newest = sorted(services, key=lambda service: (ended(service), -service.started_at, -service.asked_at))
    return DonorView(
        now=now,
        name=settings.name,
        address=address,
        sharing=sharing,
        headline=_headline(settings, services, measured, offered, preparing, sharing=sharing),
        problem=problem.title if problem else "",
        hint=problem.hint if problem else "",
        measured=measured,
        offered=offered,
        prices=settings.asking.prices(),
        balances=balances,
        services=tuple(_line(service, now) for service in newest),
        earned_total=Amount(sum(service.voucher for service in services)),
        earned_today=Amount(sum(_since_midnight(service, now) for service in services)),
        unredeemed=Amount(sum(max(0, service.voucher - service.paid) for service in services)),
        held_back=held_back,
    )


def _headline(
    settings: Donor,
    services: tuple[Service, ...],
    measured: Measured | None,
    offered: Resources,
    preparing: str,
    *,
    sharing: bool,
) -> str:
    serving = sum(service.phase is ServicePhase.SERVING for service in services)
    leaving = sum(service.phase in _ON_ITS_WAY_OUT for service in services)
    if serving and sharing:
        return f"Serving {serving} worker{'' if serving == 1 else 's'} for others."
    if leaving or serving:
        return "Stopping the last worker and redeeming what it earned."
    if not sharing:
        return "Not sharing. Nothing of this machine is offered."
    if measured is None:
        return preparing or "Waiting until this machine can serve."
    if measured.on_battery and not settings.share_on_battery:
        return "Running on battery, so nothing is offered until it is plugged in."
    if not offered.cpu_millis or not offered.memory_mib:
        return "Sharing, but nothing is free within the limits right now."
    return f"Sharing {resources_text(offered)}; waiting for a renter."


def _since_midnight(service: Service, now: int) -> int:
    """What of a share's vouchers was earned on this day (UTC)."""
    midnight = now - now % _DAY_S
    before_s = service.served_s(midnight) if midnight > service.started_at else 0
    return max(0, service.voucher - service.share.earned(before_s))


def _line(service: Service, now: int) -> ServiceLine:
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


_ON_ITS_WAY_OUT = (ServicePhase.LEAVING, ServicePhase.STOPPING, ServicePhase.CLAIMING)

_SENTENCES = {
    ServicePhase.ACCEPTED: "Room is held until the renter opens the lease.",
    ServicePhase.STARTING: "The worker is starting.",
    ServicePhase.SERVING: "The worker is serving.",
    ServicePhase.STOPPING: "The worker is stopping.",
    ServicePhase.CLAIMING: "The last voucher is being redeemed.",
    ServicePhase.ENDED: "Over.",
}
