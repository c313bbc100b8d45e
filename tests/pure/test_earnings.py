"""What was earned, when, and what its electricity cost."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.earnings import CSV_HEADER, DAYS, HOURS, Bar, as_csv, earnings, electricity_milli, money, net_milli
from core.lease import Reason, Service, ServicePhase
from core.lease.serving import accept
from core.model import Amount, Resources
from core.owner import Costs
from tests.pure.leases import RATE, agreement

BERLIN = ZoneInfo("Europe/Berlin")
NOW = int(datetime(2026, 10, 28, 15, 30, 20, tzinfo=BERLIN).timestamp())
FREE = Costs(kwh_milli=0)
DAY_S, HOUR_S = 86_400, 3600


def served(
    start: int,
    end: int,
    *,
    vouched_s: int | None = None,
    grants: tuple[tuple[int, int], ...] = (),
    running: bool = False,
) -> Service:
    """A share of one core that pays RATE a second, served from `start` to `end`, and paid for in full unless told."""
    agreed = agreement()
    terms = replace(agreed.terms, ends_at=end, deposit=Amount(2**70))
    shares = tuple(replace(share, cap=Amount(2**60)) for share in agreed.shares)
    service, _ = accept(replace(agreed, terms=terms, shares=shares), 1, now=max(0, start), hold_s=60)
    paid_s = vouched_s if vouched_s is not None else max(0, end - start)
    return replace(
        service,
        phase=ServicePhase.SERVING if running else ServicePhase.ENDED,
        started_at=start,
        ended_at=0 if running else end,
        voucher=Amount(RATE * paid_s),
        grants=grants,
    )


def at(instant: int, zone: str = "Europe/Berlin") -> datetime:
    """The instant as its owner's clock shows it."""
    return datetime.fromtimestamp(instant, tz=ZoneInfo(zone))


def shared_services() -> st.SearchStrategy[list[Service]]:
    """Shares of any age, also ones that began or ended after now, with vouchers that lag or run ahead."""
    start = st.integers(NOW - 70 * DAY_S, NOW + HOUR_S)
    changes = st.lists(st.tuples(st.integers(0, 20 * HOUR_S), st.sampled_from((0, 250, 1000))), max_size=3)

    def build(began: int, lasted: int, vouched: int, running: bool, changed: list[tuple[int, int]]) -> Service:
        grants = tuple((began + after, permille) for after, permille in sorted(changed))
        return served(began, began + lasted, vouched_s=vouched, running=running, grants=grants)

    one = st.builds(build, start, st.integers(0, 3 * DAY_S), st.integers(0, 4 * DAY_S), st.booleans(), changes)
    return st.lists(one, max_size=8)


def total(bars: Sequence[Bar]) -> tuple[int, int]:
    """What all bars earned, and their electricity."""
    return sum(bar.earned for bar in bars), sum(bar.electricity_milli for bar in bars)


def as_pair(bar: Bar) -> tuple[int, int]:
    return bar.earned, bar.electricity_milli


@given(shared_services())
def test_everything_that_was_vouched_for_is_earned_once(services: list[Service]) -> None:
    found = earnings(services, Costs(), at(NOW))

    assert found.lifetime.earned == sum(service.voucher for service in services)


@given(shared_services())
def test_bars_adjoin_and_add_up_to_their_periods(services: list[Service]) -> None:
    found = earnings(services, Costs(), at(NOW))
    since_monday = [bar for bar in found.days if bar.start >= found.week.start]
    since_the_first = [bar for bar in found.days if bar.start >= found.month.start]

    assert (len(found.hours), len(found.days)) == (HOURS, DAYS)
    assert total(since_monday) == as_pair(found.week)
    assert total(since_the_first) == as_pair(found.month)
    assert found.days[-1] == found.today
    assert all(bar.earned >= 0 and bar.electricity_milli >= 0 for bar in (*found.hours, *found.days))
    assert found.today.earned <= found.week.earned <= found.lifetime.earned
    assert found.month.earned <= found.lifetime.earned


