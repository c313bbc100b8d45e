"""The processes of Linux, and which of them run in containers.

A container's processes are listed beside the owner's own. They are told apart by the kernel: `NSpid` in
/proc/PID/status has one number for a process of our own PID namespace, and more for one in a namespace within it,
which is where every container engine puts a container. Anybody may read that line, also of root's processes, as
/proc/PID/ns/pid may not be, and no process can change it. Flatpak gives the owner's own applications a namespace too:
those are known by their control group, which a process within cannot leave or choose.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

PROCESSES: Final = Path("/proc")

_NAME_BYTES: Final = 15
"""The kernel cuts a process's name after so many."""

_THOROUGH_EVERY: Final = 6
"""A process that has settled may still become another program; every name is read in one look out of so many."""

_FLATPAK: Final = re.compile(r"0::/user\.slice/user-\d+\.slice/user@\d+\.service/app\.slice/app-flatpak-[^/]+\.scope")


def is_owners(status: str, cgroup: str) -> bool:
    """Whether a process runs outside every container, by its `status` and `cgroup` files; False where they are mute."""
    # With its line's end: a line that was cut off could hide the numbers that matter.
    namespaces = re.search(r"^NSpid:([\t \d]+)\n", status, re.MULTILINE)
    if namespaces is None:
        return False
    return len(namespaces[1].split()) == 1 or any(_FLATPAK.fullmatch(line) for line in cgroup.splitlines())


def whole_name(short: str, command: str) -> str:
    """A process's name in full: `short`, or what it was started as where the kernel cut that to `short`."""
    program = re.split(r"[/\\]", command.partition("\0")[0])[-1]
    return program if _is_cut(short) and program.startswith(short) else short


class KernelProcesses:
    """The processes under `folder`. Most names are read when a process is new, which keeps a look cheap."""

    def __init__(self, folder: Path = PROCESSES) -> None:
        self._folder = folder
        self._looks = 0
        self._settled: frozenset[int] = frozenset()
        self._names: dict[int, str] = {}

    def names(self) -> Mapping[int, str]:
        """The name of each process by its id. A program that takes over an old process is seen some looks later."""
        settled = frozenset() if self._looks % _THOROUGH_EVERY == 0 else self._settled
        self._looks += 1
        before = self._names
        listed = self._listed()
        self._names = {pid: before[pid] if pid in settled else self._name(pid) for pid in listed}
        self._settled = frozenset(before.keys() & self._names.keys())
        return self._names

    def is_owners(self, pid: int) -> bool:
        """Whether the process runs outside every container; False where nobody can tell, or it is gone."""
        return is_owners(self._text(pid, "status"), self._text(pid, "cgroup"))

    def _listed(self) -> list[int]:
        try:
            with os.scandir(self._folder) as entries:
                return [int(entry.name) for entry in entries if entry.name.isdecimal()]
        except OSError:
            return []

    def _name(self, pid: int) -> str:
        short = self._text(pid, "comm").removesuffix("\n")
        return whole_name(short, self._text(pid, "cmdline")) if _is_cut(short) else short

    def _text(self, pid: int, file: str) -> str:
        # Plain system calls: a file object for each of hundreds of processes costs five times as much.
        try:
            descriptor = os.open(f"{self._folder}/{pid}/{file}", os.O_RDONLY)
        except OSError:
            return ""
        try:
            return os.read(descriptor, 4096).decode("utf-8", "replace")
        except OSError:
            return ""
        finally:
            os.close(descriptor)


def _is_cut(name: str) -> bool:
    return len(name.encode()) >= _NAME_BYTES
