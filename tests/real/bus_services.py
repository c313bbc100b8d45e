"""GNOME's idle monitor and NetworkManager on a bus, played: `python -m tests.real.bus_services ADDRESS`."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

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

from tests.real.desk import PATIENCE_S, ended

STAGE = "org.sparecloud.Stage"


@contextmanager
def services(address: str) -> Generator["Services"]:
    """Both on the bus at `address`, in a process of their own."""
    command = [sys.executable, "-m", "tests.real.bus_services", address]
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
