"""Workers of one shape on whole donors: a min-knapsack over small whole numbers, solved exactly."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from core.allocator.problems.effort import Integers
from core.allocator.whole.fleet import Fleet, Floats, shape_of
from core.allocator.whole.plan import Plan, Shortage, checked, planned

MOST_WORKERS: Final = 4096
"""The table of the dynamic programme has one column for each worker; many times more would take seconds."""

_DUST: Final = 1e-9
"""Sums of floats differ by less than this part of their value: no donor leaves the core for less."""


def pack(fleet: Fleet, shape: ArrayLike, workers: int, spread: int | None = None) -> Plan | Shortage:
    """The cheapest donors that host `workers` workers of shape[d], at most `spread` on each; its bound is its cost.

    ValueError for a request that makes no sense. Equals are decided by the fleet's order, so the answer is always
    the same.
    """
    needs = shape_of(fleet, shape)
    if not 1 <= workers <= MOST_WORKERS:
        raise ValueError(f"From 1 to {MOST_WORKERS} workers can be packed, not {workers}.")
    if spread is not None and spread < 1:
        raise ValueError("At least one worker must be allowed on a donor.")
    room = _room(fleet, needs, workers if spread is None else min(spread, workers))
    offered = int(room.sum(dtype=np.int64))
    if offered < workers:
        return Shortage(np.array([workers - offered]), proven=True)
    useful = _useful(room, workers)
    chosen = useful[_cheapest(room[useful].astype(np.int64), fleet.cost[useful], workers)]
    hosted = _filled(room[chosen].astype(np.int64), workers)
    plan = planned(fleet, chosen[hosted > 0], hosted[hosted > 0, None], bound=np.inf)
    return checked(fleet, needs[None, :], np.array([workers]), plan)


def _room(fleet: Fleet, needs: Integers, most: int) -> Integers:
    """How many workers each donor has room for, counted up to `most`; in 16 bits, which NumPy sorts by radix."""
    room = np.full(len(fleet), most)
    for column, need in zip(fleet.columns, needs, strict=True):
        if need:
            np.minimum(room, column // need, out=room)
    return room.astype(np.uint16)


def _useful(room: Integers, workers: int) -> Integers:
    """Of the donors with room for r, the cheapest ceil(workers / r): a plan never needs more. Ascending by room."""
    order = np.argsort(room, kind="stable")
    donors = np.bincount(room)
    donors[0] = 0
    first = np.cumsum(donors) + len(room) - int(donors.sum()) - donors
    kept = np.minimum(donors, -(-workers // np.maximum(np.arange(len(donors)), 1)))
    place = np.arange(int(kept.sum())) - np.repeat(np.cumsum(kept) - kept, kept)
    useful: Integers = order[np.repeat(first, kept) + place]
    return useful


def _cheapest(room: Integers, cost: Floats, workers: int) -> Integers:
    """The cheapest set of donors with room for all `workers`.

    The linear relaxation (Dantzig 1957: by cost per worker, the last donor in part) gives a bound and a price per
    worker. A donor whose reduced cost is more than what lies between that bound and a known plan is in no better plan,
    or in all of them; the dynamic programme runs over the rest, the core.
    """
    order = np.argsort(cost / room, kind="stable")
    room, cost = room[order], cost[order]
    last = int(np.searchsorted(np.cumsum(room), workers))
    before = workers - int(room[:last].sum())
    price = cost[last] / room[last]
    spent = float(cost[:last].sum())
    ending = cost[last:][room[last:] >= before].min()
    slack = ending - price * before + _DUST * (spent + float(ending))
    reduced = cost - price * room
    taken = np.flatnonzero(reduced < -slack)
    core = np.flatnonzero(np.abs(reduced) <= slack)
    left = workers - int(room[taken].sum())
    return order[np.concatenate((taken, core[_table(room[core], cost[core], left)]))]


def _table(room: Integers, cost: Floats, workers: int) -> Integers:
    """The cheapest subset with room for `workers`, by dynamic programming over the workers covered so far."""
    if workers <= 0:
        return np.empty(0, dtype=np.int64)
    least = np.full(workers + 1, np.inf)
    least[0] = 0.0
    taken = np.empty((len(room), workers // 8 + 1), dtype=np.uint8)
    with_it = np.empty_like(least)
    for i, (size, price) in enumerate(zip(np.minimum(room, workers).tolist(), cost.tolist(), strict=True)):
        with_it[:size] = price
        np.add(least[: workers + 1 - size], price, out=with_it[size:])
        better = with_it < least
        better[0] = False
        taken[i] = np.packbits(better)
        np.copyto(least, with_it, where=better)
    picks, still = [], workers
    for i in range(len(room) - 1, -1, -1):
        if still and taken[i, still >> 3] & (0x80 >> (still & 7)):
            picks.append(i)
            still = max(0, still - int(room[i]))
    return np.array(picks[::-1], dtype=np.int64)


def _filled(room: Integers, workers: int) -> Integers:
    """How many workers each donor gets: full ones first, the rest on the last."""
    before = np.cumsum(room) - room
    hosted: Integers = np.clip(workers - before, 0, room)
    return hosted