@given(shared_services(), st.integers(0, 40 * DAY_S))
def test_what_an_ended_share_earned_stays_where_it_was_earned(services: list[Service], later_s: int) -> None:
    over = [service for service in services if service.ended_at and service.ended_at <= NOW]

    before, after = earnings(over, Costs(), at(NOW)), earnings(over, Costs(), at(NOW + later_s))

    known = {bar.start: bar for bar in before.days[:-1]}
    assert all(known.get(bar.start, bar) == bar for bar in after.days)
    assert before.lifetime == after.lifetime


def test_a_share_is_counted_in_the_hours_in_which_it_was_served() -> None:
    began = int(datetime(2026, 10, 28, 12, 50, tzinfo=BERLIN).timestamp())

    found = earnings([served(began, began + 20 * 60)], FREE, at(NOW))

    earned = {at(bar.start).hour: bar.earned for bar in found.hours if bar.earned}
    assert earned == {12: RATE * 600, 13: RATE * 600}


def test_a_voucher_that_lags_pays_for_the_earliest_seconds() -> None:
    began = int(datetime(2026, 10, 28, 12, 0, tzinfo=BERLIN).timestamp())

    found = earnings([served(began, began + 2 * HOUR_S, vouched_s=HOUR_S + 60)], FREE, at(NOW))

    assert [bar.earned for bar in found.hours[-4:]] == [RATE * HOUR_S, RATE * 60, 0, 0]


def test_a_paused_worker_earns_nothing_meanwhile() -> None:
    began = int(datetime(2026, 10, 28, 12, 0, tzinfo=BERLIN).timestamp())
    paused = served(
        began, began + 3 * HOUR_S, vouched_s=2 * HOUR_S, grants=((began + HOUR_S, 0), (began + 2 * HOUR_S, 1000))
    )
    costs = Costs(kwh_milli=10_000, watts_a_core=100)

    found = earnings([paused], costs, at(NOW))

    assert [bar.earned for bar in found.hours[-4:]] == [RATE * HOUR_S, 0, RATE * HOUR_S, 0]
    assert [bar.electricity_milli for bar in found.hours[-4:]] == [1000, 0, 1000, 0]


def test_the_rate_is_that_of_what_runs_as_far_as_it_is_granted() -> None:
    whole, slowed, paused = (
        served(NOW - 60, NOW + 60, running=True, grants=((NOW - 30, permille),)) for permille in (1000, 500, 0)
    )

    found = earnings([whole, slowed, paused, served(NOW - 60, NOW - 30)], FREE, at(NOW))

    assert found.hourly == RATE * HOUR_S * 3 // 2


def test_a_day_begins_at_the_owners_midnight() -> None:
    midnight = int(datetime(2026, 10, 28, tzinfo=BERLIN).timestamp())

    found = earnings([served(midnight - 50, midnight + 100)], FREE, at(NOW))

    assert (found.days[-2].earned, found.today.earned) == (50 * RATE, 100 * RATE)


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25)])
def test_the_day_on_which_the_clocks_change_is_shorter_or_longer(day: tuple[int, int, int], hours: int) -> None:
    evening = datetime(*day, 23, 0, tzinfo=BERLIN)
    midnight = int(datetime(*day, tzinfo=BERLIN).timestamp())

    found = earnings([served(midnight, midnight + DAY_S * 2, vouched_s=(hours - 1) * HOUR_S)], FREE, evening)

    assert found.today.start == midnight
    assert found.today.earned == RATE * (hours - 1) * HOUR_S
    assert {later.start - bar.start for bar, later in zip(found.hours, found.hours[1:], strict=False)} == {HOUR_S}


