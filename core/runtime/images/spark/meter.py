"""How far apart two members of a cluster are, and how fast each computes: measured where they run.

`meter.py serve MASTER` answers beside a worker. `meter.py ask FROM TO`, run beside the master, has the worker at FROM
measure the way to TO and prints {"rtt_us": ..., "kbit_s": ...}. `meter.py pace AT` times the worker at AT from here and
prints {"cpu_score": ...}. What one measurement may move and last is bounded here, on the side that serves.
`meter.py benchmark FOLDER` measures a donor's machine with the same work, and its disk in FOLDER.

The work is a chain of BLAKE2b hashes, MiB of it a second the score: it needs plain integer arithmetic, no instruction
that some processors alone have, and no step can begin before the one before it is done. So a worker cannot answer
faster than it computes, and any part of its answer can be checked.
"""

import hashlib
import json
import os
import random
import socket
import statistics
import sys
import threading
import time
from pathlib import Path

PORT = 7079
ECHOES = 7
MOST_BYTES = 2 * 1024 * 1024
MOST_S = 1.0
DEADLINE_S = 5
AT_ONCE = threading.BoundedSemaphore(4)

BLOCK = bytes(range(256)) * 256
STATE_BYTES = 32
LINKS = 512
"""Hashes of a block between two states that are told: 32 MiB."""
STATES = 16
MOST_PACE_S = 3.0
PACING = threading.Lock()

MIB = 2**20
SLICES = 5
CHAINED = 4
DISK_MIB = 64
SYNC_MIB = 8
COPY_S = 0.4


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


def chained(state: bytes) -> bytes:
    """The state that follows `state`, after 32 MiB of hashing."""
    for _ in range(LINKS):
        step = hashlib.blake2b(state, digest_size=STATE_BYTES)
        step.update(BLOCK)
        state = step.digest()
    return state


def work(way: socket.socket, seed: bytes) -> None:
    """Send the states that follow `seed`, each once it is known, for some seconds at most; one caller at a time."""
    if not PACING.acquire(blocking=False):
        return
    try:
        until, state = time.perf_counter() + MOST_PACE_S, seed
        for _ in range(STATES):
            state = chained(state)
            way.sendall(state)
            if time.perf_counter() > until:
                break
    finally:
        PACING.release()


def pace(at: str) -> dict[str, int]:
    """How fast the worker at `at` gets through the chain from a seed of ours; 0 where a state of it is wrong."""
    began = time.perf_counter()
    with socket.create_connection((at, PORT), timeout=DEADLINE_S) as way:
        trip_s = time.perf_counter() - began
        way.settimeout(4 * DEADLINE_S)
        states = [os.urandom(STATE_BYTES)]
        began = time.perf_counter()
        way.sendall(b"c" + states[0])
        with way.makefile("rb") as told:
            while len(states) <= STATES and len(state := told.read(STATE_BYTES)) == STATE_BYTES:
                states.append(state)
        took_s = max(1e-3, time.perf_counter() - began - trip_s)
    if len(states) == 1:
        raise OSError("the other side closed")
    checked = random.SystemRandom().randrange(len(states) - 1)
    if chained(states[checked]) != states[checked + 1]:
        return {"cpu_score": 0}
    return {"cpu_score": round((len(states) - 1) * LINKS * len(BLOCK) / MIB / took_s)}


def benchmark(folder: str) -> dict[str, int]:
    """The speed of this machine's processor (one core), memory and disk, in MiB a second."""
    slices = []
    for _ in range(SLICES):
        state, began = BLOCK[:STATE_BYTES], time.perf_counter()
        for _ in range(CHAINED):
            state = chained(state)
        slices.append(CHAINED * LINKS * len(BLOCK) / MIB / (time.perf_counter() - began))
    return {
        "cpu_score": round(statistics.median(slices)),
        "memory_mib_s": copied_mib_s(),
        "disk_mib_s": written_mib_s(Path(folder) / "benchmark"),
    }


def copied_mib_s() -> int:
    """How fast memory is copied, in pieces that no cache holds."""
    source, target, copies = b"x" * (DISK_MIB * MIB), bytearray(DISK_MIB * MIB), 0
    began = time.perf_counter()
    while time.perf_counter() - began < COPY_S:
        target[:] = source
        copies += 1
    return round(copies * DISK_MIB / (time.perf_counter() - began))


def written_mib_s(path: Path) -> int:
    """How fast what is written is safe on the disk; what is read again comes out of memory, and would say nothing."""
    block, written = os.urandom(SYNC_MIB * MIB), 0
    began = time.perf_counter()
    with path.open("wb", buffering=0) as file:
        while written < DISK_MIB and time.perf_counter() - began < MOST_S:
            file.write(block)
            os.fsync(file.fileno())
            written += SYNC_MIB
        took_s = time.perf_counter() - began
    path.unlink()
    return round(written / took_s)


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
        elif wanted == b"c" and caller == socket.gethostbyname(master):
            with way.makefile("rb") as told:
                seed = told.read(STATE_BYTES)
            work(way, seed)
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
    elif sys.argv[1] == "pace":
        print(json.dumps(pace(sys.argv[2])))
    elif sys.argv[1] == "benchmark":
        print(json.dumps(benchmark(sys.argv[2])))
    else:
        ask(*sys.argv[2:])
