"""What clusters may cost in an hour, in a day and in all (core/spending.py)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SpendingLimit
from core.lease import Part, PartState, Rental, RentalPhase
from core.model import Amount, Resources, Share
from core.quote import SpendingLimits
from core.reason import Reason
from core.spending import DAY_S, HOUR_S, check, spending
from tests.pure.leases import DURATION_S, INTERVAL_S, RATE, START, agreement, donor


def test_without_limits_anything_may_be_asked_for() -> None:
    check(SpendingLimits(), [rental(serving(100))], shares(200, DAY_S), START + 100)


def test_a_lease_within_the_hour_that_it_lasts_is_counted_whole() -> None:
    asked = shares(2, 600)

    check(SpendingLimits(per_hour=Amount(2 * RATE * 600)), [], asked, START)
    with pytest.raises(SpendingLimit, match="limit is"):
        check(SpendingLimits(per_hour=Amount(2 * RATE * 600 - 1)), [], asked, START)


def test_a_lease_that_lasts_a_day_is_counted_by_the_hour_at_its_rate() -> None:
    check(SpendingLimits(per_hour=Amount(RATE * HOUR_S)), [], shares(1, DAY_S), START)

    with pytest.raises(SpendingLimit, match="a day"):
        check(
            SpendingLimits(per_hour=Amount(RATE * HOUR_S), per_day=Amount(RATE * DAY_S - 1)),
            [],
            shares(1, DAY_S),
            START,
        )


def test_what_a_cluster_is_entitled_to_is_not_counted_twice_when_a_worker_is_replaced() -> None:
    """At the limit for half an hour, one of two workers lost: another takes its place."""
    now = START + 1800
    running = rental(serving(1800), lost(at=now), lasts_s=HOUR_S * 10)

    check(SpendingLimits(per_hour=Amount(2 * RATE * HOUR_S)), [running], shares(1, HOUR_S * 5), now)
    with pytest.raises(SpendingLimit):
        check(SpendingLimits(per_hour=Amount(2 * RATE * HOUR_S)), [running], shares(2, HOUR_S * 5), now)


def test_what_was_spent_just_before_counts_until_it_is_an_hour_old() -> None:
    """A cluster of half an hour, used up; then a wish for a whole hour at the same rate."""
    limits = SpendingLimits(per_hour=Amount(RATE * HOUR_S))
    over = over_since(START + 1800, rental(serving(1800), lasts_s=1800))
    dearer = tuple(replace(share, rate=Amount(2 * RATE), cap=Amount(2 * RATE * HOUR_S)) for share in shares(1, HOUR_S))

    check(limits, [over], shares(1, HOUR_S), START + 1800)
    with pytest.raises(SpendingLimit):
        check(limits, [over], dearer, START + 1800)
    with pytest.raises(SpendingLimit):
        check(limits, [over], dearer, START + 1800 + HOUR_S)  # Twice the rate is too dear for any hour.


def test_in_all_counts_what_was_ever_spent_and_what_is_still_to_be_paid() -> None:
    running = rental(serving(100), lasts_s=600)
    limits = SpendingLimits(in_all=Amount(2 * RATE * 600))

    check(limits, [running], shares(1, 600), START + 100)
    with pytest.raises(SpendingLimit, match="in all"):
        check(limits, [running], shares(1, 601), START + 100)


def test_a_lease_that_was_refused_or_never_opened_costs_nothing() -> None:
    refused = replace(rental(Part()), phase=RentalPhase.ENDED, opened_at=0)

    check(SpendingLimits(in_all=Amount(RATE * 600)), [refused], shares(1, 600), START)


def test_a_lease_that_is_only_asked_for_counts_as_if_it_were_paid() -> None:
    proposed = replace(rental(Part()), phase=RentalPhase.PROPOSED, opened_at=0)

    with pytest.raises(SpendingLimit):
        check(SpendingLimits(in_all=Amount(RATE * (DURATION_S + 599))), [proposed], shares(1, 600), START)


def test_the_refusal_says_what_is_free_and_what_to_do() -> None:
    limits = SpendingLimits(per_hour=Amount(10**18))
    dear = (Share(0, donor(0), Resources(1000, 1536), Amount(10**15), Amount(10**15 * HOUR_S)),)

    with pytest.raises(SpendingLimit) as refused:
        check(limits, [], dear, START)

    assert refused.value.title == "The clusters could then cost 3.6 SPARE an hour, and your limit is 1 SPARE."
    assert refused.value.hint.startswith("1 SPARE an hour are free: ask for less")


def test_the_view_tells_what_was_spent_when_and_what_may_follow() -> None:
    old = over_since(START + 600, rental(serving(600), lasts_s=600))
    running = replace(rental(serving(100), lasts_s=600), agreement=agreement(1))
    now = START + HOUR_S + 300

    told = spending(SpendingLimits(), [old], now)
    live = spending(SpendingLimits(), [running], START + 100)

    assert (told.last_hour, told.last_day, told.in_all, told.committed) == (RATE * 300, RATE * 600, RATE * 600, 0)
    assert (live.last_hour, live.committed) == (RATE * 100, RATE * 500)


@given(
    asked=st.lists(st.tuples(st.integers(0, 7200), st.integers(60, 7200), st.integers(1, 50)), max_size=12),
    limit=st.integers(1, 400_000),
)
def test_no_hour_costs_more_than_the_limit_however_leases_follow_each_other(
    asked: list[tuple[int, int, int]], limit: int
) -> None:
    """Leases of any rate and length, asked for at any time, each serving to its end: played second by second."""
    limits, clock = SpendingLimits(per_hour=Amount(limit)), START
    allowed: list[tuple[int, int, int]] = []
    for wait_s, lasts_s, rate in asked:
        clock += wait_s
        share = Share(0, donor(0), Resources(1000, 1536), Amount(rate), Amount(rate * lasts_s))
        try:
            check(limits, [as_of(clock, *lease) for lease in allowed], (share,), clock)
        except SpendingLimit:
            continue
        allowed.append((clock, lasts_s, rate))

    turns = [at for began, lasts_s, _ in allowed for at in (began + HOUR_S, began + lasts_s)]
    for until in turns:
        cost = sum(
            rate * max(0, min(until, began + lasts_s) - max(until - HOUR_S, began)) for began, lasts_s, rate in allowed
        )
        assert cost <= limit


def as_of(now: int, began: int, lasts_s: int, rate: int) -> Rental:
    """A lease that began then and serves without a break, as it stands at `now`."""
    share = Share(0, donor(0), Resources(1000, 1536), Amount(rate), Amount(rate * lasts_s))
    served_s = min(now - began, lasts_s)
    part = Part(PartState.SERVING, ordered_at=began, vouched=share.earned(served_s), served_s=served_s)
    plain = agreement(1)
    terms = replace(plain.terms, ends_at=began + lasts_s, deposit=share.cap)
    made = Rental(
        replace(plain, shares=(share,), terms=terms), RentalPhase.RUNNING, (part,), began, began, 60, opened_at=began
    )
    return over_since(began + lasts_s, made) if now >= began + lasts_s else made


def rental(*parts: Part, lasts_s: int = DURATION_S) -> Rental:
    plain = agreement(len(parts), interval_s=INTERVAL_S)
    deposit = Amount(len(parts) * RATE * lasts_s)
    terms = replace(plain.terms, ends_at=START + lasts_s, deposit=deposit)
    running = replace(plain, shares=shares(len(parts), lasts_s), terms=terms)
    return Rental(running, RentalPhase.RUNNING, parts, START, START, 60, opened_at=START)


def over_since(at: int, running: Rental) -> Rental:
    return replace(running, phase=RentalPhase.ENDED, ending_at=at, reason=Reason.TIME_IS_UP)


def serving(seconds: int) -> Part:
    return Part(PartState.SERVING, ordered_at=START, served_s=seconds, vouched=Amount(RATE * seconds))


def lost(at: int) -> Part:
    return replace(serving(at - START), state=PartState.LOST, lost_at=at, reason=Reason.WORKER_LOST)


def shares(count: int, lasts_s: int) -> tuple[Share, ...]:
    return tuple(
        Share(index, donor(index), Resources(1000, 1536), RATE, Amount(RATE * lasts_s)) for index in range(count)
    )
