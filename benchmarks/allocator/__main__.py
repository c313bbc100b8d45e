"""`python -m benchmarks.allocator`: the allocator beside its baselines, on a folder laid out as FORMATS.md says.

Every instance is solved by the allocator's own code paths, then by each baseline, one after the other; solvers get two
threads. Inner loops are compiled once before anything is timed. Seconds are wall clock. Every solution is judged anew
from the file. Results and solutions are on disk after each instance; Ctrl-C prints what there is so far.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.allocator import leasing, online, ours, solvers, static, table
from benchmarks.allocator.baselines import RULES
from benchmarks.allocator.options import Options, Say, typed
from benchmarks.allocator.record import Record
from benchmarks.allocator.tokens import Malformed
from core.allocator.problems.jit import COMPILED

FAMILIES: Final = (*(family for family in RULES if family != "tbpp"), "market", "online")


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables. 0; 1 where a file was malformed, a solver missing, or a bound false; 130 after Ctrl-C."""
    asked = _parser().parse_args(arguments)
    options = Options(
        asked.data, asked.limit, asked.seed, asked.only, asked.sample, asked.baselines, max(0, asked.requests)
    )
    record = Record(_facts(options), asked.solutions, asked.json)
    began = time.monotonic()

    def say(sentence: str) -> None:
        print(f"[{time.monotonic() - began:7.1f} s] {sentence}", file=sys.stderr, flush=True)

    interrupted = False
    try:
        for family in asked.families:
            _run(family, options, record, say)
    except KeyboardInterrupt:
        interrupted = True
        say("interrupted: what follows is what there is so far")
    record.write()
    parts = [table.tables(record.trials, options.limit_s)]
    if "requests" in record.extra:
        parts.append(table.waits(record.extra["requests"]))
    if "online" in record.extra:
        parts.append(online.tables(record.extra["online"]))
    parts.append("\n".join(f"{name}: {value}" for name, value in _facts(options).items()))
    print("\n\n".join(part for part in parts if part))
    for problem in record.problems:
        print(f"PROBLEM: {problem}")
    return 130 if interrupted else int(bool(record.problems))


def _run(family: str, options: Options, record: Record, say: Say) -> None:
    try:
        match family:
            case "market":
                leasing.run(options, record, say)
            case "online":
                online.run(options, record, say)
            case _:
                static.run(family, options, record, say)
    except (ours.Missing, Malformed) as problem:
        record.problems.append(f"{family}: {problem}")
        say(f"{family}: {problem}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.allocator", description=__doc__)
    parser.add_argument("--data", type=_folder, required=True, help="the folder of instances")
    parser.add_argument("--families", type=_families, default=FAMILIES, help=f"of {','.join(FAMILIES)}")
    parser.add_argument("--limit", type=_seconds, default=5.0, help="seconds an instance, for us and for each solver")
    parser.add_argument("--solutions", type=Path, help="write every solution there")
    parser.add_argument("--json", type=Path, help="write every figure there")
    parser.add_argument("--sample", type=_number, help="so many instances of each family, spread over its classes")
    parser.add_argument("--only", default="*", help="a pattern of file names")
    parser.add_argument("--baselines", type=_baselines, default=None, help="all (the default), none, or names")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--requests", type=int, default=200, help="single requests timed on each market")
    return parser


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no folder")
    return Path(text)


def _families(text: str) -> list[str]:
    chosen = [name for name in text.split(",") if name]
    if not chosen or not set(chosen) <= set(FAMILIES):
        raise argparse.ArgumentTypeError(f"families are some of {','.join(FAMILIES)}")
    return chosen


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 1e6:
        raise argparse.ArgumentTypeError("the limit must be above 0 seconds")
    return seconds


def _number(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("a sample has at least 1 instance")
    return number


def _baselines(text: str) -> frozenset[str] | None:
    if text == "all":
        return None
    known = {typed(name) for rules in RULES.values() for name in rules} | {typed(name) for name in solvers.CHILDREN}
    chosen = frozenset() if text == "none" else frozenset(typed(name) for name in text.split(",") if name)
    if not chosen <= known:
        raise argparse.ArgumentTypeError(f"baselines are all, none, or some of {','.join(sorted(known))}")
    return chosen


def _facts(options: Options) -> dict[str, str]:
    return {
        "limit": f"{options.limit_s:g} s an instance, wall clock",
        "threads": "two for each solver and for us on mkp, one for all else",
        "seed": str(options.seed),
        "inner loops": "compiled before timing" if COMPILED else "not compiled: numba is not installed",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        "versions": ", ".join(
            [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in ("numpy", "highspy"))]
        ),
    }


if __name__ == "__main__":
    sys.exit(main())
