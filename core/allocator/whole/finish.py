"""From a first plan to the best: wider and wider nets of patterns, each searched by a small integer program."""

from typing import Final

import numpy as np

from core.allocator.problems.effort import Effort, Integers
from core.allocator.problems.linear import Columns, Program
from core.allocator.whole.duals import Judged, Market
from core.allocator.whole.grid import Grid
from core.allocator.whole.net import Net, Use, cast

_NARROW: Final = 4e-6
"""The first net takes patterns of at most this reduced cost, as a part of the bound; each further one four times."""

_WIDER: Final = 4.0
_FINER: Final = 6
_GOOD: Final = 1e-4
_CHEAP: Final = 400
"""With a plan within the part _GOOD of the bound, a wider net is searched only if it holds at most _CHEAP patterns."""

_SMALL: Final = 150
_GAP: Final = 5e-6
"""Up to _SMALL patterns are searched to the end; of more, a plan within this part of their best will do."""

_NODES: Final = 200


def improved(
    grid: Grid, market: Market, counts: Integers, judged: Judged, best: Use | None, effort: Effort
) -> Use | None:
    """The best plan found, at least as good as `best`.

    A pattern whose reduced cost is more than what lies between the bound and the best plan is in no better plan: the
    search ends with a complete net as wide as that.
    """
    if effort.over():
        return best
    # No pattern loses more than its class's best one is worth, or than the donor costs.
    widest = float((np.maximum(judged.gain, 0.0) + market.cost).max(initial=0.0))
    width = min(max(_NARROW * judged.bound, 1e-9 * widest), widest)
    net = cast(grid, market, judged, width)
    for _ in range(_FINER):
        if net.complete:
            break
        width /= _WIDER
        net = cast(grid, market, judged, width)
    while not effort.over():
        found = _cheapest(market, net, counts, effort)
        if found is not None:
            best = found if best is None else min(best, found, key=lambda use: use.cost(market))
        gap = np.inf if best is None else best.cost(market) - judged.bound
        if width >= min(gap, widest) or not net.complete:
            break
        width = min(_WIDER * width, gap, widest)
        net = cast(grid, market, judged, width)
        if not net.complete or (len(net.own) > _CHEAP and gap <= _GOOD * judged.bound):
            break
    return best


def _cheapest(market: Market, net: Net, counts: Integers, effort: Effort) -> Use | None:
    """The cheapest patterns of the net that cover `counts`, None where none were found in time.

    What the solver answers is rounded, and counts only if it covers in whole numbers.
    """
    patterns, swaps = len(net.own), len(net.swaps)
    classes, place = np.unique(net.own, return_inverse=True)
    gap = 0.0 if patterns <= _SMALL else _GAP
    low = np.concatenate((counts, np.zeros(len(classes)))).astype(np.float64)
    high = np.concatenate((np.full(len(counts), np.inf), market.copies[classes]))
    cost = np.concatenate((market.cost[net.own], np.zeros(swaps)))
    most = np.concatenate((market.copies[net.own], np.full(swaps, counts.sum()))).astype(np.float64)
    program = Program(cost, _matrix(net, place, len(classes)), (low, high), (np.zeros(len(cost)), most))
    found = program.whole(np.ones(len(cost), dtype=np.bool_), effort.left(), nodes=_NODES, gap=gap)
    if not len(found.values):
        return None
    times: Integers = np.maximum(np.rint(found.values).astype(np.int64), 0)
    if np.any(np.bincount(place, weights=times[:patterns]) > market.copies[classes]):
        return None
    taken = np.repeat(np.arange(patterns), times[:patterns])
    use = Use(net.own[taken], net.swaps.made(net.patterns[taken], times[patterns:])).trimmed(counts)
    return use if np.array_equal(use.patterns.sum(axis=0), counts) else None


def _matrix(net: Net, place: Integers, classes: int) -> Columns:
    """Rows: what is covered of each shape, how many donors of each class are taken. Columns: patterns, then swaps."""
    shapes, swaps = net.patterns.shape[1], len(net.swaps)
    column, shape = np.nonzero(net.patterns)
    swapped = len(net.own) + np.arange(swaps)
    columns = np.concatenate((column, np.arange(len(net.own)), swapped, swapped))
    rows = np.concatenate((shape, shapes + place, net.swaps.large, net.swaps.small))
    values = np.concatenate((net.patterns[column, shape], np.ones(len(net.own)), -np.ones(swaps), net.swaps.count))
    order = np.lexsort((rows, columns))
    starts = np.searchsorted(columns[order], np.arange(len(net.own) + swaps + 1))
    return Columns(starts.astype(np.int32), rows[order].astype(np.int32), values[order].astype(np.float64))
