"""HiGHS behind a small typed face: linear programs with duals, integer programs with a deadline and a start.

One thread for every model: HiGHS fails without a word when two models of a process ask for different numbers. What
comes back is floating point; whoever uses it rebuilds values from rounded picks in integers.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FOREVER: Final = 1e30
"""More seconds, or a larger bound, than any: HiGHS reads it as infinite."""
EXACT: Final = 10**5
"""Within its tolerances HiGHS tells whole numbers of up to this size apart; larger ones are better scaled down."""


class Status(Enum):
    """How HiGHS ended: only `OPTIMAL` makes duals and values exact, only `INFEASIBLE` proves that there is nothing."""

    OPTIMAL = auto()
    INFEASIBLE = auto()
    CUT_SHORT = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Columns:
    """A sparse matrix by columns: column j has `values[starts[j]:starts[j + 1]]` in rows `rows[...]`."""

    starts: NDArray[np.int32]
    rows: NDArray[np.int32]
    values: Floats

    @classmethod
    def dense(cls, matrix: NDArray[np.int64] | Floats) -> "Columns":
        """The columns of matrix[rows, columns], zeros left out."""
        across, rows = np.nonzero(matrix.T)
        starts = np.searchsorted(across, np.arange(matrix.shape[1] + 1)).astype(np.int32)
        return cls(starts, rows.astype(np.int32), matrix.T[across, rows].astype(np.float64))


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A linear program's outcome; the arrays are empty unless the status is OPTIMAL.

    `duals[i]` is what a unit more of row i's bound adds to the objective, `reduced[j]` what a unit of column j adds
    at those duals: cost - duals @ column. The signs are the same whether the program minimises or maximises.
    """

    status: Status
    objective: float
    values: Floats
    duals: Floats
    reduced: Floats


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer program's outcome; `values` is empty if no solution was found, `bound` is the solver's proven one."""

    status: Status
    values: Floats
    bound: float


class Program:
    """cost @ x to be minimised or maximised over row_low <= matrix @ x <= row_high and low <= x <= high.

    Infinities are given as ±FOREVER or ±inf. Solving again after `add` or `limit` starts from the last basis.
    """

    def __init__(
        self,
        cost: Floats,
        matrix: Columns,
        rows: tuple[Floats, Floats],
        bounds: tuple[Floats, Floats],
        maximise: bool = False,
    ) -> None:
        import highspy  # type: ignore[import-untyped]

        self._status = highspy.HighsModelStatus
        self._highs = highspy.Highs()
        self._highs.setOptionValue("output_flag", False)
        self._highs.setOptionValue("threads", 1)
        self._columns = len(cost)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(cost), len(rows[0])
        model.sense_ = highspy.ObjSense.kMaximize if maximise else highspy.ObjSense.kMinimize
        model.col_cost_, model.col_lower_, model.col_upper_ = cost, bounds[0], bounds[1]
        model.row_lower_, model.row_upper_ = rows
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_, model.a_matrix_.index_ = matrix.starts, matrix.rows
        model.a_matrix_.value_ = matrix.values
        if self._highs.passModel(model) == highspy.HighsStatus.kError:
            raise ValueError("The program's arrays do not fit together.")

    def add(self, cost: Floats, matrix: Columns, bounds: tuple[Floats, Floats]) -> None:
        """Appends columns over the rows that there are."""
        starts = matrix.starts[:-1]
        entries = len(matrix.values)
        self._highs.addCols(len(cost), cost, *bounds, entries, starts, matrix.rows, matrix.values)
        self._columns += len(cost)

    def limit(self, columns: NDArray[np.int64], low: Floats, high: Floats) -> None:
        """Changes the bounds of some columns."""
        self._highs.changeColsBounds(len(columns), columns.astype(np.int32), low, high)

    def relax(self, seconds: float = FOREVER) -> Relaxed:
        """Solves it with every column continuous, from the last basis."""
        self._kinds(np.zeros(self._columns, dtype=np.bool_))
        status = self._run(seconds)
        if status is not Status.OPTIMAL:
            nothing = np.empty(0)
            return Relaxed(status, np.nan, nothing, nothing, nothing)
        found = self._highs.getSolution()
        objective = self._highs.getInfo().objective_function_value
        return Relaxed(status, objective, np.array(found.col_value), np.array(found.row_dual), np.array(found.col_dual))

    def whole(
        self,
        integral: NDArray[np.bool_],
        seconds: float,
        start: Floats | None = None,
        nodes: int | None = None,
        gap: float = 0.0,
    ) -> Whole:
        """Solves it with some columns integral, from `start` if given, for at most so many seconds and tree nodes.

        It may stop once it is proven within `gap` (a part of the objective).
        """
        import highspy

        self._kinds(integral)
        self._highs.setOptionValue("mip_rel_gap", gap)
        self._highs.setOptionValue("mip_max_nodes", highspy.kHighsIInf if nodes is None else nodes)
        if start is not None:
            self._highs.setSolution(len(start), np.arange(len(start), dtype=np.int32), start)
        status = self._run(seconds)
        info = self._highs.getInfo()
        feasible = info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
        values = np.array(self._highs.getSolution().col_value) if feasible else np.empty(0)
        return Whole(status, values, info.mip_dual_bound)

    def _kinds(self, integral: NDArray[np.bool_]) -> None:
        kinds = integral.astype(np.uint8)
        self._highs.changeColsIntegrality(self._columns, np.arange(self._columns, dtype=np.int32), kinds)

    def _run(self, seconds: float) -> Status:
        self._highs.setOptionValue("time_limit", max(seconds, 0.0))
        self._highs.run()
        match self._highs.getModelStatus():
            case self._status.kOptimal:
                return Status.OPTIMAL
            case self._status.kInfeasible:
                return Status.INFEASIBLE
            case self._status.kTimeLimit | self._status.kSolutionLimit | self._status.kIterationLimit:
                return Status.CUT_SHORT
            case _:
                return Status.FAILED
