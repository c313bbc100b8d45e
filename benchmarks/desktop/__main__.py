"""`python -m benchmarks.desktop --json FILE`: what the donor's application costs its owner, beside BOINC's.

On Linux: `apt install xvfb openbox xdotool xfce4-panel dbus boinc-client boinc-manager` first. Five minutes.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Final

from benchmarks.desktop.desk import NEEDED, Desk, desk
from benchmarks.desktop.processes import Cost, cost
from core.errors import SparecloudError
from renter_tui.demo.market import LocalMarket, local_market

_SETTLED_S: Final = 30
_OURS: Final = [sys.executable, "-m", "donor_app"]
_SCREEN_ALONE: Final = [sys.executable, "-m", "tests.screens.donor_tray_demo"]
_RIVALS: Final = ("boinc", "boincmgr")


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables and writes the report; 0, or the refusal's code where something cannot run."""
    asked = _parser().parse_args(arguments)
    missing = [program for program in (*NEEDED, *_RIVALS) if shutil.which(program) is None]
    if missing:
        print(f"These programs are missing: {', '.join(missing)}.", file=sys.stderr)
        return 2
    try:
        report = asyncio.run(_measured(asked.seconds, asked.runs))
    except SparecloudError as refusal:
        print(refusal, file=sys.stderr)
        return refusal.exit_code
    if asked.json is not None:
        asked.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    return 0


async def _measured(seconds: int, runs: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="market-") as folder:
        async with local_market(Path(folder), ("ada",)) as market:
            # The desktop blocks; the market is processes of their own.
            return await asyncio.to_thread(_on_a_desktop, market, seconds, runs)


def _on_a_desktop(market: LocalMarket, seconds: int, runs: int) -> dict[str, object]:
    with desk() as place:
        costs = {
            "tray alone, a made-up agent": _hidden(place, _SCREEN_ALONE, seconds),
            "agent and tray": _hidden(place, [*_OURS, "--home", str(market.home("ada"))], seconds),
            "BOINC manager": _boinc(place, seconds, manager=True),
            "BOINC manager and client": _boinc(place, seconds, manager=True, client=True),
        }
        print("| hidden | MiB resident | MiB proportional | % of a core | wakeups a second |\n|---|---|---|---|---|")
        for name, one in costs.items():
            print(
                f"| {name} | {one.resident_mib} | {one.proportional_mib} | {one.processor_percent} | {one.wakeups_s} |",
                flush=True,
            )
        windows = {
            "ours": [_window(place, [*_SCREEN_ALONE, "--window"], "Sparecloud") for _ in range(runs)],
            "BOINC manager": [_window(place, ["boincmgr"], "BOINC") for _ in range(runs)],
        }
        for name, seconds_each in windows.items():
            print(f"first window of {name}: {sorted(seconds_each)[runs // 2]:.2f} s {seconds_each}", flush=True)
    return {
        "machine": f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "hidden": {name: asdict(one) for name, one in costs.items()},
        "first_window_s": windows,
    }


def _hidden(place: Desk, command: Sequence[str], seconds: int) -> Cost:
    with place.running("ours", command) as process:
        time.sleep(_SETTLED_S)
        if process.poll() is not None:
            log = (place.folder / "ours.log").read_text("utf-8", errors="replace")
            raise SparecloudError(f"The application ended: {log[-500:]}")
        return cost([process.pid], seconds)


def _boinc(place: Desk, seconds: int, *, manager: bool, client: bool = False) -> Cost:
    data = place.folder / "boinc"
    data.mkdir(exist_ok=True)
    with ExitStack() as stack:
        running = [
            stack.enter_context(place.running("boinc", ["boinc", "--dir", str(data), "--no_gpus", "--no_info_fetch"]))
        ]
        time.sleep(3)
        if manager:
            running.append(stack.enter_context(place.running("boincmgr", ["boincmgr", "--systray"], cwd=data)))
        time.sleep(_SETTLED_S)
        return cost([each.pid for each in (running if client else running[1:])], seconds)


def _window(place: Desk, command: Sequence[str], title: str) -> float:
    began = time.monotonic()
    with place.running("window", command) as process:
        return place.window_after_s(process, title, began)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.desktop", description=__doc__)
    parser.add_argument("--seconds", type=int, default=40, help="how long each is watched")
    parser.add_argument("--runs", type=int, default=5, help="how often a first window is timed")
    parser.add_argument("--json", type=Path, help="where the report goes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
