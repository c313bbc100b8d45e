"""Packings that waste next to nothing: three items to a bin, when the volume leaves hardly any room to spare.

Such instances (Falkenauer's and Caprara and Toth's triplets) defeat packing one bin after another, but few triples
waste as little as they must, and those are searched as an exact cover (Knuth, Dancing Links, 2000).
"""

import numpy as np

from core.allocator.problems.effort import Integers
from core.allocator.problems.jit import jit


@jit
def triples(items: Integers, capacity: Integers, slack: Integers, limit: int) -> Integers:
    """All i < j < k by items sorted in dimension 0 that fill a bin but for slack[d]; at most `limit`, as rows."""
    order = np.argsort(items[:, 0], kind="mergesort")
    firsts = items[order, 0]
    found = np.empty((limit, 3), dtype=np.int64)
    count = 0
    for a in range(len(order) - 2):
        for b in range(a + 1, len(order) - 1):
            room = capacity[0] - firsts[a] - firsts[b]
            low = max(b + 1, np.searchsorted(firsts, room - slack[0]))
            for c in range(low, len(order)):
                if firsts[c] > room:
                    break
                fit = True
                for k in range(1, len(capacity)):
                    waste = capacity[k] - items[order[a], k] - items[order[b], k] - items[order[c], k]
                    if waste < 0 or waste > slack[k]:
                        fit = False
                        break
                if fit:
                    if count == limit:
                        return found
                    found[count, 0], found[count, 1], found[count, 2] = order[a], order[b], order[c]
                    count += 1
    return found[:count]


@jit
def hide(
    rows: Integers, starts: Integers, uses: Integers, hidden: Integers, choices: Integers, row: int, by: int
) -> None:
    """Counts a chosen row in (by 1) or out (by -1): rows that share an item with it are no choice meanwhile."""
    for item in rows[row]:
        for slot in range(starts[item], starts[item + 1]):
            other = uses[slot]
            before = hidden[other]
            hidden[other] += by
            if before == 0 or hidden[other] == 0:
                for touched in rows[other]:
                    choices[touched] -= by


@jit
def cover(rows: Integers, count: int, nodes: int) -> Integers:
    """Rows[r, 3] that hold each of `count` items at most once: all of them, or the most that so many nodes found."""
    starts = np.zeros(count + 1, dtype=np.int64)
    for item in rows.ravel():
        starts[item + 1] += 1
    choices = starts[1:].copy()
    starts = np.cumsum(starts)
    uses, filled = np.empty(rows.size, dtype=np.int64), starts[:-1].copy()
    for each in range(len(rows)):
        for item in rows[each]:
            uses[filled[item]] = each
            filled[item] += 1
    hidden = np.zeros(len(rows), dtype=np.int64)
    covered = np.zeros(count, dtype=np.bool_)
    chosen, target = np.empty(count // 3 + 1, dtype=np.int64), np.empty(count // 3 + 1, dtype=np.int64)
    cursors = np.zeros(count // 3 + 1, dtype=np.int64)
    best = chosen[:0].copy()
    depth, fresh = 0, True
    while depth >= 0 and nodes > 0:
        if depth > len(best):
            best = chosen[:depth].copy()
        if 3 * depth + 2 >= count:
            return best
        if fresh:
            fewest = -1
            for one in range(count):
                if not covered[one] and (fewest < 0 or choices[one] < choices[fewest]):
                    fewest = one
            target[depth], cursors[depth] = fewest, starts[fewest]
        row = -1
        while row < 0 and cursors[depth] < starts[target[depth] + 1]:
            if hidden[uses[cursors[depth]]] == 0:
                row = int(uses[cursors[depth]])
            cursors[depth] += 1
        fresh = bool(row >= 0)
        if fresh:
            nodes -= 1
            hide(rows, starts, uses, hidden, choices, row, 1)
            for item in rows[row]:
                covered[item] = True
            chosen[depth] = row
            depth += 1
        else:
            depth -= 1
            if depth >= 0:
                for item in rows[chosen[depth]]:
                    covered[item] = False
                hide(rows, starts, uses, hidden, choices, chosen[depth], -1)
    return best
