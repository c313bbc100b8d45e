"""`python -m benchmarks.terminal --json FILE`: frames and keys over 10,000 offers, first paint, memory, help.

On Linux. Three minutes; needs Docker for the market in which the real application starts.
"""

import argparse
import asyncio
import json
import os
import pty
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import psutil

from benchmarks.terminal.crowd import Plain, felt, ours
from core.gateway import presence
from core.gateway.command import agent_command
from renter_tui.demo.market import Timing, local_market

OFFERS: Final = 10_000
PATIENCE_S: Final = 30


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables and writes the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.terminal", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each start (default 5)")
    parser.add_argument("--json", type=Path, help="where to write the report")
    asked = parser.parse_args(arguments)
    # The first tells how long the measuring itself takes: it waits for the screen after each key.
    crowded = [asyncio.run(felt("ten offers, for comparison", ours(10), "slash"))]
    crowded.append(asyncio.run(felt("LiveTable, as shipped", ours(OFFERS), "slash")))
    crowded.append(asyncio.run(felt("DataTable", Plain(OFFERS), "")))
    print(f"| {OFFERS:,} offers | key to screen, median and p99, ms | longest stall, ms | frames late | keys dropped |")
    print("|---|---|---|---|---|")
    for one in crowded:
        print(
            f"| {one.name} | {one.key_median_ms}, {one.key_p99_ms} | {one.stall_worst_ms} | {one.late} of {one.frames} "
            f"| {one.dropped} |"
        )
    help_s = statistics.median(_timed([sys.executable, "-m", "renter_tui", "--help"]) for _ in range(asked.runs))
    with tempfile.TemporaryDirectory() as folder:
        paints = asyncio.run(_paints(Path(folder), asked.runs))
    paint_s, whole_s = (statistics.median(each[part] for each in paints) for part in (0, 1))
    mib = statistics.median(each[2] for each in paints)
    print(f"\n`sparecloud --help`: {help_s:.2f} s. Application, an agent running: first paint {paint_s:.2f} s,")
    print(f"the agent's market on screen {whole_s:.2f} s, {mib:.0f} MiB (medians of {asked.runs}).")
    if asked.json is not None:
        report = {"crowd": [asdict(one) for one in crowded], "help_s": help_s, "paint_s": paint_s, "whole_s": whole_s}
        asked.json.write_text(json.dumps(report | {"mib": mib}, indent=1) + "\n", "utf-8")
    return 0


def _timed(command: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE_S)
    return time.perf_counter() - began


async def _paints(folder: Path, runs: int) -> list[tuple[float, float, float]]:
    async with local_market(folder, ("ada",), Timing()) as market:
        await market.start_donor("ada")
        async with presence.connect(market.renter_home, agent_command(market.renter_home)) as agent:
            while not (await agent.view()).market:
                await asyncio.sleep(0.2)
            found = [await asyncio.to_thread(_paint, market.renter_home) for _ in range(runs)]
            await agent.shutdown()
        await asyncio.gather(*(child.end() for child in market.donors.values()))
    return found


def _paint(home: Path) -> tuple[float, float, float]:
    """Seconds until the first paint, and until an offer is shown; MiB of its own five seconds later."""
    keyboard, screen = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    command = [sys.executable, "-m", "renter_tui", "--home", str(home)]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdin=screen, stdout=screen, stderr=screen, env=environment)
    os.close(screen)
    try:
        said = b""
        paint_s = _until(keyboard, said, b"Market", began)
        whole_s = _until(keyboard, said, b"1 donor", began)
        time.sleep(5)
        mib = psutil.Process(process.pid).memory_full_info().uss / 2**20
        os.write(keyboard, b"q")
    finally:
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
        os.close(keyboard)
    return paint_s, whole_s, mib


def _until(keyboard: int, said: bytes, word: bytes, began: float) -> float:
    while word not in said:
        if time.perf_counter() - began > PATIENCE_S:
            raise SystemExit(f"The application did not show {word.decode()} within {PATIENCE_S} s: {said[-500:]!r}")
        if select.select([keyboard], [], [], 0.05)[0]:
            said += os.read(keyboard, 65_536)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
