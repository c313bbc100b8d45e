"""Child processes of the demo: their output goes to a file, and they are ended by the id they were started with."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from core.errors import SparecloudError

_END_WITHIN_S: Final = 50.0


class Child:
    """One process; `log` holds all that it prints."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def check(self) -> None:
        """Raise SparecloudError, with its last words, where it has ended."""
        if self._process.returncode is not None:
            raise SparecloudError(
                f"The {self.name} ended early (exit code {self._process.returncode}): {self._last_words()}",
                f"All that it said is in {self.log}.",
            )

    async def end(self) -> None:
        """Ask it to end, and end it by force where it does not within a deadline. Already ended is fine."""
        if self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(_END_WITHIN_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()
        await self._process.wait()

    def _last_words(self) -> str:
        lines = self.log.read_text("utf-8", errors="replace").strip().splitlines()
        return " ".join(lines[-2:]) if lines else "it said nothing."


async def start(
    name: str, module: str, arguments: Sequence[str], log: Path, environment: Mapping[str, str] = MappingProxyType({})
) -> Child:
    """Run `python -m module` with this interpreter; `environment` adds to ours."""
    # A group of its own: Ctrl-C reaches the demo alone, which then ends its children in order.
    if sys.platform == "win32":
        flags, group = subprocess.CREATE_NEW_PROCESS_GROUP, None
    else:
        flags, group = 0, 0
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *arguments,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            creationflags=flags,
            process_group=group,
        )
    return Child(name, process, log)


async def ready_file(child: Child, path: Path, within_s: float) -> None:
    """Return once `child` wrote `path`. Raises SparecloudError where it ends or takes too long."""
    try:
        async with asyncio.timeout(within_s):
            while not path.exists():
                child.check()
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise SparecloudError(
            f"The {child.name} was not ready within {within_s:g} s.", f"What it said is in {child.log}."
        ) from None
