"""Vector bin packing: never an overfull bin, never a bound above the optimum, and the optimum where it is known."""

from itertools import count

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.allocator.problems import bins, verify
from core.allocator.problems.bins_columns import ColumnSearch, contents_of
from core.allocator.problems.bins_pricing import contents_by_root, multipliers, surrogates
from core.allocator.problems.effort import LARGEST, Effort, Integers

CAPACITY = np.array([10, 12], dtype=np.int64)
few_items = arrays.arrays(np.int64, st.tuples(st.integers(1, 6), st.just(2)), elements=st.integers(0, 10))
signed_items = arrays.arrays(np.int64, st.tuples(st.integers(1, 6), st.just(2)), elements=st.integers(-3, 10))


@pytest.fixture(autouse=True)
def short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instances as small as these need no rounds of several milliseconds."""
    monkeypatch.setattr(bins, "LOOKS", 500)


def looks(many: int) -> Effort:
    """An effort that ends after so many looks at its clock, whatever the machine."""
    ticks = count()
    return Effort(lambda: float(next(ticks)), many)


def fewest(items: Integers, capacity: Integers) -> int:
    """The optimum, by trying every partition."""
    best = len(items)

    def place(item: int, loads: list[Integers]) -> None:
        nonlocal best
        if item == len(items):
            if all((load <= capacity).all() for load in loads):
                best = min(best, len(loads))
            return
        for home in range(len(loads)):
            place(item + 1, [*loads[:home], loads[home] + items[item], *loads[home + 1 :]])
        place(item + 1, [*loads, items[item]])

    place(0, [])
    return best


def random_items(count: int, low: int, high: int, dimensions: int, seed: int = 1) -> Integers:
    return np.random.default_rng(seed).integers(low, high, size=(count, dimensions))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(few_items)
def test_a_small_packing_is_as_good_as_the_best_of_all_partitions(items: Integers) -> None:
    optimum = fewest(items, CAPACITY)

    answer = bins.solve(items, CAPACITY, looks(200))

    assert answer.value == verify.bins(items, CAPACITY, answer.picks) == optimum
    assert answer.bound <= optimum


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(signed_items)
def test_an_item_that_needs_less_than_nothing_is_packed_soundly(items: Integers) -> None:
    optimum = fewest(items, CAPACITY)

    answer = bins.solve(items, CAPACITY, looks(50))

    assert answer.bound <= optimum <= answer.value == verify.bins(items, CAPACITY, answer.picks)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(few_items)
def test_the_fast_tier_packs_soundly_and_never_claims_too_much(items: Integers) -> None:
    optimum = fewest(items, CAPACITY)

    answer = bins.quick(items, CAPACITY)

    assert answer.bound <= optimum <= answer.value == verify.bins(items, CAPACITY, answer.picks)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(few_items)
def test_a_converged_bound_is_never_above_the_optimum(items: Integers) -> None:
    search = ColumnSearch(items, CAPACITY, contents_of(np.arange(len(items))))

    converged = search.converge(looks(10_000))

    assert converged
    assert search.bound <= fewest(items, CAPACITY) + 1e-6


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(few_items, st.integers(0, 2**32 - 1))
def test_exact_pricing_finds_the_most_valuable_content_of_a_bin(items: Integers, seed: int) -> None:
    gains = np.random.default_rng(seed).uniform(0.1, 1.0, len(items))
    shares = items / CAPACITY
    weights, most = multipliers(shares, gains, np.full(2, 0.5), 30)
    sizes = surrogates(shares, weights)
    order = np.argsort(-gains / sizes, kind="stable")
    subsets = (np.array(range(2 ** len(items)))[:, np.newaxis] >> np.arange(len(items))) & 1
    best = max(gains @ subset for subset in subsets if (subset @ items <= CAPACITY).all())
    found, lengths, worth = (
        np.empty((len(items), len(items)), dtype=np.int64),
        np.empty(len(items), np.int64),
        np.empty(len(items)),
    )

    complete = contents_by_root(
        items[order],
        CAPACITY,
        gains[order],
        sizes[order],
        np.arange(len(items)),
        0.0,
        10_000,
        True,
        found,
        lengths,
        worth,
    )

    assert complete
    assert best <= most + 1e-9
    assert worth[lengths > 0].max() == pytest.approx(best)


def test_triplets_without_room_to_spare_are_packed_perfectly() -> None:
    pairs = random_items(2 * 40, 20, 45, 3).reshape(2, 40, 3)
    items = np.random.default_rng(2).permutation(np.concatenate([*pairs, 100 - pairs.sum(axis=0)]))

    answer = bins.quick(items, [100, 100, 100])

    assert answer.value == answer.bound == 40


def test_items_of_which_no_two_fit_together_are_proven_to_need_a_bin_each() -> None:
    # Item i collides with item j in a dimension of their own, so no dimension alone tells.
    items = np.zeros((5, 10), dtype=np.int64)
    for dimension, (one, other) in enumerate((a, b) for a in range(5) for b in range(a)):
        items[[one, other], dimension] = 2

    answer = bins.solve(items, [3] * 10, looks(1_000))

    assert answer.value == answer.bound == 5


def test_column_generation_improves_on_the_fast_tier_and_proves_it() -> None:
    items = random_items(60, 20, 100, 3)

    fast = bins.quick(items, [150] * 3)
    answer = bins.solve(items, [150] * 3, looks(20_000))

    assert answer.bound == answer.value <= fast.value
    assert answer.bound > fast.bound


def test_the_same_seed_gives_the_same_packing() -> None:
    items = random_items(50, 20, 100, 3)

    first, second = (bins.solve(items, [150] * 3, looks(20_000)) for _ in range(2))

    assert first.picks.tolist() == second.picks.tolist()


@pytest.mark.parametrize("seconds", [0, 1, 2, 5, 20, 100])
def test_whenever_the_deadline_comes_there_is_a_packing(seconds: int) -> None:
    items = random_items(80, 5, 60, 4)

    answer = bins.solve(items, [100] * 4, looks(seconds))

    assert answer.bound <= answer.value == verify.bins(items, [100] * 4, answer.picks)


def test_a_deadline_that_ended_the_search_is_told() -> None:
    items = random_items(80, 5, 60, 4)

    answer = bins.solve(items, [100] * 4, looks(0))

    assert answer.cut_short


def test_items_that_need_nothing_share_one_bin() -> None:
    answer = bins.solve(np.zeros((9, 2), dtype=np.int64), [0, 5], looks(10))

    assert answer.value == answer.bound == 1


def test_very_large_figures_are_packed_without_overflow() -> None:
    items = np.array([[LARGEST // 4], [LARGEST // 4 + 1], [LARGEST // 4]])

    answer = bins.solve(items, [LARGEST // 2], looks(1_000))

    assert answer.value == answer.bound == 2


@pytest.mark.parametrize(
    ("items", "capacity", "sentence"),
    [
        ([[11, 1]], [10, 12], "An item does not fit an empty bin"),
        ([[1, 1, 1]], [10, 12], "items must have 2 columns"),
        ([[1.5, 1]], [10, 12], "items must be whole numbers"),
        ([[float("nan"), 1]], [10, 12], "items must be whole numbers"),
        ([[1], [1, 2]], [10, 12], "items must be a full array"),
        (np.empty((0, 2), dtype=np.int64), [10, 12], "items must not be empty"),
        ([[1, 1]], [-10, 12], "capacity must not be negative"),
        ([[2**53, 1]], [10, 12], "items must not be above"),
        ([[-(2**53), 1]], [10, 12], "items must not be above"),
        (np.ones((5_001, 2), dtype=np.int64), [10, 12], "more than 5000 items"),
        ([1, 2], [10, 12], "items must have 2 dimension"),
    ],
)
def test_what_is_no_instance_is_refused_with_a_sentence(items: object, capacity: list[int], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        bins.quick(items, capacity)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=sentence):
        bins.solve(items, capacity, looks(10))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("picks", "sentence"),
    [
        ([0, 0, 0], "overfull"),
        ([0, 1], "exactly one bin"),
        ([0, 1, -1], "exactly one bin"),
        ([0, 2, 3], "without holes"),
    ],
)
def test_the_check_refuses_what_is_no_packing(picks: list[int], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        verify.bins([[5], [5], [5]], [10], picks)
