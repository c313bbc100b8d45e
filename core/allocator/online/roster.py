"""The running workers as columns."""

import numpy as np
from numpy.typing import NDArray

from core.allocator.online.hosts import NOWHERE
from core.allocator.online.lifetimes import bins
from core.allocator.problems.effort import Integers

Floats = NDArray[np.float64]


class Roster:
    """Each running worker has a slot: its host, need, beginning, expected end and life tables.

    A slot is used again after its worker ended. `known` says that the end was told and needs no prediction.
    """

    def __init__(self, dimensions: int, levels: int) -> None:
        self.slots: dict[int, int] = {}
        self.worker: Integers = np.zeros(0, dtype=np.int64)
        self.host: Integers = np.zeros(0, dtype=np.int64)
        self.need: Integers = np.zeros((0, dimensions), dtype=np.int64)
        self.rows: Integers = np.zeros((0, levels), dtype=np.int64)
        self.counted: Integers = np.zeros(0, dtype=np.int64)
        self.began_s: Floats = np.zeros(0)
        self.due_s: Floats = np.zeros(0)
        self.known: NDArray[np.bool_] = np.zeros(0, dtype=bool)
        self._spare: list[int] = []

    def add(self, worker: int, need: Integers, rows: Integers, now: float, due_s: float, known: bool) -> int:
        """The slot of a new worker that is on no host yet."""
        if not self._spare:
            self._grow()
        slot = self.slots[worker] = self._spare.pop()
        self.worker[slot], self.host[slot], self.need[slot] = worker, NOWHERE, need
        self.rows[slot], self.counted[slot] = rows, 0
        self.began_s[slot], self.due_s[slot], self.known[slot] = now, due_s, known
        return slot

    def drop(self, worker: int) -> None:
        """Forgets a worker."""
        slot = self.slots.pop(worker)
        self.host[slot] = NOWHERE
        self._spare.append(slot)

    def running(self) -> Integers:
        """The slots of all workers on a host."""
        return np.flatnonzero(self.host != NOWHERE)

    def on(self, host: int) -> Integers:
        """The slots of the workers on a host."""
        return np.flatnonzero(self.host == host)

    def grown_up(self, now: float) -> tuple[Integers, Integers]:
        """The slots of workers that outlived a bin of age which is not counted yet, and the bins they are in."""
        slots = self.running()
        current = bins(now - self.began_s[slots])
        due = current > self.counted[slots]
        return slots[due], current[due]

    def _grow(self) -> None:
        size = max(64, len(self.worker))
        self._spare = list(range(len(self.worker) + size - 1, len(self.worker) - 1, -1))
        for name in ("worker", "counted", "began_s", "due_s", "known"):
            setattr(self, name, np.pad(getattr(self, name), (0, size)))
        self.host = np.pad(self.host, (0, size), constant_values=NOWHERE)
        self.need, self.rows = (np.pad(table, ((0, size), (0, 0))) for table in (self.need, self.rows))
