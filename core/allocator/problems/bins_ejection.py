"""Packs a given set of bins by ejection: an item that fits nowhere pushes out those that were easiest to place so far.

After Nagata and Braysy (A powerful route minimization heuristic, Operations Research Letters 37, 2009), with bins for
routes: the items left over wait on a stack, an item that fitted nowhere counts a failure, it pushes out one or two
items of a bin with the fewest failures between them, and random moves between bins shake the packing after each step.
"""

from typing import Final, NamedTuple

import numpy as np

from core.allocator.problems.effort import Integers
from core.allocator.problems.jit import jit

SHAKES: Final = 30
"""Random moves tried after each step; anything from 5 to 400 measured about the same."""


class Packing(NamedTuple):
    """place[n]: bin or -1; rooms[m, d] left; members[m, n] of which held[m] count; slots[n]: where in members."""

    place: Integers
    rooms: Integers
    members: Integers
    held: Integers
    slots: Integers


@jit
def draw(chance: Integers, limit: int) -> int:
    """A number in 0..limit-1; chance[0] > 0 is the state of Lehmer's generator (Park and Miller, 1988)."""
    chance[0] = chance[0] * 48271 % 2147483647
    return int(chance[0] % limit)


@jit
def put(packing: Packing, items: Integers, item: int, home: int) -> None:
    """Packs a loose item."""
    packing.place[item] = home
    packing.slots[item] = packing.held[home]
    packing.members[home, packing.held[home]] = item
    packing.held[home] += 1
    for k in range(items.shape[1]):
        packing.rooms[home, k] -= items[item, k]


@jit
def pull(packing: Packing, items: Integers, item: int) -> None:
    """Takes an item out of its bin."""
    home = packing.place[item]
    packing.held[home] -= 1
    last = packing.members[home, packing.held[home]]
    packing.members[home, packing.slots[item]] = last
    packing.slots[last] = packing.slots[item]
    packing.place[item] = -1
    for k in range(items.shape[1]):
        packing.rooms[home, k] += items[item, k]


@jit
def enters(items: Integers, rooms: Integers, item: int, home: int) -> bool:
    """Whether the bin has room for one more."""
    for k in range(items.shape[1]):  # noqa: SIM110 - compiled as a loop
        if items[item, k] > rooms[home, k]:
            return False
    return True


@jit
def leaves(items: Integers, rooms: Integers, item: int, home: int) -> bool:
    """Whether the bin can do without the item: not if others use the room that a negative need makes."""
    for k in range(items.shape[1]):  # noqa: SIM110 - compiled as a loop
        if rooms[home, k] + items[item, k] < 0:
            return False
    return True


@jit
def replaces(items: Integers, rooms: Integers, item: int, home: int, first: int) -> bool:
    """Whether `item` fits the bin once `first` has left it."""
    for k in range(items.shape[1]):  # noqa: SIM110 - compiled as a loop
        if items[item, k] - items[first, k] > rooms[home, k]:
            return False
    return True


@jit
def replaces_two(items: Integers, rooms: Integers, item: int, home: int, first: int, second: int) -> bool:
    """Whether `item` fits the bin once `first` and `second` have left it."""
    for k in range(items.shape[1]):  # noqa: SIM110 - compiled as a loop
        if items[item, k] - items[first, k] - items[second, k] > rooms[home, k]:
            return False
    return True


@jit
def cheapest(packing: Packing, items: Integers, failures: Integers, item: int, start: int) -> tuple[int, int, int]:
    """The one or two items of one bin that let `item` in and failed the least; -1 for none, and the looks it took."""
    rooms, members, held = packing.rooms, packing.members, packing.held
    best, first, second, looks = np.iinfo(np.int64).max, -1, -1, 0
    home = start
    for _ in range(len(held)):
        home = home + 1 if home + 1 < len(held) else 0
        for a in range(held[home]):
            i = members[home, a]
            looks += 1
            if failures[i] >= best:
                continue
            if replaces(items, rooms, item, home, i):
                best, first, second = failures[i], i, -1
                continue
            for b in range(a + 1, held[home]):
                j = members[home, b]
                if failures[i] + failures[j] < best:
                    looks += 1
                    if replaces_two(items, rooms, item, home, i, j):
                        best, first, second = failures[i] + failures[j], i, j
    return first, second, looks


@jit
def first_home(items: Integers, rooms: Integers, item: int, start: int) -> int:
    """The first bin after `start`, around the circle, with room for the item; -1 if there is none."""
    home = start
    for _ in range(len(rooms)):
        home = home + 1 if home + 1 < len(rooms) else 0
        if enters(items, rooms, item, home):
            return home
    return -1


@jit
def shake(packing: Packing, items: Integers, chance: Integers) -> None:
    """Moves random items to random bins, or swaps them with one there, where both bins can hold the change."""
    rooms, members, held = packing.rooms, packing.members, packing.held
    for _ in range(SHAKES):
        item, home = draw(chance, len(items)), draw(chance, len(held))
        old = packing.place[item]
        if old < 0 or old == home:
            continue
        if enters(items, rooms, item, home):
            if leaves(items, rooms, item, old):
                pull(packing, items, item)
                put(packing, items, item, home)
        elif held[home]:
            other = members[home, draw(chance, held[home])]
            if replaces(items, rooms, item, home, other) and replaces(items, rooms, other, old, item):
                pull(packing, items, item)
                pull(packing, items, other)
                put(packing, items, item, home)
                put(packing, items, other, old)


@jit
def eject(
    items: Integers, capacities: Integers, place: Integers, failures: Integers, chance: Integers, budget: int
) -> int:
    """Packs the loose items[n, d] (place -1) into bins of capacities[m, d]; how many are left after `budget` looks.

    Changes place[n], failures[n] and chance[1], so that the next call goes on from there. What is placed always fits,
    provided that it fitted before; items with negative needs are never put where a bin could not do without them.
    """
    count, bins = len(items), len(capacities)
    packing = Packing(
        place,
        capacities.copy(),
        np.empty((bins, count), dtype=np.int64),
        np.zeros(bins, dtype=np.int64),
        np.zeros(count, dtype=np.int64),
    )
    loose = np.empty(count, dtype=np.int64)
    waiting = 0
    for i in range(count):
        if place[i] < 0:
            loose[waiting] = i
            waiting += 1
        else:
            put(packing, items, i, place[i])
    looks = 0
    while waiting and looks < budget:
        waiting -= 1
        item = loose[waiting]
        start = draw(chance, bins)
        home = first_home(items, packing.rooms, item, start)
        looks += bins
        if home < 0:
            failures[item] += 1
            first, second, taken = cheapest(packing, items, failures, item, start)
            looks += taken
            if first < 0:
                # It fits no bin at the price of two items: let the others go first.
                loose[1 : waiting + 1] = loose[:waiting].copy()
                loose[0] = item
                waiting += 1
            else:
                home = packing.place[first]
                pull(packing, items, first)
                loose[waiting] = first
                waiting += 1
                if second >= 0:
                    pull(packing, items, second)
                    loose[waiting] = second
                    waiting += 1
        if home >= 0:
            put(packing, items, item, home)
        looks += SHAKES
        shake(packing, items, chance)
    return waiting
