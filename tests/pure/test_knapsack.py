import subprocess
import sys
import time
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.allocator.problems import knapsack, verify
from core.allocator.problems.effort import LARGEST, Effort, Integers
from core.allocator.problems.knapsack_moves import Core, Walk, settle, wander

Instance = tuple[Integers, Integers, Integers]


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    knapsack.warm()


@st.composite
def instances(draw: st.DrawFn) -> Instance:
    items, rows = draw(st.integers(1, 9)), draw(st.integers(1, 3))
    profits = draw(st.lists(st.integers(0, 50), min_size=items, max_size=items))
    weights = draw(st.lists(st.lists(st.integers(0, 20), min_size=items, max_size=items), min_size=rows, max_size=rows))
    capacities = draw(st.lists(st.integers(0, 80), min_size=rows, max_size=rows))
    return np.array(profits), np.array(weights), np.array(capacities)


def large(seed: int, items: int = 80, rows: int = 5) -> Instance:
    dice = np.random.default_rng(seed)
    weights = dice.integers(1, 1000, (rows, items))
    return weights.mean(axis=0).astype(np.int64) + dice.integers(0, 500, items), weights, weights.sum(axis=1) // 2


def best_of_all(instance: Instance) -> int:
    profits, weights, capacities = instance
    selections = (list(c) for k in range(len(profits) + 1) for c in combinations(range(len(profits)), k))
    return max(int(profits[s].sum()) for s in selections if (weights[:, s].sum(axis=1) <= capacities).all())


def ticking(seconds: float) -> Effort:
    """A deadline after so many thousand looks at the clock."""
    looks = iter(range(10**9))
    return Effort(lambda: next(looks) / 1000, seconds)


@given(instances())
@settings(max_examples=80, deadline=None)
def test_a_small_knapsack_is_solved_to_proven_optimality(instance: Instance) -> None:
    best = best_of_all(instance)

    answer = knapsack.solve(*instance, Effort(time.monotonic, 20.0))

    assert (answer.value, answer.bound, answer.cut_short) == (best, best, False)
    assert verify.knapsack(*instance, answer.picks) == best
    assert list(answer.picks) == sorted(answer.picks)


@given(instances(), st.sampled_from([0.0, 0.002, 0.02]))
@settings(max_examples=60, deadline=None)
def test_however_early_the_deadline_the_picks_fit_and_the_bound_holds(instance: Instance, seconds: float) -> None:
    best = best_of_all(instance)

    answer = knapsack.solve(*instance, ticking(seconds))

    assert verify.knapsack(*instance, answer.picks) == answer.value <= best <= answer.bound


@given(instances())
@settings(max_examples=80, deadline=None)
def test_what_the_prices_fix_costs_no_better_selection(instance: Instance) -> None:
    best = best_of_all(instance)
    effort = Effort(time.monotonic, 20.0)
    problem = knapsack.Problem.read(*instance)
    search = knapsack.Search.start(problem, knapsack.relaxation(problem, 10.0), seed=0)
    search.value = best - 1
    undecided = search.undecided()
    assume(len(undecided))

    proven = search.finish(undecided, effort)

    assert proven
    assert search.value == best


def test_a_larger_knapsack_comes_close_to_its_bound() -> None:
    instance = large(1)

    answer = knapsack.solve(*instance, ticking(0.5))

    assert answer.cut_short
    assert verify.knapsack(*instance, answer.picks) == answer.value
    assert answer.gap() < 0.01


def test_a_search_that_ends_by_itself_gives_the_same_picks_for_the_same_seed() -> None:
    profits, weights, capacities = large(2, items=30, rows=3)

    answers = [knapsack.solve(profits, weights, capacities, Effort(time.monotonic, 60.0, seed=7)) for _ in range(2)]

    assert not answers[0].cut_short
    assert answers[0].value == answers[0].bound
    assert list(answers[0].picks) == list(answers[1].picks)


def test_if_nothing_fits_nothing_is_picked_and_that_is_proven() -> None:
    answer = knapsack.solve([5, 6], [[3, 4]], [2], ticking(1.0))

    assert (len(answer.picks), answer.value, answer.bound, answer.cut_short) == (0, 0, 0, False)


