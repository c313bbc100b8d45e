"""The allocator's own code paths, one a family, imported when asked for: one that is missing stops only its family."""

import importlib
import itertools
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import numpy as np

from benchmarks.allocator.instances import Bins, Choice, Fleet, Knapsack, Problem, Temporal
from core.allocator.problems.effort import Answer, Effort


class Missing(Exception):
    """A family whose solver this tree does not have; the message says which module."""


def solve(problem: Problem, effort: Effort) -> Answer:
    """The allocator's answer. Raises Missing, and whatever the solver raises."""
    answer: Any
    match problem:
        case Knapsack(profits, weights, capacities):
            answer = _its("mkp").solve(profits, weights, capacities, effort)
        case Choice(groups, capacities):
            answer = _its("mmkp").solve(groups, capacities, effort)
        case Bins(items, capacity):
            answer = _its("vbp").solve(items, capacity, effort)
        case Fleet(items, capacities, costs):
            answer = _its("vsvbp").solve(items, capacities, costs, effort)
        case Temporal(starts, ends, sizes, capacity):
            answer = _its("tbpp").pack(starts, ends, sizes, capacity, effort)
    return _checked(answer)


def quick(problem: Bins) -> Answer:
    """The fast tier's answer, which needs no deadline. Raises Missing."""
    return _checked(_its("vbp").quick(problem.items, problem.capacity))


def module(name: str) -> Any:
    """A module of the allocator. Raises Missing with a sentence."""
    try:
        return importlib.import_module(name)
    except ImportError as problem:
        raise Missing(f"{name} cannot be imported ({problem})") from problem


def effort(seconds: float, seed: int) -> Effort:
    """That many seconds of wall clock from now on."""
    return Effort(time.monotonic, seconds, seed)


def warm_up(family: str) -> None:
    """Lets inner loops be compiled and solvers be imported before anything is timed. Raises Missing.

    Where a module cannot do that by itself, small problems do. Their clock counts how often it is read instead of
    seconds, so that compiling does not eat the deadline.
    """
    its = _its(family)
    if hasattr(its, "warm"):
        its.warm()
    for problem in _WARM[family]():
        readings = itertools.count()
        # What fails here fails again when it is timed, and is told then.
        with suppress(Exception):
            solve(problem, Effort(lambda: next(readings) / 50, 2.0))  # noqa: B023, called before the next round
            if isinstance(problem, Bins):
                quick(problem)


def _its(family: str) -> Any:
    return module(_MODULES[family])


def _checked(answer: Any) -> Answer:
    if not isinstance(answer, Answer):
        raise TypeError(f"the allocator gave a {type(answer).__name__}, not an Answer")
    return answer


def _some_knapsacks() -> list[Problem]:
    chance = np.random.default_rng(0)
    weights = chance.integers(1, 1000, (5, 100))
    profits = weights.sum(axis=0) // 5 + chance.integers(0, 500, 100)
    return [Knapsack(profits, weights, weights.sum(axis=1) // 4)]


def _some_choices() -> list[Problem]:
    chance = np.random.default_rng(0)
    groups = tuple((chance.integers(1, 100, 5), chance.integers(0, 10, (5, 4))) for _ in range(20))
    return [Choice(groups, np.full(4, 100))]


def _some_bins() -> list[Problem]:
    chance = np.random.default_rng(0)
    first, second = chance.integers(20, 40, (2, 20, 3))
    triplets = np.concatenate([first, second, 100 - first - second])
    every = (chance.integers(1, 40, (40, 3)), chance.integers(20, 50, (45, 3)), triplets)
    return [Bins(items, np.full(3, 100)) for items in every]


def _some_fleets() -> list[Problem]:
    chance = np.random.default_rng(0)
    capacities = chance.integers(80, 200, (20, 3))
    return [Fleet(chance.integers(1, 60, (40, 3)), capacities, capacities.sum(axis=1) / 400)]


def _some_temporal() -> list[Problem]:
    return [Temporal(np.array([0, 1, 2]), np.array([2, 3, 4]), np.array([50, 40, 60]), 100)]


_MODULES: Final[Mapping[str, str]] = {
    "mkp": "core.allocator.problems.knapsack",
    "mmkp": "core.allocator.problems.choice",
    "vbp": "core.allocator.problems.bins",
    "vsvbp": "core.allocator.problems.fleet",
    "tbpp": "core.allocator.online.temporal",
}
_WARM: Final[Mapping[str, Callable[[], list[Problem]]]] = {
    "mkp": _some_knapsacks,
    "mmkp": _some_choices,
    "vbp": _some_bins,
    "vsvbp": _some_fleets,
    "tbpp": _some_temporal,
}
