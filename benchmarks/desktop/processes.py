"""What a set of processes costs while nobody looks: memory, processor time, wakeups."""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians over the samples: MiB resident and MiB of its own share (PSS), percent of a core, wakeups a second."""

    resident_mib: float
    proportional_mib: float
    processor_percent: float
    wakeups_s: float


def cost(pids: Iterable[int], seconds: int) -> Cost:
    """Watch the processes `pids` and all their children, a sample each five seconds."""
    roots = [psutil.Process(pid) for pid in pids]
    samples = []
    before, woken = _family(roots), 0
    for _ in range(max(1, seconds // 5)):
        at = time.monotonic()
        used, woken = _processor_s(before), _wakeups(before)
        time.sleep(5)
        took_s, now = time.monotonic() - at, _family(roots)
        memory = [each.memory_full_info() for each in now]
        samples.append(
            Cost(
                sum(each.rss for each in memory) / _MIB,
                sum(each.pss for each in memory) / _MIB,
                100 * max(0.0, _processor_s(now) - used) / took_s,
                max(0, _wakeups(now) - woken) / took_s,
            )
        )
        before = now
    return Cost(
        round(median(each.resident_mib for each in samples), 1),
        round(median(each.proportional_mib for each in samples), 1),
        round(median(each.processor_percent for each in samples), 3),
        round(median(each.wakeups_s for each in samples), 2),
    )


def _family(roots: list[psutil.Process]) -> list[psutil.Process]:
    return [*roots, *(child for root in roots for child in root.children(recursive=True))]


def _processor_s(processes: list[psutil.Process]) -> float:
    return sum(each.cpu_times().user + each.cpu_times().system for each in processes)


def _wakeups(processes: list[psutil.Process]) -> int:
    """How often any thread gave the processor up and was woken again."""
    found = 0
    for each in processes:
        for task in Path(f"/proc/{each.pid}/task").iterdir():
            with suppress(OSError):
                lines = (task / "status").read_text("ascii").splitlines()
                found += sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))
    return found
