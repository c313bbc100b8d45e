"""`python -m benchmarks.launch --json FILE`: a launch on warm images, beside the same containers by hand with docker.

By hand: a bridge, a master, and workers of the same image, size and settings, started side by side with docker's own
command, and nothing else. Ours: donors asked, deposit paid into escrow, an encrypted network founded, certificates
signed, and then the same containers. In turns, in one run. Needs Docker; some minutes.
"""

import argparse
import asyncio
import json
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.gateway import presence
from core.gateway.client import GatewayClient
from core.gateway.command import agent_command
from core.membership import images_folder
from core.model import Resources
from core.quote import Request
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.runtime.spark_settings import executor_heap_mib, master_settings, worker_settings
from renter_tui.demo.market import Timing, local_market

DONORS: Final = ("ada", "grace", "edsger")
SHAPE: Final = Resources(cpu_millis=1000, memory_mib=1536)
PATIENCE_S: Final = 120


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a table and writes the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.launch", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each (default 5)")
    parser.add_argument("--json", type=Path, help="where to write the report")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        ours, hand = asyncio.run(_compare(Path(folder), asked.runs))
    print("| | first worker, s | all three, median, s | worst, s |\n|---|---|---|---|")
    for name, runs in (("`sparecloud launch`, agreed to", ours), ("docker by hand", hand)):
        first, every = [run[0] for run in runs], [run[1] for run in runs]
        print(f"| {name} | {statistics.median(first):.1f} | {statistics.median(every):.1f} | {max(every):.1f} |")
    ratios = [
        statistics.median(run[part] for run in ours) / statistics.median(run[part] for run in hand) for part in (0, 1)
    ]
    print(f"\nRatio: {ratios[0]:.2f} to the first worker, {ratios[1]:.2f} to all (medians of {asked.runs}).")
    if asked.json is not None:
        report = {"ours_s": ours, "by_hand_s": hand, "ratio_first": ratios[0], "ratio_all": ratios[1]}
        asked.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    return 0


async def _compare(folder: Path, runs: int) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    engine = ContainerEngine()
    images = Images(engine, images_folder())
    await images.ensure()
    image = images.allowed()
    engine.close()
    ours, hand = [], []
    async with local_market(folder, DONORS, Timing()) as market:
        await asyncio.gather(*(market.start_donor(name) for name in DONORS))
        async with presence.connect(market.renter_home, agent_command(market.renter_home)) as agent:
            for number in range(runs):
                ours.append(await _launched(agent, f"run-{number}"))
                hand.append(await asyncio.to_thread(_by_hand, image, folder))
            await agent.shutdown()
        await asyncio.gather(*(child.end() for child in market.donors.values()))
    return ours, hand


async def _launched(agent: GatewayClient, name: str) -> tuple[float, float]:
    while len((await agent.view()).market) < len(DONORS):
        await asyncio.sleep(0.2)
    request = Request(SHAPE, len(DONORS), 1800, most_per_donor=1)
    began, first = time.monotonic(), 0.0
    await agent.launch(name, request)
    async for view in agent.watch():
        line = next(line for line in view.clusters if line.name == name)
        serving = sum(worker.state == "serving" for worker in line.workers)
        first = first or (time.monotonic() - began if serving else 0.0)
        if serving == len(DONORS):
            break
        if line.ended or time.monotonic() - began > PATIENCE_S:
            raise SystemExit(f"The launch failed: {line.sentence}")
    took = first, time.monotonic() - began
    await agent.destroy(name)
    async for view in agent.watch():
        if next(line for line in view.clusters if line.name == name).ended:
            break
    return took


def _by_hand(image: str, folder: Path) -> tuple[float, float]:
    """What somebody types who has Docker and the image: a network, a master, its workers."""
    word, secret = f"byhand-{secrets.token_hex(4)}", secrets.token_urlsafe(32)
    properties = {"master": master_settings(secret), "worker": worker_settings(secret)}
    for role, text in properties.items():
        path = folder / f"{word}-{role}.properties"
        path.write_text(text, "utf-8")
        path.chmod(0o644)
    names = [f"{word}-master", *(f"{word}-{number}" for number in range(len(DONORS)))]
    began = time.monotonic()
    try:
        _docker("network", "create", word)
        _start(image, folder, word, names[0], "master", "--host", names[0], "--port", "7077", "--webui-port", "8080")
        heap = f"{executor_heap_mib(SHAPE.memory_mib)}m"
        starts = [
            _start_command(
                image, folder, word, name, "worker", "--host", name, "--cores", "1", "--memory", heap,
                "--work-dir", "/scratch/work",
                f"spark://{names[0]}:7077",
            )
            for name in names[1:]
        ]  # fmt: skip
        processes = [subprocess.Popen(start, stdout=subprocess.DEVNULL) for start in starts]
        for process in processes:
            if process.wait(PATIENCE_S):
                raise SystemExit("A worker could not be started by hand.")
        where = _docker("port", names[0], "8080/tcp").split()[0]
        return _registered(where, began)
    finally:
        _docker("rm", "--force", "--volumes", *names)
        _docker("network", "rm", word)


def _start_command(image: str, folder: Path, word: str, name: str, role: str, *words: str) -> list[str]:
    published = ["--publish", "127.0.0.1::8080"] if role == "master" else []
    properties = folder / f"{word}-{role}.properties"
    memory = 512 if role == "master" else SHAPE.memory_mib
    return [
        *("docker", "run", "--detach", "--name", name, "--network", word, "--cpus", "2" if role == "master" else "1"),
        *("--memory", f"{memory}m", "--tmpfs", "/tmp:exec", "--volume", f"{properties}:/scratch/spark.properties:ro"),
        *published,
        image,
        role,
        *words,
    ]


def _start(image: str, folder: Path, word: str, name: str, role: str, *words: str) -> None:
    subprocess.run(_start_command(image, folder, word, name, role, *words), check=True, stdout=subprocess.DEVNULL)


def _registered(where: str, began: float) -> tuple[float, float]:
    first = 0.0
    while time.monotonic() - began < PATIENCE_S:
        try:
            with urllib.request.urlopen(f"http://{where}/json/", timeout=2) as answer:
                alive = sum(worker["state"] == "ALIVE" for worker in json.load(answer)["workers"])
        except OSError:
            alive = 0
        first = first or (time.monotonic() - began if alive else 0.0)
        if alive == len(DONORS):
            return first, time.monotonic() - began
        time.sleep(0.1)
    raise SystemExit("The containers by hand did not come up.")


def _docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True, timeout=PATIENCE_S).stdout


if __name__ == "__main__":
    sys.exit(main())
