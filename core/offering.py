"""What a donor offers, accepts and grants: pure rules over its settings, the probe's figures, and what it serves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from core.allowance import Allowance
from core.lease import Service, ServicePhase, ended
from core.lease.granted import WHOLE
from core.model import Address, Agreement, Amount, Kind, Offer, Resources, Traits
from core.observed import Measured, Speed
from core.owner import Donor, Limits

OFFER_LIFE = 3
"""An offer is valid for so many publishing intervals, so that one lost message does not hide a donor."""

LEAST_MILLIS: Final = 100
"""A worker with less of a processor is too slow to stay in its cluster."""

_UNMEASURED: Final = Speed()


def room(limits: Limits, measured: Measured | None, services: Iterable[Service]) -> Resources:
    """What may be offered now: within the owner's limits, of what is really free, less what is promised."""
    if measured is None:
        return Resources()
    promised, leased = Resources(), Resources()
    for service in services:
        if not ended(service) and service.phase is not ServicePhase.CLAIMING:
            leased = leased.plus(service.agreement.kind.occupied(service.share.resources))
            if service.phase in (ServicePhase.ACCEPTED, ServicePhase.STARTING):
                promised = promised.plus(service.agreement.kind.occupied(service.share.resources))
    # A processor is shared in time, and what our own workers burn must not count against us: never CPU load.
    free = replace(measured.free.minus(promised), cpu_millis=measured.total.cpu_millis)
    found = limits.resources().minus(leased).capped(free)
    # Each worker takes a disk: without room for the least one nothing can be served.
    return found if found.disk_mib >= Kind.SPARK.least_disk_mib else Resources()


def offer(
    settings: Donor,
    measured: Measured | None,
    capacity: Resources,
    *,
    stake: Amount,
    donor: Address,
    seal_key: str,
    sequence: int,
    now: int,
    speed: Speed = _UNMEASURED,
) -> Offer:
    """The statement that publishes `capacity`; with what was measured of this machine's `speed`, it is signed too."""
    return Offer(
        donor=donor,
        name=settings.name,
        capacity=capacity,
        prices=settings.asking.prices(),
        kinds=(Kind.SPARK,),
        seal_key=seal_key,
        sequence=sequence,
        expires_at=now + OFFER_LIFE * settings.offer_every_s + 5,
        longest_lease_s=settings.longest_lease_s,
        shortest_grace_s=settings.shortest_grace_s,
        traits=Traits(
            cpu_model="".join(filter(str.isprintable, measured.cpu_model))[:100] if measured else "",
            isolation=measured.isolation if measured else "container",
            on_battery=measured.on_battery if measured else None,
            cpu_score=speed.cpu_score,
            memory_mib_s=speed.memory_mib_s,
            disk_mib_s=speed.disk_mib_s,
            up_kib_s=speed.up_kib_s,
            down_kib_s=speed.down_kib_s,
            measured_at=speed.measured_at,
        ),
        stake=stake if settings.highest_penalty_percent else Amount(0),
        machine_mib=measured.total.memory_mib if measured else 0,
    )


def objection(
    settings: Donor, agreement: Agreement, index: int, *, donor: Address, free: Resources, stake: Amount, now: int
) -> str:
    """Why this donor will not serve the share, in a sentence; empty where it will."""
    terms = agreement.terms
    if settings.blocks(terms.renter):
        return "This machine does not serve that renter."
    if index >= len(agreement.shares) or agreement.shares[index].donor != donor:
        return "That share is not ours to serve."
    share = agreement.shares[index]
    left_s = terms.ends_at - now
    if share.resources.cpu_millis < LEAST_MILLIS or share.resources.memory_mib < agreement.kind.least_memory_mib:
        return f"A {agreement.kind} worker needs {agreement.kind.least_memory_mib} MiB and a tenth of a core."
    if not agreement.kind.occupied(share.resources).fits(free):
        return "That much is not free here any more."
    if share.penalty > share.cap * settings.highest_penalty_percent // 100:
        return "The penalty is more than we pledge for such a share."
    if share.penalty > stake:
        return "The penalty is more than the stake that is left here."
    if share.rate < settings.asking.prices().per_second(share.resources):
        return "The rate is below what we ask."
    if not 0 < left_s <= settings.longest_lease_s:
        return f"Leases here last {settings.longest_lease_s} seconds at most."
    if share.cap < share.rate * left_s:
        return "The cap does not cover the whole lease."
    if terms.grace_s < settings.shortest_grace_s:
        return f"The grace must be {settings.shortest_grace_s} seconds or more."
    if not settings.shortest_interval_s <= agreement.interval_s <= settings.longest_interval_s:
        return f"The interval must be {settings.shortest_interval_s} to {settings.longest_interval_s} seconds."
    return ""


