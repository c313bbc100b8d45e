"""Which programs of the owner run, by the names of their processes; what runs in containers is not the owner's."""

from collections.abc import Callable, Collection, Mapping
from typing import Final, Protocol

import psutil

LOOK_EVERY_S: Final = 5


class ProcessTable(Protocol):
    """The processes of this machine."""

    def names(self) -> Mapping[int, str]:
        """The name of each process by its id, containers' included."""
        ...

    def is_owners(self, pid: int) -> bool:
        """Whether the process runs outside every container; False where nobody can tell, or it is gone."""
        ...


def running(wanted: Collection[str], table: ProcessTable) -> frozenset[str]:
    """Those of `wanted` that run outside every container, whatever the case of their letters, with or without ".exe".

    A worker could else name its process like the owner's game, and hold sharing up for as long as it likes.
    """
    by_name = {_plain(name): name for name in wanted}
    found: set[str] = set()
    for pid, name in table.names().items():
        asked = by_name.get(_plain(name))
        if asked is not None and asked not in found and table.is_owners(pid):
            found.add(asked)
    return frozenset(found)


class ProgramWatch:
    """Looks for programs every LOOK_EVERY_S seconds of `now`, and only while somebody asks for any."""

    told_by = "Told by the system's list of processes."

    def __init__(self, table: ProcessTable, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now
        self._asked: frozenset[str] = frozenset()
        self._found: frozenset[str] = frozenset()
        self._found_until = float("-inf")

    def read(self, wanted: frozenset[str]) -> frozenset[str]:
        """Those of `wanted` that run; other names than before are looked for at once."""
        if not wanted:
            return frozenset()
        now = self._now()
        if now >= self._found_until or wanted != self._asked:
            self._asked, self._found = wanted, running(wanted, self._table)
            self._found_until = now + LOOK_EVERY_S
        return self._found


class SystemProcesses:
    """The processes of Windows and macOS, where containers run in a virtual machine and are not among them."""

    def names(self) -> Mapping[int, str]:
        """The name of each process by its id."""
        return {process.pid: process.info["name"] or "" for process in psutil.process_iter(["name"])}

    def is_owners(self, pid: int) -> bool:
        """True: a container's processes are never listed."""
        return True


def _plain(name: str) -> str:
    return name.casefold().removesuffix(".exe")
