"""What a renter's own leases say of donors: how likely a worker there lives through an hour. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from math import exp, log
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


def survival(rentals: Iterable[Rental]) -> dict[Address, int]:
    """Thousandths of a chance that a worker lives through an hour, for each donor that has served or failed.

    The rate of failures is estimated from hours served and workers lost (a gamma prior around `USUAL`), so that one
    accident does not condemn a donor and one good hour does not acquit it.
    """
    hours: defaultdict[Address, float] = defaultdict(float)
    lost: defaultdict[Address, int] = defaultdict(int)
    for rental in rentals:
        for share, part in zip(rental.agreement.shares, rental.parts, strict=True):
            hours[share.donor] += part.served_s / 3600
            lost[share.donor] += part.reason in _LOST
    usual = -log(USUAL / 1000) * _BELIEF_H
    return {
        donor: round(1000 * exp(-(usual + lost[donor]) / (_BELIEF_H + served)))
        for donor, served in hours.items()
        if served or lost[donor]
    }
