"""What a worker uses, by the engine's own counters: read without the second reading that the engine else waits for.

The engine counts processor time since a container started; two readings make a rate.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from docker.models.containers import Container

from core.observed import Usage

_MIB: Final = 2**20


class _Cpu(msgspec.Struct, frozen=True):
    total_usage: int = 0


class _CpuStats(msgspec.Struct, frozen=True):
    cpu_usage: _Cpu = _Cpu()


class _Memory(msgspec.Struct, frozen=True):
    usage: int = 0
    stats: dict[str, int] = {}


class _Interface(msgspec.Struct, frozen=True):
    rx_bytes: int = 0
    tx_bytes: int = 0


class _Stats(msgspec.Struct, frozen=True):
    read: datetime
    cpu_stats: _CpuStats = _CpuStats()
    memory_stats: _Memory = _Memory()
    networks: dict[str, _Interface] = {}


@dataclass(frozen=True, slots=True)
class Reading:
    """A container's counters at one moment; the bytes are those of its own interfaces, none of a tunnel's."""

    at: datetime
    cpu_ns: int
    memory_bytes: int
    sent_bytes: int
    received_bytes: int


def read(container: Container) -> Reading | None:
    """The counters of a container now; None where it does not run.

    Blocks for a few milliseconds, or, where an old engine (20.10) tells all who ask at its own ticks, for a second.
    """
    stats = container.stats(stream=False, one_shot=True)
    return reading(stats) if isinstance(stats, Mapping) else None


def reading(stats: Mapping[str, Any]) -> Reading | None:
    """The engine's answer as a Reading, None where it tells nothing; page cache is no memory used."""
    found = msgspec.convert(stats, type=_Stats)
    memory = found.memory_stats
    if not memory.usage:
        return None
    # As `docker stats` reckons: the first name is that of cgroup v1, the other that of v2.
    cached = memory.stats.get("total_inactive_file", memory.stats.get("inactive_file", 0))
    return Reading(
        at=found.read,
        cpu_ns=found.cpu_stats.cpu_usage.total_usage,
        memory_bytes=memory.usage - cached if cached < memory.usage else memory.usage,
        sent_bytes=sum(interface.tx_bytes for interface in found.networks.values()),
        received_bytes=sum(interface.rx_bytes for interface in found.networks.values()),
    )


def usage(before: Reading, now: Reading, outside: Reading | None) -> Usage:
    """What was used between two readings; `outside` is of the container that owns the network namespace."""
    passed_us = max(1, round((now.at - before.at).total_seconds() * 1_000_000))
    return Usage(
        cpu_millis=max(0, now.cpu_ns - before.cpu_ns) // passed_us,
        memory_mib=now.memory_bytes // _MIB,
        sent_bytes=outside.sent_bytes if outside is not None else 0,
        received_bytes=outside.received_bytes if outside is not None else 0,
    )
