"""Which host a worker goes to."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.allocator.online.hosts import NOWHERE, Hosts
from core.allocator.problems.effort import Integers


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known of a worker that needs a host: need[d], the time, and when it is expected to end."""

    need: Integers
    now: float
    due_s: float


_NOTHING: Final = 1e-12
"""So little of what is scarce that a host has none of it."""

Choose = Callable[[Hosts, Arrival], int]
"""The open host for an arriving worker, or NOWHERE to have another one opened."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """The open host that a worker outlives by the fewest octaves of time left, then the tightest one.

    `early` charges an octave by which the host outlives the worker (1 charges it like the reverse). Where every host
    with room is off by more than `limit` octaves another is opened, which pays only where ends are known.
    Hosts whose workers leave together close together: the idea of NILAS (Ling et al., "LAVA", 2024).
    """

    early: float = 0.0
    limit: float = math.inf

    def __call__(self, hosts: Hosts, arrival: Arrival) -> int:
        """See Choose."""
        able = np.flatnonzero(hosts.able(arrival.need) & hosts.opened())
        left_s = np.maximum(hosts.exit_s[able] - arrival.now, 1.0)
        octaves = np.log2(left_s / max(arrival.due_s - arrival.now, 1.0))
        off = np.maximum(-octaves, self.early * octaves)
        able, off = able[off <= self.limit], off[off <= self.limit]
        if not len(able):
            return NOWHERE
        return int(able[np.argmin(2 * np.floor(off) + leftover(hosts, able, arrival.need))])


def leftover(hosts: Hosts, among: Integers, need: Integers) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The part of each host that stays free beside need[d], from 0 to 1; scarce dimensions count more."""
    weights = hosts.scarcity()
    left = np.zeros(len(among))
    for weight, free, capacity, asked in zip(weights, hosts.free, hosts.capacity, need, strict=True):
        left += weight * (free[among] - asked) / np.maximum(capacity[among], 1)
    return left


def to_open(hosts: Hosts, need: Integers) -> int:
    """The closed host with room for need[d] that costs least for what it has of what is scarce, or NOWHERE.

    Among equals the tightest one.
    """
    able = np.flatnonzero(hosts.able(need) & ~hosts.opened())
    if not len(able):
        return NOWHERE
    worth = hosts.scarcity() / np.maximum(hosts.capacity.sum(axis=1), 1)
    dear = hosts.cost[able] / np.maximum(worth @ hosts.capacity[:, able], _NOTHING)
    return int(able[np.lexsort((leftover(hosts, able, need), dear))[0]])
