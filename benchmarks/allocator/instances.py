"""Instance files in which all is known at once, read strictly: a malformed one is refused with a sentence."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.allocator.tokens import Malformed, Tokens

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Knapsack:
    """Choose items, `profits[n]`, so that `weights[m, n]` keep within `capacities[m]`; maximise."""

    profits: Integers
    weights: Integers
    capacities: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Choose one item of each group, (profits[k], weights[k, m]), within `capacities[m]`; maximise."""

    groups: tuple[tuple[Integers, Integers], ...]
    capacities: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Put `items[n, d]` into as few bins of `capacity[d]` as can be."""

    items: Integers
    capacity: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Fleet:
    """Put `items[n, d]` into bins that exist once each, `capacities[m, d]`, at the least sum of `costs[m]`."""

    items: Integers
    capacities: Integers
    costs: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Temporal:
    """Put items that are there from `starts[n]` until before `ends[n]` into as few bins as can be.

    A bin holds `sizes[n]` up to `capacity` at any time, and counts once, whenever it is used.
    """

    starts: Integers
    ends: Integers
    sizes: Integers
    capacity: int


Problem = Knapsack | Choice | Bins | Fleet | Temporal

MAXIMISED: Final = frozenset({"mkp", "mmkp"})
PATTERNS: Final = {"mkp": "*.dat", "mmkp": "*.txt", "vbp": "*.vbp", "vsvbp": "*.txt", "tbpp": "tbpp_*.txt"}
_FOLDERS: Final = {"tbpp": "online"}


def found(data: Path, family: str, only: str = "*", sample: int | None = None) -> list[Path]:
    """The family's files whose name or stem matches `only`, by name; of them `sample`, evenly spaced over the names.

    Names sort by class, so that a sample meets every class.
    """
    every = sorted((data / _FOLDERS.get(family, family)).glob(PATTERNS[family]))
    return sampled([path for path in every if fnmatch(path.name, only) or fnmatch(path.stem, only)], sample)


def sampled(every: Sequence[T], sample: int | None) -> list[T]:
    """`sample` of them, evenly spaced, in order; all of them where there are no more."""
    if sample is None or sample >= len(every):
        return list(every)
    return [every[int((place + 0.5) * len(every) / sample)] for place in range(sample)]


def read(family: str, path: Path) -> Problem:
    """The problem in the file. Raises Malformed."""
    tokens = Tokens.of(path)
    problem = _READERS[family](tokens)
    tokens.end()
    return problem


def size(problem: Problem) -> tuple[int, int]:
    """How many items (groups), and how many dimensions."""
    match problem:
        case Knapsack(profits=profits, capacities=capacities):
            return len(profits), len(capacities)
        case Choice(groups=groups, capacities=capacities):
            return len(groups), len(capacities)
        case Bins(items=items) | Fleet(items=items):
            return items.shape[0], items.shape[1]
        case Temporal(sizes=sizes):
            return len(sizes), 1


def _knapsack(tokens: Tokens) -> Knapsack:
    n, m = tokens.count("n"), tokens.count("m")
    profits = tokens.integers(n, "profits")
    weights = tokens.integers(m * n, "weights").reshape(m, n)
    return Knapsack(profits, weights, tokens.integers(m, "capacities"))


def _choice(tokens: Tokens) -> Choice:
    count, m = tokens.count("the number of groups"), tokens.count("m")
    capacities = tokens.integers(m, "capacities")
    groups = []
    for number in range(count):
        k = tokens.count(f"the size of group {number}")
        rows = tokens.integers(k * (m + 1), f"the items of group {number}").reshape(k, m + 1)
        groups.append((rows[:, 0].copy(), np.ascontiguousarray(rows[:, 1:])))
    return Choice(tuple(groups), capacities)


def _bins(tokens: Tokens) -> Bins:
    d = tokens.count("d")
    capacity = tokens.integers(d, "capacities")
    n = tokens.count("the number of item rows")
    # Some of the published triplets have sizes below 0, which make room for others.
    rows = tokens.integers(n * (d + 1), "items", signed=True).reshape(n, d + 1)
    if rows[:, d].min() < 0:
        raise Malformed(f"{tokens.name}: a demand must not be negative")
    if rows[:, d].sum() > 1_000_000:
        raise Malformed(f"{tokens.name}: more than a million items")
    return Bins(np.repeat(rows[:, :d], rows[:, d], axis=0), capacity)


def _fleet(tokens: Tokens) -> Fleet:
    d, m, n = tokens.count("d"), tokens.count("m"), tokens.count("n")
    capacities, costs = [], []
    for number in range(m):
        capacities.append(tokens.integers(d, f"the capacity of bin {number}"))
        costs.append(tokens.decimal(f"the cost of bin {number}"))
    items = tokens.integers(n * d, "items").reshape(n, d)
    return Fleet(items, np.array(capacities), np.array(costs))


def _temporal(tokens: Tokens) -> Temporal:
    n, capacity, *_ = tokens.count("n"), tokens.count("the capacity"), tokens.integers(2, "the two zeros")
    rows = tokens.integers(4 * n, "items").reshape(n, 4)
    if (rows[:, 1] >= rows[:, 2]).any() or (rows[:, 3] > capacity).any():
        raise Malformed(f"{tokens.name}: an item must end after it starts, and fit a bin")
    return Temporal(rows[:, 1], rows[:, 2], rows[:, 3], capacity)


_READERS: Final[Mapping[str, Callable[[Tokens], Problem]]] = {
    "mkp": _knapsack,
    "mmkp": _choice,
    "vbp": _bins,
    "vsvbp": _fleet,
    "tbpp": _temporal,
}


def continuous_bound(problem: Problem) -> float:
    """What no solution can beat, by sums alone: all profits, the fullest dimension, or the cheapest capacity."""
    match problem:
        case Knapsack(profits=profits):
            return float(profits.sum())
        case Choice(groups=groups):
            return float(sum(int(profits.max()) for profits, _ in groups))
        case Bins(items=items, capacity=capacity):
            needed = items.sum(axis=0)
            return float(max(math.ceil(need / has) for need, has in zip(needed, capacity, strict=True) if has))
        case Fleet(items=items, capacities=capacities, costs=costs):
            return max(_covered(need, has, costs) for need, has in zip(items.sum(axis=0), capacities.T, strict=True))
        case Temporal(starts=starts, ends=ends, sizes=sizes, capacity=room):
            # What changes at one moment is added up before the peak is taken: ends come before starts.
            _, at = np.unique(np.concatenate([starts, ends]), return_inverse=True)
            change = np.bincount(at, weights=np.concatenate([sizes, -sizes]))
            return float(math.ceil(np.cumsum(change).max() / room))


def _covered(need: int, has: Integers, costs: Floats) -> float:
    """The least cost of parts of bins that hold `need` together in one dimension."""
    useful = np.flatnonzero(has)
    order = useful[np.argsort(costs[useful] / has[useful], kind="stable")]
    total = 0.0
    for place in order:
        if need <= 0:
            break
        part = min(1.0, need / has[place])
        total += part * float(costs[place])
        need -= int(has[place])
    return total
