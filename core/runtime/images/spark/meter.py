"""How far apart two members of a cluster are: round trips and bandwidth between them, measured where they run.

`meter.py serve MASTER` answers beside a worker. `meter.py ask FROM TO`, run beside the master, has the worker at FROM
measure the way to TO and prints {"rtt_us": ..., "kbit_s": ...}. What one measurement may move and last is bounded here,
on the side that serves.
"""

import json
import socket
import sys
import threading
import time

PORT = 7079
ECHOES = 7
MOST_BYTES = 2 * 1024 * 1024
MOST_S = 1.0
DEADLINE_S = 5
AT_ONCE = threading.BoundedSemaphore(4)


def measure(host: str) -> dict[str, int]:
    """The least of some round trips, and what arrived in a second at most."""
    with socket.create_connection((host, PORT), timeout=DEADLINE_S) as way:
        way.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        way.sendall(b"e")
        trips = []
        for _ in range(ECHOES):
            began = time.perf_counter()
            way.sendall(b".")
            if not way.recv(1):
                raise OSError("the other side closed")
            trips.append(time.perf_counter() - began)
    with socket.create_connection((host, PORT), timeout=DEADLINE_S) as way:
        way.sendall(b"s")
        block, sent, began = bytes(65536), 0, time.perf_counter()
        while sent < MOST_BYTES and time.perf_counter() - began < MOST_S:
            sent += way.send(block)
        way.shutdown(socket.SHUT_WR)
        # The answer comes once everything has arrived.
        if way.recv(1) != b"k":
            raise OSError("the other side closed")
        took = time.perf_counter() - began
    return {"rtt_us": round(min(trips) * 1e6), "kbit_s": round(sent * 8 / 1000 / took)}


def answer(way: socket.socket, caller: str, master: str) -> None:
    """One connection: echoes, a sink, or a measurement on the master's behalf."""
    with way:
        way.settimeout(DEADLINE_S)
        wanted = way.recv(1)
        if wanted == b"e":
            for _ in range(ECHOES):
                way.sendall(way.recv(1))
        elif wanted == b"s":
            taken = 0
            while (block := way.recv(65536)) and taken <= MOST_BYTES:
                taken += len(block)
            way.sendall(b"k")
        elif wanted == b"m" and caller == socket.gethostbyname(master):
            host = way.recv(256).decode("ascii").strip()
            way.sendall(json.dumps(measure(host)).encode())


def quietly(way: socket.socket, caller: str, master: str) -> None:
    """Answer, and let nothing that a stranger sends end the meter."""
    try:
        answer(way, caller, master)
    except (OSError, ValueError):
        pass
    finally:
        AT_ONCE.release()


def serve(master: str) -> None:
    """Answer for ever, a few at a time."""
    with socket.create_server(("", PORT)) as door:
        while True:
            way, (caller, _) = door.accept()
            AT_ONCE.acquire()
            threading.Thread(target=quietly, args=(way, caller, master), daemon=True).start()


def ask(at: str, to: str) -> None:
    """Print what the worker at `at` measures of the way to `to`."""
    with socket.create_connection((at, PORT), timeout=DEADLINE_S) as way:
        way.settimeout(4 * DEADLINE_S)
        way.sendall(b"m")
        way.sendall(to.encode("ascii"))
        print(way.recv(4096).decode("ascii"))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        ask(*sys.argv[2:])
