"""A desk for the sensors: a private X server with a window manager, a private bus, and services upon it."""

import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from jeepney import (  # type: ignore[import-untyped]  # it ships no types
    DBusAddress,
    MessageType,
    message_bus,
    new_error,
    new_method_call,
    new_method_return,
)
from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]  # it ships no types
from jeepney.low_level import HeaderFields  # type: ignore[import-untyped]  # it ships no types

PATIENCE_S = 10.0
STAGE = "org.sparecloud.Stage"

_Got = TypeVar("_Got")


@contextmanager
def ended(process: "subprocess.Popen[Any]") -> Generator["subprocess.Popen[Any]"]:
    """Runs `process` for as long as the block lasts."""
    try:
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE_S)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def until(get: Callable[[], _Got], good: Callable[[_Got], bool]) -> _Got:
    """What `get` gives once it is good, and in the end whatever it gives."""
    deadline = time.monotonic() + PATIENCE_S
    while not good(got := get()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return got


@contextmanager
def x_server(folder: Path) -> Generator[dict[str, str]]:
    """A screen of its own that wants a cookie; gives the environment of its session."""
    key, authority = os.urandom(16), folder / "authority"
    fields = (socket.gethostname().encode(), b"", b"MIT-MAGIC-COOKIE-1", key)
    authority.write_bytes(struct.pack(">H", 256) + b"".join(struct.pack(">H", len(field)) + field for field in fields))
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-auth", str(authority), "-screen", "0", "640x480x24"]
    command += ["-nolisten", "tcp"]
    with ended(subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)), os.fdopen(read) as told:
        os.close(write)
        yield {"DISPLAY": f":{told.readline().strip()}", "XAUTHORITY": str(authority)}


@contextmanager
def window_manager(environ: Mapping[str, str]) -> Generator[None]:
    """Openbox on the screen of `environ`."""
    with ended(subprocess.Popen(["openbox"], env={**os.environ, **environ}, stderr=subprocess.DEVNULL)):
        yield


@contextmanager
def bus() -> Generator[str]:
    """A bus of its own; gives its address."""
    command = ["dbus-daemon", "--session", "--nofork", "--print-address"]
    with ended(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) as daemon:
        assert daemon.stdout is not None
        yield daemon.stdout.readline().strip()


@contextmanager
def services(address: str) -> Generator["Services"]:
    """GNOME's idle monitor and NetworkManager on the bus at `address`, in a process of their own."""
    command = [sys.executable, "-m", "tests.real.desk", address]
    with ended(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield Services(address)


class Services:
    """Tells the services what to answer."""

    def __init__(self, address: str) -> None:
        self._address = address

    def answer(self, *, idle_ms: int, metered: int) -> None:
        """From now on."""
        with open_dbus_connection(self._address) as connection:
            stage = DBusAddress("/stage", STAGE, STAGE)
            connection.send_and_get_reply(new_method_call(stage, "Set", "tu", (idle_ms, metered)), timeout=PATIENCE_S)


def serve(address: str) -> None:
    """Answer calls until this process is killed."""
    idle_ms, metered = 0, 0
    with open_dbus_connection(address) as connection:
        for name in ("org.gnome.Mutter.IdleMonitor", "org.freedesktop.NetworkManager", STAGE):
            connection.send_and_get_reply(message_bus.RequestName(name), timeout=PATIENCE_S)
        print("ready", flush=True)
        while True:
            call = connection.receive()
            if call.header.message_type is not MessageType.method_call:
                continue
            fields = call.header.fields
            match fields[HeaderFields.path], fields[HeaderFields.member], call.body:
                case "/stage", "Set", (idle_ms, metered):
                    reply = new_method_return(call)
                case "/org/gnome/Mutter/IdleMonitor/Core", "GetIdletime", ():
                    reply = new_method_return(call, "t", (idle_ms,))
                case "/org/freedesktop/NetworkManager", "Get", ("org.freedesktop.NetworkManager", "Metered"):
                    reply = new_method_return(call, "v", (("u", metered),))
                case _:
                    reply = new_error(call, "org.freedesktop.DBus.Error.UnknownMethod")
            connection.send(reply)


if __name__ == "__main__":
    serve(sys.argv[1])
