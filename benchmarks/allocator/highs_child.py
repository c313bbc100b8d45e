"""HiGHS alone, in this process: a compact model on standard input, its answer as JSON on standard output."""

import io
import json
import sys
import time

import highspy  # type: ignore[import-untyped]  # ships no types
import numpy as np
from numpy.typing import NDArray

from benchmarks.allocator.compact import NO_LIMIT


def main() -> None:
    """Solves the model and prints values, bound and the seconds of solving."""
    asked = np.load(io.BytesIO(sys.stdin.buffer.read()))
    highs = highspy.Highs()
    for option, value in (
        ("output_flag", False),
        ("threads", 2),
        ("random_seed", int(asked["seed"])),
        ("time_limit", float(asked["limit"])),
    ):
        if highs.setOptionValue(option, value) != highspy.HighsStatus.kOk:
            raise RuntimeError(f"HiGHS refused the option {option}")
    if highs.passModel(_model(asked)) == highspy.HighsStatus.kError:
        raise RuntimeError("HiGHS refused the model")
    began = time.monotonic()
    if highs.run() == highspy.HighsStatus.kError:
        raise RuntimeError("HiGHS failed")
    seconds = time.monotonic() - began
    info = highs.getInfo()
    feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    values = np.rint(np.array(highs.getSolution().col_value)).astype(int).tolist() if feasible else None
    bound = float(info.mip_dual_bound)
    answer = {
        "values": values,
        "bound": bound if np.isfinite(bound) else None,
        "seconds": seconds,
    }
    print(json.dumps(answer))


def _model(asked: np.lib.npyio.NpzFile) -> highspy.HighsLp:
    columns, rows = len(asked["costs"]), len(asked["low"])
    order = np.lexsort((asked["rows"], asked["columns"]))
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = columns, rows
    lp.col_cost_ = asked["costs"]
    lp.col_lower_, lp.col_upper_ = np.zeros(columns), asked["upper"].astype(float)
    lp.row_lower_, lp.row_upper_ = _limits(asked["low"]), _limits(asked["high"])
    lp.integrality_ = [highspy.HighsVarType.kInteger] * columns
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    counts = np.bincount(asked["columns"], minlength=columns)
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    lp.a_matrix_.index_ = asked["rows"][order].astype(np.int32)
    lp.a_matrix_.value_ = asked["entries"][order].astype(float)
    return lp


def _limits(limits: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(limits >= NO_LIMIT, np.inf, np.where(limits <= -NO_LIMIT, -np.inf, limits.astype(float)))


if __name__ == "__main__":
    main()