def test_a_week_and_a_month_with_a_change_of_clocks_begin_at_midnight() -> None:
    found = earnings([], FREE, datetime(2026, 10, 25, 12, tzinfo=BERLIN))

    assert found.week.start == int(datetime(2026, 10, 19, tzinfo=BERLIN).timestamp())
    assert found.month.start == int(datetime(2026, 10, 1, tzinfo=BERLIN).timestamp())
    assert [at(bar.start).hour for bar in found.days] == [0] * DAYS


def test_a_midnight_that_comes_twice_begins_its_day_once() -> None:
    # In Cuba the clocks went from 1:00 back to 0:00 on 1 November 2026.
    havana = ZoneInfo("America/Havana")
    second_half_past = datetime(2026, 11, 1, 0, 30, fold=1, tzinfo=havana)

    found = earnings([], FREE, second_half_past)

    assert int(second_half_past.timestamp()) - found.today.start == 90 * 60
    assert found.month.start == found.today.start
    assert found.hours[-1].start == int(second_half_past.timestamp()) - 30 * 60


def test_a_midnight_that_was_skipped_is_the_instant_of_the_skip() -> None:
    # In Lebanon the clocks went from 0:00 to 1:00 on 29 March 2026.
    noon = datetime(2026, 3, 29, 12, tzinfo=ZoneInfo("Asia/Beirut"))

    assert int(noon.timestamp()) - earnings([], FREE, noon).today.start == 11 * HOUR_S


def test_before_anything_was_served_all_is_zero() -> None:
    found = earnings([], Costs(), at(NOW))

    assert [as_pair(bar) for bar in (found.today, found.week, found.month, found.lifetime)] == [(0, 0)] * 4
    assert total((*found.hours, *found.days)) == (0, 0)


def test_electricity_is_the_watts_of_cores_and_gpus_for_the_time() -> None:
    costs = Costs(kwh_milli=400, watts_a_core=10, watts_a_gpu=200)

    # 2.5 cores and a GPU are 225 W: 0.9 kWh in four hours.
    assert electricity_milli(costs, Resources(2500, 4096, gpu_count=1), 4 * HOUR_S) == 360
    assert electricity_milli(costs, Resources(1000), 1) == 1


def test_what_is_left_needs_the_worth_of_a_coin() -> None:
    assert net_milli(Costs(), Amount(10**18), 40) is None
    assert net_milli(Costs(coin_milli=500), Amount(10**18), 40) == 460
    assert net_milli(Costs(coin_milli=20), Amount(10**18), 40) == -20


def test_money_is_exact_with_two_decimals_or_three() -> None:
    assert [money(milli, "EUR") for milli in (0, 40, 41, 1020, 12_345, -40, 1_234_567_890)] == [
        "0.00 EUR",
        "0.04 EUR",
        "0.041 EUR",
        "1.02 EUR",
        "12.345 EUR",
        "-0.04 EUR",
        "1,234,567.89 EUR",
    ]


def test_the_csv_has_a_line_for_each_share_that_served_the_oldest_first() -> None:
    start = int(datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp())
    newer = replace(served(start + DAY_S, start + DAY_S + 60, running=True), voucher=Amount(10**18 + 7), paid=Amount(5))
    older = replace(served(start, start + 60), reason=Reason.TIME_IS_UP)
    never = replace(served(start, start + 60), started_at=0)

    lines = list(csv.DictReader(io.StringIO(as_csv([newer, never, older], Costs(), NOW), newline="")))

    assert tuple(lines[0]) == CSV_HEADER
    assert [line["started_utc"] for line in lines] == ["2026-10-25T00:30:00Z", "2026-10-26T00:30:00Z"]
    assert [line["ended_utc"] for line in lines] == ["2026-10-25T00:31:00Z", ""]
    assert (lines[1]["earned_spare"], lines[1]["paid_spare"]) == ("1.000000000000000007", "0.000000000000000005")
    assert lines[0]["why_ended"] == Reason.TIME_IS_UP.value
    assert (timedelta(seconds=int(lines[0]["served_seconds"])), lines[0]["currency"]) == (timedelta(minutes=1), "EUR")
