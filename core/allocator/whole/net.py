"""Patterns that a better plan could still be made of, and the classes and patterns of a plan."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from core.allocator.problems.effort import Integers
from core.allocator.whole.duals import Judged, Market
from core.allocator.whole.grid import Grid
from core.allocator.whole.swaps import Swaps, between, without_swapped

MOST_PATTERNS: Final = 4000
"""An integer program over so many patterns is still solved within seconds."""


@dataclass(frozen=True, slots=True)
class Use:
    """Classes, one entry for each donor taken, and its patterns[k, s]."""

    classes: Integers
    patterns: Integers

    def cost(self, market: Market) -> float:
        """What the donors cost together."""
        return float(market.cost[self.classes].sum())

    def trimmed(self, counts: Integers) -> "Use":
        """No more than `counts` workers; donors that are left with none go."""
        patterns = self.patterns.copy()
        for s, surplus in enumerate((patterns.sum(axis=0) - counts).tolist()):
            column = patterns[:, s]
            patterns[:, s] = column - np.clip(surplus - (np.cumsum(column) - column), 0, column)
        busy = patterns.any(axis=1)
        return Use(self.classes[busy], patterns[busy])


@dataclass(frozen=True, slots=True)
class Net:
    """patterns[j, s] of class own[j], and the swaps that make the patterns left out.

    `complete` if together these are all whose reduced cost is small enough.
    """

    own: Integers
    patterns: Integers
    swaps: Swaps
    complete: bool


def cast(grid: Grid, market: Market, judged: Judged, width: float) -> Net:
    """The patterns whose reduced cost is at most `width`; where they are too many, those with the least."""
    # A class whose best pattern loses more is out. One that gains forgoes its gain with any other pattern.
    near = np.flatnonzero(judged.gain >= -width)
    forgone = np.maximum(judged.gain[near], 0.0) + market.cost[near]
    tables = grid.tables(judged.worth)
    own, patterns, complete = grid.near(tables, judged.worth, market.cells[near], forgone - width)
    swaps = between(grid.needs, judged.worth, width)
    kept = without_swapped(own, patterns, swaps)
    if len(kept) > MOST_PATTERNS:
        reduced = forgone[own[kept]] - patterns[kept] @ judged.worth
        kept, complete = kept[np.sort(np.argsort(reduced, kind="stable")[:MOST_PATTERNS])], False
    return Net(near[own[kept]], patterns[kept], swaps, complete)
