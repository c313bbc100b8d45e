"""What a plan makes useless: fragmentation of the donors it touches, at the market's worth (docs/allocation.md).

After the fragmentation of Weng et al., "Beware of Fragmentation" (USENIX ATC 2023): the part of a machine's free
resources that the expected next worker cannot use.
"""

from collections.abc import Sequence
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


def fragmentation(capacity: Integers, worth: Sequence[int]) -> Floats:
    """The worth for one second of what free `capacity` (5, n) cannot host of the expected workers: (n,), never below 0.

    For each shape of the mix as many workers are packed as fit; what is left over counts, weighted by the mix.
    """
    left = np.zeros(capacity.shape[1])
    for column, unit in zip(capacity, worth, strict=True):
        if unit:
            left += column * float(unit)
    for shape, weight in MIX:
        value = float(sum(need * unit for (_, need), unit in zip(shape.dimensions(), worth, strict=True)))
        if value:
            left -= _rooms(capacity, shape) * (value * weight / WHOLE)
    return left


def _rooms(capacity: Integers, shape: Resources) -> Integers:
    needs = [(column, need) for column, (_, need) in zip(capacity, shape.dimensions(), strict=True) if need]
    rooms: Integers = np.min([column // need for column, need in needs], axis=0)
    return rooms


def change(capacity: Integers, before: Floats, shape: Resources, count: int, worth: Sequence[int]) -> Floats:
    """How much `count` workers of `shape` add to the fragmentation `before` of `capacity` (5, n): (n,)."""
    taken = np.array([value * count for _, value in shape.dimensions()], np.int64)[:, None]
    return fragmentation(capacity - taken, worth) - before
