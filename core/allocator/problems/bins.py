"""Vector bin packing: items with needs in several dimensions into as few equal bins as possible."""

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from core.allocator.problems import verify
from core.allocator.problems.bins_columns import ColumnSearch, contents_of
from core.allocator.problems.bins_ejection import eject
from core.allocator.problems.bins_greedy import DOT, NORM, RATIO, fill
from core.allocator.problems.bins_perfect import cover, triples
from core.allocator.problems.effort import Answer, Effort, Integers
from core.allocator.problems.jit import COMPILED

LOOKS: Final = 200_000 if COMPILED else 2_000
"""Looks at items that ejection takes between two looks at the clock: some milliseconds."""
QUICK_ROUNDS: Final = 10
"""Rounds of so many looks in the fast tier."""
ROUNDS: Final = 20_000
"""Rounds after which `solve` gives up even if there is time left."""
DIVES: Final = 20
"""Dives of the column generation, each after the first shaken differently."""
IN_A_BIN: Final = 6.0
"""With more items in a bin than this, patterns are too many for column generation to beat ejection."""
MOST_ITEMS: Final = 5_000
"""More items are refused rather than tried: constructions look at every pair of them."""
TRIPLES: Final = 100_000
COVER_NODES: Final = 2_000


def quick(items: ArrayLike, capacity: ArrayLike) -> Answer:
    """Packs items[n, d] into bins of capacity[d] within some 50 ms for 500 items; as `solve` otherwise."""
    needs, room = _problem(items, capacity)
    floor = _by_volume(needs, room)
    return _answer(needs, room, _quick(needs, room, floor), floor, cut_short=False)


def solve(items: ArrayLike, capacity: ArrayLike, effort: Effort) -> Answer:
    """Packs items[n, d] into as few bins of capacity[d] as it finds; `picks` are bins 0, 1, ... without holes.

    An item may need less than nothing in a dimension, which is room for others in its bin. ValueError where the
    arrays are not whole numbers of the right shape, or where an item does not fit an empty bin. Ejection search first;
    where bins hold few items, column generation with dives; then ejection search for the rest of the time.
    """
    needs, room = _problem(items, capacity)
    floor = _by_volume(needs, room)
    place = _quick(needs, room, floor)
    chance = np.random.default_rng(effort.seed)
    first = effort.part(0.05)
    place = _squeeze(needs, room, place, floor, 10 * QUICK_ROUNDS, chance, first)
    cut_short = first.over()
    if place.max() + 1 > floor and needs.min() >= 0 and len(needs) <= IN_A_BIN * floor:
        main = effort.part(0.85)
        place, floor = _by_columns(needs, room, place, floor, chance, main)
        cut_short |= main.over()
    place = _squeeze(needs, room, place, floor, ROUNDS, chance, effort)
    return _answer(needs, room, place, floor, cut_short=place.max() + 1 > floor and (cut_short or effort.over()))


def _problem(items: ArrayLike, capacity: ArrayLike) -> tuple[Integers, Integers]:
    """The arrays of a sound instance; ValueError for any other."""
    needs, room = verify.figures("items", items, 2, signed=True), verify.figures("capacity", capacity, 1)
    if needs.shape[1] != len(room):
        raise ValueError(f"items must have {len(room)} columns, one for each figure of the capacity.")
    if len(needs) > MOST_ITEMS:
        raise ValueError(f"There must not be more than {MOST_ITEMS} items.")
    if (needs > room).any():
        raise ValueError("An item does not fit an empty bin.")
    return needs, room


