"""What a worker of each shape is worth in this market: the Lagrangian dual of the covering rows.

For worths u >= 0, every plan costs at least u @ counts - sum over donors of max(0, best pattern's worth - cost): each
donor is judged alone, by patterns of whole workers that really fit (Geoffrion 1974). The bound is concave and, over
many donors, nearly smooth, so it is climbed by BFGS with a weak Wolfe line search, which also converges on kinks (Lewis
and Overton 2013).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from core.allocator.problems.effort import Effort, Integers
from core.allocator.whole.fleet import Floats
from core.allocator.whole.grid import Grid

_ENOUGH: Final = 1e-7
"""A step that promises less than this part of the bound ends the climb."""

_DUST: Final = 1e-12
"""Rounded sums are off by less than this part of what they add up to; every bound gives that much away."""

_STEPS: Final = 120
_PROBES: Final = 14
_FIRST_STEP: Final = 0.1
"""The first step changes no worth by more than this part of it."""


@dataclass(frozen=True, slots=True)
class Market:
    """Donors that are alike to this request as one class: their cell of the grid, their cost, how many there are."""

    cells: Integers
    cost: Floats
    copies: Integers

    def only(self, places: Integers | slice) -> "Market":
        """Some of the classes."""
        return Market(self.cells[places], self.cost[places], self.copies[places])


@dataclass(frozen=True, slots=True)
class Judged:
    """The bound at `worth`: no plan is cheaper. `slope[s]` is how many workers of shape s are still to be covered.

    `gain[k]` is what the best pattern of class k is worth beyond its cost; only the positive ones count.
    """

    worth: Floats
    bound: float
    slope: Floats
    gain: Floats


def judge(grid: Grid, market: Market, counts: Integers, worth: Floats) -> Judged:
    """The bound over all of `market`, and where it rises. Worths below 0 count as 0 but keep their slope."""
    valid = np.maximum(worth, 0.0)
    tables = grid.tables(valid)
    gain = tables[-1][market.cells] - market.cost
    used = np.flatnonzero(gain > 0)
    hosted = market.copies[used] @ grid.best(tables, valid, market.cells[used])
    covered = float(valid @ counts)
    bound = covered - float(gain[used] @ market.copies[used]) - _DUST * covered
    return Judged(valid, bound, (counts - hosted).astype(np.float64), gain)


def climb(grid: Grid, market: Market, counts: Integers, start: Floats, effort: Effort, ceiling: float) -> Judged:
    """The highest bound found from `start` (all above 0), by the deadline or until it is above `ceiling`."""
    scale = start
    at = top = judge(grid, market, counts, start)
    # Worths in parts of the start, so that one step suits dear shapes and cheap ones.
    position = np.ones(len(start))
    slope = at.slope * scale
    inverse = np.eye(len(start)) * (_FIRST_STEP / max(float(np.abs(slope).max()), 1e-300))
    for step in range(_STEPS):
        direction = inverse @ slope
        promised = float(direction @ slope)
        if promised <= _ENOUGH * abs(top.bound) or top.bound > ceiling or effort.over():
            break
        low, high, length = 0.0, np.inf, 1.0
        height = _extended(at, position * scale, counts)
        for _ in range(_PROBES):
            probed = position + length * direction
            new = judge(grid, market, counts, probed * scale)
            if new.bound > top.bound:
                top = new
            if effort.over():
                return top
            rise = float((new.slope * scale) @ direction)
            if _extended(new, probed * scale, counts) < height + 1e-4 * length * promised:
                high = length
            elif rise > 0.9 * promised:
                low = length
            else:
                break
            length = 2 * low if high == np.inf else (low + high) / 2
        else:
            break
        moved, bent = probed - position, slope - new.slope * scale
        curved = float(moved @ bent)
        if curved > 0:
            if step == 0:
                inverse *= curved / float(bent @ bent) / inverse[0, 0]
            turn = np.eye(len(start)) - np.outer(moved, bent) / curved
            inverse = turn @ inverse @ turn.T + np.outer(moved, moved) / curved
        at, position, slope = new, probed, new.slope * scale
    return top


def _extended(judged: Judged, worth: Floats, counts: Integers) -> float:
    """The bound's concave continuation below 0, where a worth takes its slope along."""
    return judged.bound + float(np.minimum(worth, 0.0) @ counts)
