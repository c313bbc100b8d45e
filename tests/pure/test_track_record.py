"""What a renter's own leases say of donors."""

from dataclasses import replace

from core.lease.renting import propose
from core.model import Address
from core.reason import Reason
from core.track_record import USUAL, survival
from tests.pure.leases import START, agreement, donor


def watched(served_s: int, *reasons: Reason | None) -> dict[Address, int]:
    rental, _ = propose(agreement(len(reasons)), now=START, accept_within_s=10, start_within_s=60)
    parts = tuple(
        replace(part, served_s=served_s, reason=reason) for part, reason in zip(rental.parts, reasons, strict=True)
    )
    return survival([replace(rental, parts=parts)])


def test_nothing_is_said_of_donors_that_never_served() -> None:
    assert watched(0, None, None) == {}
    assert survival([]) == {}


def test_hours_served_raise_and_a_lost_worker_lowers_the_estimate() -> None:
    record = watched(3600, None, Reason.WORKER_LOST, Reason.OWNER_RETURNED, Reason.TIME_IS_UP)

    assert record[donor(0)] == record[donor(3)] > USUAL
    assert record[donor(1)] == record[donor(2)] < USUAL


def test_one_accident_does_not_condemn_a_donor_and_much_service_outweighs_it() -> None:
    assert watched(0, Reason.NEVER_STARTED)[donor(0)] > 800
    assert watched(200 * 3600, Reason.WORKER_LOST)[donor(0)] > 990


def test_a_donor_slower_than_it_signed_is_worth_that_part_of_an_hour() -> None:
    rental, _ = propose(agreement(2), now=START, accept_within_s=10, start_within_s=60)
    served = replace(rental, parts=tuple(replace(part, served_s=3600) for part in rental.parts))
    usual = survival([served])[donor(0)]

    record = survival([served], {donor(0): 400, donor(5): 100})

    assert record == {donor(0): usual * 400 // 1000, donor(1): usual, donor(5): USUAL * 100 // 1000}
