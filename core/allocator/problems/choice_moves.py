"""A tabu walk over feasible choices of one item a group: the best exchange in one group or in two at once.

Scores, tenures and tabu rules are those of `knapsack_moves`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.allocator.problems.effort import Integers
from core.allocator.problems.jit import jit
from core.allocator.problems.knapsack_moves import BEST, CLOCK, GAINED, TENURE, VALUE, draw, tightest


class Core(NamedTuple):
    """The items that the walk may choose, group by group; `across` is `weight` transposed."""

    profit: Integers  # [items]
    weight: Integers  # [items, rows]
    across: Integers  # [rows, items]
    score: NDArray[np.float64]  # [items]
    scale: NDArray[np.float64]  # [rows], 1 / the row's mean weight
    group: Integers  # [items]


class Walk(NamedTuple):
    """Where a walk is: each group's item, the room that is left, and until which move an item is tabu.

    `marks` and `chance` are those of `knapsack_moves.Walk`.
    """

    pick: Integers  # [groups]
    slack: Integers  # [rows]
    until: Integers  # [items]
    best: Integers  # [groups]
    marks: Integers  # [4]
    chance: Integers  # [1]


@jit
def move(core: Core, walk: Walk, item: int) -> None:
    """Chooses an item; the one that leaves is tabu for a while."""
    group = core.group[item]
    left = walk.pick[group]
    walk.pick[group] = item
    walk.marks[VALUE] += core.profit[item] - core.profit[left]
    walk.until[left] = walk.marks[CLOCK] + TENURE + draw(walk.chance, TENURE)
    for row in range(len(walk.slack)):
        walk.slack[row] += core.weight[left, row] - core.weight[item, row]


@jit
def exceeds(core: Core, left: int, item: int, room: Integers) -> bool:
    """Whether an item in place of another needs more than the room of some row."""
    for row in range(len(room)):  # noqa: SIM110, a generator would not compile
        if core.weight[item, row] - core.weight[left, row] > room[row]:
            return True
    return False


@jit
def single(core: Core, walk: Walk) -> tuple[int, float, float]:
    """The feasible exchange in one group that gains most score (-1 for none), its gain, and the most of any."""
    first, _ = tightest(walk.slack, core.scale)
    into, top, most = -1, -np.inf, -np.inf
    for item in range(len(core.group)):
        left = walk.pick[core.group[item]]
        if left == item or walk.until[item] > walk.marks[CLOCK]:
            continue
        gain = core.score[item] - core.score[left]
        most = max(most, gain)
        if gain > top and core.across[first, item] - core.across[first, left] <= walk.slack[first]:  # noqa: SIM102
            if not exceeds(core, left, item, walk.slack):
                into, top = item, gain
    return into, top, most


@jit
def choose(core: Core, walk: Walk) -> tuple[int, int]:
    """The feasible exchange in one group or two that gains most score, as items to choose, -1 for none."""
    one, top, most = single(core, walk)
    two = -1
    items = len(core.group)
    first, second = tightest(walk.slack, core.scale)
    able, gain = np.empty(items, np.int64), np.empty(items, np.float64)
    need, also = np.empty(items, np.int64), np.empty(items, np.int64)
    count = 0
    for item in range(items):
        left = walk.pick[core.group[item]]
        better = core.score[item] - core.score[left]
        if left != item and walk.until[item] <= walk.marks[CLOCK] and better + most > top:
            able[count], gain[count] = item, better
            need[count] = core.across[first, item] - core.across[first, left]
            also[count] = core.across[second, item] - core.across[second, left]
            count += 1
    room = walk.slack.copy()
    for a in range(count):
        if gain[a] + most <= top:
            continue
        item = able[a]
        left = walk.pick[core.group[item]]
        for row in range(len(room)):
            room[row] = walk.slack[row] - core.weight[item, row] + core.weight[left, row]
        for b in range(a):
            if (gain[a] + gain[b] > top) & (need[b] <= room[first]) & (also[b] <= room[second]):
                other = able[b]
                kept = walk.pick[core.group[other]]
                if core.group[other] != core.group[item] and not exceeds(core, kept, other, room):
                    one, two, top = item, other, gain[a] + gain[b]
    return one, two


@jit
def wander(core: Core, walk: Walk, moves: int, patience: int) -> bool:
    """At most `moves` moves; True once `patience` of them, over all calls, have gone by without a new best value."""
    marks = walk.marks
    for _ in range(moves):
        if marks[CLOCK] - marks[GAINED] >= patience:
            return True
        one, two = choose(core, walk)
        marks[CLOCK] += 1
        if one >= 0:
            move(core, walk, one)
        if two >= 0:
            move(core, walk, two)
        if marks[VALUE] > marks[BEST]:
            marks[BEST], marks[GAINED] = marks[VALUE], marks[CLOCK]
            walk.best[:] = walk.pick
    return False


@jit
def mend(core: Core, walk: Walk, moves: int) -> bool:
    """At most `moves` exchanges, each the one that leaves the least excess over all rows; True once all fits."""
    for _ in range(moves):
        if walk.slack.min() >= 0:
            return True
        walk.marks[CLOCK] += 1
        into, least, top = -1, np.inf, -np.inf
        for item in range(len(core.group)):
            left = walk.pick[core.group[item]]
            if left == item or walk.until[item] >= walk.marks[CLOCK]:
                continue
            excess, gain = 0.0, core.score[item] - core.score[left]
            for row in range(len(walk.slack)):
                over = core.weight[item, row] - core.weight[left, row] - walk.slack[row]
                if over > 0:
                    excess += over * core.scale[row]
                    if excess > least:
                        break
            if excess < least or (excess == least and gain > top):
                into, least, top = item, excess, gain
        if into >= 0:
            move(core, walk, into)
    return bool(walk.slack.min() >= 0)
