"""CP-SAT and HiGHS alone on the compact model: each in a process of its own, two threads, the same time.

The two cannot share a process (ortools 9.15 and highspy clash), and neither may warm up the other.
"""

import io
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from benchmarks.allocator.compact import Model
from benchmarks.allocator.instances import Integers

CHILDREN: Final = {"CP-SAT": "benchmarks.allocator.cpsat_child", "HiGHS": "benchmarks.allocator.highs_child"}
_GRACE_S: Final = 60.0
"""What a child may need besides the limit, to start, to read the model and to stop."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a solver gave: the variables' values or None, the bound it claims or None, and its seconds."""

    values: Integers | None
    bound: float | None
    seconds: float
    note: str = ""


def solved(name: str, model: Model, limit_s: float, seed: int) -> Found:
    """`model` by the solver `name`, given `limit_s` once it holds the model: building it is not counted."""
    message = io.BytesIO()
    np.savez(message, limit=limit_s, seed=seed, **asdict(model))
    try:
        child = subprocess.run(
            [sys.executable, "-m", CHILDREN[name]],
            input=message.getvalue(),
            capture_output=True,
            timeout=2 * limit_s + _GRACE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Found(None, None, 2 * limit_s + _GRACE_S, "ended: it did not stop by itself")
    if child.returncode:
        last = child.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return Found(None, None, limit_s, f"failed: {' '.join(last)}")
    answer = json.loads(child.stdout)
    values = None if answer["values"] is None else np.array(answer["values"], dtype=np.int64)
    return Found(values, answer["bound"], answer["seconds"])
