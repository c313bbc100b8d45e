"""UDP and TCP between the laboratory's namespaces, for probing what its routers and lines do.

A socket stays in the namespace that it was made in, so one process speaks for everybody.
"""

import socket
import time
from typing import Final

from tests.lab import netns

PATIENCE_S: Final = 2.0


def udp(namespace: str, port: int = 0) -> socket.socket:
    """A UDP socket there, on all of its addresses; it waits two seconds for what it is to receive."""
    with netns.entered(namespace):
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.settimeout(PATIENCE_S)
    made.bind(("0.0.0.0", port))
    return made


def seen(speaker: socket.socket, listener: socket.socket, at: str) -> tuple[str, int]:
    """The address that `listener`, reached at the address `at`, sees `speaker` come from."""
    speaker.sendto(b"who am I?", (at, listener.getsockname()[1]))
    _, source = listener.recvfrom(100)
    return str(source[0]), int(source[1])


def reaches(speaker: socket.socket, listener: socket.socket, at: tuple[str, int]) -> bool:
    """Whether a datagram sent to `at` arrives at `listener`."""
    speaker.sendto(b"knock", at)
    try:
        while listener.recv(100) != b"knock":
            pass
    except TimeoutError:
        return False
    return True


def connects(namespace: str, at: tuple[str, int]) -> bool:
    """Whether a TCP connection from there to `at` comes about in two seconds."""
    with netns.entered(namespace):
        made = socket.socket()
    with made:
        made.settimeout(PATIENCE_S)
        return made.connect_ex(at) == 0


def listening(namespace: str, port: int) -> socket.socket:
    """A TCP socket there that lets others connect."""
    with netns.entered(namespace):
        made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("0.0.0.0", port))
    made.listen()
    return made


def round_trips(speaker: socket.socket, listener: socket.socket, at: str, count: int) -> list[float]:
    """How long each datagram that came back took to go to `listener`, reached at `at`, and back; seconds."""
    times = []
    listener.settimeout(PATIENCE_S / 4)
    for number in range(count):
        began = time.monotonic()
        try:
            source = _sent(speaker, listener, (at, listener.getsockname()[1]), number)
            listener.sendto(b"%d" % number, source)
            if speaker.recv(100) == b"%d" % number:
                times.append(time.monotonic() - began)
        except TimeoutError:
            continue
    return times


def _sent(speaker: socket.socket, listener: socket.socket, at: tuple[str, int], number: int) -> tuple[str, int]:
    speaker.sendto(b"%d" % number, at)
    while True:
        said, source = listener.recvfrom(100)
        if said == b"%d" % number:
            return str(source[0]), int(source[1])
