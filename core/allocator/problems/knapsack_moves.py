"""A tabu walk over feasible selections of a multidimensional knapsack: add, drop or exchange, the best score first.

An item's score is its profit less a share of what its weights cost at the relaxation's prices (Pirkul 1987), so that
the walk neither hoards room nor wastes it. Tabu search with short random tenures follows Glover and Kochenberger 1996.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.allocator.problems.effort import Integers
from core.allocator.problems.jit import jit

CLOCK: Final = 0
VALUE: Final = 1
BEST: Final = 2
GAINED: Final = 3
TENURE: Final = 4
"""A moved item stays for 4 to 7 moves."""


class Core(NamedTuple):
    """The items that the walk may move, by falling score; `across` is `weight` transposed."""

    profit: Integers  # [items]
    weight: Integers  # [items, rows]
    across: Integers  # [rows, items]
    score: NDArray[np.float64]  # [items]
    scale: NDArray[np.float64]  # [rows], 1 / the row's mean weight


class Walk(NamedTuple):
    """Where a walk is: which core items are inside, the room that is left, and until which move an item is tabu.

    `marks` holds the number of moves so far, the value, the best value, and the move that found it; `chance` the state
    of a multiplicative generator, 1 to 2^31 - 2.
    """

    inside: NDArray[np.bool_]  # [items]
    slack: Integers  # [rows]
    until: Integers  # [items]
    best: NDArray[np.bool_]  # [items]
    marks: Integers  # [4]
    chance: Integers  # [1]


@jit
def draw(chance: Integers, below: int) -> int:
    """A number from 0 to below - 1 (Park and Miller's generator), the same compiled or not."""
    chance[0] = chance[0] * 48271 % 2147483647
    return int(chance[0] % below)


@jit
def tightest(slack: Integers, scale: NDArray[np.float64]) -> tuple[int, int]:
    """The two rows with the least room: what fits there fits nearly everywhere, so they are asked first."""
    first, second = 0, 0
    least, next_least = np.inf, np.inf
    for row in range(len(slack)):
        room = slack[row] * scale[row]
        if room < least:
            second, next_least = first, least
            first, least = row, room
        elif room < next_least:
            second, next_least = row, room
    return first, second


@jit
def fits(weight: Integers, room: Integers) -> bool:
    """Whether an item's weights are within the room of every row."""
    for row in range(len(room)):  # noqa: SIM110, a generator would not compile
        if weight[row] > room[row]:
            return False
    return True


@jit
def move(core: Core, walk: Walk, item: int, sign: int) -> None:
    """Puts an item in (sign 1) or out (sign -1) and makes it tabu."""
    walk.inside[item] = sign > 0
    walk.marks[VALUE] += sign * core.profit[item]
    walk.until[item] = walk.marks[CLOCK] + TENURE + draw(walk.chance, TENURE)
    for row in range(len(walk.slack)):
        walk.slack[row] -= sign * core.weight[item, row]


@jit
def sides(walk: Walk) -> tuple[Integers, Integers]:
    """The items inside and those outside, each by falling score."""
    items = len(walk.inside)
    inside, outside, held = np.empty(items, np.int64), np.empty(items, np.int64), 0
    for item in range(items):
        if walk.inside[item]:
            inside[held] = item
            held += 1
        else:
            outside[item - held] = item
    return inside[:held], outside[: items - held]


@jit
def choose(core: Core, walk: Walk) -> tuple[int, int]:
    """The feasible move of the highest score as (item out, item in), -1 for none.

    A tabu item moves only if that gives a new best value. Both sides are scanned by score, so that a scan ends as soon
    as the rest cannot win.
    """
    now, missing = walk.marks[CLOCK], walk.marks[BEST] - walk.marks[VALUE]
    inside, outside = sides(walk)
    a, b = tightest(walk.slack, core.scale)
    score, need_a, need_b = core.score[outside], core.across[a][outside], core.across[b][outside]
    room = walk.slack.copy()
    top, out, into = -np.inf, -1, -1
    for k in range(len(inside), -1, -1):
        leaving, given_up, lost, free = -1, 0.0, 0, True
        if k < len(inside):
            leaving = inside[k]
            given_up, lost, free = core.score[leaving], core.profit[leaving], walk.until[leaving] <= now
            if -given_up <= top and (len(outside) == 0 or score[0] - given_up <= top):
                break
            if free and -given_up > top:
                top, out, into = -given_up, leaving, -1
            for row in range(len(room)):
                room[row] = walk.slack[row] + core.weight[leaving, row]
        for c in range(len(outside)):
            if score[c] - given_up <= top:
                break
            if (need_a[c] <= room[a]) & (need_b[c] <= room[b]):
                entering = outside[c]
                allowed = free and walk.until[entering] <= now
                if (allowed or core.profit[entering] - lost > missing) and fits(core.weight[entering], room):
                    top, out, into = score[c] - given_up, leaving, entering
                    break
    return out, into


@jit
def wander(core: Core, walk: Walk, moves: int, patience: int) -> bool:
    """At most `moves` moves; True once `patience` of them, over all calls, have gone by without a new best value."""
    marks = walk.marks
    for _ in range(moves):
        if marks[CLOCK] - marks[GAINED] >= patience:
            return True
        out, into = choose(core, walk)
        marks[CLOCK] += 1
        if out >= 0:
            move(core, walk, out, -1)
        if into >= 0:
            move(core, walk, into, 1)
        if marks[VALUE] > marks[BEST]:
            marks[BEST], marks[GAINED] = marks[VALUE], marks[CLOCK]
            walk.best[:] = walk.inside
    return False


@jit
def settle(core: Core, walk: Walk) -> None:
    """Drops items until the rest fits: those first that give up the least score for the excess that they take away."""
    while walk.slack.min() < 0:
        least, worst = np.inf, -1
        for item in range(len(walk.inside)):
            if walk.inside[item]:
                relief = 0.0
                for row in range(len(walk.slack)):
                    if walk.slack[row] < 0:
                        relief += min(core.weight[item, row], -walk.slack[row]) * core.scale[row]
                if relief > 0.0 and core.score[item] / relief < least:
                    least, worst = core.score[item] / relief, item
        move(core, walk, worst, -1)
