"""What an instance may hold, and what a solution is worth: recomputed from the input alone, never from a search."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.allocator.problems.effort import LARGEST, Integers

MOST_FIGURES: Final = 2**27
"""An instance with more figures than this (1 GiB) is refused rather than tried."""


def figures(name: str, values: ArrayLike, dimensions: int, signed: bool = False) -> Integers:
    """`values` as 64-bit whole numbers, contiguous; ValueError unless they are a full array of such, 0 to LARGEST.

    No column's sum (over the first dimension) may be above LARGEST either. `signed` allows -LARGEST to LARGEST.
    """
    try:
        raw: NDArray[Any] = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be a full array of whole numbers.") from error
    if raw.ndim != dimensions:
        raise ValueError(f"{name} must have {dimensions} dimension(s), not {raw.ndim}.")
    if raw.size == 0:
        raise ValueError(f"{name} must not be empty.")
    if raw.size > MOST_FIGURES:
        raise ValueError(f"{name} must not hold more than {MOST_FIGURES} figures.")
    if raw.dtype.kind not in "iu":
        raise ValueError(f"{name} must be whole numbers of at most 64 bits.")
    if raw.min() < 0 and not signed:
        raise ValueError(f"{name} must not be negative.")
    if np.abs(raw.astype(np.float64)).sum(axis=0).max() > LARGEST:
        raise ValueError(f"{name} must not be above {LARGEST}, nor add up to more.")
    return np.ascontiguousarray(raw, dtype=np.int64)


def knapsack(profits: ArrayLike, weights: ArrayLike, capacities: ArrayLike, picks: ArrayLike) -> int:
    """The profit of the items `picks`, which must be distinct and fit; ValueError says what is wrong with them."""
    profit, room = np.asarray(profits, dtype=np.int64), np.asarray(capacities, dtype=np.int64)
    weight, chosen = np.asarray(weights, dtype=np.int64), np.asarray(picks, dtype=np.int64)
    if len(np.unique(chosen)) != len(chosen):
        raise ValueError("An item is picked twice.")
    if len(chosen) and not (chosen.min() >= 0 and chosen.max() < len(profit)):
        raise ValueError("A pick is no item.")
    if (weight[:, chosen].sum(axis=1) > room).any():
        raise ValueError("The picked items do not fit.")
    return int(profit[chosen].sum())


def choice(groups: Sequence[tuple[ArrayLike, ArrayLike]], capacities: ArrayLike, picks: ArrayLike) -> int:
    """The profit of one item of every group, `picks[g]` being its index; ValueError says what is wrong with them."""
    room, chosen = np.asarray(capacities, dtype=np.int64), np.asarray(picks, dtype=np.int64)
    if chosen.shape != (len(groups),):
        raise ValueError("Every group needs exactly one pick.")
    value, used = 0, np.zeros_like(room)
    for pick, (profits, weights) in zip(chosen, groups, strict=True):
        profit, weight = np.asarray(profits, dtype=np.int64), np.asarray(weights, dtype=np.int64)
        if not 0 <= pick < len(profit):
            raise ValueError("A pick is no item of its group.")
        value += int(profit[pick])
        used += weight[pick]
    if (used > room).any():
        raise ValueError("The picked items do not fit.")
    return value


def bins(items: ArrayLike, capacity: ArrayLike, picks: ArrayLike) -> int:
    """The number of bins used by `picks`, a bin for each item, none of them overfull; ValueError says what is wrong."""
    room = np.asarray(capacity, dtype=np.int64)
    chosen = np.asarray(picks, dtype=np.int64)
    used = int(chosen.max(initial=-1)) + 1
    fleet(items, np.broadcast_to(room, (used, len(room))), np.ones(used), chosen)
    if len(np.unique(chosen)) != used:
        raise ValueError("The bins are not numbered without holes.")
    return used


def fleet(items: ArrayLike, capacities: ArrayLike, costs: ArrayLike, picks: ArrayLike) -> float:
    """The cost of the bins in `picks`, a bin for each item, none of them overfull; ValueError says what is wrong."""
    need, room = np.asarray(items, dtype=np.int64), np.asarray(capacities, dtype=np.int64)
    chosen = np.asarray(picks, dtype=np.int64)
    if chosen.shape != (len(need),) or not ((chosen >= 0) & (chosen < len(room))).all():
        raise ValueError("Every item needs exactly one bin.")
    loads = np.zeros(room.shape, dtype=np.int64)
    np.add.at(loads, chosen, need)
    used = np.unique(chosen)
    if (loads[used] > room[used]).any():
        raise ValueError("A bin is overfull.")
    return math.fsum(np.asarray(costs, dtype=np.float64)[used])
