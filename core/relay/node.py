"""One Nebula process a network: started, told of a new certificate, started again where it dies, ended."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Final

from core.chain.keystore import write_for_owner
from core.errors import PortInUse, SparecloudError
from core.relay.lighthouse import RATE_VARIABLE
from core.wire.orphan import die_with_parent

_STARTS_WITHIN_S: Final = 5.0
_ENDS_WITHIN_S: Final = 3.0
_POLL_S: Final = 0.02


class Node:
    """Nebula, with its settings in `file`, listening at (`host`, `port`)."""

    def __init__(self, program: Path, file: Path, host: str, port: int, bytes_per_s: int) -> None:
        self._program = program
        self._file = file
        self._host = host
        self._port = port
        self._bytes_per_s = bytes_per_s
        self._process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        """True until it ends, by `end` or by itself."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """Its process, 0 where there is none."""
        return self._process.pid if self._process is not None else 0

    async def serve(self, configuration: str) -> None:
        """Have it run with `configuration`; members' tunnels stay where it already did. Raises SparecloudError."""
        await asyncio.to_thread(write_for_owner, self._file, configuration.encode())
        if self._process is not None and self._process.returncode is None:
            if sys.platform != "win32":
                self._process.send_signal(signal.SIGHUP)
                return
            await self.end()
        await self._start()

    async def end(self) -> None:
        """End it; its file, which holds a key, goes too."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _ENDS_WITHIN_S)
            except TimeoutError:
                process.kill()
                await process.wait()
        self._file.unlink(missing_ok=True)

    async def _start(self) -> None:
        if _taken(self._host, self._port):
            raise PortInUse(f"UDP port {self._port} on this machine is taken.", "Stop what uses it, or choose others.")
        self._process = await asyncio.create_subprocess_exec(
            str(self._program),
            "-config",
            str(self._file),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, RATE_VARIABLE: str(self._bytes_per_s)},
            # Its own session, so that Ctrl-C at a terminal reaches the relay alone, which then ends it.
            start_new_session=True,
            preexec_fn=die_with_parent(at_once=True),
        )
        deadline = asyncio.get_running_loop().time() + _STARTS_WITHIN_S
        while self.running and asyncio.get_running_loop().time() < deadline:
            if _taken(self._host, self._port):
                return
            await asyncio.sleep(_POLL_S)
        await self.end()
        raise SparecloudError(f"Nebula did not start on UDP port {self._port}.", "See that the port is free.")


def _taken(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
