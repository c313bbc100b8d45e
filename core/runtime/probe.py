"""The hardware probe: what this machine has, and what of it is free now."""

import asyncio
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from core.errors import SparecloudError
from core.model import Resources
from core.observed import Measured
from core.runtime.container_engine import ContainerEngine, translated

_MIB: Final = 2**20
_DEADLINE_S: Final = 5
_CPU_SAMPLE_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Gpus:
    """The NVIDIA GPUs of a machine, and their memory added up."""

    count: int = 0
    memory_mib: int = 0
    free_mib: int = 0


@dataclass(frozen=True, slots=True)
class _EngineFacts:
    """What the container engine says of itself; all unknown where none answers."""

    version: str = ""
    cpu_millis: int | None = None
    memory_mib: int | None = None
    root: str = ""


class HardwareProbe:
    """Measures the machine, or the container engine where it has less (a virtual machine on macOS and Windows)."""

    def __init__(self, engine: ContainerEngine) -> None:
        self._engine = engine

    async def measure(self) -> Measured:
        """Total and free resources, in about half a second.

        What cannot be known is None, 0 or empty; a missing container engine is no error here, only no version.
        """
        return await asyncio.to_thread(self._measure)

    def _measure(self) -> Measured:
        facts = self._facts()
        memory = psutil.virtual_memory()
        gpus = gpus_in(_nvidia_smi())
        disk = shutil.disk_usage(facts.root if facts.root and Path(facts.root).is_dir() else Path.home())
        cpu_millis = _least((psutil.cpu_count() or 1) * 1000, facts.cpu_millis)
        memory_mib = _least(memory.total // _MIB, facts.memory_mib)
        idle_percent = 100 - round(psutil.cpu_percent(interval=_CPU_SAMPLE_S))
        return Measured(
            total=Resources(cpu_millis, memory_mib, disk.total // _MIB, gpus.count, gpus.memory_mib),
            free=Resources(
                cpu_millis=cpu_millis * max(0, idle_percent) // 100,
                memory_mib=min(memory.available // _MIB, memory_mib),
                disk_mib=disk.free // _MIB,
                gpu_count=gpus.count,
                gpu_memory_mib=gpus.free_mib,
            ),
            cpu_model=_cpu_model()[:100],
            on_battery=_on_battery(),
            engine_version=facts.version,
        )

    def _facts(self) -> _EngineFacts:
        try:
            with translated():
                info = self._engine.client.info()
        except SparecloudError:
            return _EngineFacts()
        return _EngineFacts(
            version=str(info["ServerVersion"]),
            cpu_millis=int(info["NCPU"]) * 1000,
            memory_mib=int(info["MemTotal"]) // _MIB,
            root=str(info.get("DockerRootDir", "")),
        )


def gpus_in(listing: str) -> Gpus:
    """The GPUs that `nvidia-smi` lists, one "total, free" in MiB a line; unreadable lines count for nothing."""
    found = Gpus()
    for line in listing.splitlines():
        total, _, free = (part.strip() for part in line.partition(","))
        if total.isdecimal() and free.isdecimal():
            found = Gpus(found.count + 1, found.memory_mib + int(total), found.free_mib + int(free))
    return found


def _nvidia_smi() -> str:
    command = ["nvidia-smi", "--query-gpu=memory.total,memory.free", "--format=csv,noheader,nounits"]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=_DEADLINE_S).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


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
