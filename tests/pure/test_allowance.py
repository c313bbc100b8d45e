"""What may be shared now: every reason holds for itself, and lets go when, and only when, it is over."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.allowance import COOLED_BY, NEVER, Allowance, Hold, Orders, allowance
from core.observed import Conditions
from core.owner import WEEK, Day, Donor, Hours, Limits, When
from tests.pure.owners import CALM

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=BERLIN)
"""A Wednesday."""

AWAY, WORKING = Limits(cpu_millis=4000), Limits(cpu_millis=1000)

STRICT = Donor(
    limits=AWAY,
    in_use=WORKING,
    when=When(
        only_when_idle=True,
        pause_for=("blender",),
        pause_for_full_screen=True,
        schedule=(Hours(start="20:00", end="08:00"),),
        hottest_celsius=80,
    ),
)
"""An owner under whom every hold can hold."""

NIGHT = datetime(2026, 11, 25, 22, 0, tzinfo=BERLIN)

CAUSES: dict[Hold, Conditions | Orders | datetime] = {
    Hold.IN_USE: Conditions(idle_s=0),
    Hold.ON_BATTERY: Conditions(on_battery=True),
    Hold.METERED: Conditions(metered=True),
    Hold.PROGRAM: Conditions(programs=frozenset({"blender"})),
    Hold.FULL_SCREEN: Conditions(full_screen=True),
    Hold.HOT: Conditions(celsius=81),
    Hold.PAUSED: Orders(paused_until=int(NIGHT.timestamp()) + 3600),
    Hold.FINISHING: Orders(finishing=True),
    Hold.OFF_HOURS: NOON,
}
"""What alone brings about each hold at night, for an owner who is away from a cool machine on mains power."""


def under(holds: frozenset[Hold]) -> Allowance:
    """What STRICT allows while the causes of `holds` are there, and no other."""
    conditions, orders, local = CALM, Orders(), NIGHT
    for hold in holds:
        match CAUSES[hold]:
            case Conditions() as cause:
                changed = {name: getattr(cause, name) for name in cause.__slots__ if getattr(cause, name)}
                conditions = replace(conditions, **(changed or {"idle_s": 0}))
            case Orders() as cause:
                orders = Orders(max(orders.paused_until, cause.paused_until), orders.finishing or cause.finishing)
            case datetime() as cause:
                local = cause
    return allowance(STRICT, conditions, orders, local)


def battery(percent: int | None, before: frozenset[Hold] = frozenset(), *, on: bool = True) -> frozenset[Hold]:
    """The holds at `percent` of battery, where it may be used from 60 % down to 40."""
    donor = Donor(when=When(on_battery=True, battery_stop_percent=40, battery_resume_percent=60))
    return allowance(donor, replace(CALM, on_battery=on, battery_percent=percent), Orders(), NOON, before).holds


def scheduled(local: datetime, *schedule: Hours) -> Allowance:
    """What a schedule alone allows at `local`."""
    return allowance(Donor(when=When(schedule=schedule)), CALM, Orders(), local)


_holds = st.frozensets(st.sampled_from(sorted(CAUSES)))


@given(_holds)
def test_the_holds_are_those_whose_causes_are_there_whatever_else_is(holds: frozenset[Hold]) -> None:
    assert under(holds).holds == holds


@given(_holds, st.sampled_from(sorted(CAUSES)))
def test_a_cause_that_ends_takes_away_its_own_hold_and_no_other(holds: frozenset[Hold], ended: Hold) -> None:
    assert under(holds - {ended}).holds == under(holds | {ended}).holds - {ended}


@given(_holds)
def test_each_hold_is_told_once_in_a_sentence_of_its_own(holds: frozenset[Hold]) -> None:
    sentences = [holding.sentence for holding in under(holds).holdings]

    assert len(set(sentences)) == len(holds)
    assert all(sentence.endswith(".") for sentence in sentences)


@given(_holds)
def test_nothing_is_offered_under_a_hold_and_workers_run_on_only_to_finish(holds: frozenset[Hold]) -> None:
    allowed = under(holds)

    assert allowed.offers == (not holds)
    assert allowed.runs == (holds <= {Hold.FINISHING})


def test_a_pause_that_is_over_hides_no_other_hold() -> None:
    conditions = replace(CALM, on_battery=True)
    orders = Orders(paused_until=int(NOON.timestamp()) + 60)

    paused = allowance(Donor(), conditions, orders, NOON)
    over = allowance(Donor(), conditions, orders, NOON + timedelta(seconds=60))

    assert paused.holds == {Hold.PAUSED, Hold.ON_BATTERY}
    assert over.holds == {Hold.ON_BATTERY}


@given(st.integers(-3600, 3600))
def test_a_pause_ends_at_its_instant(after_s: int) -> None:
    orders = Orders(paused_until=int(NOON.timestamp()))

    allowed = allowance(Donor(), CALM, orders, NOON + timedelta(seconds=after_s))

    assert (Hold.PAUSED in allowed.holds) == (after_s < 0)


def test_a_pause_says_until_when_and_on_which_day_where_that_is_another() -> None:
    def told(hours: int) -> tuple[str, int]:
        until = int(NOON.timestamp()) + hours * 3600
        holding = allowance(Donor(), CALM, Orders(paused_until=until), NOON).holdings[0]
        return holding.sentence, holding.until - int(NOON.timestamp())

    assert told(1) == ("Paused until 13:00.", 3600)
    assert told(20) == ("Paused until Thu 08:00.", 72_000)


def test_a_pause_without_an_end_names_none() -> None:
    holding = allowance(Donor(), CALM, Orders(paused_until=NEVER), NOON).holdings[0]

    assert (holding.sentence, holding.until) == ("Paused until you resume.", 0)


@given(st.integers(0, 1000))
def test_the_owner_is_here_until_the_machine_was_idle_for_so_long(idle_s: int) -> None:
    donor = Donor(limits=AWAY, in_use=WORKING, when=When(idle_after_s=300))

    allowed = allowance(donor, replace(CALM, idle_s=idle_s), Orders(), NOON)

    assert allowed.in_use == (idle_s < 300)
    assert allowed.limits == (WORKING if idle_s < 300 else AWAY)
    assert allowed.offers


def test_where_nobody_can_tell_the_owner_may_be_here() -> None:
    unknown = replace(CALM, idle_s=None)

    careful = allowance(Donor(limits=AWAY, in_use=WORKING), unknown, Orders(), NOON)
    same = allowance(Donor(limits=AWAY), unknown, Orders(), NOON)
    only_idle = allowance(Donor(when=When(only_when_idle=True)), unknown, Orders(), NOON)

    assert (careful.in_use, careful.limits, careful.holds) == (None, WORKING, frozenset())
    assert (same.limits, same.holds) == (AWAY, frozenset())
    assert only_idle.holds == {Hold.IDLENESS_UNKNOWN}


def test_what_no_sensor_can_tell_holds_nothing_up() -> None:
    donor = Donor(when=When(pause_for_full_screen=True, pause_for=("blender",), on_battery=True))

    assert allowance(donor, Conditions(), Orders(), NOON).holds == frozenset()


def test_programs_are_named_together() -> None:
    conditions = replace(CALM, programs=frozenset({"steam", "blender"}))

    (holding,) = allowance(Donor(), conditions, Orders(), NOON).holdings

    assert holding.sentence == "blender, steam are running."


@given(st.lists(st.integers(0, 100), min_size=1, max_size=30))
def test_a_low_battery_lets_go_at_the_upper_threshold_only(percents: list[int]) -> None:
    held, holds = False, frozenset[Hold]()
    for percent in percents:
        held = percent < 40 or (held and percent < 60)
        holds = battery(percent, holds)

        assert holds == ({Hold.BATTERY_LOW} if held else frozenset())


def test_mains_power_ends_a_low_battery_at_once() -> None:
    assert battery(20, frozenset({Hold.BATTERY_LOW}), on=False) == frozenset()


def test_an_unknown_charge_holds_nothing_up() -> None:
    assert battery(None, frozenset({Hold.BATTERY_LOW})) == frozenset()


def test_thresholds_that_cross_resume_at_the_higher_one() -> None:
    donor = Donor(when=When(on_battery=True, battery_stop_percent=60, battery_resume_percent=40))

    def held(percent: int, *before: Hold) -> bool:
        conditions = replace(CALM, on_battery=True, battery_percent=percent)
        return bool(allowance(donor, conditions, Orders(), NOON, before).holds)

    assert [held(59), held(60)] == [True, False]
    assert [held(59, Hold.BATTERY_LOW), held(60, Hold.BATTERY_LOW)] == [True, False]


@given(st.lists(st.integers(0, 110), min_size=1, max_size=30))
def test_a_hot_machine_serves_again_only_once_it_has_cooled(degrees: list[int]) -> None:
    donor, held, holds = Donor(when=When(hottest_celsius=80)), False, frozenset[Hold]()
    for celsius in degrees:
        held = celsius > 80 or (held and celsius > 80 - COOLED_BY)
        holds = allowance(donor, replace(CALM, celsius=celsius), Orders(), NOON, holds).holds

        assert holds == ({Hold.HOT} if held else frozenset())


def test_a_ceiling_of_none_lets_a_machine_be_as_hot_as_it_is() -> None:
    assert allowance(Donor(when=When(hottest_celsius=0)), replace(CALM, celsius=119), Orders(), NOON).offers


@pytest.mark.parametrize(
    ("at", "held", "until"),
    [
        (datetime(2026, 11, 27, 21, 59, tzinfo=BERLIN), True, datetime(2026, 11, 27, 22, 0, tzinfo=BERLIN)),
        (datetime(2026, 11, 27, 22, 0, tzinfo=BERLIN), False, None),
        (datetime(2026, 11, 28, 5, 59, tzinfo=BERLIN), False, None),
        (datetime(2026, 11, 28, 6, 0, tzinfo=BERLIN), True, datetime(2026, 12, 4, 22, 0, tzinfo=BERLIN)),
        (datetime(2026, 11, 28, 22, 0, tzinfo=BERLIN), True, datetime(2026, 12, 4, 22, 0, tzinfo=BERLIN)),
    ],
)
def test_friday_night_lasts_until_saturday_morning(at: datetime, held: bool, until: datetime | None) -> None:
    allowed = scheduled(at, Hours(days=("fri",), start="22:00", end="06:00"))

    assert (Hold.OFF_HOURS in allowed.holds) == held
    assert [holding.until for holding in allowed.holdings] == ([int(until.timestamp())] if until else [])


def test_the_sentence_names_the_day_on_which_the_schedule_opens() -> None:
    (soon,) = scheduled(NOON, Hours(start="18:00", end="20:00")).holdings
    (later,) = scheduled(NOON, Hours(days=("sat",))).holdings

    assert soon.sentence == "Outside your schedule until 18:00."
    assert later.sentence == "Outside your schedule until Sat 00:00."


_minute = st.integers(0, 1439)
_rows = st.lists(
    st.builds(
        lambda days, start, end: Hours(
            days=tuple(days), start=f"{start // 60:02d}:{start % 60:02d}", end=f"{end // 60:02d}:{end % 60:02d}"
        ),
        st.lists(st.sampled_from(WEEK), min_size=1, max_size=7, unique=True),
        _minute,
        _minute,
    ),
    min_size=1,
    max_size=3,
)


@given(_rows, st.integers(0, 7 * 1440 - 1))
def test_a_schedule_opens_at_the_minute_that_was_told_and_not_before(rows: list[Hours], passed: int) -> None:
    local = NOON + timedelta(minutes=passed)

    allowed = scheduled(local, *rows)

    if allowed.holdings:
        opens = datetime.fromtimestamp(allowed.holdings[0].until, BERLIN)
        assert opens > local
        assert not scheduled(opens, *rows).holds
        assert scheduled(opens - timedelta(minutes=1), *rows).holds == {Hold.OFF_HOURS}


@pytest.mark.parametrize(
    ("day", "offset_h"),
    [(datetime(2026, 3, 28, 12, tzinfo=BERLIN), 2), (datetime(2026, 10, 24, 12, tzinfo=BERLIN), 1)],
    ids=["clocks go forward", "clocks go back"],
)
def test_a_schedule_follows_the_wall_clock_when_clocks_change(day: datetime, offset_h: int) -> None:
    days: tuple[Day, ...] = ("sun",)

    (holding,) = scheduled(day, Hours(days=days, start="08:00", end="10:00")).holdings

    opens = datetime.fromtimestamp(holding.until, BERLIN)
    assert (opens.hour, opens.minute) == (8, 0)
    assert opens.utcoffset() == timedelta(hours=offset_h)
    assert holding.sentence == "Outside your schedule until Sun 08:00."


def test_hours_that_begin_in_the_hour_that_is_skipped_open_once_it_is_over() -> None:
    hours = Hours(days=("sun",), start="02:30", end="05:00")
    before = datetime(2026, 3, 29, 1, 59, tzinfo=BERLIN)
    after = datetime.fromtimestamp(before.timestamp() + 60, BERLIN)

    assert scheduled(before, hours).holds == {Hold.OFF_HOURS}
    assert (after.hour, after.minute) == (3, 0)
    assert scheduled(after, hours).offers
