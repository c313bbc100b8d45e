"""What a renter's own leases say of donors: how likely a worker there does what an hour was promised to do. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import exp, log
from types import MappingProxyType
from typing import Final

from core.lease import Rental
from core.model import Address
from core.reason import Reason

USUAL: Final = 950
"""Thousandths: what is assumed of a donor of which nothing is known."""

_BELIEF_H: Final = 10.0
"""The assumption weighs as much as so many hours of watching."""

_LOST: Final = frozenset(
    {Reason.WORKER_DIED, Reason.WORKER_LOST, Reason.NEVER_STARTED, Reason.START_FAILED, Reason.OWNER_RETURNED}
)
"""Why a worker that the donor had promised was not there; whose fault that was does not matter to a job."""


_NONE: Final[Mapping[Address, int]] = MappingProxyType({})


def survival(rentals: Iterable[Rental], slow: Mapping[Address, int] = _NONE) -> dict[Address, int]:
    """Thousandths of a chance that a worker lives through an hour, for each donor that has served, failed or is slow.

    The rate of failures is estimated from hours served and workers lost (a gamma prior around `USUAL`), so that one
    accident does not condemn a donor and one good hour does not acquit it. A donor in `slow` (core/paces.py) worked at
    so many thousandths of the speed that it signed: an hour there is worth that part of an hour to a job, as if its
    worker were lost for the rest of it, so its chance is that part of what it would be.
    """
    hours: defaultdict[Address, float] = defaultdict(float)
    lost: defaultdict[Address, int] = defaultdict(int)
    for rental in rentals:
        for share, part in zip(rental.agreement.shares, rental.parts, strict=True):
            hours[share.donor] += part.served_s / 3600
            lost[share.donor] += part.reason in _LOST
    usual = -log(USUAL / 1000) * _BELIEF_H
    found = {
        donor: round(1000 * exp(-(usual + lost[donor]) / (_BELIEF_H + served)))
        for donor, served in hours.items()
        if served or lost[donor]
    }
    return found | {donor: found.get(donor, USUAL) * permille // 1000 for donor, permille in slow.items()}
