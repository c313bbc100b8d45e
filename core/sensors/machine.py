"""What an owner does with a machine and what surrounds it: core.ports.Sensors over one chain of providers a reading."""

import asyncio
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from core.observed import Conditions
from core.sensors.chain import Chain
from core.sensors.power import Power
from core.sensors.programs import ProgramWatch


@dataclass(frozen=True, slots=True)
class Senses:
    """Who is asked for what, on one platform."""

    idle_s: Chain[int]
    power: Chain[Power]
    metered: Chain[bool]
    full_screen: Chain[bool]
    celsius: Chain[int]
    programs: ProgramWatch

    def chains(self) -> tuple[Chain[int] | Chain[Power] | Chain[bool], ...]:
        """Every chain."""
        return self.idle_s, self.power, self.metered, self.full_screen, self.celsius


class MachineSensors:
    """Reads its senses in a thread, one reader at a time: a desktop that hangs holds up no event loop."""

    def __init__(self, senses: Senses) -> None:
        self._senses = senses
        self._one_at_a_time = threading.Lock()

    async def read(self, programs: Collection[str]) -> Conditions:
        """The conditions now, cheap enough for once a second; `programs` are the names looked for.

        What no provider on this platform can tell is None; nothing is raised.
        """
        return await asyncio.to_thread(self._read, frozenset(programs))

    def providers(self) -> Mapping[str, str]:
        """For each field of Conditions, who tells it here, or why nobody can: as the last `read` found them."""
        senses = self._senses
        percent = senses.power.told_by
        if senses.power.kept == Power(on_battery=False, percent=None):
            percent = "This machine has no battery."
        return {
            "idle_s": senses.idle_s.told_by,
            "on_battery": senses.power.told_by,
            "battery_percent": percent,
            "metered": senses.metered.told_by,
            "full_screen": senses.full_screen.told_by,
            "celsius": senses.celsius.told_by,
            "programs": senses.programs.told_by,
        }

    async def close(self) -> None:
        """End every connection. A later `read` opens them again."""
        await asyncio.to_thread(self._close)

    def _read(self, programs: frozenset[str]) -> Conditions:
        with self._one_at_a_time:
            power = self._senses.power.read()
            return Conditions(
                idle_s=self._senses.idle_s.read(),
                on_battery=power.on_battery if power else None,
                battery_percent=power.percent if power else None,
                metered=self._senses.metered.read(),
                full_screen=self._senses.full_screen.read(),
                celsius=self._senses.celsius.read(),
                programs=self._senses.programs.read(programs),
            )

    def _close(self) -> None:
        with self._one_at_a_time:
            for chain in self._senses.chains():
                chain.close()
