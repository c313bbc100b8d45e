"""What services on the D-Bus tell: GNOME's idleness, and NetworkManager's opinion of the network.

org.freedesktop.ScreenSaver is not asked for idleness: its draft counts seconds, KDE answered milliseconds, KDE on
Wayland nothing, and a unit guessed wrongly would take an owner at work for one who is away.
"""

import os
import socket
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from jeepney import (  # type: ignore[import-untyped]  # it ships no types
    DBusAddress,
    DBusErrorResponse,
    Message,
    MessageFlag,
    MessageType,
    Parser,
    Properties,
    message_bus,
    new_method_call,
)
from jeepney.bus import get_connectable_addresses  # type: ignore[import-untyped]  # it ships no types
from jeepney.io.blocking import prep_socket  # type: ignore[import-untyped]  # it ships no types
from jeepney.low_level import HeaderFields  # type: ignore[import-untyped]  # it ships no types

from core.sensors.chain import Unserved

PATIENCE_S: Final = 1.0
"""How long a service may take for one answer."""

_SYSTEM_BUS: Final = "unix:path=/run/dbus/system_bus_socket"
_MUTTER: Final = DBusAddress(
    "/org/gnome/Mutter/IdleMonitor/Core", "org.gnome.Mutter.IdleMonitor", "org.gnome.Mutter.IdleMonitor"
)
_NETWORK_MANAGER: Final = DBusAddress(
    "/org/freedesktop/NetworkManager", "org.freedesktop.NetworkManager", "org.freedesktop.NetworkManager"
)

_Told = TypeVar("_Told", covariant=True)


def session_bus() -> str:
    """Where this session's bus listens."""
    return os.environ.get("DBUS_SESSION_BUS_ADDRESS") or f"unix:path={os.environ.get('XDG_RUNTIME_DIR', '')}/bus"


def system_bus() -> str:
    """Where the system's bus listens."""
    return os.environ.get("DBUS_SYSTEM_BUS_ADDRESS") or _SYSTEM_BUS


class BusService(Generic[_Told]):
    """Makes the same call whenever it is read, over one connection that stays open. It never starts a service."""

    def __init__(
        self, name: str, refusal: str, bus: Callable[[], str], call: Message, told: Callable[[Any], _Told]
    ) -> None:
        self.name = name
        self._refusal = refusal
        self._bus = bus
        self._call = call
        self._told = told
        self._connection: _Connection | None = None
        call.header.flags |= MessageFlag.no_auto_start

    def read(self) -> _Told:
        """What the service tells. Raises Unserved."""
        try:
            if self._connection is None:
                self._connection = _Connection(self._bus())
            return self._told(self._connection.ask(self._call))
        except (OSError, ValueError, RuntimeError, LookupError, StopIteration, DBusErrorResponse) as error:
            raise Unserved(self._refusal) from error

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def mutter_idleness() -> BusService[int]:
    """GNOME's own count of whole seconds without input, on X and Wayland alike."""
    call = new_method_call(_MUTTER, "GetIdletime")
    return BusService("GNOME", "GNOME does not run here.", session_bus, call, lambda body: int(body[0]) // 1000)


def network_manager_metered() -> BusService[bool]:
    """Whether NetworkManager knows or guesses that what is sent is counted."""
    call = Properties(_NETWORK_MANAGER).get("Metered")
    refusal = "NetworkManager does not run here."
    return BusService("NetworkManager", refusal, system_bus, call, lambda body: is_metered(body[0][1]))


def is_metered(metered: int) -> bool:
    """What NetworkManager means by its number (NMMetered). Raises Unserved where it does not know."""
    match metered:
        case 1 | 3:
            return True
        case 2 | 4:
            return False
        case _:
            raise Unserved("NetworkManager does not know whether the network counts what is sent.")


class _Connection:
    """A bus connection that waits PATIENCE_S for each answer; jeepney's own waits for its first one without a bound."""

    def __init__(self, address: str) -> None:
        self._parser = Parser()
        self._serial = 0
        self._socket: socket.socket = prep_socket(next(get_connectable_addresses(address)), timeout=PATIENCE_S)
        self._socket.settimeout(PATIENCE_S)
        try:
            self.ask(message_bus.Hello())
        except BaseException:
            self.close()
            raise

    def ask(self, call: Message) -> Any:
        """The body of the answer. Raises OSError, ValueError, DBusErrorResponse."""
        self._serial += 1
        self._socket.sendall(call.serialise(serial=self._serial))
        while True:
            message = self._parser.get_next_message()
            if message is None:
                self._parser.add_data(self._more())
            elif message.header.fields.get(HeaderFields.reply_serial) == self._serial:
                if message.header.message_type is MessageType.error:
                    raise DBusErrorResponse(message)
                return message.body

    def close(self) -> None:
        self._socket.close()

    def _more(self) -> bytes:
        data = self._socket.recv(4096)
        if not data:
            raise ConnectionResetError("the bus is gone")
        return data
