"""A machine of the laboratory: processes that share a network, a process table and mounts, and die together.

Everything a machine does runs below one init process in namespaces of its own, so pulling the plug is one signal: the
kernel ends whatever runs in there, containers included, and takes their mounts along. The file system is shared.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

import psutil

from tests.lab import netns

REPOSITORY: Final = Path(__file__).resolve().parents[2]
_GONE_WITHIN_S: Final = 30
_BOOT: Final = 'hostname "$0" && mount -t tmpfs tmpfs /run && exec sleep infinity'
_POLL_S: Final = 0.02


class Process:
    """One process on a machine; `log` holds what it says. Signals reach it, not the nsenter in front of it."""

    def __init__(self, name: str, front: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.log = log
        self._front = front

    @property
    def running(self) -> bool:
        """True until it ends."""
        return self._front.poll() is None

    def kill(self) -> None:
        """End it as a crash would. Blocks; already ended is fine."""
        self._signal(signal.SIGKILL)
        self._front.wait(_GONE_WITHIN_S)

    def end(self, within_s: float = 60) -> None:
        """Ask it to end, and end it by force where it does not within the deadline. Blocks."""
        self._signal(signal.SIGTERM)
        try:
            self._front.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def wait(self, within_s: float) -> None:
        """Return once it ended by itself. Blocks. Raises subprocess.TimeoutExpired."""
        self._front.wait(within_s)

    def said(self) -> str:
        """All that it wrote."""
        return self.log.read_text("utf-8", errors="replace")

    def _signal(self, number: int) -> None:
        deadline = time.monotonic() + _GONE_WITHIN_S
        while self.running and time.monotonic() < deadline:
            behind = psutil.Process(self._front.pid).children() if psutil.pid_exists(self._front.pid) else []
            if behind:
                behind[0].send_signal(number)
                return
            time.sleep(_POLL_S)


class Machine:
    """A network namespace and, while the power is on, what runs in it. To be switched on by the main thread."""

    def __init__(self, name: str, namespace: str, folder: Path) -> None:
        self.name = name
        self.namespace = namespace
        self.folder = folder
        self._init: subprocess.Popen[bytes] | None = None
        self._first = 0
        self._started: list[Process] = []

    def power_on(self) -> None:
        """Start its init; the namespace is there already. The machine does not outlive this process."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        private = ["--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--uts", "--ipc"]
        with (self.folder / "boot.log").open("wb") as log:
            self._init = subprocess.Popen(
                [
                    *("setpriv", "--pdeathsig", "KILL", "nsenter", f"--net={netns.FOLDER / self.namespace}"),
                    *("unshare", *private, "docker-init", "--", "sh", "-c", _BOOT, self.name),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self._first = _booted(self._init)

    def power_off(self) -> None:
        """Pull the plug: whatever runs on it is gone when this returns. Already off is fine."""
        if self._init is None:
            return
        if self._init.poll() is None:
            os.kill(self._first, signal.SIGKILL)
        self._init.wait(_GONE_WITHIN_S)
        self._init = None
        while self._started:
            self._started.pop().kill()

    def start(
        self,
        name: str,
        words: Sequence[str],
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> Process:
        """Start a command in the background; `environment` adds to ours, its output goes to NAME.log."""
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            front = subprocess.Popen(
                self.command(words),
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started.append(Process(name, front, log))
        return self._started[-1]

    def run(self, *words: str) -> str:
        """Run a command to its end and return what it wrote. Raises CommandFailed."""
        return netns.command(self.command(words))

    def command(self, words: Sequence[str]) -> list[str]:
        """The command that runs `words` on this machine."""
        spaces = ["--net", "--pid", "--mount", "--uts", "--ipc"]
        return ["nsenter", f"--target={self._first}", *spaces, f"--wdns={REPOSITORY}", "--", *words]


def _booted(parent: "subprocess.Popen[bytes]") -> int:
    deadline = time.monotonic() + _GONE_WITHIN_S
    while time.monotonic() < deadline and parent.poll() is None:
        below = psutil.Process(parent.pid).children(recursive=True)
        # It has booted once it sleeps.
        if any(process.name() == "sleep" for process in below):
            return below[0].pid
        time.sleep(_POLL_S)
    raise netns.CommandFailed("a machine did not start: its boot.log says why")
