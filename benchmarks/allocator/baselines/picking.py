"""Greedy rules for the multidimensional knapsack: items in some order, each taken where it still fits."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from benchmarks.allocator.instances import Floats, Integers, Knapsack


def by_density(problem: Knapsack, seed: int) -> Integers:
    """Most profit per weight first, each weight as a part of its capacity (Dobson 1982)."""
    return _taken(problem, np.argsort(-problem.profits / _weight(problem), kind="stable"))


def by_scarcity(problem: Knapsack, seed: int) -> Integers:
    """Most profit per weight first, where what is nearly full weighs more (Toyoda 1975)."""
    share = problem.weights / np.maximum(problem.capacities, 1)[:, None]
    free = problem.capacities.copy()
    left = np.arange(len(problem.profits))
    taken: list[int] = []
    while (left := left[(problem.weights[:, left] <= free[:, None]).all(axis=0)]).size:
        fullness = 1.0 - free / np.maximum(problem.capacities, 1)
        penalty = (fullness if taken else np.ones(len(free))) @ share[:, left]
        place = int(np.argmax(problem.profits[left] / np.maximum(penalty, 1e-12)))
        taken.append(int(left[place]))
        free -= problem.weights[:, left[place]]
        left = np.delete(left, place)
    return np.array(sorted(taken), dtype=np.int64)


def by_profit(problem: Knapsack, seed: int) -> Integers:
    """Most profit first: what first fit decreasing is to bins."""
    return _taken(problem, np.argsort(-problem.profits, kind="stable"))


def cheapest(problem: Knapsack, seed: int) -> Integers:
    """Least weight first."""
    return _taken(problem, np.argsort(_weight(problem), kind="stable"))


def at_random(problem: Knapsack, seed: int) -> Integers:
    """In random order."""
    return _taken(problem, np.random.default_rng(seed).permutation(len(problem.profits)))


def _weight(problem: Knapsack) -> Floats:
    weight: Floats = (problem.weights / np.maximum(problem.capacities, 1)[:, None]).sum(axis=0)
    return np.maximum(weight, 1e-12)


def _taken(problem: Knapsack, order: Integers) -> Integers:
    free = problem.capacities.copy()
    columns = np.ascontiguousarray(problem.weights.T)
    taken = []
    for item in order:
        if (columns[item] <= free).all():
            free -= columns[item]
            taken.append(item)
    return np.array(sorted(taken), dtype=np.int64)


RULES: Final[Mapping[str, Callable[[Knapsack, int], Integers]]] = {
    "greedy by density": by_density,
    "greedy by scarcity": by_scarcity,
    "first fit by profit": by_profit,
    "cheapest": cheapest,
    "random": at_random,
}
