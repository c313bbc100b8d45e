"""How the time and memory of a request for whole donors grow with the market.

`python -m benchmarks.allocator.scaling --json FILE --svg FILE` measures one worker, identical workers and a mixed batch
beside a plain scan of the market's columns, each method and size in a process of its own.
"""

import argparse
import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.allocator.laptops import MIX, SHAPES, market
from benchmarks.allocator.lines import Line, drawn
from core.allocator.problems.effort import Effort
from core.allocator.whole import batch, identical, scan
from core.allocator.whole.fleet import Fleet

WORKERS: Final = 512
SEED: Final = 20
_PATIENCE_S: Final = 10.0
_CHILD_S: Final = 1800.0
_SHAPES: Final = np.array(list(SHAPES.values()), dtype=np.int64)

Request = Callable[[Fleet, np.random.Generator], object]
Row = dict[str, float | int | str]


def plain(fleet: Fleet, chance: np.random.Generator) -> object:
    """Every column read once, and the cheapest of what fits: the least that any method can cost without an order."""
    shape = chance.choice(_SHAPES)
    fits = (fleet.columns >= shape[:, None]).all(axis=0)
    return int(np.where(fits, fleet.cost, np.inf).argmin())


def one(fleet: Fleet, chance: np.random.Generator) -> object:
    """A single worker."""
    return scan.best(fleet, chance.choice(_SHAPES))


def same(fleet: Fleet, chance: np.random.Generator) -> object:
    """Workers of one shape."""
    return identical.pack(fleet, chance.choice(_SHAPES), WORKERS)


def mixed(fleet: Fleet, chance: np.random.Generator) -> object:
    """Workers of all shapes."""
    return batch.pack(fleet, _SHAPES, chance.multinomial(WORKERS, MIX), Effort(time.perf_counter, _PATIENCE_S))


METHODS: Final[dict[str, tuple[str, Request, int]]] = {
    "plain": ("plain scan of the columns", plain, 200),
    "one": ("one worker", one, 200),
    "same": (f"{WORKERS} workers of one shape", same, 200),
    "mixed": (f"{WORKERS} workers of six shapes", mixed, 40),
}
"""What is measured: its name, one request of it, and how many requests."""


def measured(method: str, donors: int) -> Row:
    """Seconds and memory of one method at one size, in this process."""
    name, request, times = METHODS[method]
    capacity, cost = market(donors, SEED)
    began = time.perf_counter()
    fleet = Fleet.of(capacity, cost)
    build_s = time.perf_counter() - began
    chance = np.random.default_rng(SEED)
    # The first request also pays for imports.
    request(fleet, chance)
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        request(fleet, chance)
        seconds.append(time.perf_counter() - began)
    tracemalloc.start()
    request(fleet, chance)
    _, request_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {
        "method": method,
        "name": name,
        "donors": donors,
        "requests": times,
        "median_s": float(np.median(seconds)),
        "p99_s": float(np.percentile(seconds, 99)),
        "index_build_s": build_s,
        "index_mib": (fleet.columns.nbytes + fleet.cost.nbytes + fleet.rows.nbytes) / 2**20,
        "request_mib": request_bytes / 2**20,
        "process_peak_mib": _peak_mib(),
    }


def _peak_mib() -> float:
    """The most memory that this process has held, the market's making included."""
    if sys.platform == "win32":
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / 2**20
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _in_a_child(method: str, donors: int) -> Row:
    command = [sys.executable, "-m", "benchmarks.allocator.scaling", "--child", method, "--donors", str(donors)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_CHILD_S)
    row: Row = json.loads(done.stdout)
    return row


def _picture(rows: list[Row]) -> str:
    lines = []
    for method, (name, _, _) in METHODS.items():
        of_method = [row for row in rows if row["method"] == method]
        points = [(float(row["donors"]), float(row["median_s"]), float(row["p99_s"])) for row in of_method]
        lines.append(Line(name, tuple(points)))
    return drawn("Seconds of a request by the number of donors (dashed: the 99th percentile)", "donors", lines)


def main() -> None:
    """Measures every method at every size, and writes what was asked for."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--donors", default="1000,10000,100000,1000000", help="sizes, separated by commas")
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--svg", type=Path)
    arguments.add_argument("--child", choices=METHODS, help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    sizes = [int(size) for size in asked.donors.split(",")]
    if asked.child:
        print(json.dumps(measured(asked.child, sizes[0])))
        return
    rows = []
    print(f"{'method':28} {'donors':>9} {'median ms':>10} {'p99 ms':>10} {'request MiB':>12} {'peak MiB':>9}")
    for size in sizes:
        for method in METHODS:
            row = _in_a_child(method, size)
            rows.append(row)
            print(
                f"{row['name']:28} {size:9} {float(row['median_s']) * 1e3:10.3f} {float(row['p99_s']) * 1e3:10.3f} "
                f"{row['request_mib']:12.2f} {row['process_peak_mib']:9.0f}",
                flush=True,
            )
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    if asked.svg:
        asked.svg.write_text(_picture(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
