import subprocess
import sys
import time
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.allocator.problems import choice, verify
from core.allocator.problems.choice_moves import Core, Walk, mend, wander
from core.allocator.problems.effort import LARGEST, Effort, Integers

Groups = list[tuple[Integers, Integers]]


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    choice.warm()


@st.composite
def instances(draw: st.DrawFn) -> tuple[Groups, Integers]:
    rows = draw(st.integers(1, 3))
    groups = []
    for _ in range(draw(st.integers(1, 5))):
        items = draw(st.integers(1, 4))
        profits = draw(st.lists(st.integers(0, 50), min_size=items, max_size=items))
        row = st.lists(st.integers(0, 20), min_size=rows, max_size=rows)
        weights = draw(st.lists(row, min_size=items, max_size=items))
        groups.append((np.array(profits), np.array(weights)))
    return groups, np.array(draw(st.lists(st.integers(0, 80), min_size=rows, max_size=rows)))


def large(seed: int, count: int = 40, items: int = 6, rows: int = 4) -> tuple[Groups, Integers]:
    dice = np.random.default_rng(seed)
    weights = dice.integers(0, 100, (count, items, rows))
    profits = weights.sum(axis=2) + dice.integers(0, 60, (count, items))
    return list(zip(profits, weights, strict=True)), weights.sum(axis=0).mean(axis=0).astype(np.int64)


def best_of_all(groups: Groups, capacities: Integers) -> int | None:
    """The value of the best choice, None where none fits."""
    values = []
    for picks in product(*(range(len(profits)) for profits, _ in groups)):
        chosen = [(profits[k], weights[k]) for k, (profits, weights) in zip(picks, groups, strict=True)]
        if (np.sum([weights for _, weights in chosen], axis=0) <= capacities).all():
            values.append(int(sum(profit for profit, _ in chosen)))
    return max(values, default=None)


def ticking(seconds: float) -> Effort:
    """A deadline after so many thousand looks at the clock."""
    looks = iter(range(10**9))
    return Effort(lambda: next(looks) / 1000, seconds)


@given(instances())
@settings(max_examples=80, deadline=None)
def test_a_small_choice_is_solved_to_proven_optimality_or_proven_impossible(instance: tuple[Groups, Integers]) -> None:
    best = best_of_all(*instance)

    try:
        answer = choice.solve(*instance, Effort(time.monotonic, 20.0))
    except choice.Infeasible:
        assert best is None
        return

    assert (answer.value, answer.bound, answer.cut_short) == (best, best, False)
    assert verify.choice(*instance, answer.picks) == best


@given(instances(), st.sampled_from([0.0, 0.002, 0.02]))
@settings(max_examples=60, deadline=None)
def test_however_early_the_deadline_the_choice_fits_and_the_bound_holds(
    instance: tuple[Groups, Integers], seconds: float
) -> None:
    best = best_of_all(*instance)

    try:
        answer = choice.solve(*instance, ticking(seconds))
    except choice.Infeasible:
        assert best is None
        return
    except choice.NotFound:
        return

    assert best is not None
    assert verify.choice(*instance, answer.picks) == answer.value <= best <= answer.bound


def test_a_larger_choice_comes_close_to_its_bound() -> None:
    instance = large(1)

    answer = choice.solve(*instance, ticking(0.2))

    assert verify.choice(*instance, answer.picks) == answer.value
    assert answer.gap() < 0.01


def test_a_search_that_ends_by_itself_gives_the_same_picks_for_the_same_seed() -> None:
    instance = large(2, count=8, items=4, rows=2)

    answers = [choice.solve(*instance, Effort(time.monotonic, 60.0, seed=7)) for _ in range(2)]

    assert not answers[0].cut_short
    assert answers[0].value == answers[0].bound
    assert list(answers[0].picks) == list(answers[1].picks)


