"""`python -m benchmarks.desktop --json FILE`: what the donor's application costs its owner, beside BOINC's.

With `--soak MINUTES` instead: whether its window grows while it is redrawn and changes its state all the time.

On Linux: `apt install xvfb openbox xdotool xfce4-panel dbus boinc-client boinc-manager` first. Eight minutes.
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

import msgspec

from benchmarks.desktop.desk import NEEDED, Desk, desk
from benchmarks.desktop.processes import Cost, cost
from benchmarks.desktop.soak import soaked
from core.errors import SparecloudError
from core.journal import open_journal
from core.owner import Donor
from core.settings import DonorFile
from renter_tui.demo.market import LocalMarket, local_market

_SETTLED_S: Final = 40
_OURS: Final = [sys.executable, "-m", "donor_app"]
_SCREEN_ALONE: Final = [sys.executable, "-m", "tests.screens.donor_tray_demo"]
_RIVALS: Final = ("boinc", "boincmgr")


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables and writes the report; 0, or the refusal's code where something cannot run."""
    asked = _parser().parse_args(arguments)
    missing = [program for program in (*NEEDED, *(() if asked.soak else _RIVALS)) if shutil.which(program) is None]
    if missing:
        print(f"These programs are missing: {', '.join(missing)}.", file=sys.stderr)
        return 2
    try:
        report = _soak(asked.soak) if asked.soak else asyncio.run(_measured(asked.seconds, asked.runs))
    except SparecloudError as refusal:
        print(refusal, file=sys.stderr)
        return refusal.exit_code
    if asked.json is not None:
        asked.json.write_text(json.dumps({"machine": _machine(), **report}, indent=1) + "\n", "utf-8")
    return 0


def _soak(minutes: float) -> dict[str, object]:
    with desk() as place:
        growth = soaked(place, minutes)
    print(
        f"{minutes:g} minutes of redraws: {growth.began_mib} MiB resident after the first, {growth.ended_mib} at the "
        f"end, {growth.ended_mib - growth.began_mib:+.1f}; most {growth.most_mib}"
    )
    return {"soak": asdict(growth)}


async def _measured(seconds: int, runs: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="market-") as folder:
        async with local_market(Path(folder), ("ada",)) as market:
            home = market.home("ada")
            # The demo's own times are for whoever watches: an owner's are the settings' defaults.
            filed = DonorFile(home)
            filed.write(msgspec.structs.replace(filed.read(), offer_every_s=Donor().offer_every_s))
            # The desktop blocks; the market is processes of their own.
            return await asyncio.to_thread(_on_a_desktop, market, seconds, runs)


def _on_a_desktop(market: LocalMarket, seconds: int, runs: int) -> dict[str, object]:
    home = market.home("ada")
    with desk() as place:
        # Once before: what is measured shall find its modules compiled.
        _hidden(place, _chosen(home, sharing=False), 1)
        costs = {
            "tray alone, a made-up agent": _hidden(place, _SCREEN_ALONE, seconds),
            "agent and tray, not sharing": _hidden(place, _chosen(home, sharing=False), seconds),
            "agent and tray, sharing, nobody rents": _hidden(place, _chosen(home, sharing=True), seconds),
            "agent alone (--headless), not sharing": _hidden(
                place, [*_chosen(home, sharing=False), "--headless"], seconds
            ),
            "BOINC manager": _boinc(place, seconds, client=False),
            "BOINC manager and client": _boinc(place, seconds, client=True),
        }
        print("| hidden | MiB resident | MiB proportional | % of a core | wakeups a second |\n|---|---|---|---|---|")
        for name, one in costs.items():
            print(
                f"| {name} | {one.resident_mib} | {one.proportional_mib} | {one.processor_percent} | {one.wakeups_s} |",
                flush=True,
            )
        windows = {
            "ours, a made-up agent": [_window(place, [*_SCREEN_ALONE, "--window"], "Sparecloud") for _ in range(runs)],
            "ours": [_window(place, [*_chosen(home, sharing=False), "--window"], "Sparecloud") for _ in range(runs)],
            "BOINC manager": [_boinc_window(place) for _ in range(runs)],
        }
        for name, seconds_each in windows.items():
            shown = ", ".join(f"{each:.2f}" for each in seconds_each)
            print(f"first window of {name}: {sorted(seconds_each)[runs // 2]:.2f} s ({shown})", flush=True)
    return {"hidden": {name: asdict(one) for name, one in costs.items()}, "first_window_s": windows}


def _chosen(home: Path, *, sharing: bool) -> list[str]:
    """The command that starts our application of `home`, whose owner chose already: else its window would open."""
    (home / "donor").mkdir(mode=0o700, exist_ok=True)
    journal = open_journal(home / "donor")
    journal.put("state", "sharing", b"on" if sharing else b"off")
    journal.close()
    return [*_OURS, "--home", str(home)]


def _hidden(place: Desk, command: Sequence[str], seconds: int) -> Cost:
    with place.running("ours", command) as process:
        time.sleep(_SETTLED_S)
        if process.poll() is not None:
            raise SparecloudError(f"The application ended: {place.said('ours')}")
        return cost([process.pid], seconds)


def _boinc(place: Desk, seconds: int, *, client: bool) -> Cost:
    with ExitStack() as stack:
        running = [stack.enter_context(place.running("boinc", _boinc_client(place)))]
        time.sleep(3)
        running.append(stack.enter_context(place.running("boincmgr", [*_boinc_manager(place), "--autostart"])))
        time.sleep(_SETTLED_S)
        if running[1].poll() is not None:
            raise SparecloudError(f"BOINC's manager ended: {place.said('boincmgr')}")
        return cost([each.pid for each in (running if client else running[1:])], seconds)


def _boinc_window(place: Desk) -> float:
    with place.running("boinc", _boinc_client(place)):
        time.sleep(3)
        return _window(place, _boinc_manager(place), "BOINC")


def _boinc_client(place: Desk) -> list[str]:
    data = place.folder / "boinc"
    data.mkdir(exist_ok=True)
    return ["boinc", "--dir", str(data), "--no_gpus", "--no_info_fetch"]


def _boinc_manager(place: Desk) -> list[str]:
    return ["boincmgr", "--datadir", str(place.folder / "boinc"), "--no-daemon", "--multiple"]


def _window(place: Desk, command: Sequence[str], title: str) -> float:
    began = time.monotonic()
    with place.running("window", command) as process:
        return place.window_after_s(process, "window", title, began)


def _machine() -> str:
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.desktop", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="how long each is watched")
    parser.add_argument("--runs", type=int, default=5, help="how often a first window is timed")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="redraw our window for so long, and no more")
    parser.add_argument("--json", type=Path, help="where the report goes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
