"""How long nobody touched anything in a Wayland session, by the protocol ext-idle-notify-v1 (KDE, Sway, Hyprland, ...).

The compositor tells nobody how long it was idle, only when it has been for a while and when that ends; counting goes
from there. Spoken in the wire format itself (The Wayland Protocol, chapter 4): four requests need no library.
"""

import os
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from core.sensors.chain import Unserved
from core.sensors.local_socket import PATIENCE_S, connected, translated

NOTICED_AFTER_S: Final = 5
"""From so many seconds without input on, idleness is counted; below, it is told as 0."""

_DISPLAY, _REGISTRY, _SYNCED, _SEAT, _NOTIFIER, _NOTIFICATION = 1, 2, 3, 4, 5, 6
_SYNC, _GET_REGISTRY, _BIND, _GET_NOTIFICATION = 0, 1, 0, 1
_ERROR, _GLOBAL, _DONE, _IDLED, _RESUMED = 0, 0, 0, 0, 1


def events(stream: bytearray) -> Iterator[tuple[int, int, bytes]]:
    """Takes every whole event off the front of `stream`: its object, its number and its arguments."""
    while len(stream) >= 8:
        thing, both = struct.unpack_from("=II", stream)
        size = both >> 16
        if size < 8:
            raise ValueError("a Wayland event shorter than its head")
        if len(stream) < size:
            return
        arguments = bytes(stream[8:size])
        del stream[:size]
        yield thing, both & 0xFFFF, arguments


def request(thing: int, opcode: int, *arguments: int | str) -> bytes:
    """One request in the wire format."""
    body = b"".join(_argument(argument) for argument in arguments)
    return struct.pack("=II", thing, (8 + len(body)) << 16 | opcode) + body


class WaylandIdleness:
    """Asks the compositor of `environ` for a word when input ceases, and when it is back."""

    name = "the Wayland compositor"

    def __init__(self, now: Callable[[], float], environ: Mapping[str, str] | None = None) -> None:
        self._now = now
        self._environ = os.environ if environ is None else environ
        self._server: socket.socket | None = None
        self._stream = bytearray()
        self._idle_since: float | None = None

    def read(self) -> int:
        """Whole seconds without input. Raises Unserved."""
        with translated("The Wayland compositor does not answer."):
            if self._server is None:
                self._server = connected(self._path())
                self._subscribe(self._server)
                self._server.setblocking(False)
            self._take_in(self._server)
        return 0 if self._idle_since is None else int(self._now() - self._idle_since)

    def close(self) -> None:
        """End the connection."""
        if self._server is not None:
            self._server.close()
        self._server, self._idle_since = None, None
        self._stream.clear()

    def _path(self) -> str:
        name, folder = self._environ.get("WAYLAND_DISPLAY"), self._environ.get("XDG_RUNTIME_DIR", "")
        if not name:
            raise Unserved("No Wayland compositor shows this session.")
        return str(Path(folder) / name)

    def _subscribe(self, server: socket.socket) -> None:
        server.sendall(request(_DISPLAY, _GET_REGISTRY, _REGISTRY) + request(_DISPLAY, _SYNC, _SYNCED))
        offered = self._offered(server)
        if not {"wl_seat", "ext_idle_notifier_v1"} <= offered.keys():
            raise Unserved("The Wayland compositor does not tell whether anybody is here.")
        server.sendall(
            b"".join(
                request(_REGISTRY, _BIND, offered[interface], interface, 1, thing)
                for interface, thing in (("wl_seat", _SEAT), ("ext_idle_notifier_v1", _NOTIFIER))
            )
            + request(_NOTIFIER, _GET_NOTIFICATION, _NOTIFICATION, NOTICED_AFTER_S * 1000, _SEAT)
        )

    def _offered(self, server: socket.socket) -> dict[str, int]:
        """The first global of each interface, by its name."""
        offered: dict[str, int] = {}
        deadline = self._now() + PATIENCE_S
        while self._now() < deadline:
            self._stream += _some(server)
            for thing, opcode, arguments in events(self._stream):
                if (thing, opcode) == (_SYNCED, _DONE):
                    return offered
                if (thing, opcode) == (_REGISTRY, _GLOBAL):
                    name, length = struct.unpack_from("=II", arguments)
                    offered.setdefault(arguments[8 : 8 + length - 1].decode(), name)
        raise TimeoutError("the compositor did not name what it offers")

    def _take_in(self, server: socket.socket) -> None:
        try:
            while True:
                self._stream += _some(server)
        except BlockingIOError:
            pass
        for event in events(self._stream):
            match event[:2]:
                case (thing, opcode) if thing == _NOTIFICATION and opcode == _IDLED:
                    self._idle_since = self._now() - NOTICED_AFTER_S
                case (thing, opcode) if thing == _NOTIFICATION and opcode == _RESUMED:
                    self._idle_since = None
                case (thing, opcode) if thing == _DISPLAY and opcode == _ERROR:
                    raise ValueError("the compositor refused a request")


def _some(server: socket.socket) -> bytes:
    data = server.recv(4096)
    if not data:
        raise ConnectionResetError("the compositor is gone")
    return data


def _argument(argument: int | str) -> bytes:
    if isinstance(argument, int):
        return struct.pack("=I", argument)
    text = argument.encode() + b"\0"
    return struct.pack("=I", len(text)) + text + bytes(-len(text) % 4)