def grants(allowed: Allowance, services: Mapping[str, Service], *, overdue: bool = False) -> Mapping[str, int | None]:
    """What each share may have of its processor time, in thousandths; None where it has to leave.

    Time is divided in proportion, and none at all pauses every worker. Memory, disk and GPUs cannot be taken from a
    worker that runs: there the newest leave until the rest fits. Under a hold workers that serve are paused, and leave
    once that is `overdue`; what has not started leaves at once.
    """
    held = (ServicePhase.ACCEPTED, ServicePhase.STARTING, ServicePhase.SERVING)
    kept = sorted(
        (key for key, service in services.items() if service.phase in held),
        key=lambda key: (not services[key].started_at, services[key].started_at, services[key].asked_at),
    )
    if not allowed.runs:
        serving = {key for key in kept if services[key].phase is ServicePhase.SERVING and not overdue}
        return {key: 0 if key in serving else None for key in kept}
    limits, leaving = allowed.limits.resources(), []
    while kept and not _fit([services[key].share.resources for key in kept], limits):
        leaving.append(kept.pop())
    shared = _divided([services[key].share.resources.cpu_millis for key in kept], limits.cpu_millis)
    return dict.fromkeys(leaving) | dict(zip(kept, shared, strict=True))


def slowest(service: Service) -> int:
    """The least of its processor time, in thousandths, with which the share's worker still gets something done."""
    return min(WHOLE, -(-LEAST_MILLIS * WHOLE // service.share.resources.cpu_millis))


def _fit(held: Sequence[Resources], limits: Resources) -> bool:
    total = Resources()
    for resources in held:
        total = total.plus(resources)
    enough = not limits.cpu_millis or LEAST_MILLIS * len(held) <= limits.cpu_millis
    return enough and replace(total, cpu_millis=0).fits(limits)


def _divided(wanted: Sequence[int], millis: int) -> list[int]:
    """`millis` over workers that want so much each, in thousandths of that: in proportion, but the least to each."""
    if not millis or sum(wanted) <= millis:
        return [WHOLE if millis else 0] * len(wanted)
    least: set[int] = set()
    while True:
        left = millis - LEAST_MILLIS * len(least)
        total = sum(want for index, want in enumerate(wanted) if index not in least)
        short = {index for index, want in enumerate(wanted) if want * left < LEAST_MILLIS * total} - least
        if not short:
            break
        least |= short
    return [
        min(WHOLE, -(-LEAST_MILLIS * WHOLE // want)) if index in least else WHOLE * left // total
        for index, want in enumerate(wanted)
    ]


def pledged(services: Iterable[Service]) -> Amount:
    """The penalties of shares accepted whose leases may not have been opened yet: the chain does not show them."""
    early = (ServicePhase.ACCEPTED, ServicePhase.STARTING)
    return Amount(sum(service.share.penalty for service in services if service.phase in early))


def differs(capacity: Resources, last: Resources) -> bool:
    """True where an offer of `last` would mislead: an eighth less is free now, or an eighth more, in some dimension."""
    pairs = zip(capacity.dimensions(), last.dimensions(), strict=True)
    return any(8 * abs(now - before) > before for (_, now), (_, before) in pairs)
