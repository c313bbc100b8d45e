"""The best contents of one bin at given gains: a multidimensional knapsack searched depth first.

Surrogate weights turn the dimensions into one, whose fractional knapsack (Dantzig, 1957) bounds every branch; the
multipliers come from a subgradient search on the Lagrangian dual (Fisher, 1981).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.allocator.problems.effort import Integers
from core.allocator.problems.jit import jit

Floats = NDArray[np.float64]


LEAST: Final = 1e-9
"""No surrogate weight is smaller, so that gains per weight are finite."""


def surrogates(shares: Floats, weights: Floats) -> Floats:
    """The items' needs as one figure each, of which what a bin holds adds up to 1 + LEAST * items at most."""
    total = weights.sum()
    return np.maximum(shares @ (weights / total if total > 0.0 else weights), LEAST)


@jit
def multipliers(shares: Floats, gains: Floats, start: Floats, rounds: int) -> tuple[Floats, float]:
    """Weights of the dimensions that make the Lagrangian bound on what a bin can gain small, and that bound.

    shares[n, d] are the items as parts of the capacity; the search starts from start[d].
    """
    best, lowest = start.copy(), np.inf
    trial, step = start.copy(), 0.3
    for _ in range(rounds):
        bound = trial.sum()
        slope = np.ones(len(trial))
        for i in range(len(gains)):
            surplus = gains[i]
            for k in range(len(trial)):
                surplus -= trial[k] * shares[i, k]
            if surplus > 0.0:
                bound += surplus
                for k in range(len(trial)):
                    slope[k] -= shares[i, k]
        if bound < lowest:
            lowest = bound
            best[:] = trial
        else:
            step *= 0.7
        length = np.sqrt((slope * slope).sum()) + 1e-12
        for k in range(len(trial)):
            trial[k] = max(0.0, trial[k] - step * slope[k] / length)
    return best, lowest


@jit
def fractional(gains: Floats, sizes: Floats, order: Integers, at: int, end: int, room: float) -> float:
    """Dantzig's bound on what items order[at:end], sorted by falling gain per size, add within a surrogate room."""
    bound = 0.0
    for slot in range(at, end):
        i = order[slot]
        if sizes[i] > room:
            return bound + float(gains[i]) * max(0.0, room) / float(sizes[i])
        room -= sizes[i]
        bound += gains[i]
    return bound


@jit
def narrow(items: Integers, room: Integers, order: Integers, end: int, kept: Integers, at: int) -> int:
    """Writes those of order[at:end] that fit the room into `kept`; how many they are."""
    count = 0
    for slot in range(at, end):
        i = order[slot]
        fit = True
        for k in range(len(room)):
            if items[i, k] > room[k]:
                fit = False
                break
        if fit:
            kept[count] = i
            count += 1
    return count


@jit
def contents(
    items: Integers,
    capacity: Integers,
    gains: Floats,
    sizes: Floats,
    root: int,
    first: int,
    floor: float,
    nodes: int,
    found: Integers,
) -> tuple[int, float, int]:
    """The best bin with item `root` and others from `first` on, if worth more than `floor`, written into `found`.

    Items are sorted by falling gains / sizes, which are their surrogates. Gives the number of items (0: nothing above
    the floor), the gain, and the nodes left: -1 if they ran out, when a better bin may exist.
    """
    count, deepest = len(items), len(found)
    order = np.empty((deepest, count), dtype=np.int64)
    ends, cursors = np.zeros(deepest, dtype=np.int64), np.zeros(deepest, dtype=np.int64)
    rooms = np.empty((deepest, len(capacity)), dtype=np.int64)
    values, spare = np.zeros(deepest), np.zeros(deepest)
    path = np.empty(deepest, dtype=np.int64)
    rooms[0] = capacity - items[root]
    values[0], spare[0], path[0] = gains[root], 1.0 + 2 * LEAST * count - sizes[root], root
    every = np.arange(count)
    every[root:-1] = every[root + 1 :].copy()
    ends[0] = narrow(items, rooms[0], every, count - 1, order[0], min(first, count - 1))
    best, length, depth = floor, 0, 0
    if gains[root] > best:
        best, length, found[0] = gains[root], 1, root
    while depth >= 0:
        at = cursors[depth]
        bound = values[depth] + fractional(gains, sizes, order[depth], at, ends[depth], spare[depth])
        if at == ends[depth] or bound <= best + 1e-9:
            depth -= 1
            continue
        nodes -= 1
        if nodes < 0:
            break
        i = order[depth, at]
        cursors[depth] = at + 1
        depth += 1
        for k in range(len(capacity)):
            rooms[depth, k] = rooms[depth - 1, k] - items[i, k]
        values[depth], spare[depth], path[depth] = values[depth - 1] + gains[i], spare[depth - 1] - sizes[i], i
        cursors[depth] = 0
        if values[depth] > best:
            best, length = values[depth], depth + 1
            found[:length] = path[:length]
        if depth + 1 < deepest:
            ends[depth] = narrow(items, rooms[depth], order[depth - 1], ends[depth - 1], order[depth], at + 1)
        else:
            ends[depth] = 0
    return length, best, nodes


@jit
def contents_by_root(
    items: Integers,
    capacity: Integers,
    gains: Floats,
    sizes: Floats,
    roots: Integers,
    floor: float,
    nodes: int,
    exact: bool,
    found: Integers,
    lengths: Integers,
    worth: Floats,
) -> bool:
    """`contents` for each of roots[r], into found[r], lengths[r] and worth[r]; whether no search ran out of nodes.

    Exact: only items after the root are added to it, so that all roots together see every bin once.
    """
    complete = True
    for r in range(len(roots)):
        first = roots[r] if exact else 0
        lengths[r], worth[r], left = contents(items, capacity, gains, sizes, roots[r], first, floor, nodes, found[r])
        complete = complete and left >= 0
    return complete
