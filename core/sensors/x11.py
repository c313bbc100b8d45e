"""One connection to this machine's X server, in the X protocol itself (X11R7.7, chapter 9 and appendix B).

libX11 ends the whole process when its server goes away, and waits for answers without a bound; the four requests that
are needed here are short.
"""

import re
import socket
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.sensors.chain import Unserved
from core.sensors.local_socket import connected, received

_COOKIE: Final = b"MIT-MAGIC-COOKIE-1"
_ANY_HOST: Final = 65535
_THIS_HOST: Final = 256
_ERROR, _REPLY, _LONG_EVENT = 0, 1, 35
_INTERN_ATOM, _GET_PROPERTY, _QUERY_EXTENSION = 16, 20, 98
_HEAD_BYTES: Final = 32
_LONGEST_PROPERTY: Final = 256


def display_number(display: str) -> int | None:
    """The number of a display on this machine, as DISPLAY names it; None for a display elsewhere, or none."""
    found = re.fullmatch(r"(?:unix)?:(\d+)(?:\.\d+)?", display)
    return int(found[1]) if found else None


def cookie(authority: bytes, host: bytes, number: int) -> bytes:
    """The cookie for display `number` in an Xauthority file, empty where it holds none."""
    for entry in _entries(authority):
        here = entry.family == _ANY_HOST or (entry.family == _THIS_HOST and entry.address == host)
        if here and entry.number in (b"", b"%d" % number) and entry.name == _COOKIE:
            return entry.data
    return b""


@dataclass(frozen=True, slots=True)
class _Entry:
    family: int
    address: bytes
    number: bytes
    name: bytes
    data: bytes


class Display:
    """A connection to the X server that `environ` names; its methods raise OSError or ValueError once it is gone."""

    def __init__(self, server: socket.socket) -> None:
        self._server = server
        self.root = 0
        """The first screen's root window."""

    @classmethod
    def open(cls, environ: Mapping[str, str]) -> "Display":
        """Connect. Raises Unserved where no X server holds this session, OSError or ValueError where it refuses."""
        if environ.get("WAYLAND_DISPLAY") or environ.get("XDG_SESSION_TYPE") == "wayland":
            # Xwayland sees the input of X programs alone: its owner would seem away while typing elsewhere.
            raise Unserved("In a Wayland session the X server sees only a part of what happens.")
        number = display_number(environ.get("DISPLAY", ""))
        if number is None:
            raise Unserved("No X server of this machine shows this session.")
        display = cls(_server(number))
        try:
            display._set_up(_cookie(environ, number))
            if display.extension(b"XWAYLAND") is not None:
                raise Unserved("In a Wayland session the X server sees only a part of what happens.")
        except BaseException:
            display.close()
            raise
        return display

    def close(self) -> None:
        """End the connection."""
        self._server.close()

    def ask(self, request: bytes) -> bytes | None:
        """The reply to a whole request; None where the server says that it is in error (a window that is gone)."""
        self._server.sendall(request)
        while True:
            head = received(self._server, _HEAD_BYTES)
            rest = b""
            if head[0] in (_REPLY, _LONG_EVENT):
                rest = received(self._server, 4 * struct.unpack_from("<I", head, 4)[0])
            if head[0] == _ERROR:
                return None
            if head[0] == _REPLY:
                return head + rest

    def atom(self, name: bytes) -> int:
        """The number that `name` goes by."""
        reply = self.ask(struct.pack("<BxHHxx", _INTERN_ATOM, 2 + _words(name), len(name)) + _padded(name))
        return _number(reply, 8)

    def extension(self, name: bytes) -> int | None:
        """The number of the requests of extension `name`, None where the server lacks it."""
        reply = self.ask(struct.pack("<BxHHxx", _QUERY_EXTENSION, 2 + _words(name), len(name)) + _padded(name))
        return reply[9] if reply is not None and reply[8] else None

    def property(self, window: int, atom: int) -> tuple[int, ...]:
        """The numbers (windows, atoms) that a window's property holds, 256 at most; none where there is none."""
        reply = self.ask(struct.pack("<BxHIIIII", _GET_PROPERTY, 6, window, atom, 0, 0, _LONGEST_PROPERTY))
        if reply is None or reply[1] != 32:
            return ()
        return struct.unpack_from(f"<{_number(reply, 16)}I", reply, _HEAD_BYTES)

    def _set_up(self, cookie: bytes) -> None:
        name = _COOKIE if cookie else b""
        hello = struct.pack("<BxHHHHxx", ord("l"), 11, 0, len(name), len(cookie))
        self._server.sendall(hello + _padded(name) + _padded(cookie))
        accepted, words = struct.unpack("<B5xH", received(self._server, 8))
        answer = received(self._server, 4 * words)
        if accepted != 1:
            raise ValueError("the X server wants another cookie")
        vendor_bytes, formats = struct.unpack_from("<16xH3xB", answer)
        self.root = struct.unpack_from("<I", answer, 32 + vendor_bytes + -vendor_bytes % 4 + 8 * formats)[0]


def _server(number: int) -> socket.socket:
    path = f"/tmp/.X11-unix/X{number}"
    try:
        return connected(path)
    except OSError:
        return connected(f"\0{path}")


def _cookie(environ: Mapping[str, str], number: int) -> bytes:
    file = Path(environ.get("XAUTHORITY") or Path.home() / ".Xauthority")
    try:
        return cookie(file.read_bytes(), socket.gethostname().encode(), number)
    except (OSError, RuntimeError, struct.error):
        return b""  # servers let this machine's own user in without one, too


def _entries(authority: bytes) -> Iterator[_Entry]:
    at = 0
    while at < len(authority):
        (family,) = struct.unpack_from(">H", authority, at)
        at += 2
        fields = []
        for _ in range(4):
            (length,) = struct.unpack_from(">H", authority, at)
            fields.append(authority[at + 2 : at + 2 + length])
            at += 2 + length
        yield _Entry(family, *fields)


def _number(reply: bytes | None, at: int) -> int:
    if reply is None:
        raise ValueError("the X server refused a request")
    number: int = struct.unpack_from("<I", reply, at)[0]
    return number


def _padded(text: bytes) -> bytes:
    return text + bytes(-len(text) % 4)


def _words(text: bytes) -> int:
    return (len(text) + 3) // 4
