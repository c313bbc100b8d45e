"""Workers whose beginning and end are all known, in as few equal bins as possible: temporal bin packing.

Items are seated in several orders by best fit over their whole time, the first of which is the order of arrival that
`Placer` would see. Every bin counts once, whenever it is used (de Cauwer, Mehta and O'Sullivan, 2016). The bounds are
peaks of the load, taken plainly and through dual feasible functions (Fekete and Schepers, 2001).
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from core.allocator.online.hosts import whole
from core.allocator.problems.effort import LARGEST, Answer, Effort, Integers

MOST_ITEMS: Final = 8192
"""So many at most: the table of loads grows as bins times starts."""

_ROUNDS: Final = 32
"""Shaken orders tried where the deadline allows: what ends a search that no deadline cuts."""
_SHAKE: Final = 3.0
"""How far an item strays from its turn, in distinct starts."""


def pack(starts: Integers, ends: Integers, sizes: Integers, capacity: int, effort: Effort) -> Answer:
    """A bin index for each item of sizes[n] that is present from starts[n] until before ends[n].

    No bin holds more than `capacity` at any time. A deadline that passes within the first order gives each item that
    is left a bin of its own. Raises ValueError for more than MOST_ITEMS, and for items that end before they start,
    do not fit, or are no whole numbers.
    """
    first, last, size = _checked(starts, ends, sizes, capacity)
    bound = _bound(first, last, size, capacity)
    best = np.arange(len(size), dtype=np.int64)
    for order in _orders(first, last, size, effort.seed):
        found = _seat(order, first, last, size, capacity, effort)
        if found.max() < best.max():
            best = found
        if best.max() + 1 == bound or effort.over():
            break
    value = len(np.unique(best))
    _verify(best, np.asarray(starts), np.asarray(ends), size, capacity)
    return Answer(best, float(value), float(bound), value > bound and effort.over())


def _checked(starts: Integers, ends: Integers, sizes: Integers, capacity: int) -> tuple[Integers, Integers, Integers]:
    """Starts and ends as places in the order of distinct starts: loads only grow at starts. Raises ValueError."""
    if not 0 < capacity <= LARGEST:
        raise ValueError(f"the capacity must be from 1 to {LARGEST}, not {capacity}")
    if not len(starts) == len(ends) == len(sizes):
        raise ValueError("every item needs a start, an end and a size")
    if len(sizes) > MOST_ITEMS:
        raise ValueError(f"at most {MOST_ITEMS} items are packed at once, not {len(sizes)}")
    table = whole(np.stack([np.asarray(starts), np.asarray(ends), np.asarray(sizes)], axis=1), 3, "items")
    if (table[:, 0] >= table[:, 1]).any():
        raise ValueError("every item must end after it starts")
    if (table[:, 2] > capacity).any():
        raise ValueError(f"every item must fit a bin of {capacity}")
    moments = np.unique(table[:, 0])
    first, last = (np.searchsorted(moments, table[:, column]).astype(np.int64) for column in (0, 1))
    return first, last, table[:, 2]


def _bound(first: Integers, last: Integers, size: Integers, capacity: int) -> int:
    """The most bins that any moment needs at least."""
    weights = [size]
    weights += [
        np.where(size > capacity - small, capacity, np.where(size < small, 0, size))
        for small in np.unique(size[2 * size <= capacity])
    ]
    best = max(-(-_peak(first, last, weight) // capacity) for weight in weights)
    for k in range(1, 8):
        # k + 1 items of more than a (k + 1)th never share a bin; counted in kth parts of a bin.
        parts = (k + 1) * size
        counted = np.where(parts % capacity == 0, size * k, parts // capacity * capacity)
        best = max(best, -(-_peak(first, last, counted) // (capacity * k)))
    return best


def _peak(first: Integers, last: Integers, weight: Integers) -> int:
    change = np.zeros(int(last.max()) + 1, dtype=np.int64)
    np.add.at(change, first, weight)
    np.add.at(change, last, -weight)
    return int(np.cumsum(change).max())


def _orders(first: Integers, last: Integers, size: Integers, seed: int) -> Iterator[Integers]:
    """By arrival with the largest first, by size, by area; then by arrival, shaken."""
    span = last - first
    yield np.lexsort((-span, -size, first))
    yield np.lexsort((first, -size))
    yield np.argsort(-(size * span), kind="stable")
    chance = np.random.default_rng(seed)
    for _ in range(_ROUNDS):
        yield np.lexsort((-span, -size, first + chance.normal(0.0, _SHAKE, len(size))))


def _seat(order: Integers, first: Integers, last: Integers, size: Integers, capacity: int, effort: Effort) -> Integers:
    """Best fit in this order; once time is over, a bin each for the rest."""
    place = np.zeros(len(size), dtype=np.int64)
    load = np.zeros((16, int(last.max())), dtype=np.int64)
    used = 0
    for step, item in enumerate(order):
        if effort.over():
            place[order[step:]] = np.arange(used, used + len(order) - step)
            break
        during = slice(first[item], last[item])
        peaks = load[:used, during].max(axis=1)
        able = np.flatnonzero(peaks + size[item] <= capacity)
        if len(able):
            place[item] = able[np.argmax(peaks[able])]
        else:
            place[item], used = used, used + 1
            if used > len(load):
                load = np.pad(load, ((0, len(load)), (0, 0)))
        load[place[item], during] += size[item]
    return place


def _verify(place: Integers, starts: Integers, ends: Integers, size: Integers, capacity: int) -> None:
    """Raises AssertionError where a bin overflows: replays the items as they come."""
    events = sorted([(int(t), 1, i) for i, t in enumerate(starts)] + [(int(t), 0, i) for i, t in enumerate(ends)])
    held: dict[int, int] = {}
    for _, comes, item in events:
        held[int(place[item])] = held.get(int(place[item]), 0) + (1 if comes else -1) * int(size[item])
        if held[int(place[item])] > capacity:
            raise AssertionError(f"bin {place[item]} overflows")
