"""Packs bin after bin, each with the items that score best against the room it has left.

The scores are those that Panigrahy, Talwar, Uyeda and Wieder compare (Heuristics for Vector Bin Packing, 2011).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.allocator.problems.effort import Integers
from core.allocator.problems.jit import jit

Floats = NDArray[np.float64]

DOT: Final = 0
"""Prefer the item whose shape is most like the room's."""
NORM: Final = 1
"""Prefer the item that shortens the room the most."""
RATIO: Final = 2
"""Prefer the item that takes the largest parts of the room."""


@jit
def fits(need: Integers, room: Integers) -> bool:
    """Whether need[d] is within room[d] everywhere."""
    for k in range(len(room)):  # noqa: SIM110 - compiled as a loop
        if need[k] > room[k]:
            return False
    return True


@jit
def liking(share: Floats, free: Floats, scale: Floats, rule: int) -> float:
    """The score of an item in a room, both as parts of the capacity; the dimensions weigh as `scale` says."""
    score = 0.0
    for k in range(len(share)):
        if rule == DOT:
            score += scale[k] * share[k] * free[k]
        elif rule == NORM:
            score += scale[k] * share[k] * (2.0 * free[k] - share[k])
        else:
            score += scale[k] * share[k] / max(free[k], 1e-3)
    return score


@jit
def fill(items: Integers, capacity: Integers, shares: Floats, boost: Floats, rule: int) -> Integers:
    """A bin index for each of items[n, d], each of which must fit an empty bin.

    shares[n, d] are the items as parts of the capacity and boost[n] > 0 multiplies an item's score. A dimension
    weighs as much as the items still waiting ask of it.
    """
    count, dimensions = items.shape
    place = np.full(count, -1, dtype=np.int64)
    able = np.empty(count, dtype=np.int64)
    asked = shares.sum(axis=0)
    bins, waiting = 0, count
    while waiting:
        alive = 0
        for i in range(count):
            if place[i] < 0:
                able[alive] = i
                alive += 1
        room, free = capacity.copy(), np.ones(dimensions)
        while alive:
            best, best_score, kept = -1, -np.inf, 0
            for slot in range(alive):
                i = able[slot]
                if place[i] < 0 and fits(items[i], room):
                    able[kept] = i
                    kept += 1
                    score = boost[i] * liking(shares[i], free, asked, rule)
                    if score > best_score:
                        best, best_score = i, score
            alive = kept
            if best >= 0:
                place[best] = bins
                waiting -= 1
                room -= items[best]
                free -= shares[best]
                asked -= shares[best]
        bins += 1
    return place
