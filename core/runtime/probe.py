"""The hardware probe: what this machine has, and what of it is free now."""

import asyncio
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from core.errors import EngineUnavailable
from core.model import Resources
from core.observed import Measured
from core.runtime.container_engine import ContainerEngine, translated
from core.runtime.gpus import NO_GPUS, found_gpus, gpu_note, hands_gpus_over
from core.runtime.isolation import CONTAINER, isolation

_MIB: Final = 2**20
_CPU_SAMPLE_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class _EngineFacts:
    """What the container engine says of itself; all unknown where none answers."""

    version: str = ""
    cpu_millis: int | None = None
    memory_mib: int | None = None
    root: str = ""
    isolation: str = CONTAINER
    hands_gpus_over: bool = False


class HardwareProbe:
    """Measures the machine, or the container engine where it has less (a virtual machine on macOS and Windows).

    `choice` is the isolation that the donor's settings ask for.
    """

    def __init__(self, engine: ContainerEngine, choice: str = CONTAINER) -> None:
        self._engine = engine
        self._choice = choice

    async def measure(self) -> Measured:
        """Total and free resources, in about half a second.

        What cannot be known is None, 0 or empty; a missing container engine is no error here, only no version. Raises
        SandboxFailed where the engine cannot isolate workers as the settings ask.
        """
        return await asyncio.to_thread(self._measure)

    def _measure(self) -> Measured:
        facts = self._facts()
        memory = psutil.virtual_memory()
        gpus = found_gpus()
        given = gpus if facts.hands_gpus_over else NO_GPUS
        disk = shutil.disk_usage(facts.root if facts.root and Path(facts.root).is_dir() else Path.home())
        cpu_millis = _least((psutil.cpu_count() or 1) * 1000, facts.cpu_millis)
        memory_mib = _least(memory.total // _MIB, facts.memory_mib)
        idle_percent = 100 - round(psutil.cpu_percent(interval=_CPU_SAMPLE_S))
        return Measured(
            total=Resources(cpu_millis, memory_mib, disk.total // _MIB, given.count, given.memory_mib),
            free=Resources(
                cpu_millis=cpu_millis * max(0, idle_percent) // 100,
                memory_mib=min(memory.available // _MIB, memory_mib),
                disk_mib=disk.free // _MIB,
                gpu_count=given.count,
                gpu_memory_mib=given.free_mib,
            ),
            cpu_model=_cpu_model()[:100],
            on_battery=_on_battery(),
            engine_version=facts.version,
            isolation=facts.isolation,
            gpu_note=gpu_note(gpus, handed_over=facts.hands_gpus_over),
        )

    def _facts(self) -> _EngineFacts:
        try:
            with translated():
                info = self._engine.client.info()
        except EngineUnavailable:
            return _EngineFacts()
        return _EngineFacts(
            version=str(info["ServerVersion"]),
            cpu_millis=int(info["NCPU"]) * 1000,
            memory_mib=int(info["MemTotal"]) // _MIB,
            root=str(info.get("DockerRootDir", "")),
            isolation=isolation(info, self._choice).level,
            hands_gpus_over=hands_gpus_over(info),
        )


def _on_battery() -> bool | None:
    try:
        battery = psutil.sensors_battery()
    except (OSError, RuntimeError):
        return None
    return None if battery is None or battery.power_plugged is None else not battery.power_plugged


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except (OSError, UnicodeDecodeError):
        pass
    return platform.processor() or platform.machine()


def _least(here: int, engine: int | None) -> int:
    return here if engine is None else min(here, engine)
