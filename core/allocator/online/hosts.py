"""The hosts of a market as columns: what each has, what is free, and until when it is expected to be busy."""

import heapq
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.allocator.problems.effort import LARGEST, Integers

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

NOWHERE: Final = -1
"""The host of a worker that has none."""


class Hosts:
    """capacity[d, n], free[d, n], busy[n] workers, exit_s[n] the expected end of the last of them, cost[n], here[n].

    A dimension is a row, so that a scan of all hosts reads memory in order. `load` and `opened_capacity` are the sums
    over the open hosts, kept as workers come and go.
    """

    def __init__(self, dimensions: int) -> None:
        self.capacity: Integers = np.zeros((dimensions, 0), dtype=np.int64)
        self.free = self.capacity.copy()
        self.busy: Integers = np.zeros(0, dtype=np.int64)
        self.exit_s: Floats = np.zeros(0)
        self.cost: Floats = np.zeros(0)
        self.here: Mask = np.zeros(0, dtype=bool)
        self.load: Integers = np.zeros(dimensions, dtype=np.int64)
        self.opened_capacity: Integers = np.zeros(dimensions, dtype=np.int64)
        self._gone: list[int] = []

    def join(self, capacity: Integers, cost: Floats) -> Integers:
        """The numbers of new hosts with capacity[k, d] and cost[k]; those of hosts that left are used again first."""
        count = len(cost)
        again = [heapq.heappop(self._gone) for _ in range(min(count, len(self._gone)))]
        grown = count - len(again)
        numbers = np.array([*again, *range(len(self.busy), len(self.busy) + grown)], dtype=np.int64)
        if grown:
            self._grow(grown)
        self.capacity[:, numbers] = self.free[:, numbers] = capacity.T
        self.cost[numbers], self.here[numbers], self.exit_s[numbers] = cost, True, 0.0
        return numbers

    def leave(self, host: int) -> None:
        """Takes an empty host out of the market. Raises RuntimeError where workers are on it."""
        if self.busy[host]:
            raise RuntimeError(f"host {host} still has {self.busy[host]} workers")
        self.here[host] = False
        self.capacity[:, host] = self.free[:, host] = 0
        heapq.heappush(self._gone, host)

    def opened(self) -> Mask:
        """The hosts with workers on them."""
        return self.busy > 0

    def able(self, need: Integers) -> Mask:
        """The hosts in the market with room for need[d]."""
        mask = self.here.copy()
        for free, asked in zip(self.free, need, strict=True):
            mask &= free >= asked
        return mask

    def scarcity(self) -> Floats:
        """How much a dimension matters when leftovers are compared: its part of the load, all together 1."""
        used = self.load / np.maximum(self.opened_capacity, 1)
        total = used.sum()
        return used / total if total else np.full(len(used), 1 / len(used))

    def seat(self, host: int, need: Integers, until_s: float) -> None:
        """Puts a worker on a host. Raises RuntimeError, and changes nothing, where it does not fit."""
        left = self.free[:, host] - need
        if not self.here[host] or (left < 0).any():
            raise RuntimeError(f"host {host} has no room for {need.tolist()}")
        if not self.busy[host]:
            self.opened_capacity += self.capacity[:, host]
            self.exit_s[host] = until_s
        self.free[:, host] = left
        self.load += need
        self.busy[host] += 1
        self.exit_s[host] = max(self.exit_s[host], until_s)

    def unseat(self, host: int, need: Integers) -> None:
        """Takes a worker off a host. Raises RuntimeError where the host would have more free than it has."""
        left = self.free[:, host] + need
        if not self.busy[host] or (left > self.capacity[:, host]).any():
            raise RuntimeError(f"host {host} has no worker of {need.tolist()}")
        self.free[:, host] = left
        self.load -= need
        self.busy[host] -= 1
        if not self.busy[host]:
            self.opened_capacity -= self.capacity[:, host]

    def _grow(self, count: int) -> None:
        self.capacity, self.free = (np.pad(table, ((0, 0), (0, count))) for table in (self.capacity, self.free))
        self.busy, self.exit_s = np.pad(self.busy, (0, count)), np.pad(self.exit_s, (0, count))
        self.cost, self.here = np.pad(self.cost, (0, count)), np.pad(self.here, (0, count))


def whole(figures: object, columns: int, what: str) -> Integers:
    """`figures` as a table[k, columns] of whole numbers from 0 to LARGEST. Raises ValueError with a sentence."""
    table = np.asarray(figures)
    if table.ndim != 2 or table.shape[1] != columns or not len(table):
        raise ValueError(f"{what} must be a table with rows of {columns} numbers, not of shape {table.shape}")
    if not np.issubdtype(table.dtype, np.integer):
        raise ValueError(f"{what} must be whole numbers, not {table.dtype}")
    if (table < 0).any() or (table > LARGEST).any():
        raise ValueError(f"{what} must be from 0 to {LARGEST}")
    return table.astype(np.int64)
