"""Column generation for identical bins: patterns are priced until their linear program bounds the number of bins.

Gilmore and Gomory's covering program (1961), whose bound is within a bin or two of the optimum; then dives that fix
patterns and price again for what is left (Sadykov et al., Primal Heuristics for Branch-and-Price, 2019).
"""

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.allocator.problems.bins_pricing import Floats, contents_by_root, multipliers, surrogates
from core.allocator.problems.effort import Effort, Integers
from core.allocator.problems.jit import COMPILED
from core.allocator.problems.master import Master, Prices

TINY: Final = 1e-7
"""A pattern must be worth this much more than a bin to enter; the bound allows for it."""
BATCH: Final = 8 if COMPILED else 1
"""Roots priced between two looks at the clock."""
NODES: Final = 200
PROOF_NODES: Final = 20_000
"""Nodes of the search per root: to find patterns, and to prove that there is none."""
NEW_COLUMNS: Final = 200
"""At most so many patterns enter at a time, the best first."""
AT_ONCE: Final = 0.02
"""The part of the bins left that a step of a dive fixes, where they are used by more than a half."""


class ColumnSearch:
    """Patterns of items[n, d] >= 0 for bins of one capacity[d], each item fitting an empty bin."""

    def __init__(self, items: Integers, capacity: Integers, patterns: Iterable[Integers]) -> None:
        """Starts from `patterns`, items that fit one bin, which must hold every item."""
        self.bound = 0.0
        self._items, self._capacity = items, capacity
        self._shares = items / np.maximum(capacity, 1)
        self._weights = np.full(len(capacity), 1.0 / len(capacity))
        self._deepest = most_in_a_bin(items, capacity)
        self._known: set[bytes] = set()
        self._patterns: list[Integers] = []
        self._costs: list[float] = []
        self._master = Master(len(items))
        self._add(self._unknown(patterns, None), 1.0)

    def converge(self, effort: Effort) -> bool:
        """Prices until no pattern improves the program; False if the deadline or a limit came first.

        `bound` is then the program's value, and before that what the dual prices prove (Farley, 1990).
        """
        while not effort.over() and (prices := self._master.solve(effort.left())) is not None:
            fresh, _ = self._price(prices.duals, effort, exact=False)
            if not fresh:
                fresh, proven = self._price(prices.duals, effort, exact=True)
                if proven and not fresh:
                    self.bound = max(self.bound, float(prices.duals.sum()) / (1.0 + 2 * TINY))
                    return True
                if not fresh:
                    return False
            self._add(fresh, 1.0)
        return False

    def dive(self, below: int, effort: Effort, chance: np.random.Generator | None) -> list[Integers]:
        """Disjoint patterns on the way to fewer than `below` bins, all the way if it went well.

        Fixes the most used patterns, step by step; `chance` shakes which they are.
        """
        waiting = np.ones(len(self._items), dtype=np.bool_)
        chosen: list[Integers] = []
        start = len(self._patterns)
        while waiting.any() and (prices := self._settle(waiting, effort)) is not None:
            if len(chosen) + math.ceil(prices.cost - 1e-6) >= below:
                break
            fixed = self._most_used(prices, waiting, chance)
            chosen += fixed
            # Free copies of what is fixed: the program need not cover those items again, and prices them at 0.
            self._add(fixed, 0.0)
        free = np.array([p for p in range(start, len(self._costs)) if self._costs[p] == 0.0], dtype=np.int32)
        self._master.close(free)
        return chosen

    def _settle(self, waiting: NDArray[np.bool_], effort: Effort) -> Prices | None:
        """Two rounds of pricing for the items still waiting; None if the deadline came first."""
        for _ in range(2):
            prices = self._master.solve(effort.left())
            if prices is None or effort.over():
                return None
            fresh, _ = self._price(np.where(waiting, prices.duals, 0.0), effort, exact=False)
            if not fresh:
                return prices
            self._add(fresh, 1.0)
        return self._master.solve(effort.left())

    def _most_used(
        self, prices: Prices, waiting: NDArray[np.bool_], chance: np.random.Generator | None
    ) -> list[Integers]:
        """The patterns to fix next, cut down to the items still waiting, which they cover from now on."""
        used = np.where(np.array(self._costs) > 0.0, prices.used, 0.0)
        wish = (
            used if chance is None else np.where(used < 0.99, used * np.exp(chance.normal(0.0, 0.1, len(used))), used)
        )
        quota = max(1.0, AT_ONCE * prices.cost)
        fixed: list[Integers] = []
        for p in np.argsort(-wish, kind="stable"):
            if fixed and (used[p] < 0.5 or (used[p] < 0.99 and len(fixed) >= quota)):
                break
            left = self._patterns[p][waiting[self._patterns[p]]]
            if len(left) == len(self._patterns[p]) or (len(left) and not fixed):
                waiting[left] = False
                fixed.append(left)
        return fixed

    def _price(self, duals: Floats, effort: Effort, exact: bool) -> tuple[list[Integers], bool]:
        """New patterns worth more than a bin at these duals, and whether it is proven that there are no others."""
        self._weights, most = multipliers(self._shares, duals, self._weights, 40)
        self.bound = max(self.bound, float(duals.sum()) / max(1.0, most) / (1.0 + TINY))
        sizes = surrogates(self._shares, self._weights)
        active = np.flatnonzero(duals > 1e-12)
        active = active[np.argsort(-duals[active] / sizes[active], kind="stable")]
        items, gains, sizes = self._items[active], duals[active], sizes[active]
        batch = 1 if exact else BATCH
        found = np.empty((batch, self._deepest), dtype=np.int64)
        lengths, worth = np.empty(batch, dtype=np.int64), np.empty(batch)
        offers: list[tuple[float, Integers]] = []
        nodes = PROOF_NODES if exact else NODES
        proven = exact
        for first in range(0, len(active), batch):
            if effort.over() or (exact and offers):
                proven = False
                break
            roots = np.arange(first, min(first + batch, len(active)))
            proven &= contents_by_root(
                items, self._capacity, gains, sizes, roots, 1.0 + TINY, nodes, exact, found, lengths, worth
            )
            offers += [(worth[r], active[found[r, : lengths[r]]]) for r in range(len(roots)) if lengths[r]]
        offers.sort(key=lambda offer: -offer[0])
        return self._unknown(pattern for _, pattern in offers), proven

    def _unknown(self, patterns: Iterable[Integers], limit: int | None = NEW_COLUMNS) -> list[Integers]:
        """The first `limit` (None: all) of those patterns, sorted by item, that were not seen before."""
        fresh: list[Integers] = []
        for pattern in map(np.sort, patterns):
            if pattern.tobytes() not in self._known:
                self._known.add(pattern.tobytes())
                fresh.append(pattern)
                if len(fresh) == limit:
                    break
        return fresh

    def _add(self, patterns: list[Integers], cost: float) -> None:
        self._master.add(patterns, cost)
        self._patterns += patterns
        self._costs += [cost] * len(patterns)


def contents_of(place: Integers) -> list[Integers]:
    """The items of each bin."""
    order = np.argsort(place, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(place[order])) + 1)


def most_in_a_bin(items: Integers, capacity: Integers) -> int:
    """No bin holds more items: in some dimension even the smallest would not fit."""
    heaped = np.cumsum(np.sort(items, axis=0), axis=0)
    return max(1, min(int((heaped[:, k] <= capacity[k]).sum()) for k in range(len(capacity))))
