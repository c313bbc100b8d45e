"""Seating items as they begin, in bins that empty again as items end: a scheduler's view of temporal bin packing."""

from collections.abc import Callable, Mapping
from functools import partial
from heapq import heappop, heappush
from typing import Final

import numpy as np

from benchmarks.allocator.instances import Integers, Temporal

Score = Callable[[Integers, np.random.Generator], Integers]
"""Of the loads of the bins that have room: the highest is taken, the first of equals."""


def seated(score: Score, problem: Temporal, seed: int) -> Integers:
    """The bin of each item; another bin only where none used before has room. Loads only fall until the next begins."""
    chance = np.random.default_rng(seed)
    load: Integers = np.zeros(len(problem.sizes), dtype=np.int64)
    picks: Integers = np.empty(len(problem.sizes), dtype=np.int64)
    running: list[tuple[int, int]] = []
    used = 0
    for item in np.argsort(problem.starts, kind="stable").tolist():
        while running and running[0][0] <= problem.starts[item]:
            ended = heappop(running)[1]
            load[picks[ended]] -= problem.sizes[ended]
        able = np.flatnonzero(load[:used] + problem.sizes[item] <= problem.capacity)
        if able.size:
            picks[item] = able[np.argmax(score(load[able], chance))]
        else:
            picks[item], used = used, used + 1
        load[picks[item]] += problem.sizes[item]
        heappush(running, (int(problem.ends[item]), item))
    return picks


def _first(loads: Integers, chance: np.random.Generator) -> Integers:
    return np.zeros_like(loads)


def _fullest(loads: Integers, chance: np.random.Generator) -> Integers:
    return loads


def _emptiest(loads: Integers, chance: np.random.Generator) -> Integers:
    return -loads


def _any(loads: Integers, chance: np.random.Generator) -> Integers:
    return chance.permutation(len(loads))


RULES: Final[Mapping[str, Callable[[Temporal, int], Integers]]] = {
    "first fit": partial(seated, _first),
    # With one resource, best fit and Kubernetes' MostAllocated choose alike.
    "MostAllocated": partial(seated, _fullest),
    "LeastAllocated": partial(seated, _emptiest),
    "random": partial(seated, _any),
}
