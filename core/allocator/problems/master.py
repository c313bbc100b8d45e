"""The covering program of column generation in HiGHS: every item in at least one of the patterns chosen, at least cost.

Columns are added again and again, so it is solved by the primal simplex from the last basis: three to five times
faster here than the dual one, which is HiGHS's choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.allocator.problems.effort import Integers

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Prices:
    """A solved master: the cost, how much of every column is used, and what covering an item is worth (>= 0)."""

    cost: float
    used: Floats
    duals: Floats


class Master:
    """Continuous columns over `rows` items; each column is a set of items with a cost."""

    def __init__(self, rows: int) -> None:
        import highspy  # type: ignore[import-untyped]

        self._optimal = highspy.HighsModelStatus.kOptimal
        self._highs = highspy.Highs()
        self._highs.setOptionValue("output_flag", False)
        self._highs.setOptionValue("threads", 1)
        self._highs.setOptionValue("simplex_strategy", 4)
        for _ in range(rows):
            self._highs.addRow(1.0, highspy.kHighsInf, 0, np.empty(0, dtype=np.int32), np.empty(0))
        self._infinite = highspy.kHighsInf

    def add(self, patterns: Sequence[Integers], cost: float) -> None:
        """Appends columns that cost the same."""
        count = len(patterns)
        starts = np.cumsum([0] + [len(items) for items in patterns[:-1]]).astype(np.int32)
        rows = np.concatenate(patterns).astype(np.int32)
        costs, lower, upper = np.full(count, cost), np.zeros(count), np.full(count, self._infinite)
        self._highs.addCols(count, costs, lower, upper, len(rows), starts, rows, np.ones(len(rows)))

    def close(self, columns: NDArray[np.int32]) -> None:
        """Forbids these columns from now on."""
        self._highs.changeColsBounds(len(columns), columns, np.zeros(len(columns)), np.zeros(len(columns)))

    def solve(self, seconds: float) -> Prices | None:
        """The optimum, or None if there was not enough time for it."""
        self._highs.setOptionValue("time_limit", self._highs.getRunTime() + seconds)
        self._highs.run()
        if self._highs.getModelStatus() != self._optimal:
            return None
        found = self._highs.getSolution()
        duals = np.maximum(np.array(found.row_dual), 0.0)
        return Prices(self._highs.getInfo().objective_function_value, np.array(found.col_value), duals)
