"""Workers that come and go: every seating replayed, every promise of the placer, the predictor and the packer."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.allocator.replay import NOBODY, Broken, Step, replay
from benchmarks.allocator.traces import Trace, bound
from core.allocator.online.emptying import Budget
from core.allocator.online.hosts import NOWHERE
from core.allocator.online.lifetimes import EDGES_S, Lifetimes, bins
from core.allocator.online.placer import Move, NoRoom, Placer
from core.allocator.online.policy import Aligned
from core.allocator.online.temporal import pack
from core.allocator.problems.effort import LARGEST, Effort, Integers

HOUR = 3600.0


def table(*rows: tuple[int, ...]) -> Integers:
    """Rows as a table of whole numbers."""
    return np.array(rows, dtype=np.int64)


def market(*capacities: tuple[int, ...], budget: Budget | None = None, **kept: Any) -> Placer:
    """A placer with these hosts."""
    placer = Placer(len(capacities[0]), budget=budget, **kept)
    placer.donor_joins(table(*capacities))
    return placer


def effort(seconds: float = 100.0) -> Effort:
    """An effort whose clock advances by a hundredth at each reading."""
    ticks = itertools.count()
    return Effort(lambda: next(ticks) / 100, seconds)


# Worker lives (arrival, length, needs), donors that leave (time, host), and the hosts.
LIVES = st.lists(
    st.tuples(st.integers(0, 50), st.integers(1, 40), st.tuples(st.integers(0, 6), st.integers(0, 9))),
    min_size=1,
    max_size=25,
)
HOSTS = st.lists(st.tuples(st.integers(6, 12), st.integers(9, 20)), min_size=1, max_size=5)
LEAVING = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 4)), max_size=4)


def moments(lives: list[tuple[int, int, tuple[int, int]]], leaving: list[tuple[int, int]]) -> Iterator[tuple[int, ...]]:
    """(time, kind, number): ends 0, leaving donors 1, arrivals 2."""
    happening = [(began + length, 0, worker) for worker, (began, length, _) in enumerate(lives)]
    happening += [(when, 1, host) for when, host in leaving]
    happening += [(began, 2, worker) for worker, (began, _, _) in enumerate(lives)]
    yield from sorted(happening)


def play(
    placer: Placer, lives: list[tuple[int, int, tuple[int, int]]], leaving: list[tuple[int, int]]
) -> tuple[list[Step], set[int]]:
    """The steps of a whole market, and the workers that found no room when they arrived."""
    steps: list[Step] = []
    refused: set[int] = set()
    gone: set[int] = set()
    happening = list(moments(lives, leaving))
    for (now, kind, number), following in zip(happening, [*happening[1:], (-1, 0, 0)], strict=True):
        if kind == 0 and number not in refused | gone:
            placer.end(now, [number])
        elif kind == 1 and number < len(placer.hosts.here) and placer.hosts.here[number]:
            moves = placer.donor_leaves(now, number)
            steps += [(NOBODY, now, number), *((move.worker, now, move.target) for move in moves)]
            gone |= {move.worker for move in moves if move.target == NOWHERE}
        elif kind == 2:
            try:
                steps.append((number, now, int(placer.arrive(now, [number], table(lives[number][2]))[0])))
            except NoRoom:
                refused.add(number)
        if following[0] != now:
            steps += [(move.worker, now, move.target) for move in placer.rebalance(now)]
    return steps, refused


@settings(max_examples=150, deadline=None)
@given(HOSTS, LIVES, LEAVING)
def test_every_seating_survives_an_independent_replay(
    capacities: list[tuple[int, int]],
    lives: list[tuple[int, int, tuple[int, int]]],
    leaving: list[tuple[int, int]],
) -> None:
    placer = market(*capacities, budget=Budget(per_arrival=0.5, slack=0.0, memory_s=1.0, share=100.0))

    steps, refused = play(placer, lives, leaving)

    kept = [worker for worker in range(len(lives)) if worker not in refused]
    number = {worker: k for k, worker in enumerate(kept)} | {NOBODY: NOBODY}
    workers = [(lives[w][0], lives[w][0] + lives[w][1], lives[w][2]) for w in kept]
    played = replay(
        capacities, [1.0] * len(capacities), workers, [(number[w], t, host) for w, t, host in steps], until_s=50
    )
    assert played.moves == placer.moved <= 0.5 * len(kept)
    assert placer.hosts.load.sum() == 0
    assert (placer.hosts.free == placer.hosts.capacity).all()


@settings(max_examples=30, deadline=None)
@given(HOSTS, LIVES, LEAVING)
def test_equal_markets_are_seated_equally(
    capacities: list[tuple[int, int]],
    lives: list[tuple[int, int, tuple[int, int]]],
    leaving: list[tuple[int, int]],
) -> None:
    def once() -> tuple[list[Step], set[int]]:
        return play(market(*capacities, budget=Budget(per_arrival=1.0)), lives, leaving)

    assert once() == once()


@settings(max_examples=100, deadline=None)
@given(HOSTS, LIVES)
def test_a_worker_is_refused_only_where_no_host_has_room(
    capacities: list[tuple[int, int]], lives: list[tuple[int, int, tuple[int, int]]]
) -> None:
    placer = market(*capacities)

    for worker, (_, _, need) in enumerate(lives):
        before = placer.hosts.free.copy()
        room = (before >= np.array(need)[:, None]).all(axis=0).any()
        try:
            placer.arrive(0.0, [worker], table(need))
        except NoRoom:
            assert not room
            assert (placer.hosts.free == before).all()
        else:
            assert room


def test_a_deployment_is_seated_whole_or_not_at_all() -> None:
    placer = market((4,), (4,))

    with pytest.raises(NoRoom, match="no donor has room"):
        placer.arrive(0.0, [1, 2, 3], table((3,), (3,), (3,)))

    assert placer.hosts.load.tolist() == [0]
    assert placer.arrivals == 0
    assert sorted(placer.arrive(0.0, [1, 2], table((3,), (3,))).tolist()) == [0, 1]


def test_a_worker_goes_to_the_tightest_host_of_those_that_end_no_earlier() -> None:
    placer = market((8,), (8,), (8,))
    ends = np.array([9 * HOUR, 9 * HOUR, 1 * HOUR])
    placer.arrive(0.0, [1, 2, 3], table((5,), (6,), (7,)), ends_s=ends)

    long = placer.arrive(0.0, [4], table((1,)), ends_s=np.array([8 * HOUR]))
    short = placer.arrive(0.0, [5], table((1,)), ends_s=np.array([1 * HOUR]))

    # The tightest host of all ends first: it is for the worker that ends with it.
    assert placer.hosts.free[0, long[0]] == 1
    assert placer.hosts.free[0, short[0]] == 0


def test_where_ends_are_known_a_worker_that_ends_at_another_time_gets_a_host_of_its_own() -> None:
    placer = market((8,), (8,), choose=Aligned(early=1.0, limit=0.25))
    first = placer.arrive(0.0, [1], table((1,)), ends_s=np.array([8 * HOUR]))

    alike = placer.arrive(0.0, [2], table((1,)), ends_s=np.array([8.5 * HOUR]))
    other = placer.arrive(0.0, [3], table((1,)), ends_s=np.array([1 * HOUR]))

    assert alike.tolist() == first.tolist()
    assert other.tolist() != first.tolist()


def test_the_closed_donor_that_is_opened_has_room_and_costs_least_for_what_it_has() -> None:
    placer = Placer(2)
    placer.donor_joins(table((9, 9), (2, 9), (4, 4), (4, 9)), np.array([4.0, 0.1, 2.0, 2.0]))

    hosts = placer.arrive(0.0, [1], table((3, 3)))

    assert hosts.tolist() == [3]


@pytest.mark.parametrize(("per_arrival", "moved"), [(0.3, 0), (0.34, 1)])
def test_a_host_is_emptied_onto_another_once_arrivals_have_earned_the_moves(per_arrival: float, moved: int) -> None:
    placer = market((4,), (4,), budget=Budget(per_arrival, slack=0.0, memory_s=1.0, share=100.0))
    placer.arrive(0.0, [1, 2], table((3,), (3,)))
    shared = int(placer.arrive(0.0, [3], table((1,)))[0])
    placer.end(1_000.0, [1 if shared == 0 else 2])

    moves = placer.rebalance(2_000.0)

    assert moves == (Move(3, shared, 1 - shared),)[:moved]
    assert placer.hosts.opened().sum() == 2 - moved


def test_the_load_of_a_moment_ago_keeps_hosts_open() -> None:
    def after(seconds: float) -> tuple[Move, ...]:
        placer = market((4,), (4,), budget=Budget(per_arrival=1.0, slack=0.0, memory_s=HOUR, share=100.0))
        placer.arrive(0.0, [1, 2, 3], table((3,), (3,), (1,)))
        placer.end(1.0, [1])
        return placer.rebalance(1.0 + seconds)

    assert after(0.0) == ()
    assert len(after(10 * HOUR)) == 1


def test_workers_of_a_leaving_donor_are_seated_again_outside_the_budget() -> None:
    placer = market((4,), (4,))
    first = int(placer.arrive(0.0, [1, 2], table((3,), (1,)))[0])

    moves = placer.donor_leaves(5.0, first)

    assert moves == (Move(1, first, 1 - first), Move(2, first, 1 - first))
    assert placer.moved == 0
    placer.end(6.0, [1, 2])


def test_a_worker_without_any_host_left_is_dropped_and_said_to_be() -> None:
    placer = market((4,), (2,))
    placer.arrive(0.0, [1], table((3,)))

    moves = placer.donor_leaves(5.0, 0)

    assert moves == (Move(1, 0, NOWHERE),)
    with pytest.raises(ValueError, match="only workers that run"):
        placer.end(6.0, [1])


def test_the_number_of_a_donor_that_left_is_used_again_with_its_new_capacity() -> None:
    placer = market((4,), (4,))
    placer.donor_leaves(0.0, 0)

    numbers = placer.donor_joins(table((9,), (7,)))

    assert numbers.tolist() == [0, 2]
    assert placer.hosts.capacity.tolist() == [[9, 4, 7]]


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda p: p.arrive(0.0, [1], table((-1, 1))), "from 0 to"),
        (lambda p: p.arrive(0.0, [1], table((LARGEST + 1, 1))), "from 0 to"),
        (lambda p: p.arrive(0.0, [1], np.array([[1.0, float("nan")]])), "whole numbers"),
        (lambda p: p.arrive(0.0, [1], table((1,))), "rows of 2 numbers"),
        (lambda p: p.arrive(0.0, [], np.zeros((0, 2), dtype=np.int64)), "rows of 2 numbers"),
        (lambda p: p.arrive(0.0, [1, 1], table((1, 1), (1, 1))), "a number of its own"),
        (lambda p: p.arrive(0.0, [7], table((1, 1))), "cannot arrive"),
        (lambda p: p.arrive(0.0, [1], table((1, 1)), ends_s=np.array([float("inf")])), "finite"),
        (lambda p: p.arrive(0.0, [1], table((1, 1)), traits=[("a", "b")]), "1 traits"),
        (lambda p: p.arrive(0.0, [1], table((1, 1)), traits=[]), "one row a worker"),
        (lambda p: p.arrive(-1.0, [1], table((1, 1))), "never goes back"),
        (lambda p: p.rebalance(float("nan")), "never goes back"),
        (lambda p: p.end(0.0, [8]), "only workers that run"),
        (lambda p: p.end(0.0, [7, 7]), "only once"),
        (lambda p: p.donor_leaves(0.0, 5), "no host 5"),
        (lambda p: p.donor_leaves(0.0, -1), "no host -1"),
        (lambda p: p.donor_joins(table((1, 1)), np.array([-1.0])), "not negative"),
        (lambda p: p.donor_joins(table((1, 1)), np.array([1.0, 2.0])), "one number a host"),
        (lambda _: Budget(slack=-0.1), "no negative parts"),
        (lambda _: Lifetimes(0, 0.5), "needs a level"),
        (lambda _: Lifetimes(1, 1.0), "needs a level"),
        (lambda _: Lifetimes(2, 0.5).rows(("a",)), "2 traits"),
        (lambda _: Placer(0), "at least one resource"),
        (lambda _: Placer(1, refresh_s=0.0), "some time between"),
        (lambda p: p.donor_joins(table(*[(LARGEST, 1)] * 3000)), "the hosts together"),
    ],
)
def test_input_that_makes_no_sense_is_refused_with_a_sentence(act: Callable[[Placer], object], sentence: str) -> None:
    placer = market((4, 4), (4, 4))
    placer.arrive(0.0, [7], table((1, 1)))

    with pytest.raises(ValueError, match=sentence):
        act(placer)

    assert placer.hosts.load.tolist() == [1, 1]


def rows_of(lifetimes: Lifetimes, trait: str, count: int) -> Integers:
    """The tables of `count` workers of one trait."""
    return np.array([lifetimes.rows((trait,))] * count)


def learn(lifetimes: Lifetimes, trait: str, lives_s: list[float]) -> None:
    """Tells of workers that lived so long."""
    lives = np.array(lives_s)
    lifetimes.ended(rows_of(lifetimes, trait, len(lives)), np.zeros(len(lives), dtype=np.int64), lives)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(1.0, 1e6), min_size=40, max_size=80), st.floats(0.1, 0.9))
def test_a_prediction_is_in_the_bin_of_the_quantile_of_what_was_seen(lives_s: list[float], quantile: float) -> None:
    lifetimes = Lifetimes(1, quantile, strength=1e-9)
    learn(lifetimes, "a", lives_s)

    said = lifetimes.life_s(rows_of(lifetimes, "a", 1), np.zeros(1))

    expected = bins(np.quantile(np.array(lives_s), [quantile], method="inverted_cdf"))[0]
    assert EDGES_S[expected] - 1e-6 <= said[0] <= EDGES_S[expected + 1] + 1e-6


def test_lives_that_have_not_ended_raise_what_is_predicted() -> None:
    lifetimes = Lifetimes(1, 0.75)
    learn(lifetimes, "a", [HOUR] * 50)
    before = lifetimes.life_s(rows_of(lifetimes, "a", 1), np.zeros(1))[0]

    running = rows_of(lifetimes, "a", 100)
    lifetimes.outlived(running, np.zeros(100, dtype=np.int64), bins(np.full(100, 48 * HOUR)))

    assert lifetimes.life_s(rows_of(lifetimes, "a", 1), np.zeros(1))[0] > 2 * before


def test_a_worker_that_outlived_its_kind_is_predicted_from_its_age() -> None:
    lifetimes = Lifetimes(1, 0.5)
    learn(lifetimes, "a", [600.0] * 100 + [40 * HOUR] * 20)

    ages_s = np.array([0.0, HOUR, 50 * HOUR, 1e9])
    said = lifetimes.life_s(rows_of(lifetimes, "a", 4), ages_s)

    assert said[0] < HOUR
    assert said[1] > 20 * HOUR
    assert (said >= ages_s).all()


def test_a_trait_seen_often_is_believed_and_a_new_one_leans_on_the_general() -> None:
    lifetimes = Lifetimes(2, 0.5)
    for trait, life_s in (("short", 120.0), ("long", 90 * HOUR)):
        tables = np.array([lifetimes.rows(("all", trait))] * 60)
        lifetimes.ended(tables, np.zeros(60, dtype=np.int64), np.full(60, life_s))

    def said(trait: str) -> float:
        return float(lifetimes.life_s(lifetimes.rows(("all", trait))[None], np.zeros(1))[0])

    assert said("short") < 300
    assert said("long") > 60 * HOUR
    assert said("short") < said("new") <= said("long")


def test_the_table_unused_for_the_longest_is_forgotten_first() -> None:
    lifetimes = Lifetimes(1, 0.5, most_tables=2)
    learn(lifetimes, "kept", [60 * HOUR] * 50)
    learn(lifetimes, "forgotten", [60 * HOUR] * 50)
    lifetimes.rows(("kept",))
    learn(lifetimes, "new", [120.0] * 50)

    def said(trait: str) -> float:
        return float(lifetimes.life_s(rows_of(lifetimes, trait, 1), np.zeros(1))[0])

    assert said("kept") > 40 * HOUR
    assert said("new") < 300
    assert said("forgotten") < 40 * HOUR


ITEMS = st.lists(st.tuples(st.integers(0, 8), st.integers(1, 6), st.integers(0, 10)), min_size=1, max_size=7)


def fewest(items: list[tuple[int, int, int]], capacity: int) -> int:
    """By trying all: the fewest bins for (start, length, size)."""

    def fits(bin_of: tuple[int, ...]) -> bool:
        return all(
            sum(
                size
                for (start, length, size), k in zip(items, bin_of, strict=True)
                if k == b and start <= t < start + length
            )
            <= capacity
            for b in set(bin_of)
            for t in range(14)
        )

    def growing(bin_of: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if len(bin_of) == len(items):
            yield bin_of
            return
        for k in range(max(bin_of, default=-1) + 2):
            yield from growing((*bin_of, k))

    return min(max(bin_of) + 1 for bin_of in growing(()) if fits(bin_of))


@settings(max_examples=60, deadline=None)
@given(ITEMS)
def test_temporal_bins_are_feasible_and_lie_between_the_bound_and_the_fewest(items: list[tuple[int, int, int]]) -> None:
    starts, lengths, sizes = table(*items).T

    answer = pack(starts, starts + lengths, sizes, 10, effort())

    best = fewest(items, 10)
    assert answer.bound <= best <= answer.value <= best + 1
    assert answer.value == len(set(answer.picks.tolist()))
    for t in range(14):
        load = np.bincount(answer.picks, weights=np.where((starts <= t) & (t < starts + lengths), sizes, 0))
        assert load.max() <= 10


@pytest.mark.parametrize(("seconds", "bins_used"), [(0.0, 6), (0.03, 5), (100.0, 2)])
def test_a_deadline_gives_the_items_that_are_left_a_bin_each_and_says_so(seconds: float, bins_used: int) -> None:
    starts, sizes = np.zeros(6, dtype=np.int64), np.array([4, 4, 4, 6, 3, 3])

    answer = pack(starts, starts + 1, sizes, 12, effort(seconds))

    assert answer.value == bins_used
    assert answer.cut_short == (bins_used > 2)


@pytest.mark.parametrize(
    ("starts", "ends", "sizes", "capacity", "sentence"),
    [
        ([0], [0], [1], 5, "end after it starts"),
        ([0], [1], [6], 5, "fit a bin"),
        ([0], [1], [-1], 5, "from 0 to"),
        ([0], [1], [1.5], 5, "whole numbers"),
        ([0, 1], [1], [1], 5, "a start, an end"),
        ([], [], [], 5, "rows of 3"),
        ([0] * 9000, [1] * 9000, [1] * 9000, 5, "at most 8192"),
        ([0], [1], [1], 0, "capacity must be"),
    ],
)
def test_items_that_make_no_sense_are_refused(
    starts: list[int], ends: list[int], sizes: list[int], capacity: int, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        pack(np.array(starts), np.array(ends), np.array(sizes), capacity, effort())


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ([(0, 0, 0), (1, 0, 0)], "overfull"),
        ([(0, 0, 0)], "nowhere when it ended"),
        ([(0, 0, 0), (1, 1, 1)], "arrived at 0"),
        ([(0, 0, 0), (1, 0, 1), (0, 9, 1)], "outside its life"),
        ([(0, 1, 0), (1, 0, 1)], "but arrived at"),
        ([(0, 0, 0), (1, 0, 1), (0, 2, 0), (1, 1, 1)], "back in time"),
        ([(0, 0, 0), (1, 0, 1), (NOBODY, 2, 0)], "nowhere when it ended"),
        ([(0, 0, 0), (1, 0, 1), (0, 2, NOWHERE)], "host did not leave"),
    ],
)
def test_the_replay_refuses_what_breaks_a_rule(steps: list[Step], sentence: str) -> None:
    with pytest.raises(Broken, match=sentence):
        replay([[5], [5]], [1.0, 1.0], [(0, 9, [3]), (0, 5, [4])], steps, until_s=4)


def test_the_replay_adds_up_open_hosts_and_counts_moves_apart_from_forced_ones() -> None:
    workers: list[tuple[float, float, list[int]]] = [(0, 10, [3]), (0, 6, [2])]
    steps = [(0, 0, 0), (1, 0, 1), (1, 2, 0), (NOBODY, 4, 0), (0, 4, 1), (1, 4, 1)]

    played = replay([[5], [5]], [1.0, 2.0], workers, steps, until_s=5)

    # Host 0 until 4, host 1 at twice the cost until 2 and from 4 to 10.
    assert (played.seconds, played.seconds_until) == (4 + 2 * (2 + 6), 4 + 2 * (2 + 1))
    assert (played.peak, played.moves, played.forced, played.dropped) == (2, 1, 2, 0)


@settings(max_examples=60, deadline=None)
@given(HOSTS, LIVES)
def test_no_seating_costs_less_than_the_bound(
    capacities: list[tuple[int, int]], lives: list[tuple[int, int, tuple[int, int]]]
) -> None:
    placer = market(*capacities, budget=Budget(per_arrival=1.0, slack=0.0, memory_s=1.0, share=100.0))
    steps, refused = play(placer, lives, [])
    kept = [worker for worker in range(len(lives)) if worker not in refused]
    if not kept:
        return
    needs = table(*(lives[worker][2] for worker in kept))
    began, length = table(*(lives[worker][:2] for worker in kept)).T
    costs = np.array([float(sum(capacity)) for capacity in capacities])
    trace = Trace("t", needs, began, began + length, began, [], table(*capacities), costs)

    least = bound(trace)

    number = {worker: k for k, worker in enumerate(kept)}
    workers = list(zip(began.tolist(), (began + length).tolist(), needs.tolist(), strict=True))
    seats = [(number[worker], when, host) for worker, when, host in steps]
    played = replay(capacities, costs.tolist(), workers, seats, trace.span_s())
    assert least.seconds <= played.seconds + 1e-9
    assert least.seconds_until <= played.seconds_until + 1e-9
    assert least.peak <= max(1, played.peak)
