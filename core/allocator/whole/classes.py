"""A request's view of the fleet: donors that are alike to it as one class, and the way back to the donors."""

from dataclasses import dataclass

import numpy as np

from core.allocator.problems.effort import Integers
from core.allocator.whole.duals import Market
from core.allocator.whole.fleet import Floats


@dataclass(frozen=True, slots=True)
class Classes:
    """`order[first[k]:first[k] + market.copies[k]]` are the fleet's places of class k."""

    market: Market
    order: Integers
    first: Integers

    def places(self, taken: Integers) -> Integers:
        """One donor for each entry of `taken`, which names a class once for each of its donors."""
        by_class = np.argsort(taken, kind="stable")
        ordered = taken[by_class]
        rank = np.arange(len(taken)) - np.searchsorted(ordered, ordered)
        places = np.empty_like(taken)
        places[by_class] = self.order[self.first[ordered] + rank]
        return places


def sort_out(cells: Integers, cost: Floats, workers: int) -> Classes:
    """Classes of equal cell and cost, over donors in order of their cost.

    No plan needs more donors than `workers`, so of each cell only so many of the cheapest are kept.
    """
    # Narrow whole numbers sort by radix.
    order = np.argsort(cells.astype(np.min_scalar_type(int(cells.max(initial=0)))), kind="stable")
    cells, cost = cells[order], cost[order]
    changes = np.ones(len(order), dtype=np.bool_)
    changes[1:] = (cells[1:] != cells[:-1]) | (cost[1:] != cost[:-1])
    first = np.flatnonzero(changes)
    copies = np.diff(np.append(first, len(order)))
    cheaper = first - np.searchsorted(cells, cells[first])
    kept = cheaper < workers
    first, copies = first[kept], np.minimum(copies[kept], workers)
    return Classes(Market(cells[first], cost[first], copies), order, first)
