"""What a set of processes costs while nobody looks: memory, processor time, wakeups."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import psutil

_MIB: Final = 2**20
_SAMPLE_EVERY_S: Final = 5


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians of MiB resident and of MiB of its own share (PSS); percent of a core and wakeups a second on average."""

    resident_mib: float
    proportional_mib: float
    processor_percent: float
    wakeups_s: float


def cost(pids: Iterable[int], seconds: int) -> Cost:
    """Watch the processes `pids` and all their children, with a look at their memory each five seconds."""
    family = _family([psutil.Process(pid) for pid in pids])
    began, used_s, woken = time.monotonic(), _summed(family, _processor_s), _summed(family, _wakeups)
    memory = []
    for _ in range(max(1, seconds // _SAMPLE_EVERY_S)):
        time.sleep(_SAMPLE_EVERY_S)
        memory.append([each.memory_full_info() for each in family])
    took_s = time.monotonic() - began
    return Cost(
        round(median(sum(each.rss for each in sample) for sample in memory) / _MIB, 1),
        round(median(sum(each.pss for each in sample) for sample in memory) / _MIB, 1),
        round(100 * (_summed(family, _processor_s) - used_s) / took_s, 2),
        round((_summed(family, _wakeups) - woken) / took_s, 1),
    )


def _family(roots: list[psutil.Process]) -> list[psutil.Process]:
    return [*roots, *(child for root in roots for child in root.children(recursive=True))]


def _summed(family: list[psutil.Process], measure: Callable[[Path], float]) -> float:
    return sum(measure(task) for each in family for task in _tasks(each))


def _tasks(process: psutil.Process) -> Iterator[Path]:
    return Path(f"/proc/{process.pid}/task").iterdir()


def _processor_s(task: Path) -> float:
    """To the nanosecond: the kernel's ticks of 10 ms are longer than what is measured."""
    with suppress(OSError):
        return int((task / "schedstat").read_text("ascii").split()[0]) / 1e9
    return 0.0


def _wakeups(task: Path) -> float:
    """How often the thread gave the processor up and was woken again."""
    with suppress(OSError):
        told = (task / "status").read_text("ascii").partition("\nvoluntary_ctxt_switches:")[2]
        return int(told.split()[0])
    return 0.0
