"""CP-SAT alone, in this process: a compact model on standard input, its answer as JSON on standard output."""

import io
import json
import math
import sys
import time

import numpy as np
from ortools.sat.python import cp_model

from benchmarks.allocator.compact import NO_LIMIT


def main() -> None:
    """Solves the model and prints values, bound and the seconds of solving."""
    asked = np.load(io.BytesIO(sys.stdin.buffer.read()))
    model, variables = _model(asked)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 2
    solver.parameters.random_seed = int(asked["seed"])
    solver.parameters.max_time_in_seconds = float(asked["limit"])
    began = time.monotonic()
    status = solver.solve(model)
    seconds = time.monotonic() - began
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    bound = solver.best_objective_bound
    answer = {
        "values": [int(solver.value(variable)) for variable in variables] if found else None,
        "bound": bound if math.isfinite(bound) and status != cp_model.UNKNOWN else None,
        "seconds": seconds,
    }
    print(json.dumps(answer))


def _model(asked: np.lib.npyio.NpzFile) -> tuple[cp_model.CpModel, list[cp_model.IntVar]]:
    model = cp_model.CpModel()
    variables = [model.new_int_var(0, int(upper), "") for upper in asked["upper"]]
    order = np.argsort(asked["rows"], kind="stable")
    columns, entries = asked["columns"][order], asked["entries"][order]
    ends = np.cumsum(np.bincount(asked["rows"], minlength=len(asked["low"])))
    begin = 0
    for end, low, high in zip(ends.tolist(), asked["low"].tolist(), asked["high"].tolist(), strict=True):
        terms = [variables[column] for column in columns[begin:end].tolist()]
        row = cp_model.LinearExpr.weighted_sum(terms, entries[begin:end].tolist())
        model.add_linear_constraint(
            row, cp_model.INT_MIN if low <= -NO_LIMIT else low, cp_model.INT_MAX if high >= NO_LIMIT else high
        )
        begin = end
    model.minimize(cp_model.LinearExpr.weighted_sum(variables, asked["costs"].tolist()))
    return model, variables


if __name__ == "__main__":
    main()
