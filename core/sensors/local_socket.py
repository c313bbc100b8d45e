"""Sockets to a display server on this machine, every wait on them bounded."""

import socket
import struct
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from core.sensors.chain import Unserved

PATIENCE_S: Final = 1.0
"""How long a display server may take for one answer."""


def connected(path: str) -> socket.socket:
    """A connection to the socket at `path`, which begins with a zero where it is abstract. Raises OSError."""
    if sys.platform == "win32":
        raise OSError("no local sockets here")
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.settimeout(PATIENCE_S)
    try:
        server.connect(path)
    except OSError:
        server.close()
        raise
    return server


def received(server: socket.socket, count: int) -> bytes:
    """The next `count` bytes. Raises OSError, also where the other end is gone."""
    parts = []
    while count:
        part = server.recv(count)
        if not part:
            raise ConnectionResetError("the display server is gone")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


@contextmanager
def translated(sentence: str) -> Generator[None]:
    """Turns what can go wrong on a socket, and answers cut short or of another shape, into Unserved(sentence)."""
    try:
        yield
    except (OSError, ValueError, LookupError, struct.error) as error:
        raise Unserved(sentence) from error