def test_figures_near_the_largest_are_handled_exactly() -> None:
    half = LARGEST // 2

    answer = knapsack.solve([half, half - 1], [[half, half - 1]], [half], ticking(0.05))

    assert list(answer.picks) == [0]
    assert answer.value == half


@pytest.mark.parametrize(
    ("profits", "weights", "capacities", "sentence"),
    [
        ([1, -1], [[1, 1]], [1], "profits must not be negative"),
        ([1, 1], [[1, -1]], [1], "weights must not be negative"),
        ([1, 1], [[1, 1]], [-1], "capacities must not be negative"),
        ([1.0, float("nan")], [[1, 1]], [1], "profits must be whole numbers"),
        ([1, 1], [[1.5, 1]], [1], "weights must be whole numbers"),
        ([True, True], [[1, 1]], [1], "profits must be whole numbers"),
        ([2**70, 1], [[1, 1]], [1], "profits must be whole numbers"),
        ([LARGEST + 1, 1], [[1, 1]], [1], "profits must not be above"),
        ([LARGEST, LARGEST], [[1, 1]], [1], "profits must not be above"),
        ([1, 1], [[LARGEST, LARGEST]], [1], "weights must not be above"),
        ([], [[]], [1], "profits must not be empty"),
        ([1, 1], [[1, 1]], [], "capacities must not be empty"),
        ([1, 1], [1, 1], [1], "weights must have 2 dimension"),
        ([1, 1], [[1, 1], [1]], [1], "weights must be a full array"),
        ([1, 1], [[1, 1, 1]], [1], "weights must be 1 rows of 2 figures"),
        ([1, 1], [[1, 1]], [1, 1], "weights must be 2 rows of 2 figures"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(
    profits: list[float], weights: list[list[float]], capacities: list[int], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        knapsack.solve(profits, weights, capacities, ticking(1.0))


@pytest.mark.parametrize(
    ("picks", "sentence"), [([0, 0], "twice"), ([2], "no item"), ([-1], "no item"), ([0, 1], "do not fit")]
)
def test_the_check_refuses_a_broken_selection(picks: list[int], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        verify.knapsack([3, 4], [[2, 2]], [3], picks)


def walk_of(seed: int) -> tuple[Core, Walk]:
    """A core of a whole small instance and a walk that begins far above the capacities."""
    profits, weights, capacities = large(seed, items=24, rows=3)
    score = profits - 0.5 * weights.mean(axis=0)
    order = np.argsort(-score, kind="stable")
    weight = np.ascontiguousarray(weights.T[order])
    core = Core(profits[order], weight, weight.T.copy(), score[order], 1.0 / weight.mean(axis=0))
    inside = np.ones(24, dtype=np.bool_)
    value = int(profits.sum())
    marks, chance = np.array([0, value, 0, 0]), np.array([99])
    slack = capacities - weights.sum(axis=1)
    return core, Walk(inside, slack, np.zeros(24, np.int64), inside.copy(), marks, chance)


def trail(seed: int) -> list[int]:
    """Where a walk comes out, in figures."""
    core, walk = walk_of(seed)
    settle(core, walk)
    wander(core, walk, 60, 1000)
    return [*walk.marks.tolist(), *walk.slack.tolist(), *walk.inside.astype(int).tolist()]


@given(st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_a_walk_keeps_its_books_and_never_breaks_a_capacity(seed: int) -> None:
    core, walk = walk_of(seed)
    capacities = walk.slack + core.weight.sum(axis=0)

    settle(core, walk)
    wander(core, walk, 60, 1000)

    assert (walk.slack >= 0).all()
    assert list(capacities - core.weight[walk.inside].sum(axis=0)) == list(walk.slack)
    assert core.profit[walk.inside].sum() == walk.marks[1]
    assert core.profit[walk.best].sum() == walk.marks[2]
    assert (core.weight[walk.best].sum(axis=0) <= capacities).all()


def test_compiled_and_plain_loops_walk_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    script = "from tests.pure.test_knapsack import trail; print(trail(3))"

    plain = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert plain.stdout.strip() == str(trail(3))
