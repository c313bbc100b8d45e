"""Bins that differ: never an overfull one, never a bound above the optimum, and the cheapest where it can be known."""

from itertools import count, product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.allocator.problems import fleet, verify
from core.allocator.problems.effort import Effort, Integers

small_items = arrays.arrays(np.int64, st.tuples(st.integers(1, 5), st.just(2)), elements=st.integers(0, 6))
small_rooms = arrays.arrays(np.int64, (4, 2), elements=st.integers(0, 14))
small_costs = arrays.arrays(np.int64, 4, elements=st.integers(0, 9))


@pytest.fixture(autouse=True)
def short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instances as small as these need no rounds of several milliseconds."""
    monkeypatch.setattr(fleet, "LOOKS", 200)


def looks(many: int) -> Effort:
    """An effort that ends after so many looks at its clock, whatever the machine."""
    ticks = count()
    return Effort(lambda: float(next(ticks)), many)


def cheapest(items: Integers, rooms: Integers, costs: Integers) -> float | None:
    """The optimum, by trying every assignment; None if there is no packing."""
    found = []
    for picks in product(range(len(rooms)), repeat=len(items)):
        try:
            found.append(verify.fleet(items, rooms, costs, picks))
        except ValueError:
            continue
    return min(found, default=None)


def random_fleet(seed: int) -> tuple[Integers, Integers, Integers]:
    chance = np.random.default_rng(seed)
    rooms = chance.integers(50, 200, size=(20, 3))
    return chance.integers(1, 30, size=(60, 3)), rooms, rooms.sum(axis=1)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(small_items, small_rooms, small_costs)
def test_a_small_fleet_is_as_cheap_as_the_best_of_all_assignments(
    items: Integers, rooms: Integers, costs: Integers
) -> None:
    optimum = cheapest(items, rooms, costs)

    if optimum is None:
        with pytest.raises(ValueError, match=r"There is no packing|No packing was found"):
            fleet.solve(items, rooms, costs, looks(300))
    else:
        answer = fleet.solve(items, rooms, costs, looks(4_000))
        assert answer.value == verify.fleet(items, rooms, costs, answer.picks) == optimum
        assert answer.bound <= optimum


@pytest.mark.parametrize("seed", range(3))
def test_a_fleet_costs_little_more_than_room_for_all_its_items(seed: int) -> None:
    items, rooms, costs = random_fleet(seed)

    answer = fleet.solve(items, rooms, costs, looks(1_500))

    assert answer.value == verify.fleet(items, rooms, costs, answer.picks)
    assert answer.bound <= answer.value <= 1.1 * answer.bound


def test_the_same_seed_gives_the_same_fleet() -> None:
    first, second = (fleet.solve(*random_fleet(1), looks(1_000)) for _ in range(2))

    assert first.picks.tolist() == second.picks.tolist()


@pytest.mark.parametrize("many", [40, 80])
def test_whenever_the_deadline_comes_after_the_first_packing_there_is_one(many: int) -> None:
    items, rooms, costs = random_fleet(2)

    answer = fleet.solve(items, rooms, costs, looks(many))

    assert answer.bound <= answer.value == verify.fleet(items, rooms, costs, answer.picks)


def test_costs_may_be_fractions() -> None:
    answer = fleet.solve([[3], [3]], [[6], [3], [3]], [1.25, 0.5, 0.5], looks(100))

    assert answer.value == 1.0
    assert sorted(answer.picks.tolist()) == [1, 2]


@pytest.mark.parametrize(
    ("items", "rooms", "costs", "sentence"),
    [
        ([[7]], [[6], [6]], [1, 1], "There is no packing: an item fits no bin"),
        ([[6], [6], [6]], [[8], [9]], [1, 1], "There is no packing: the items need more"),
        ([[4], [4], [4]], [[6], [6]], [1, 1], "No packing was found in the time given"),
        ([[-1]], [[6]], [1], "items must not be negative"),
        ([[1]], [[6.0]], [1], "capacities must be whole numbers"),
        ([[1, 1]], [[6]], [1], "items must have 1 columns"),
        ([[1]], [[6]], [1, 2], "costs must be 1 figures"),
        ([[1]], [[6]], [-1], "costs must be finite"),
        ([[1]], [[6]], [float("nan")], "costs must be finite"),
        ([[1]], [[6]], ["dear"], "costs must be finite"),
    ],
)
def test_what_has_no_packing_or_makes_no_sense_is_told_with_a_sentence(
    items: object, rooms: object, costs: object, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        fleet.solve(items, rooms, costs, looks(50))  # type: ignore[arg-type]
