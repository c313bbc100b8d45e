"""One solver's attempt at one instance: timed, judged, and never allowed to end the run."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from benchmarks.allocator.judge import Broken
from benchmarks.allocator.record import Result

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Attempt(Generic[S]):
    """A solution or None, and what the solver says of it: value, bound, a note, and seconds where it measured them."""

    solution: S | None
    value: float | None = None
    bound: float | None = None
    note: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome(Generic[S]):
    """A solution that keeps every rule, or None, and what it is worth."""

    solution: S | None
    result: Result


def judged(attempt: Callable[[], Attempt[S]], judge: Callable[[S], float]) -> Outcome[S]:
    """The attempt's outcome. A solver that raises, or whose solution breaks a rule, has found none."""
    began = time.perf_counter()
    try:
        found = attempt()
    except Exception as failure:  # One solver's fault must not end the others' run; the run ends with its sentence.
        sentence = f"failed: {type(failure).__name__}: {failure}"
        return Outcome(None, Result(None, time.perf_counter() - began, None, sentence))
    seconds = time.perf_counter() - began if found.seconds is None else found.seconds
    bound = None if found.bound is None or not math.isfinite(found.bound) else float(found.bound)
    if found.solution is None:
        return Outcome(None, Result(None, seconds, bound, found.note))
    try:
        value = judge(found.solution)
    except Broken as broken:
        return Outcome(None, Result(None, seconds, None, f"broken: {broken}"))
    note = found.note
    if found.value is not None and abs(found.value - value) > 1e-9 * max(1.0, abs(value)):
        note = f"says {found.value}, is {value}"
    return Outcome(found.solution, Result(value, seconds, bound, note))
