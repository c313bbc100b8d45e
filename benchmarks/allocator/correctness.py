"""`python -m benchmarks.allocator.correctness`: generated cases through the independent checks, broken ones counted.

A case is small and nasty: few donors, few workers, nothing, everything, equal prices, expired and doubled offers. Each
is made from the seed, its chunk and its number alone, so a run that was interrupted goes on where --json says it was.
"""

import argparse
import json
import multiprocessing
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from benchmarks.allocator.cases import KINDS, Case

CHUNK: Final = 1_000


@dataclass(frozen=True, slots=True)
class Checked:
    """A chunk's outcome: how many cases ended how, and the broken ones as sentences."""

    chunk: int
    outcomes: dict[str, int]
    broken: list[str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints how many cases were checked and what broke; 1 where anything did, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.allocator.correctness", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, choices=(1, 2), default=2)
    parser.add_argument("--json", type=Path, help="keep the state there, and go on from it")
    asked = parser.parse_args(arguments)
    done = _resumed(asked.json, asked.seed)
    chunks = [
        (asked.seed, chunk, min(CHUNK, asked.cases - chunk * CHUNK))
        for chunk in range(-(-asked.cases // CHUNK))
        if chunk not in done
    ]
    began, fresh, interrupted = time.monotonic(), 0, False
    # Ctrl-C is for this process alone: it ends the others.
    with multiprocessing.Pool(asked.processes, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        try:
            for checked in pool.imap_unordered(chunk_checked, chunks):
                done[checked.chunk] = checked
                fresh += sum(checked.outcomes.values())
                rate = fresh / (time.monotonic() - began)
                total, broken = sum(sum(one.outcomes.values()) for one in done.values()), _broken(done)
                print(f"{total:,} cases, {len(broken)} broken, {rate:,.0f} a second", file=sys.stderr, flush=True)
                if asked.json:
                    _keep(asked.json, asked.seed, done)
        except KeyboardInterrupt:
            interrupted = True
    outcomes: Counter[str] = Counter()
    for one in done.values():
        outcomes.update(one.outcomes)
    for outcome, count in sorted(outcomes.items()):
        print(f"{outcome:40} {count:>10,}")
    broken = _broken(done)
    print(f"{sum(outcomes.values()):,} cases with seed {asked.seed}, {len(broken)} broken")
    for sentence in broken[:20]:
        print(f"BROKEN: {sentence}")
    return 130 if interrupted else int(bool(broken))


def chunk_checked(task: tuple[int, int, int]) -> Checked:
    """The cases of one chunk: (seed, chunk, how many)."""
    seed, chunk, count = task
    chance = Random(f"{seed}/{chunk}")
    outcomes: Counter[str] = Counter()
    broken = []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        outcome, problems = _tried(kind, chance)
        outcomes[f"{kind.__name__.removeprefix('a_').replace('_', ' ')}: {outcome}"] += 1
        broken += [f"seed {seed}, chunk {chunk}, case {number}: {problem}" for problem in problems]
    return Checked(chunk, dict(outcomes), broken)


def _tried(kind: Case, chance: Random) -> tuple[str, Sequence[str]]:
    try:
        return kind(chance)
    except Exception as failure:  # An exception is what the case is there to find.
        return "raised", [f"{type(failure).__name__}: {failure}"]


def _broken(done: dict[int, Checked]) -> list[str]:
    return [sentence for chunk in sorted(done) for sentence in done[chunk].broken]


def _resumed(path: Path | None, seed: int) -> dict[int, Checked]:
    """The whole chunks that an earlier run with this seed has checked."""
    if path is None or not path.exists():
        return {}
    kept: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if kept["seed"] != seed:
        return {}
    chunks = (Checked(one["chunk"], one["outcomes"], one["broken"]) for one in kept["chunks"])
    return {one.chunk: one for one in chunks if sum(one.outcomes.values()) == CHUNK}


def _keep(path: Path, seed: int, done: dict[int, Checked]) -> None:
    chunks = [
        {"chunk": one.chunk, "outcomes": one.outcomes, "broken": one.broken}
        for one in sorted(done.values(), key=lambda one: one.chunk)
    ]
    beside = path.with_name(path.name + ".part")
    broken = len(_broken(done))
    cases = sum(sum(one.outcomes.values()) for one in done.values())
    beside.write_text(json.dumps({"seed": seed, "cases": cases, "broken": broken, "chunks": chunks}) + "\n", "utf-8")
    beside.replace(path)


if __name__ == "__main__":
    sys.exit(main())
