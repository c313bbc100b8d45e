"""A donor's own speed: measured when nothing is served, kept, and measured again when it may have changed."""

import logging
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from core.errors import SparecloudError
from core.model import MAX_RESOURCE
from core.observed import Measured, Speed, Usage
from core.ports import Benchmark, Clock, Journal

log = logging.getLogger(__name__)

FRESH_S: Final = 7 * 86_400
"""A measurement is repeated after so long."""

FAILED_AGAIN_S: Final = 3600
LEAST_APART_S: Final = 5
"""Over less time a burst would count as a speed."""

_TABLE: Final = "speed"
_KEY: Final = "own"


@dataclass(frozen=True, slots=True)
class Machine:
    """What a measurement is of: another processor, engine or isolation is another machine."""

    cpu_model: str
    engine_version: str
    isolation: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A measurement and its machine; what its workers moved at most counts from `moved_since`."""

    speed: Speed
    machine: Machine
    moved_since: int = 0


def machine(measured: Measured) -> Machine:
    """The machine that a probe has seen."""
    return Machine(measured.cpu_model, measured.engine_version, measured.isolation)


def due(kept: Kept | None, measured: Measured, now: int) -> bool:
    """Whether the machine has to be measured: never before, long ago, or another one. Nothing runs without engine."""
    if not measured.engine_version:
        return False
    return kept is None or kept.machine != machine(measured) or not 0 <= now - kept.speed.measured_at < FRESH_S


def faster(kept: Kept, up_kib_s: int, down_kib_s: int, now: int) -> Kept:
    """With the most that workers moved, over the last `FRESH_S` or so; the same where that is no news.

    Nobody would serve a donor bytes to measure its line with, so it is what real work moved: a bound from below.
    """
    speed = kept.speed
    if now - kept.moved_since >= FRESH_S:
        return replace(kept, speed=replace(speed, up_kib_s=up_kib_s, down_kib_s=down_kib_s), moved_since=now)
    if 8 * up_kib_s <= 9 * speed.up_kib_s and 8 * down_kib_s <= 9 * speed.down_kib_s:
        return kept
    most = replace(speed, up_kib_s=max(up_kib_s, speed.up_kib_s), down_kib_s=max(down_kib_s, speed.down_kib_s))
    return replace(kept, speed=most)


class SpeedCheck:
    """Keeps this machine's speed in the journal, and knows when to measure it."""

    def __init__(self, benchmark: Benchmark, journal: Journal, clock: Clock) -> None:
        self._benchmark = benchmark
        self._journal = journal
        self._clock = clock
        self._not_before = 0
        self._moved: dict[Hashable, tuple[int, Usage]] = {}
        row = journal.get(_TABLE, _KEY)
        self._kept = msgspec.json.decode(row, type=Kept) if row else None

    @property
    def speed(self) -> Speed:
        """What was measured last; all 0 where nothing was."""
        return self._kept.speed if self._kept is not None else Speed()

    async def look(self, measured: Measured, *, quiet: bool) -> bool:
        """Measure where that is due and all is `quiet`: no worker here, no hold. True where there is a new speed."""
        now = self._clock.now()
        if not quiet or now < self._not_before or not due(self._kept, measured, now):
            return False
        self._not_before = now + FAILED_AGAIN_S
        try:
            found = await self._benchmark.run()
        except SparecloudError as problem:
            log.warning("this machine's speed was not measured: %s", problem)
            return False
        self._not_before = 0
        before = self.speed
        found = replace(found, up_kib_s=before.up_kib_s, down_kib_s=before.down_kib_s, measured_at=self._clock.now())
        self._keep(Kept(found, machine(measured), self._kept.moved_since if self._kept is not None else now))
        return True

    def saw(self, worker: Hashable, usage: Usage) -> None:
        """Learn from a worker's traffic how fast the network is here; `worker` names it, a call every few seconds."""
        now = self._clock.now()
        before_at, before = self._moved.get(worker, (now, usage))
        if worker in self._moved and now - before_at < LEAST_APART_S:
            return
        self._moved = {key: seen for key, seen in self._moved.items() if now - seen[0] < FRESH_S}
        self._moved[worker] = now, usage
        if self._kept is None or now <= before_at:
            return
        up, down = (
            min(MAX_RESOURCE, max(0, moved) // 1024 // (now - before_at))
            for moved in (usage.sent_bytes - before.sent_bytes, usage.received_bytes - before.received_bytes)
        )
        self._keep(faster(self._kept, up, down, now))

    def _keep(self, kept: Kept) -> None:
        if kept != self._kept:
            self._journal.put(_TABLE, _KEY, msgspec.json.encode(kept))
            self._kept = kept
