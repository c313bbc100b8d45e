"""The world outside a worker, as far as a test may touch it: a namespace that owns a LAN, the internet and more.

Packets from the worker's bridge are led there by a routing rule and nowhere else: even an escape that succeeds never
leaves this machine. Needs root.
"""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import Final

from tests.lab import netns

LAN: Final = "10.231.7.1"
METADATA: Final = "169.254.169.254"
INTERNET: Final = "203.0.113.9"
RELAY: Final = "198.51.100.6"
_GATEWAY: Final = "198.51.100.5"
PORT: Final = 8099
TABLE: Final = "1077"

SERVER: Final = """
import socket, sys, threading

def serve_udp(host, port):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((host, port))
    while True:
        said, who = server.recvfrom(512)
        server.sendto(said, who)

for host in sys.argv[2:-1]:
    for port in (53, int(sys.argv[1])):
        threading.Thread(target=serve_udp, args=(host, port), daemon=True).start()
listener = socket.create_server(("0.0.0.0", int(sys.argv[1])))
print("ready", flush=True)
while True:
    client, _ = listener.accept()
    client.sendall(b"reached")
    client.close()
"""


@contextmanager
def outside() -> Iterator[str]:
    """The namespace, serving; yields a word in the command line of its server, a process of the host."""
    token = token_hex(3)
    name, here, there = f"sc-esc-{token}", f"esc{token}h", f"esc{token}n"
    netns.add(name)
    try:
        netns.ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
        netns.ip("address", "add", f"{_GATEWAY}/30", "dev", here)
        netns.ip("link", "set", here, "up")
        netns.ip("-n", name, "address", "add", f"{RELAY}/30", "dev", there)
        netns.ip("-n", name, "link", "set", there, "up")
        for owned in (LAN, METADATA, INTERNET):
            netns.ip("-n", name, "address", "add", f"{owned}/32", "dev", "lo")
        netns.ip("-n", name, "route", "add", "default", "via", _GATEWAY)
        netns.ip("route", "replace", "default", "via", RELAY, "dev", here, "table", TABLE)
        command = [
            *("nsenter", f"--net={netns.FOLDER / name}", sys.executable, "-c", SERVER, str(PORT)),
            *(LAN, METADATA, INTERNET, RELAY, f"--{name}"),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
            try:
                assert server.stdout is not None and server.stdout.readline() == b"ready\n"
                yield f"--{name}"
            finally:
                server.kill()
    finally:
        netns.remove(name)


@contextmanager
def led_outside(bridge: str) -> Iterator[None]:
    """Lead what comes from a bridge to the namespace, wherever it wants to go beyond this machine."""
    rule = ("iif", bridge, "lookup", TABLE)
    netns.ip("rule", "add", *rule)
    try:
        yield
    finally:
        netns.ip("rule", "del", *rule)


@contextmanager
def listening(address: str) -> Iterator[None]:
    """Something that answers at an address of the host itself, over TCP and UDP."""
    with socket.create_server((address, PORT)) as listener, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as talker:
        talker.bind((address, PORT))
        threads = [threading.Thread(target=_greet, args=(listener,)), threading.Thread(target=_echo, args=(talker,))]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            # Each wakes the thread that waits for it.
            listener.shutdown(socket.SHUT_RDWR)
            talker.sendto(b"", (address, PORT))
            for thread in threads:
                thread.join(5)


def _greet(listener: socket.socket) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            with client:
                client.sendall(b"reached")


def _echo(talker: socket.socket) -> None:
    while True:
        said, who = talker.recvfrom(512)
        if not said:
            return
        talker.sendto(said, who)