def _by_volume(items: Integers, capacity: Integers) -> int:
    """As many bins as the most wanted dimension needs at least."""
    wanted = items.sum(axis=0)
    return max(1, *(-(-int(w) // int(c)) for w, c in zip(wanted, capacity, strict=True) if c > 0), 0)


def _answer(items: Integers, capacity: Integers, place: Integers, floor: int, cut_short: bool) -> Answer:
    _, picks = np.unique(place, return_inverse=True)
    picks = picks.astype(np.int64)
    return Answer(picks, verify.bins(items, capacity, picks), floor, cut_short)


def _quick(items: Integers, capacity: Integers, floor: int) -> Integers:
    """The best of the constructions, squeezed."""
    shares = items / np.maximum(capacity, 1)
    plain = np.ones(len(items))
    places = [fill(items, capacity, shares, plain, rule) for rule in (DOT, NORM, RATIO)]
    place = min(places, key=lambda one: int(one.max()))
    if place.max() + 1 > floor:
        place = _by_triples(items, capacity, place, floor)
    return _squeeze(items, capacity, place, floor, QUICK_ROUNDS, np.random.default_rng(0), None)


def _by_triples(items: Integers, capacity: Integers, place: Integers, floor: int) -> Integers:
    """A packing of three items to each of `floor` bins where it is found, `place` otherwise."""
    rows = _full_triples(items, capacity, floor)
    chosen = cover(rows, len(items), COVER_NODES)
    if len(chosen) < floor:
        return place
    perfect = np.empty(len(items), dtype=np.int64)
    perfect[rows[chosen]] = np.arange(floor)[:, np.newaxis]
    return perfect


def _full_triples(items: Integers, capacity: Integers, floor: int) -> Integers:
    """The three items of each bin that may occur in a packing into `floor` bins, where all hold three and are full."""
    slack = floor * capacity - items.sum(axis=0)
    if len(items) != 3 * floor or (slack * 100 > capacity).any():
        return np.empty((0, 3), dtype=np.int64)
    return triples(items, capacity, slack, TRIPLES)


def _squeeze(
    items: Integers,
    capacity: Integers,
    place: Integers,
    floor: int,
    rounds: int,
    chance: np.random.Generator,
    effort: Effort | None,
) -> Integers:
    """Empties bins of a complete packing one by one, by ejection, until `floor` are left or time or rounds end."""
    state = chance.integers(1, 2**31 - 1, size=1)
    failures = np.ones(len(items), dtype=np.int64)
    trial = place
    for _ in range(rounds):
        if trial is place:
            if place.max() + 1 == floor:
                break
            trial = _emptied(items, capacity, place)
            failures[:] = 1
        if effort is not None and effort.over():
            break
        capacities = np.repeat(capacity[np.newaxis], place.max(), axis=0)
        if eject(items, capacities, trial, failures, state, LOOKS) == 0:
            place = trial
    return place


def _emptied(items: Integers, capacity: Integers, place: Integers) -> Integers:
    """A copy of the packing without its least filled bin; the last takes its number."""
    filled = np.bincount(place, weights=(items / np.maximum(capacity, 1)).sum(axis=1))
    trial = place.copy()
    trial[place == filled.argmin()] = -1
    trial[place == place.max()] = filled.argmin() if filled.argmin() < place.max() else -1
    return trial


def _by_columns(
    items: Integers, capacity: Integers, place: Integers, floor: int, chance: np.random.Generator, effort: Effort
) -> tuple[Integers, int]:
    """The best packing of several dives, each finished by ejection, and the bound of the column generation."""
    columns = ColumnSearch(items, capacity, [*contents_of(place), *_full_triples(items, capacity, floor)])
    columns.converge(effort.part(0.5))
    for number in range(DIVES):
        floor = max(floor, math.ceil(columns.bound - 1e-6))
        bins = place.max() + 1
        if bins <= floor or effort.over():
            break
        trial = np.full(len(items), -1, dtype=np.int64)
        for home, pattern in enumerate(columns.dive(bins, effort, chance if number else None)[: bins - 1]):
            trial[pattern] = home
        failures = np.ones(len(items), dtype=np.int64)
        state = chance.integers(1, 2**31 - 1, size=1)
        capacities = np.repeat(capacity[np.newaxis], bins - 1, axis=0)
        for _ in range(QUICK_ROUNDS):
            if effort.over() or eject(items, capacities, trial, failures, state, LOOKS) == 0:
                break
        if trial.min() >= 0:
            _, place = np.unique(trial, return_inverse=True)
            place = place.astype(np.int64)
    return place, floor
