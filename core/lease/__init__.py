"""The lease life cycle, pure: `step(lease, fact) -> (lease, effects)` is all that ever changes a lease.

A renter holds a `Rental` (the whole lease), a donor a `Service` for each share it serves. Facts are things that
happened, effects things to do; effects are asked for again by a later `Ticked` or by `Restarted` until a fact says
that they are done, so each must be safe to carry out twice. Nothing here reads a clock: instants arrive in facts.
"""

from core.lease.effects import Effect
from core.lease.facts import Fact
from core.lease.part import Part, PartState
from core.lease.renting import Rental, RentalPhase, step_rental
from core.lease.serving import Service, ServicePhase, step_service
from core.reason import Reason

Lease = Rental | Service

__all__ = [
    "Effect",
    "Fact",
    "Lease",
    "Part",
    "PartState",
    "Reason",
    "Rental",
    "RentalPhase",
    "Service",
    "ServicePhase",
    "ended",
    "step",
]


def ended(lease: Lease) -> bool:
    """True where nothing will change the lease any more."""
    return lease.phase in (RentalPhase.ENDED, ServicePhase.ENDED)


def step(lease: Lease, fact: Fact) -> tuple[Lease, tuple[Effect, ...]]:
    """The lease after `fact`, and what to do about it. A fact that does not concern the lease changes nothing."""
    match lease:
        case Rental():
            return step_rental(lease, fact)
        case Service():
            return step_service(lease, fact)
