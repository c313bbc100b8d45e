"""The online family, workers that come and go: temporal bin packing, then the traces of arrivals.py."""

from collections.abc import Sequence
from fnmatch import fnmatch
from typing import Any

from benchmarks.allocator import ours, static
from benchmarks.allocator.instances import sampled
from benchmarks.allocator.options import Options, Say
from benchmarks.allocator.record import Record


def run(options: Options, record: Record, say: Say) -> None:
    """Every temporal bin packing file and every trace of the folder into the record. Raises Missing.

    A trace's own policies are its baselines, so `options.baselines` says nothing to it, nor does the limit: a placement
    takes what it takes.
    """
    static.run("tbpp", options, record, say)
    its = ours.module("benchmarks.allocator.arrivals")
    try:
        traces = [trace for trace in its.traces(options.data / "online") if _wanted(trace.name, options.only)]
    except (OSError, ValueError, KeyError, IndexError) as problem:
        record.problems.append(f"online: a trace cannot be read ({type(problem).__name__}: {problem})")
        return
    for trace in sampled(traces, options.sample):
        try:
            found = its.run(trace, options.seed, say)
        except Exception as failure:  # A broken replay or a fault of one trace must not end the others' run.
            record.problems.append(f"online: {trace.name}: {type(failure).__name__}: {failure}")
            continue
        for row, assignments in found.pop("assignments").items():
            figures = found["rows"][row]
            seconds = figures["mean_s"] * found["arrivals"]
            record.keep_solution(f"online/{trace.name}#{row}", "online", assignments, figures["cost_hours"], seconds)
        record.extra.setdefault("online", []).append(found)
        record.write()


def tables(found: Sequence[dict[str, Any]]) -> str:
    """A table a trace."""
    table = ours.module("benchmarks.allocator.arrivals").table
    return "\n\n".join(["## online: traces", *(table(one) for one in found)])


def _wanted(name: str, only: str) -> bool:
    return fnmatch(name, only) or fnmatch(name.split(",")[0] + ".csv", only)
