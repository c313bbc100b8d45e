"""A first plan at given worths: the donors that gain most, and again for what is still missing."""

from typing import Final

import numpy as np

from core.allocator.problems.effort import Effort, Integers
from core.allocator.whole.duals import Market
from core.allocator.whole.fleet import Floats
from core.allocator.whole.grid import Grid
from core.allocator.whole.net import Use

_AT_ONCE: Final = 512


def first(grid: Grid, market: Market, counts: Integers, worth: Floats, effort: Effort) -> tuple[Use, Integers]:
    """Donors and their workers, and how many workers of each shape found none.

    In rounds: each donor is judged by its best pattern of what is still missing, and the best are taken until one of
    them would bring more than that.
    """
    # A shape that came along for nothing so far has to be worth something when it is all that is missing.
    worth = np.maximum(worth, 1e-6 * (float(worth.max()) or 1.0))
    missing, copies = counts.copy(), market.copies.copy()
    taken: list[Integers] = [np.empty(0, dtype=np.int64)]
    patterns: list[Integers] = [np.empty((0, len(counts)), dtype=np.int64)]
    while missing.any() and not effort.over():
        wanted = np.where(missing > 0, worth, 0.0)
        narrow = grid.bounded(missing)
        tables = narrow.tables(wanted)
        value = tables[-1][market.cells]
        loss = np.where((value > 0) & (copies > 0), market.cost - value, np.inf)
        near = np.argpartition(loss, _AT_ONCE)[:_AT_ONCE] if len(loss) > _AT_ONCE else np.arange(len(loss))
        near = near[np.lexsort((near, loss[near]))]
        near = near[loss[near] < np.inf]
        if not len(near):
            break
        near = np.repeat(near, np.minimum(copies[near], _AT_ONCE))[:_AT_ONCE]
        brought = narrow.best(tables, wanted, market.cells[near])
        some = max(1, int(np.argmax(np.append((np.cumsum(brought, axis=0) > missing).any(axis=1), True))))
        missing -= brought[:some].sum(axis=0)
        np.subtract.at(copies, near[:some], 1)
        taken.append(near[:some])
        patterns.append(brought[:some])
    return Use(np.concatenate(taken), np.concatenate(patterns)), missing
