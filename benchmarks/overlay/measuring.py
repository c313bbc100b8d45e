"""What one contender moves, what that costs its processes, and how long a small packet is on its way."""

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.overlay import programs, roundtrip
from benchmarks.overlay.tunnels import Contender
from benchmarks.overlay.wire import inside

_TRIPS: Final = 2000


@dataclass(frozen=True)
class Measured:
    """Medians over the runs. Processor seconds are the tunnels' own, for each gigabyte that arrived."""

    name: str
    mbit_s: float
    runs_mbit_s: tuple[float, ...]
    sender_cpu_s_gb: float
    receiver_cpu_s_gb: float
    relay_cpu_s_gb: float
    rtt_median_us: float
    rtt_p99_us: float


def measure(contender: Contender, processes: Mapping[str, psutil.Process], seconds: int, runs: int) -> Measured:
    """Run after run through a way that is up."""
    moved = [_throughput(contender.address, processes, seconds) for _ in range(runs)]
    trips = sorted(_round_trips(contender.address))
    speeds = tuple(round(speed) for speed, _ in moved)

    def cpu(name: str) -> float:
        return round(statistics.median(used.get(name, 0.0) for _, used in moved), 2)

    return Measured(
        contender.name,
        statistics.median(speeds),
        speeds,
        cpu("one"),
        cpu("two"),
        cpu("relay"),
        round(statistics.median(trips) * 1e6),
        round(trips[len(trips) * 99 // 100] * 1e6),
    )


def _throughput(address: str, processes: Mapping[str, psutil.Process], seconds: int) -> tuple[float, dict[str, float]]:
    iperf = programs.installed("iperf3", "iperf3")
    server = subprocess.Popen(
        inside("two", [iperf, "--server", "--one-off", "--bind", address, "--forceflush"]),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_line(server, b"listening")
        before = _cpu_s(processes)
        asked = inside("one", [iperf, "--client", address, "--time", str(seconds), "--json"])
        said = subprocess.run(asked, capture_output=True, check=True, timeout=seconds + 30).stdout
        after = _cpu_s(processes)
    finally:
        _end(server)
    received: dict[str, Any] = json.loads(said)["end"]["sum_received"]
    gigabytes = float(received["bytes"]) / 1e9
    return float(received["bits_per_second"]) / 1e6, {
        name: (after[name] - before[name]) / gigabytes for name in processes
    }


def _round_trips(address: str) -> list[float]:
    program = [sys.executable, str(Path(roundtrip.__file__))]
    server = subprocess.Popen(inside("two", [*program, "serve", address]), stdout=subprocess.PIPE)
    try:
        _await_line(server, b"ready")
        asked = inside("one", [*program, "ask", address, str(_TRIPS)])
        return list(json.loads(subprocess.run(asked, capture_output=True, check=True, timeout=60).stdout))
    finally:
        _end(server)


def _cpu_s(processes: Mapping[str, psutil.Process]) -> dict[str, float]:
    return {name: sum(process.cpu_times()[:2]) for name, process in processes.items()}


def _await_line(server: subprocess.Popen[bytes], word: bytes) -> None:
    assert server.stdout is not None
    while (line := server.stdout.readline()) and word not in line:
        pass


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    server.communicate(timeout=10)
