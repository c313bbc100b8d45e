"""The market's seating plan over time."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.allocator.online.emptying import Budget, plan
from core.allocator.online.hosts import NOWHERE, Hosts, whole
from core.allocator.online.lifetimes import Lifetimes
from core.allocator.online.policy import Aligned, Arrival, Choose, to_open
from core.allocator.online.roster import Roster
from core.allocator.problems.effort import LARGEST, Integers

Floats = NDArray[np.float64]

ALIKE: Final[tuple[Hashable, ...]] = ("worker",)
"""The traits of a worker that nothing is known about."""


class NoRoom(Exception):
    """No donor in the market has room for a worker; nobody was seated."""


@dataclass(frozen=True, slots=True)
class Move:
    """A worker goes from one host to another; `target` is NOWHERE where no donor could take it."""

    worker: int
    source: int
    target: int


class Placer:
    """Seats workers on hosts; every seat is checked against the host's capacity when it is given.

    Hosts and workers have `dimensions` resources in whole numbers. `choose` picks among the open hosts. Times are
    seconds on any clock and never go back. `lifetimes` predicts ends that are not told, and is asked again about
    all running workers every `refresh_s`. Donors and hosts are one: a donor's number is its host's.
    """

    def __init__(
        self,
        dimensions: int,
        choose: Choose | None = None,
        budget: Budget | None = None,
        lifetimes: Lifetimes | None = None,
        refresh_s: float = 600.0,
    ) -> None:
        if dimensions < 1 or not refresh_s > 0:
            raise ValueError("a worker needs at least one resource, and predictions some time between them")
        self.hosts = Hosts(dimensions)
        self.arrivals, self.moved = 0, 0
        self._choose, self._budget = choose or Aligned(), budget or Budget()
        self._lifetimes = lifetimes or Lifetimes(1, 0.75)
        self._roster = Roster(dimensions, self._lifetimes.levels)
        self._refresh_s, self._refreshed = refresh_s, -math.inf
        self._now = -math.inf
        self._wanted: Floats = np.zeros(dimensions)

    def donor_joins(self, capacities: Integers, costs: Floats | None = None) -> Integers:
        """The numbers of hosts with capacities[k, d]; the least costs[k] a unit is opened first. Raises ValueError."""
        table = whole(capacities, len(self.hosts.load), "capacities")
        if (self.hosts.capacity.sum(axis=1) + table.sum(axis=0, dtype=np.float64) > LARGEST).any():
            raise ValueError(f"the hosts together may not have more than {LARGEST} of a resource")
        prices = np.zeros(len(table)) if costs is None else np.asarray(costs, dtype=np.float64)
        if prices.shape != (len(table),) or not np.isfinite(prices).all() or (prices < 0).any():
            raise ValueError("costs must be one number a host, finite and not negative")
        return self.hosts.join(table, prices)

    def donor_leaves(self, now: float, host: int) -> tuple[Move, ...]:
        """Where the workers of a host that leaves go: the largest first, on open hosts or others.

        These moves are no choice of ours and take nothing from the budget. A worker that fits nowhere is dropped.
        Raises ValueError for a host that is not in the market.
        """
        self._pass(now)
        if not 0 <= host < len(self.hosts.here) or not self.hosts.here[host]:
            raise ValueError(f"there is no host {host} in the market")
        slots = self._roster.on(host)
        for slot in slots:
            self.hosts.unseat(host, self._roster.need[slot])
        self._roster.host[slots] = NOWHERE
        self.hosts.leave(host)
        return tuple(self._again(now, int(slot), host) for slot in slots[self._largest(self._roster.need[slots])])

    def arrive(
        self,
        now: float,
        workers: Sequence[int],
        needs: Integers,
        traits: Sequence[Sequence[Hashable]] | None = None,
        ends_s: Floats | None = None,
    ) -> Integers:
        """The host of each of needs[k, d], all of them or none.

        traits[k] are what the predictor knows workers by; ends_s[k], where given, are the times at which they are
        known to end. Raises NoRoom, and ValueError for a worker that runs already or figures that make no sense.
        """
        self._pass(now)
        table = whole(needs, len(self.hosts.load), "needs")
        if len(table) != len(workers) or len(set(workers)) != len(workers):
            raise ValueError("every arriving worker needs a number of its own and one row of needs")
        if any(worker in self._roster.slots for worker in workers):
            raise ValueError("a worker that runs cannot arrive")
        rows = self._rows(traits, len(table))
        due_s = self._due(now, rows, ends_s)
        hosts = self._seat_all(now, table, due_s)
        for k, worker in enumerate(workers):
            slot = self._roster.add(worker, table[k], rows[k], now, float(due_s[k]), ends_s is not None)
            self._roster.host[slot] = hosts[k]
        self.arrivals += len(table)
        return hosts

    def end(self, now: float, workers: Sequence[int]) -> None:
        """Workers ended. Raises ValueError, and changes nothing, for one that does not run."""
        self._pass(now)
        if len(set(workers)) != len(workers) or any(worker not in self._roster.slots for worker in workers):
            raise ValueError("only workers that run can end, and only once")
        slots = np.array([self._roster.slots[worker] for worker in workers], dtype=np.int64)
        told = self._roster
        self._lifetimes.ended(told.rows[slots], told.counted[slots], now - told.began_s[slots])
        for worker, slot in zip(workers, slots, strict=True):
            self.hosts.unseat(int(told.host[slot]), told.need[slot])
            told.drop(worker)

    def rebalance(self, now: float) -> tuple[Move, ...]:
        """Moves that close hosts, as many as pay and as the budget allows; none is undone by a later one."""
        self._pass(now)
        moves: list[Move] = []
        while (left := int(self._budget.per_arrival * self.arrivals) - self.moved) > 0:
            wanted = np.maximum(self._wanted, self.hosts.load) * (1 + self._budget.slack)
            found = plan(self.hosts, self._roster, wanted, left, self._budget)
            if found is None:
                break
            moves += [self._move(int(slot), int(target)) for slot, target in zip(*found, strict=True)]
            self.moved += len(found[0])
        return tuple(moves)

    def _pass(self, now: float) -> None:
        """Lets time go by: the load of the past fades, and what is due for prediction is predicted again."""
        if not math.isfinite(now) or now < self._now:
            raise ValueError(f"the time is a number that never goes back, not {now} after {self._now}")
        faded = self._wanted * math.exp(min(0.0, self._now - now) / self._budget.memory_s)
        self._wanted, self._now = np.maximum(faded, self.hosts.load), now
        if now - self._refreshed >= self._refresh_s:
            self._refreshed = now
            self._predict(now)

    def _predict(self, now: float) -> None:
        told = self._roster
        slots, current = told.grown_up(now)
        self._lifetimes.outlived(told.rows[slots], told.counted[slots], current)
        told.counted[slots] = current
        running = told.running()
        unknown = running[~told.known[running]]
        age_s = now - told.began_s[unknown]
        told.due_s[unknown] = told.began_s[unknown] + self._lifetimes.life_s(told.rows[unknown], age_s)
        self.hosts.exit_s[:] = 0.0
        np.maximum.at(self.hosts.exit_s, told.host[running], told.due_s[running])

    def _rows(self, traits: Sequence[Sequence[Hashable]] | None, count: int) -> Integers:
        if traits is None:
            traits = [ALIKE * self._lifetimes.levels] * count
        if len(traits) != count:
            raise ValueError("traits must be one row a worker")
        return np.array([self._lifetimes.rows(row) for row in traits], dtype=np.int64)

    def _due(self, now: float, rows: Integers, ends_s: Floats | None) -> Floats:
        if ends_s is None:
            return now + self._lifetimes.life_s(rows, np.zeros(len(rows)))
        ends = np.asarray(ends_s, dtype=np.float64)
        if ends.shape != (len(rows),) or not np.isfinite(ends).all() or (ends < now).any():
            raise ValueError("ends must be one time a worker, finite and not in the past")
        return ends

    def _seat_all(self, now: float, needs: Integers, due_s: Floats) -> Integers:
        """The hosts of needs[k, d], the largest first. Raises NoRoom after taking all of them off again."""
        hosts = np.full(len(needs), NOWHERE, dtype=np.int64)
        before_s = self.hosts.exit_s.copy()
        for k in self._largest(needs):
            hosts[k] = self._find(Arrival(needs[k], now, float(due_s[k])))
            if hosts[k] == NOWHERE:
                for taken in np.flatnonzero(hosts != NOWHERE):
                    self.hosts.unseat(int(hosts[taken]), needs[taken])
                self.hosts.exit_s[:] = before_s
                raise NoRoom(f"no donor has room for {needs[k].tolist()}")
            self.hosts.seat(int(hosts[k]), needs[k], float(due_s[k]))
        return hosts

    def _find(self, arrival: Arrival) -> int:
        host = self._choose(self.hosts, arrival)
        return to_open(self.hosts, arrival.need) if host == NOWHERE else host

    def _largest(self, needs: Integers) -> Integers:
        """The order of needs[k, d] from the largest to the smallest by what is scarce."""
        size = needs @ (self.hosts.scarcity() / np.maximum(self.hosts.capacity.max(axis=1, initial=1), 1))
        return np.argsort(-size, kind="stable")

    def _move(self, slot: int, target: int) -> Move:
        told = self._roster
        move = Move(int(told.worker[slot]), int(told.host[slot]), target)
        self.hosts.seat(target, told.need[slot], float(told.due_s[slot]))
        self.hosts.unseat(move.source, told.need[slot])
        told.host[slot] = target
        return move

    def _again(self, now: float, slot: int, source: int) -> Move:
        """A host for a worker that lost its own."""
        told = self._roster
        worker, need, due_s = int(told.worker[slot]), told.need[slot], float(told.due_s[slot])
        target = self._find(Arrival(need, now, due_s))
        if target == NOWHERE:
            told.drop(worker)
        else:
            self.hosts.seat(target, need, due_s)
            told.host[slot] = target
        return Move(worker, source, target)
