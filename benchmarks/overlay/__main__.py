"""`python -m benchmarks.overlay --json FILE`: the lease network beside a plain bridge and what else could carry it.

As root on Linux, with Docker running: `apt install iperf3 nebula` first. About five minutes.
"""

import argparse
import functools
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.overlay import spark
from benchmarks.overlay.contenders import CONTENDERS, VARIANTS
from benchmarks.overlay.measuring import Measured, measure
from benchmarks.overlay.tunnels import Contender, joined
from benchmarks.overlay.wire import wire
from core.errors import SparecloudError


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables and writes the report. 0; 1 where something that is measured could not run."""
    asked = _parser().parse_args(arguments)
    report: dict[str, object] = {"machine": _machine()}
    began = time.monotonic()
    try:
        if "ways" in asked.parts:
            report["ways"] = [asdict(one) for one in _measured(CONTENDERS, asked.seconds, asked.runs)]
        if "settings" in asked.parts:
            report["settings"] = [asdict(one) for one in _measured(VARIANTS, asked.seconds, asked.runs)]
        if "spark" in asked.parts:
            report["spark"] = spark.compare(asked.runs, functools.partial(print, flush=True))
    except SparecloudError as refusal:
        print(refusal, file=sys.stderr)
        return refusal.exit_code
    report["took_s"] = round(time.monotonic() - began)
    if asked.json is not None:
        asked.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    print(f"{report['took_s']} s on {_machine()}")
    return 0


def _measured(contenders: Iterable[Contender], seconds: int, runs: int) -> list[Measured]:
    print("| way | Mbit/s | CPU s a GB: sender, receiver, relay | small packet there and back, median and p99, us |")
    print("|---|---|---|---|")
    found = []
    for contender in contenders:
        with tempfile.TemporaryDirectory() as folder, wire(), joined(contender, Path(folder)) as processes:
            one = measure(contender, processes, seconds, runs)
        found.append(one)
        cpu = f"{one.sender_cpu_s_gb}, {one.receiver_cpu_s_gb}, {one.relay_cpu_s_gb}"
        print(f"| {one.name} | {one.mbit_s:.0f} | {cpu} | {one.rtt_median_us:.0f}, {one.rtt_p99_us:.0f} |", flush=True)
    return found


def _machine() -> str:
    return f"{os.cpu_count()} cores, Linux {platform.release()}, load {os.getloadavg()[0]:.1f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overlay", description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=("ways", "settings", "spark"), default=["ways", "spark"])
    parser.add_argument("--seconds", type=int, default=4, help="how long bytes flow in a run")
    parser.add_argument("--runs", type=int, default=3, help="runs of which the median counts")
    parser.add_argument("--json", type=Path, help="where the report goes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
