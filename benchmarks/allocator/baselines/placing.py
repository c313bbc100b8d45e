"""Placing one thing after the other: first fit, best fit, dot product, and Kubernetes' two scores.

A bin that already holds something is paid for, so every rule looks among those first, and opens another only where none
of them has room. That is kinder to the baselines than a scheduler that scores all nodes alike.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.allocator.instances import Bins, Fleet, Floats, Integers


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Bins, `capacities[m, d]`, of which each costs `costs[m]` once it is used."""

    capacities: Integers
    costs: Floats

    @property
    def scale(self) -> Floats:
        """The mean capacity in each dimension, 1 where there is none."""
        scale: Floats = self.capacities.mean(axis=0)
        scale[scale <= 0] = 1.0
        return scale


Score = Callable[[Pool, Integers, Integers, Integers], Floats]
"""Of a pool, what is free in some of its bins [k, d], their numbers [k], and a thing [d]; the highest is taken."""


def first(pool: Pool, free: Integers, bins: Integers, item: Integers) -> Floats:
    """All alike: the bin opened first, then the first in the pool."""
    return np.zeros(len(bins))


def tightest(pool: Pool, free: Integers, bins: Integers, item: Integers) -> Floats:
    """The bin in which the least stays free."""
    return np.asarray(-((free - item) / pool.scale).sum(axis=1), dtype=np.float64)


def aligned(pool: Pool, free: Integers, bins: Integers, item: Integers) -> Floats:
    """The dot product of what is asked and what is free (Grandl et al., Tetris, SIGCOMM 2014)."""
    return np.asarray((free / pool.scale) @ (item / pool.scale), dtype=np.float64)


def most_allocated(pool: Pool, free: Integers, bins: Integers, item: Integers) -> Floats:
    """Kubernetes' NodeResourcesFit, MostAllocated: the mean part of the resources in use afterwards."""
    has = pool.capacities[bins]
    return np.asarray((1.0 - (free - item) / np.maximum(has, 1)).mean(axis=1), dtype=np.float64)


def least_allocated(pool: Pool, free: Integers, bins: Integers, item: Integers) -> Floats:
    """Kubernetes' NodeResourcesFit, LeastAllocated, which is its default."""
    return -most_allocated(pool, free, bins, item)


def cheapest(pool: Pool, free: Integers, bins: Integers, item: Integers) -> Floats:
    """The bin that costs least."""
    return -pool.costs[bins]


def shuffled(seed: int) -> Score:
    """Any bin, each as likely as the others."""
    chance = np.random.default_rng(seed)
    return lambda pool, free, bins, item: chance.random(len(bins))


def placed(pool: Pool, items: Integers, order: Integers, score: Score) -> Integers | None:
    """The bin of each item, items taken in `order`; None where one fits nowhere."""
    free = pool.capacities.copy()
    opened: list[int] = []
    is_open = np.zeros(len(free), dtype=bool)
    closed: dict[bytes, list[int]] = {}
    picks = np.empty(len(items), dtype=np.int64)
    for place in order:
        item = items[place]
        bins = np.array(opened, dtype=np.int64)
        bins = bins[(free[bins] >= item).all(axis=1)]
        if bins.size:
            pick = int(bins[np.argmax(score(pool, free[bins], bins, item))])
        else:
            # A closed bin is as it was, so the order of the closed ones for a thing of this size holds for the next.
            ranked = closed.get(item.tobytes())
            if ranked is None:
                ranked = closed[item.tobytes()] = _ranked(pool, item, score)
            while ranked and is_open[ranked[-1]]:
                ranked.pop()
            if not ranked:
                return None
            pick = ranked.pop()
            opened.append(pick)
            is_open[pick] = True
        picks[place] = pick
        free[pick] -= item
    return picks


def _ranked(pool: Pool, item: Integers, score: Score) -> list[int]:
    """The bins that can hold the item while empty, the best last."""
    bins = np.flatnonzero((pool.capacities >= item).all(axis=1))
    ranked: list[int] = bins[np.argsort(-score(pool, pool.capacities[bins], bins, item), kind="stable")][::-1].tolist()
    return ranked


def decreasing(pool: Pool, items: Integers) -> Integers:
    """The items in order of size, largest first: the sum of their parts of a mean bin."""
    return np.argsort(-(items / pool.scale).sum(axis=1), kind="stable")


def filled(pool: Pool, items: Integers, sequence: Integers) -> Integers | None:
    """One bin after the other, each with the things that point where it has room (Panigrahy et al. 2011).

    A dimension weighs as much as it is asked for on average.
    """
    weight = items.mean(axis=0) / pool.scale**2
    picks = np.full(len(items), -1, dtype=np.int64)
    left = np.arange(len(items))
    for number in sequence:
        free = pool.capacities[number].copy()
        while (fits := left[(items[left] <= free).all(axis=1)]).size:
            pick = fits[np.argmax(items[fits] @ (weight * free))]
            picks[pick] = number
            free -= items[pick]
            left = left[left != pick]
        if not left.size:
            return picks
    return None


def _of_bins(problem: Bins) -> tuple[Pool, Integers]:
    count = len(problem.items)
    pool = Pool(np.broadcast_to(problem.capacity, (count, len(problem.capacity))).copy(), np.ones(count))
    return pool, problem.items


def _of_fleet(problem: Fleet) -> tuple[Pool, Integers]:
    return Pool(problem.capacities, problem.costs), problem.items


def _rules(pool_of: Callable[..., tuple[Pool, Integers]]) -> dict[str, Callable[..., Integers | None]]:
    def sorted_first(score: Score) -> Callable[..., Integers | None]:
        def rule(problem: Bins | Fleet, seed: int) -> Integers | None:
            pool, items = pool_of(problem)
            return placed(pool, items, decreasing(pool, items), score)

        return rule

    def as_they_come(score: Score) -> Callable[..., Integers | None]:
        def rule(problem: Bins | Fleet, seed: int) -> Integers | None:
            pool, items = pool_of(problem)
            return placed(pool, items, np.arange(len(items)), score)

        return rule

    def dot_product(problem: Bins | Fleet, seed: int) -> Integers | None:
        pool, items = pool_of(problem)
        worth = (pool.capacities / pool.scale).sum(axis=1) / np.maximum(pool.costs, 1e-12)
        return filled(pool, items, np.argsort(-worth, kind="stable"))

    def at_random(problem: Bins | Fleet, seed: int) -> Integers | None:
        pool, items = pool_of(problem)
        order = np.random.default_rng(seed).permutation(len(items))
        return placed(pool, items, order, shuffled(seed))

    return {
        "first fit decreasing": sorted_first(first),
        "best fit decreasing": sorted_first(tightest),
        "dot product": dot_product,
        "MostAllocated": as_they_come(most_allocated),
        "LeastAllocated": as_they_come(least_allocated),
        "cheapest": sorted_first(cheapest),
        "random": at_random,
    }


BINS: Final[Mapping[str, Callable[..., Integers | None]]] = {
    # Bins of one size cost all the same, so there is no cheapest.
    name: rule
    for name, rule in _rules(_of_bins).items()
    if name != "cheapest"
}
FLEET: Final[Mapping[str, Callable[..., Integers | None]]] = _rules(_of_fleet)
