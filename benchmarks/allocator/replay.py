"""An independent replay of who was where, sharing no code with the allocator: capacities, seats, host-seconds."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

Step = tuple[int, float, int]
"""(worker, time, host): the worker is on that host from then on; see NOBODY and NOWHERE."""

NOBODY: Final = -1
"""As the worker of a step: the host itself leaves, and its workers with it; a like one may come back at once."""
NOWHERE: Final = -1
"""As the host of a step: the worker was dropped, since no donor could take it."""


@dataclass(frozen=True, slots=True)
class Played:
    """Cost-seconds of open hosts over all time and until `until_s`, the most open hosts, and what was moved.

    `forced` counts the workers seated again after their host left; `moves` all other changes of host.
    """

    seconds: float
    seconds_until: float
    peak: int
    moves: int
    forced: int
    dropped: int


class Broken(Exception):
    """The steps break a rule; the message says which."""


def replay(
    capacities: Sequence[Sequence[int]],
    costs: Sequence[float],
    workers: Sequence[tuple[float, float, Sequence[int]]],
    steps: Iterable[Step],
    until_s: float,
) -> Played:
    """Plays `steps`, in order, over workers that are (arrival, end, needs); an end comes before any step of its time.

    Raises Broken where a host holds more than its capacity, a worker is nowhere in its life or anywhere outside it.
    """
    stage = _Stage(capacities, costs, workers, until_s)
    ends = sorted(range(len(workers)), key=lambda worker: workers[worker][1])
    coming = iter(ends)
    following = next(coming, None)
    for worker, when, host in _in_order(steps):
        while following is not None and workers[following][1] <= when:
            stage.end(following)
            following = next(coming, None)
        stage.step(worker, when, host)
    for rest in [] if following is None else [following, *coming]:
        stage.end(rest)
    return stage.played()


def _in_order(steps: Iterable[Step]) -> Iterator[Step]:
    before = float("-inf")
    for step in steps:
        if step[1] < before:
            raise Broken(f"the step {step} goes back in time")
        before = step[1]
        yield step


class _Stage:
    def __init__(
        self,
        capacities: Sequence[Sequence[int]],
        costs: Sequence[float],
        workers: Sequence[tuple[float, float, Sequence[int]]],
        until_s: float,
    ) -> None:
        self._capacities, self._costs, self._workers, self._until_s = capacities, costs, workers, until_s
        self._used = [[0] * len(capacity) for capacity in capacities]
        self._on: list[set[int]] = [set() for _ in capacities]
        self._host: dict[int, int] = {}
        self._seen: set[int] = set()
        self._homeless: dict[int, float] = {}
        self._dropped: set[int] = set()
        self._since: dict[int, float] = {}
        self._seconds = self._seconds_until = 0.0
        self._counts = Counter[str]()
        self._peak = 0

    def step(self, worker: int, when: float, host: int) -> None:
        if worker == NOBODY:
            for left in list(self._on[host]):
                self._off(left, when)
                self._homeless[left] = when
        elif host == NOWHERE:
            if self._homeless.pop(worker, None) != when:
                raise Broken(f"worker {worker} was dropped though its host did not leave")
            self._dropped.add(worker)
        else:
            self._sit(worker, when, host)

    def _sit(self, worker: int, when: float, host: int) -> None:
        began, ended, needs = self._workers[worker]
        if not began <= when < ended:
            raise Broken(f"worker {worker} is seated at {when}, outside its life")
        if worker in self._homeless:
            if self._homeless.pop(worker) != when:
                raise Broken(f"worker {worker} was nowhere until {when}")
            self._counts["forced"] += 1
        elif worker in self._host:
            self._off(worker, when)
            self._counts["moves"] += 1
        elif worker in self._seen or when != began:
            raise Broken(f"worker {worker} is seated at {when}, but arrived at {began}")
        self._seen.add(worker)
        self._host[worker] = host
        if not self._on[host]:
            self._since[host] = when
            self._peak = max(self._peak, len(self._since))
        self._on[host].add(worker)
        self._used[host] = [used + need for used, need in zip(self._used[host], needs, strict=True)]
        if any(used > most for used, most in zip(self._used[host], self._capacities[host], strict=True)):
            raise Broken(f"host {host} is overfull at {when}")

    def end(self, worker: int) -> None:
        if worker not in self._dropped:
            if worker not in self._host:
                raise Broken(f"worker {worker} was nowhere when it ended")
            self._off(worker, self._workers[worker][1])

    def _off(self, worker: int, when: float) -> None:
        host = self._host.pop(worker)
        self._on[host].remove(worker)
        self._used[host] = [used - need for used, need in zip(self._used[host], self._workers[worker][2], strict=True)]
        if not self._on[host]:
            since = self._since.pop(host)
            self._seconds += self._costs[host] * (when - since)
            self._seconds_until += self._costs[host] * max(0.0, min(when, self._until_s) - since)

    def played(self) -> Played:
        if self._homeless:
            raise Broken(f"workers {sorted(self._homeless)[:5]} were left nowhere")
        return Played(
            self._seconds,
            self._seconds_until,
            self._peak,
            self._counts["moves"],
            self._counts["forced"],
            len(self._dropped),
        )