def test_no_choice_in_time_is_told_apart_from_no_choice_at_all() -> None:
    group = (np.array([10, 1]), np.array([[5], [1]]))

    with pytest.raises(choice.NotFound, match="there may be one"):
        choice.solve([group, group], [5], Effort(lambda: 0.0, 0.0))
    with pytest.raises(choice.Infeasible, match="No choice fits"):
        choice.solve([group, group], [1], Effort(time.monotonic, 5.0))


def test_a_choice_that_only_whole_items_rule_out_is_proven_impossible() -> None:
    even = (np.array([1, 1]), np.array([[0, 2], [2, 0]]))

    with pytest.raises(choice.Infeasible):
        choice.solve([even] * 3, [3, 3], Effort(time.monotonic, 20.0))


@pytest.mark.parametrize(
    ("groups", "capacities", "sentence"),
    [
        ([], [1], "at least one group"),
        ([([], [])], [1], "profits of group 0 must not be empty"),
        ([([1], [[1]]), ([-1], [[1]])], [1], "profits of group 1 must not be negative"),
        ([([1], [[-1]])], [1], "weights of group 0 must not be negative"),
        ([([1], [[1]])], [-1], "capacities must not be negative"),
        ([([float("nan")], [[1]])], [1], "profits of group 0 must be whole numbers"),
        ([([1], [[LARGEST + 1]])], [1], "weights of group 0 must not be above"),
        ([([LARGEST], [[1]])] * 2, [1], "profits must not be above"),
        ([([1, 2], [[1]])], [1], "weights of group 0 must be 2 rows of 1 figures"),
        ([([1], [[1]])], [1, 1], "weights of group 0 must be 1 rows of 2 figures"),
        ([([1], [1])], [1], "weights of group 0 must have 2 dimension"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(groups: Groups, capacities: list[int], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        choice.solve(groups, capacities, ticking(1.0))


@pytest.mark.parametrize(
    ("picks", "sentence"), [([0], "exactly one"), ([0, 2], "no item"), ([0, -1], "no item"), ([0, 0], "do not fit")]
)
def test_the_check_refuses_a_broken_choice(picks: list[int], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        verify.choice([([3, 4], [[2], [1]])] * 2, [3], picks)


def walk_of(seed: int) -> tuple[Core, Walk]:
    """A core of a whole small instance and a walk that begins at every group's first item."""
    groups, capacities = large(seed, count=10, items=4, rows=3)
    profit, weight = np.concatenate([p for p, _ in groups]), np.concatenate([w for _, w in groups])
    scale, group, pick = 1.0 / weight.mean(axis=0), np.repeat(np.arange(10), 4), np.arange(0, 40, 4)
    core = Core(profit, weight, weight.T.copy(), profit - 0.9 * weight.sum(axis=1), scale, group)
    marks = np.array([0, profit[pick].sum(), 0, 0])
    slack = capacities + 10 - weight[pick].sum(axis=0)
    return core, Walk(pick, slack, np.zeros(40, np.int64), pick.copy(), marks, np.array([99]))


def trail(seed: int) -> list[int]:
    """Where a walk comes out, in figures."""
    core, walk = walk_of(seed)
    mend(core, walk, 100)
    wander(core, walk, 60, 1000)
    return [*walk.marks.tolist(), *walk.slack.tolist(), *walk.pick.tolist()]


@given(st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_a_walk_keeps_its_books_and_never_breaks_a_capacity(seed: int) -> None:
    core, walk = walk_of(seed)
    capacities = walk.slack + core.weight[walk.pick].sum(axis=0)
    mended = mend(core, walk, 100)

    if mended:
        wander(core, walk, 60, 1000)

    assert mended == (walk.slack >= 0).all()
    assert list(capacities - core.weight[walk.pick].sum(axis=0)) == list(walk.slack)
    assert list(core.group[walk.pick]) == list(range(10))
    assert core.profit[walk.pick].sum() == walk.marks[1]


def test_compiled_and_plain_loops_walk_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    script = "from tests.pure.test_choice import trail; print(trail(3))"

    plain = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert plain.stdout.strip() == str(trail(3))
