"""What tray and window say of a view: the mark, the reasons, what the owner can order, the surroundings."""

from dataclasses import replace

import pytest

from core.allowance import Allowance, Hold, Holding, Orders
from core.observed import Conditions
from core.owner import Limits
from core.view import DonorView
from donor_app.agent import Problem
from donor_app.lease_words import digest, short, traffic
from donor_app.sieve import Sieve
from donor_app.status import Mark, status
from donor_app.surroundings import surroundings
from tests.screens.donor_samples import HELD, IDLE, NOW, OFF, PROBLEM, SERVING

BATTERY = Holding(Hold.ON_BATTERY, "On battery; sharing waits for mains power.")
PAUSED = Holding(Hold.PAUSED, "Paused until 23:10.", NOW + 3600)
FINISHING = Holding(Hold.FINISHING, "Finishing what runs; nothing new is taken.")


def held(*holdings: Holding, headline: str = "Held.") -> DonorView:
    """A view that serves under `holdings`."""
    return replace(SERVING, headline=headline, allowance=Allowance(Limits(), holdings))


def test_the_mark_follows_the_view() -> None:
    assert status(None).mark is Mark.OFF
    assert status(OFF).mark is Mark.OFF
    assert status(IDLE).mark is Mark.READY
    assert status(SERVING).mark is Mark.SERVING
    assert status(HELD).mark is Mark.HELD
    assert status(PROBLEM).mark is Mark.PROBLEM
    assert status(held(FINISHING)).mark is Mark.SERVING
    assert status(IDLE, alive=False, refusal=Problem("It broke.", "")).mark is Mark.PROBLEM
    assert status(OFF, wish=True).toggle_word == "Starting to share"


def test_reasons_are_a_set_and_each_says_what_is_left_of_it() -> None:
    view = held(BATTERY, PAUSED, headline="2 workers paused. On battery; sharing waits for mains power.")

    assert status(view).reasons == ("Paused until 23:10. 1 h left.",)
    assert status(held(BATTERY, PAUSED)).reasons == (BATTERY.sentence, "Paused until 23:10. 1 h left.")


def test_a_single_reason_that_the_headline_tells_is_not_told_twice() -> None:
    assert status(held(BATTERY, headline=BATTERY.sentence)).reasons == ()
    assert status(held(PAUSED, headline=PAUSED.sentence)).reasons == ("Goes on in 1 h.",)


@pytest.mark.parametrize(
    ("left_s", "told"), [(3541, "1 h"), (3540, "59 min"), (121, "3 min"), (120, "2 min"), (61, "1 min 1 s"), (1, "1 s")]
)
def test_a_countdown_rounds_up_and_counts_seconds_at_its_end(left_s: int, told: str) -> None:
    paused = replace(PAUSED, until=NOW + left_s)

    assert status(held(paused, headline=paused.sentence)).reasons == (f"Goes on in {told}.",)


def test_what_the_owner_can_order_follows_what_was_ordered() -> None:
    paused = status(replace(HELD, orders=Orders(paused_until=NOW + 60)))
    over = status(replace(SERVING, orders=Orders(paused_until=NOW - 1)))
    finishing = status(replace(SERVING, orders=Orders(finishing=True)))

    assert paused.can_resume
    assert not over.can_resume
    assert finishing.can_resume
    assert not finishing.can_finish
    assert over.can_finish
    assert not status(OFF).can_pause


def test_a_problem_keeps_its_kind() -> None:
    now = status(replace(PROBLEM, problem_kind="EngineUnavailable"))

    assert now.problem == Problem(PROBLEM.problem, PROBLEM.hint, "EngineUnavailable")


def test_what_nothing_can_tell_is_said_and_not_guessed() -> None:
    lines = surroundings(replace(OFF, conditions=Conditions(), allowance=Allowance(Limits())))

    assert {line.text for line in lines} == {"not known here"}
    assert not any(line.known for line in lines)


def test_what_is_known_is_told() -> None:
    seen = Conditions(idle_s=700, on_battery=True, battery_percent=71, metered=True, full_screen=False, celsius=52)

    lines = surroundings(replace(OFF, conditions=seen, allowance=Allowance(Limits(), in_use=False)))

    assert [line.text for line in lines] == ["away for 11 min", "battery 71 %, discharging", "metered", "52 °C", "no"]


def test_a_sieve_passes_what_shows_and_one_view_a_minute() -> None:
    sieve = Sieve()
    quiet = [replace(IDLE, now=NOW + second) for second in range(61)]

    passed = [sieve.passes(view) for view in quiet]
    changed = sieve.passes(replace(SERVING, now=NOW + 61))

    assert [second for second, passes in enumerate(passed) if passes] == [0, 60]
    assert changed
    assert sieve.newest is not None
    assert sieve.newest.now == NOW + 61


def test_a_sieve_passes_all_while_somebody_looks_and_after_a_clock_set_back() -> None:
    sieve = Sieve()
    sieve.passes(IDLE)

    set_back = sieve.passes(replace(IDLE, now=NOW - 5))
    sieve.looked_at = True

    assert set_back
    assert sieve.passes(replace(IDLE, now=NOW - 4))


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (310_000_000, "310 MB"), (1_240_000_000, "1.2 GB")],
)
def test_traffic_is_told_in_decimal_units(count: int, told: str) -> None:
    assert traffic(count) == told


def test_long_names_are_told_short() -> None:
    assert short("0x71c7aaaaaaaabef1") == "0x71c7…bef1"
    assert digest("sha256:9b4c5e5e5e5e5e5e") == "9b4c5e5e5e5e"
    assert digest("") == "not built yet"
