"""From rough worths to settled ones: the climb reads few classes, the bound all of them."""

from typing import Final

import numpy as np

from core.allocator.problems.effort import Effort, Integers
from core.allocator.whole.duals import Judged, Market, climb, judge
from core.allocator.whole.fleet import Floats
from core.allocator.whole.grid import Grid

_SAMPLE: Final = 2**14
_WORKING: Final = 2**14
"""The climb reads so many of the most promising classes."""

_ROUNDS: Final = 6
_SETTLED: Final = 1e-7


def _starting(grid: Grid, market: Market, counts: Integers) -> Floats:
    """About what a worker of each shape would cost if there were no other shapes; all above 0."""
    stride = len(market.cells) // _SAMPLE + 1
    some = market.only(slice(None, None, stride))
    room = grid.room(some.cells)
    worth = np.array([_alone(room[:, s], some, int(counts[s]) // stride) for s in range(len(counts))])
    # What the sample has no donor for is dear; donors that cost nothing give no scale at all.
    known = worth[np.isfinite(worth)]
    dearest = float(known.max(initial=0.0)) or float(market.cost.max(initial=0.0)) or 1.0
    return np.maximum(np.where(np.isfinite(worth), worth, dearest), 1e-6 * dearest)


def settle(grid: Grid, market: Market, counts: Integers, effort: Effort) -> Judged:
    """The highest bound found, over all of `market`, with its worths and the gain of every class at them."""
    start = _starting(grid, market, counts)
    ceiling = float(market.cost @ market.copies) * (1 + _SETTLED)
    working = np.zeros(len(market.cells), dtype=np.bool_)
    working[_promising(grid.tables(start)[-1][market.cells], market.cost)] = True
    found: list[Judged] = []
    for _ in range(_ROUNDS):
        climbed = climb(grid, market.only(np.flatnonzero(working)), counts, start, effort, ceiling)
        found.append(climbed if working.all() else judge(grid, market, counts, climbed.worth))
        if found[-1].bound > climbed.bound - _SETTLED * abs(climbed.bound) or effort.over():
            break
        working |= found[-1].gain > 0
        start = np.maximum(climbed.worth, 1e-9 * float(climbed.worth.max()))
    return max(found, key=lambda judged: judged.bound)


def _alone(room: Integers, market: Market, count: int) -> float:
    """What the last of `count` workers costs, by the donors that are cheapest for each of theirs; NaN if none fits."""
    fits = np.flatnonzero(room)
    if not len(fits):
        return float("nan")
    each, seats = market.cost[fits] / room[fits], room[fits] * market.copies[fits]
    order = np.argsort(each, kind="stable")
    last = int(np.searchsorted(np.cumsum(seats[order]), count))
    return float(each[order[min(last, len(order) - 1)]])


def _promising(value: Floats, cost: Floats) -> Integers:
    """The classes whose best pattern is worth most for their cost."""
    if len(cost) <= _WORKING:
        return np.arange(len(cost))
    price = np.divide(cost, value, out=np.full_like(cost, np.inf), where=value > 0)
    return np.argpartition(price, _WORKING)[:_WORKING]
