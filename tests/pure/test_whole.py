"""Whole donors: against brute force on small markets, and what a hostile request may say."""

from dataclasses import replace
from itertools import combinations, count, product
from math import fsum

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.allocator.problems.effort import LARGEST, Effort
from core.allocator.whole import batch, grid, identical, scan
from core.allocator.whole.classes import sort_out
from core.allocator.whole.duals import judge
from core.allocator.whole.fleet import Fleet
from core.allocator.whole.plan import Plan, Shortage, check
from core.allocator.whole.swaps import between, without_swapped

Market = tuple[list[list[int]], list[float]]

SHAPES = [[1, 2048, 8192], [2, 4096, 16384], [4, 8192, 32768], [2, 12288, 16384]]
COUNTS = [5, 10, 10, 4]


def patient() -> Effort:
    """A clock that stands still: no deadline comes."""
    return Effort(lambda: 0.0, 60.0)


def laptops(number: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Machines whose dimensions go together more or less, at the price of what they have."""
    rng = np.random.default_rng(seed)
    cores = rng.choice([2, 4, 6, 8, 12, 16], number)
    memory = (cores * 1024 * rng.uniform(0.8, 3.0, number)).astype(np.int64) // 256 * 256
    disk = (cores * 8192 * rng.lognormal(0.0, 0.8, number)).astype(np.int64)
    capacity = np.column_stack((cores, memory, disk))
    return capacity, (capacity / capacity.mean(axis=0)).sum(axis=1)


def markets(most: int, largest: int = 9) -> st.SearchStrategy[Market]:
    """Up to `most` donors of two dimensions and a cost each; costs repeat, and some are nothing."""
    sizes = st.lists(st.integers(0, largest), min_size=2, max_size=2)
    donors = st.lists(st.tuples(sizes, st.sampled_from([0.0, 1.0, 1.5, 2.25, 7.0])), min_size=1, max_size=most)
    return donors.map(lambda rows: ([row[0] for row in rows], [row[1] for row in rows]))


needs = st.lists(st.integers(0, 4), min_size=2, max_size=2).filter(any)


def room_of(capacity: list[int], shape: list[int]) -> int:
    return min(has // need for has, need in zip(capacity, shape, strict=True) if need)


def cheapest_by_trying(rooms: list[int], cost: list[float], workers: int) -> float:
    every = (chosen for size in range(len(cost) + 1) for chosen in combinations(range(len(cost)), size))
    fitting = (chosen for chosen in every if sum(rooms[i] for i in chosen) >= workers)
    return min((fsum(cost[i] for i in chosen) for chosen in fitting), default=float("inf"))


def patterns_of(capacity: list[int], shapes: list[list[int]], counts: list[int]) -> list[tuple[int, ...]]:
    """Every choice of workers that fits."""
    every = product(*(range(most + 1) for most in counts))
    return [
        pattern
        for pattern in every
        if all(
            sum(n * shape[d] for n, shape in zip(pattern, shapes, strict=True)) <= has for d, has in enumerate(capacity)
        )
    ]


def cheapest_batch_by_trying(market: Market, shapes: list[list[int]], counts: list[int]) -> float:
    """Every reachable state of missing workers, donor by donor."""
    states = {tuple(counts): 0.0}
    for capacity, cost in zip(*market, strict=True):
        after = dict(states)
        for missing, spent in states.items():
            for pattern in patterns_of(capacity, shapes, counts):
                left = tuple(max(0, m - n) for m, n in zip(missing, pattern, strict=True))
                after[left] = min(after.get(left, float("inf")), spent + cost)
        states = after
    return states.get((0,) * len(counts), float("inf"))


@given(markets(8), needs)
def test_one_worker_gets_the_cheapest_donor_that_fits_it(market: Market, shape: list[int]) -> None:
    capacity, cost = market
    fitting = [cost[i] for i in range(len(cost)) if room_of(capacity[i], shape)]

    found = scan.best(Fleet.of(capacity, cost), shape)

    assert (found is None) == (not fitting)
    if found is not None:
        assert cost[found] == min(fitting) and room_of(capacity[found], shape)


def test_one_worker_finds_the_only_donor_of_a_large_market_that_fits() -> None:
    capacity, cost = laptops(30_000, 1)
    capacity[17] = 10**6
    cost[17] = cost.max()

    found = scan.best(Fleet.of(capacity, cost), [10**6, 10**6, 10**6])

    assert found == 17


@given(markets(8), needs, st.integers(1, 12), st.none() | st.integers(1, 4))
def test_identical_workers_cost_what_brute_force_finds(
    market: Market, shape: list[int], workers: int, spread: int | None
) -> None:
    capacity, cost = market
    rooms = [min(room_of(row, shape), workers if spread is None else spread) for row in capacity]
    least = cheapest_by_trying(rooms, cost, workers)

    found = identical.pack(Fleet.of(capacity, cost), shape, workers, spread)

    if isinstance(found, Shortage):
        assert least == float("inf")
        assert found.missing.tolist() == [workers - sum(rooms)]
    else:
        assert found.cost == pytest.approx(least) and found.gap() == 0
        assert all(taken <= rooms[i] for i, taken in zip(found.donors, found.workers[:, 0], strict=True))


@settings(max_examples=50)
@given(markets(5), st.lists(needs, min_size=1, max_size=3), st.data())
def test_a_batch_costs_what_brute_force_finds(market: Market, shapes: list[list[int]], data: st.DataObject) -> None:
    counts = data.draw(st.lists(st.integers(0, 3), min_size=len(shapes), max_size=len(shapes)).filter(any))
    least = cheapest_batch_by_trying(market, shapes, counts)

    found = batch.pack(Fleet.of(*market), shapes, counts, patient())

    if isinstance(found, Shortage):
        assert least == float("inf")
    else:
        assert found.bound <= least * (1 + 1e-12)
        assert found.cost == pytest.approx(least)


@settings(max_examples=40)
@given(markets(5, largest=1000), st.lists(st.integers(1, 400), min_size=4, max_size=4))
def test_where_the_grid_is_too_coarse_to_be_exact_the_bound_still_holds(market: Market, sizes: list[int]) -> None:
    shapes, counts = [sizes[:2], sizes[2:]], [2, 3]
    least = cheapest_batch_by_trying(market, shapes, counts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grid, "MOST_FIGURES", 200)
        found = batch.pack(Fleet.of(*market), shapes, counts, patient())

    if isinstance(found, Shortage):
        assert least == float("inf") or not found.proven
    else:
        assert found.bound <= least * (1 + 1e-12)
        assert found.cost >= least * (1 - 1e-9)


@settings(max_examples=50)
@given(
    markets(5),
    st.lists(needs, min_size=2, max_size=2, unique_by=tuple),
    st.lists(st.integers(1, 3), min_size=2, max_size=2),
    st.lists(st.floats(0, 5), min_size=2, max_size=2),
)
def test_the_bound_at_any_worths_is_below_every_plan(
    market: Market, shapes: list[list[int]], counts: list[int], worth: list[float]
) -> None:
    fleet, wanted = Fleet.of(*market), np.array(counts)
    laid, cells = grid.lay(fleet.columns, np.array(shapes), wanted)

    judged = judge(laid, sort_out(cells, fleet.cost, sum(counts)).market, wanted, np.array(worth))

    assert laid.exact
    assert judged.bound <= cheapest_batch_by_trying(market, shapes, counts)


@given(
    st.lists(st.integers(0, 9), min_size=2, max_size=2),
    st.lists(needs, min_size=3, max_size=3),
    st.lists(st.integers(1, 3), min_size=3, max_size=3),
    st.lists(st.floats(0.01, 5), min_size=3, max_size=3),
    st.floats(0, 1),
)
def test_a_net_catches_every_full_pattern_that_is_worth_enough(
    capacity: list[int], shapes: list[list[int]], counts: list[int], prices: list[float], part: float
) -> None:
    worth, fitting = np.array(prices), patterns_of(capacity, shapes, counts)
    values = {pattern: float(np.array(pattern) @ worth) for pattern in fitting}
    full = [p for p in fitting if not any(tuple(np.add(p, one)) in values for one in np.eye(3, dtype=int))]
    laid, cells = grid.lay(np.array([capacity]).T, np.array(shapes), np.array(counts))
    tables = laid.tables(worth)
    least = part * max(values.values())

    _, caught, complete = laid.near(tables, worth, cells, np.array([least]))

    best = laid.best(tables, worth, cells)
    assert complete
    assert tables[-1][cells[0]] == pytest.approx(max(values.values()))
    assert values[tuple(best[0].tolist())] == pytest.approx(max(values.values()))
    assert {p for p in full if values[p] >= least} <= set(map(tuple, caught.tolist())) <= set(full)


@settings(max_examples=50)
@given(
    st.lists(st.integers(0, 12), min_size=2, max_size=2),
    st.lists(needs, min_size=3, max_size=3),
    st.lists(st.integers(1, 4), min_size=3, max_size=3),
)
def test_swaps_make_every_pattern_that_they_let_go(
    capacity: list[int], shapes: list[list[int]], counts: list[int]
) -> None:
    patterns = np.array(patterns_of(capacity, shapes, counts))
    own = np.zeros(len(patterns), dtype=np.int64)
    swaps = between(np.array(shapes), np.ones(3), width=np.inf)

    kept = without_swapped(own, patterns, swaps)

    made, fresh = set(), {tuple(pattern) for pattern in patterns[kept].tolist()}
    while fresh:
        made |= fresh
        once = [swaps.made(np.array([p]), one)[0] for p in fresh for one in np.eye(len(swaps), dtype=np.int64)]
        fresh = {tuple(p.tolist()) for p in once} - made
    assert {tuple(pattern) for pattern in patterns.tolist()} <= made
    assert all((np.array(p) @ shapes <= capacity).all() for p in made)


def test_a_swap_of_what_another_swap_makes_is_made_too() -> None:
    swaps = between(np.array([[4], [2], [1]]), np.zeros(3), width=1.0)

    made = swaps.made(np.array([[1, 0, 0]]), np.array([1, 0, 1]))

    assert list(zip(swaps.large, swaps.small, swaps.count, strict=True)) == [(0, 1, 2), (0, 2, 4), (1, 2, 2)]
    assert made.tolist() == [[0, 1, 2]]


def test_a_batch_on_laptops_is_within_a_thousandth_of_its_bound() -> None:
    fleet = Fleet.of(*laptops(3000, 2))

    found = batch.pack(fleet, SHAPES, [50, 100, 100, 40], patient())

    assert isinstance(found, Plan)
    assert found.gap() <= 1e-3 and not found.cut_short


def test_the_same_batch_gets_the_same_plan_whatever_the_order_of_equal_shapes() -> None:
    fleet = Fleet.of(*laptops(1000, 3))
    one_by_one = [shape for shape, n in zip(SHAPES, COUNTS, strict=True) for _ in range(n)]

    together = batch.pack(fleet, SHAPES, COUNTS, patient())
    again = batch.pack(fleet, SHAPES, COUNTS, patient())
    apart = batch.pack(fleet, one_by_one, [1] * len(one_by_one), patient())

    assert isinstance(together, Plan) and isinstance(again, Plan) and isinstance(apart, Plan)
    assert together.donors.tolist() == again.donors.tolist() == apart.donors.tolist()
    assert together.workers.tolist() == again.workers.tolist()
    assert apart.workers.sum(axis=0).tolist() == [1] * len(one_by_one)


def test_a_batch_of_one_shape_costs_what_the_exact_method_finds() -> None:
    fleet = Fleet.of(*laptops(1000, 4))

    mixed, same = batch.pack(fleet, SHAPES[:1], [100], patient()), identical.pack(fleet, SHAPES[0], 100)

    assert isinstance(mixed, Plan) and isinstance(same, Plan)
    assert mixed.bound <= same.cost <= mixed.cost
    assert mixed.cost == pytest.approx(same.cost, rel=1e-4)


def test_a_million_equal_donors_are_no_trouble() -> None:
    fleet = Fleet.of(np.tile([4, 8192, 65536], (1_000_000, 1)), np.ones(1_000_000))

    alone = scan.best(fleet, SHAPES[0])
    same = identical.pack(fleet, SHAPES[0], 10)
    mixed = batch.pack(fleet, SHAPES[:2], [5, 5], patient())

    assert alone == 0
    assert isinstance(same, Plan) and same.donors.tolist() == [0, 1, 2]
    assert isinstance(mixed, Plan) and mixed.donors.tolist() == [0, 1, 2, 3]


def test_a_shape_that_fits_nowhere_is_proven_to() -> None:
    fleet = Fleet.of(*laptops(100, 5))
    giant = [64, 1, 1]

    alone, same = scan.best(fleet, giant), identical.pack(fleet, giant, 3)
    mixed = batch.pack(fleet, [SHAPES[0], giant], [2, 1], patient())

    assert alone is None
    assert isinstance(same, Shortage) and same.proven and same.missing.tolist() == [3]
    assert isinstance(mixed, Shortage) and mixed.proven and mixed.missing.tolist() == [0, 1]


def test_figures_as_large_as_they_may_be_are_packed() -> None:
    half = LARGEST // 2
    fleet = Fleet.of([[LARGEST, LARGEST], [LARGEST, half], [half, LARGEST]], [LARGEST, 1, 1])

    even = batch.pack(fleet, [[LARGEST, half], [half, LARGEST]], [1, 1], patient())
    odd = batch.pack(fleet, [[LARGEST, 1], [1, LARGEST], [3, 7]], [1, 1, 1], patient())

    assert isinstance(even, Plan) and even.donors.tolist() == [1, 2] and even.cost == 2
    assert isinstance(odd, Plan) or not odd.proven


def test_a_market_of_free_donors_hosts_for_nothing() -> None:
    fleet = Fleet.of(np.array([[4, 16384, 65536]] * 20), np.zeros(20))

    found = batch.pack(fleet, SHAPES, [3, 3, 3, 3], patient())

    assert isinstance(found, Plan)
    assert found.cost == found.bound == found.gap() == 0


def test_a_market_without_donors_has_room_for_nothing() -> None:
    fleet = Fleet.of(np.empty((0, 3), dtype=np.int64), [])

    mixed = batch.pack(fleet, SHAPES, COUNTS, patient())

    assert scan.best(fleet, SHAPES[0]) is None
    assert isinstance(mixed, Shortage) and mixed.proven and mixed.missing.tolist() == COUNTS


@pytest.mark.parametrize("reads", [0, 3, 10, 30, 100])
def test_a_deadline_ends_the_search_with_a_checked_plan_or_none(reads: int) -> None:
    fleet, ticks = Fleet.of(*laptops(500, 6)), count()
    effort = Effort(lambda: float(next(ticks)), reads)

    found = batch.pack(fleet, SHAPES, COUNTS, effort)

    assert next(ticks) <= reads + 30
    if isinstance(found, Plan):
        assert check(fleet, np.array(SHAPES), np.array(COUNTS), found) == []
    else:
        assert not found.proven


@given(markets(6), st.data())
def test_a_fleet_that_changes_is_the_fleet_built_anew(market: Market, data: st.DataObject) -> None:
    capacity, cost = market
    row = data.draw(st.integers(0, len(cost) - 1))
    fleet = Fleet.of(capacity, cost)

    smaller = fleet.without(row)
    back = smaller.adding(row, capacity[row], cost[row])

    assert len(smaller) == len(fleet) - 1 and row not in smaller.rows
    assert back.columns.tolist() == fleet.columns.tolist()
    assert back.cost.tolist() == fleet.cost.tolist() and back.rows.tolist() == fleet.rows.tolist()


def test_the_check_names_every_broken_rule() -> None:
    capacity = [[4, 8], [4, 8], [1, 1]]
    fleet, shapes, counts = Fleet.of(capacity, [2.0, 3.0, 1.0]), np.array([[1, 2]]), np.array([6])
    good = identical.pack(fleet, shapes[0], 6)
    assert isinstance(good, Plan)

    def broken(**changes: object) -> list[str]:
        return check(fleet, shapes, counts, replace(good, **changes))  # type: ignore[arg-type]

    assert broken() == []
    assert broken(workers=np.array([[5], [1]])) == ["a donor hosts more than it has room for"]
    assert broken(workers=np.array([[4], [1]])) == ["not every worker has exactly one donor"]
    assert broken(workers=np.array([[4]])) == ["the plan does not say how many workers of each shape each donor hosts"]
    assert broken(donors=np.array([0, 0])) == ["a donor is leased twice"]
    assert broken(donors=np.array([0, 7])) == ["a donor is not in the fleet"]
    assert broken(cost=1.0, bound=1.0) == ["the cost is not the sum of the donors' costs"]
    assert broken(bound=6.0) == ["the bound is above the cost"]
    assert "a donor is leased for no worker" in broken(workers=np.array([[6], [0]]))


@pytest.mark.parametrize(
    ("capacity", "cost", "says"),
    [
        ([[1, -1]], [1.0], "between 0"),
        ([[1, LARGEST + 1]], [1.0], "between 0"),
        ([[1, 2**70]], [1.0], "whole numbers"),
        ([[1.5, 2.0]], [1.0], "whole numbers"),
        ([1, 2], [1.0], "instead of 2"),
        ([[1], [1, 2]], [1.0, 1.0], "no array"),
        ([[]], [1.0], "1 to 8"),
        ([[1]], [1.0, 2.0], "1 donors have 2 costs"),
        ([[1]], [float("nan")], "between 0"),
        ([[1]], [float("inf")], "between 0"),
        ([[1]], [-1.0], "between 0"),
        ([[1]], ["much"], "column of numbers"),
    ],
)
def test_a_market_that_is_none_is_refused(capacity: list[list[int]], cost: list[float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Fleet.of(capacity, cost)


@pytest.mark.parametrize(
    ("shapes", "counts", "says"),
    [
        ([[0, 0]], [1], "must need something"),
        ([[1]], [1], "2 capacities"),
        ([[1, -1]], [1], "between 0"),
        ([[1, 1]], [0], "not 0"),
        ([[1, 1]], [2**21], "can be packed"),
        ([[1, 1]], [1, 2], "1 shapes have 2"),
        ([], [], "instead of 2"),
        ([[1, float("nan")]], [1], "whole numbers"),
        ([[1, n] for n in range(batch.MOST_KINDS + 1)], [1] * (batch.MOST_KINDS + 1), "different shapes"),
    ],
)
def test_a_batch_that_makes_no_sense_is_refused(shapes: list[list[int]], counts: list[int], says: str) -> None:
    fleet = Fleet.of([[2, 2]], [1.0])

    with pytest.raises(ValueError, match=says):
        batch.pack(fleet, shapes, counts, patient())


@pytest.mark.parametrize(("workers", "spread"), [(0, None), (identical.MOST_WORKERS + 1, None), (1, 0)])
def test_a_number_of_workers_that_makes_no_sense_is_refused(workers: int, spread: int | None) -> None:
    fleet = Fleet.of([[2, 2]], [1.0])

    with pytest.raises(ValueError, match="worker"):
        identical.pack(fleet, [1, 1], workers, spread)
