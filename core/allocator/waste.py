"""What a plan makes useless: fragmentation of the donors it touches, at the market's worth (docs/allocation.md).

After the fragmentation of Weng et al., "Beware of Fragmentation" (USENIX ATC 2023): the part of a machine's free
resources that the expected next worker cannot use.
"""

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from core.allocator.columns import Floats, Integers
from core.model import Resources


class Expected(NamedTuple):
    """A shape of worker that the market asks for, and its weight in 64ths."""

    shape: Resources
    weight: int


MIX: Final = (
    Expected(Resources(1000, 2048), 10),
    Expected(Resources(2000, 4096), 19),
    Expected(Resources(4000, 8192), 19),
    Expected(Resources(2000, 12288), 8),
    Expected(Resources(6000, 6144), 5),
    Expected(Resources(2000, 6144, gpu_count=1), 3),
)
"""The workers that the market is expected to be asked for next: an assumption, until requests are counted."""

WHOLE: Final = 64


def fragmentation(capacity: Integers, worth: tuple[int, ...]) -> Floats:
    """The worth for one second of what free `capacity` (5, n) cannot host of the expected workers: (n,), never below 0.

    For each shape of the mix as many workers are packed as fit; what is left over counts, weighted by the mix.
    """
    left = np.zeros(capacity.shape[1])
    for column, unit in zip(capacity, worth, strict=True):
        if unit:
            left += column * float(unit)
    for needs, value in _hosted(worth):
        left -= np.minimum.reduce([capacity[row] // need for row, need in needs]) * value
    return left


@lru_cache(maxsize=16)
def _hosted(worth: tuple[int, ...]) -> tuple[tuple[tuple[tuple[int, int], ...], float], ...]:
    """For each shape of the mix what it needs of which dimensions, and what hosting one is worth, weighed."""
    shapes = []
    for shape, weight in MIX:
        amounts = [amount for _, amount in shape.dimensions()]
        value = float(sum(amount * unit for amount, unit in zip(amounts, worth, strict=True)))
        needs = tuple((row, amount) for row, amount in enumerate(amounts) if amount)
        shapes.append((needs, value * weight / WHOLE))
    return tuple(shapes)


def change(capacity: Integers, before: Floats, shape: Resources, count: int, worth: tuple[int, ...]) -> Floats:
    """How much `count` workers of `shape` add to the fragmentation `before` of `capacity` (5, n): (n,)."""
    taken = np.array([value * count for _, value in shape.dimensions()], np.int64)[:, None]
    return fragmentation(capacity - taken, worth) - before
