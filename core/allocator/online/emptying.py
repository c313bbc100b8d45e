"""Which host to empty, and where its workers go, when moves are few."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.allocator.online.hosts import NOWHERE, Hosts
from core.allocator.online.policy import leftover
from core.allocator.online.roster import Roster
from core.allocator.problems.effort import Integers

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Budget:
    """How many workers may be moved for the sake of fewer hosts.

    A token bucket: `per_arrival` moves are earned by every worker that arrives and may be spent at any later time.
    A host is only emptied while the open ones have more than `slack` beyond the load, where the load of the past
    counts too and fades over `memory_s` (what was needed a moment ago is likely to be needed again), and only if that
    takes at most `share` times an open host's part of the moves that are left. `tries` hosts are looked at.
    Raises ValueError for settings that make no sense.
    """

    per_arrival: float = 0.0
    slack: float = 0.03
    memory_s: float = 3 * 3600.0
    share: float = 1.5
    tries: int = 96

    def __post_init__(self) -> None:
        if not (self.per_arrival >= 0 and self.slack >= 0 and self.memory_s > 0 and self.share > 0 and self.tries > 0):
            raise ValueError("a budget has no negative parts, and remembers, shares and tries something")


def plan(hosts: Hosts, roster: Roster, wanted: Floats, moves: int, budget: Budget) -> tuple[Integers, Integers] | None:
    """The slots of one host's workers and the open hosts that take them, or None where no host should be emptied.

    At most `moves` workers; the open hosts that stay have at least wanted[d]. Hosts with the fewest workers go first,
    then the emptiest: they give the most room back for a move.
    """
    for host in _cheap(hosts, wanted, moves, budget):
        slots = roster.on(int(host))
        targets = _spread(hosts, int(host), roster.need[slots])
        if targets is not None:
            return slots, targets
    return None


def _cheap(hosts: Hosts, wanted: Floats, moves: int, budget: Budget) -> Integers:
    opened = hosts.opened()
    spare = hosts.opened_capacity - wanted
    most = min(moves, budget.share * moves / max(1, int(opened.sum())))
    able = opened & (hosts.busy <= most)
    for row, extra in zip(hosts.capacity, spare, strict=True):
        able &= row <= extra
    found = np.flatnonzero(able)
    free = leftover(hosts, found, np.zeros(len(hosts.load), dtype=np.int64))
    return found[np.lexsort((-free, hosts.busy[found]))][: budget.tries]


def _spread(hosts: Hosts, leaving: int, needs: Integers) -> Integers | None:
    """An open host for each of needs[k, d], tightest first for the largest, or None where one fits nowhere."""
    opened = hosts.opened()
    opened[leaving] = False
    others = np.flatnonzero(opened)
    if not len(others):
        return None
    free = hosts.free[:, others]
    worth = hosts.scarcity()[:, None] / np.maximum(hosts.capacity[:, others], 1)
    targets = np.full(len(needs), NOWHERE, dtype=np.int64)
    for k in np.argsort(-(needs @ worth.mean(axis=1)), kind="stable"):
        left = free - needs[k][:, None]
        tightness = np.where((left >= 0).all(axis=0), (worth * left).sum(axis=0), np.inf)
        at = int(np.argmin(tightness))
        if tightness[at] == np.inf:
            return None
        free[:, at] = left[:, at]
        targets[k] = others[at]
    return targets
