"""The only loop: facts go in, `step` changes a lease, the journal keeps it, effects go out, and a view is published.

Everything that an effect needs to be carried out again is in the lease, so a crash between the journal and the
effect loses nothing: the next `Ticked` or `Restarted` asks for it once more.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from core.errors import SparecloudError
from core.lease import Effect, Fact, Lease, ended, step
from core.lease.effects import Lane, lane
from core.lease.facts import Restarted, Ticked
from core.ports import Clock, Journal

log = logging.getLogger(__name__)

TICK_S: Final = 1.0

Carry = Callable[[str, Lease, Effect], Awaitable[Fact | None]]
"""Carries an effect of the lease with that key out; answers with the fact that came of it, None where none did yet."""

V = TypeVar("V")


class Published(Generic[V]):
    """The newest value of something: any number of watchers, slow ones skip to the newest."""

    def __init__(self, value: V) -> None:
        self.value = value
        self._changed = asyncio.Event()

    def publish(self, value: V) -> None:
        """Make `value` the newest, unless it equals the one before."""
        if value == self.value:
            return
        self.value = value
        self._changed.set()
        self._changed = asyncio.Event()

    async def watch(self) -> AsyncIterator[V]:
        """The value now, then each newest one after a change."""
        while True:
            changed, value = self._changed, self.value
            yield value
            if value is self.value:
                await changed.wait()


class Engine:
    """Owns the leases of one agent. Not thread-safe: it belongs to one event loop."""

    def __init__(self, journal: Journal, clock: Clock, carry: Carry, changed: Callable[[str, Lease], None]) -> None:
        """`changed` hears of each lease after it was journalled."""
        self._journal = journal
        self._clock = clock
        self._carry = carry
        self._hear = changed
        self._leases: dict[str, Lease] = {}
        self._facts: asyncio.Queue[tuple[str, Fact]] = asyncio.Queue()
        self._under_way: set[tuple[str, Effect]] = set()
        self._lanes: dict[tuple[str, Lane], asyncio.Lock] = {}
        self._early: list[tuple[str, Lease, Effect]] = []
        self._tasks: asyncio.TaskGroup | None = None
        self._kept = asyncio.Event()

    @property
    def leases(self) -> Mapping[str, Lease]:
        """Every lease by its key, ended ones too."""
        return MappingProxyType(self._leases)

    def recall(self) -> None:
        """Read the leases of an earlier run back. Call once, before `run`."""
        self._leases.update(self._journal.leases())
        for key, lease in self._leases.items():
            if not ended(lease):
                self.tell(key, Restarted(self._clock.now()))

    def add(self, key: str, lease: Lease, effects: tuple[Effect, ...]) -> None:
        """Take a new lease on, and carry its first effects out."""
        self._keep(key, lease)
        self._start(key, lease, effects)

    def tell(self, key: str, fact: Fact) -> None:
        """Hand a fact in; it is worked on in the order of arrival."""
        self._facts.put_nowait((key, fact))

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            for early in self._early:
                tasks.create_task(self._do(*early))
            self._early.clear()
            tasks.create_task(self._tick())
            while True:
                key, fact = await self._facts.get()
                lease = self._leases.get(key)
                if lease is None:
                    continue
                after, effects = step(lease, fact)
                if after != lease:
                    if after.phase is not lease.phase:
                        log.info(
                            "lease %s: %s -> %s (%s)",
                            key,
                            lease.phase,
                            after.phase,
                            after.reason or type(fact).__name__,
                        )
                    self._keep(key, after)
                self._start(key, after, effects)

    def _keep(self, key: str, lease: Lease) -> None:
        self._journal.save(key, lease)
        self._leases[key] = lease
        self._kept.set()
        self._hear(key, lease)

    async def _tick(self) -> None:
        """Tell each lease that is not over what time it is; an agent without one sleeps."""
        while True:
            now, live = self._clock.now(), [key for key, lease in self._leases.items() if not ended(lease)]
            for key in live:
                self.tell(key, Ticked(now))
            self._kept.clear()
            await (self._clock.sleep(TICK_S) if live else self._kept.wait())

    def _start(self, key: str, lease: Lease, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if (key, effect) in self._under_way:
                continue
            self._under_way.add((key, effect))
            if self._tasks is None:
                self._early.append((key, lease, effect))
            else:
                self._tasks.create_task(self._do(key, lease, effect))

    async def _do(self, key: str, lease: Lease, effect: Effect) -> None:
        turn = self._lanes.setdefault((key, lane(effect)), asyncio.Lock())
        try:
            async with turn:
                fact = await self._carry(key, lease, effect)
        except SparecloudError as problem:
            log.warning("lease %s: %s did not work: %s", key, type(effect).__name__, problem)
        except Exception:
            # The top of a task: one effect that breaks must not end the agent and with it every other lease.
            log.exception("lease %s: %s broke", key, type(effect).__name__)
        else:
            if fact is not None:
                self.tell(key, fact)
        finally:
            self._under_way.discard((key, effect))
