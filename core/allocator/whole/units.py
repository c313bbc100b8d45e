"""In which units a grid counts: exact ones where they give few enough cells, else those that round off least."""

from collections.abc import Callable
from typing import Final

import numpy as np

from core.allocator.problems.effort import Integers
from core.allocator.whole.fleet import Floats

_PARTS: Final = 64
"""A coarse unit is a shape's need divided by up to so much, or a multiple of the largest need."""

_CHOICES: Final = 64
"""So many units are tried for each dimension."""

Ladder = tuple[Integers, Floats]
"""Ever larger units and the part of all needs that each rounds off, ever more; the first is exact."""


def rounded(shapes: Integers, units: Integers, down: bool) -> Integers:
    """shapes[s, d] in whole units."""
    return shapes // units if down else -(-shapes // units)


def choose(
    shapes: Integers, counts: Integers, largest: Integers, down: bool, fits: Callable[[Integers], bool]
) -> Integers:
    """units[d] for counts[s] of shapes[s, d]: the exact ones if they fit, else coarser ones until they do.

    Each time the dimension is coarsened in which a step costs least for the cells it saves.
    """
    ladders = [_ladder(need, counts, int(most), down) for need, most in zip(shapes.T, largest, strict=True)]
    at = [0] * len(ladders)
    while not fits(units := np.array([ladder[0][i] for ladder, i in zip(ladders, at, strict=True)])):
        at[min(range(len(at)), key=lambda d: _price(ladders[d], at[d]))] += 1
    return units


def _price(ladder: Ladder, at: int) -> float:
    """What the next step rounds off for the cells that it saves; inf where there is no next step."""
    units, loss = ladder
    if at + 1 == len(units):
        return float("inf")
    return float((loss[at + 1] - loss[at]) / np.log(units[at + 1] / units[at]))


def _ladder(need: Integers, counts: Integers, largest: int, down: bool) -> Ladder:
    """The units for one dimension that no larger one beats."""
    parts = np.arange(1, _PARTS + 1)
    divided = np.unique(rounded(need[need > 0, None], parts, down))
    multiples = need.max() * 2 ** np.arange(1, max(2, 1 + (largest // int(need.max())).bit_length()))
    exact = int(np.gcd.reduce(need))
    units = np.concatenate((divided[divided > exact], multiples))
    if len(units) > _CHOICES:
        units = units[np.linspace(0, len(units) - 1, _CHOICES).astype(np.int64)]
    units = np.concatenate(([exact], units))
    off = np.abs(rounded(need[:, None], units, down) * units - need[:, None])
    loss = (counts @ off.astype(np.float64)) / float(counts @ need.astype(np.float64))
    # From the largest down, only what rounds off less than all larger ones.
    best = np.minimum.accumulate(loss[::-1])[::-1]
    kept = np.append(loss[:-1] < best[1:], True)
    return units[kept], loss[kept]
