"""`python -m benchmarks.tpch --scale 1 --json FILE`: TPC-H on a rented cluster, every answer checked against DuckDB's.

A whole market on this machine (contracts, relay, three donors); the cluster is rented, used and settled by the one
command that a renter types. Needs Docker, and `tools/notebook.sh` for DuckDB and the generator.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from core.gateway import presence
from core.membership import images_folder
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from renter_tui.demo.market import Timing, local_market

HERE: Final = Path(__file__).parent
NOTEBOOK: Final = HERE.parents[1] / ".venv-notebook" / "bin"
WORKERS: Final = 3
TOLERANCE: Final = Decimal("1e-6")
"""Averages and quotients: Spark rounds them as decimals, DuckDB as floats."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a table, writes the report. 0 where all 22 answers agree."""
    asked = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        spark, run_s = asyncio.run(_spark(folder, asked.scale, asked.parts))
        command = [NOTEBOOK / "python", HERE / "duck.py", asked.scale, folder / "data"]
        duck = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=1800).stdout)
    verdicts = {name: agree(spark["answers"].get(name), answer) for name, answer in duck["answers"].items()}
    print("\n| query | rows | Spark s | DuckDB s | the same |\n|---|---|---|---|---|")
    for name, same in verdicts.items():
        figures = f"{len(duck['answers'][name])} | {spark['seconds'][name]:.1f} | {duck['seconds'][name]:.2f}"
        print(f"| {name} | {figures} | {'yes' if same else 'NO'} |")
    agreeing = sum(verdicts.values())
    answered_s = sum(seconds for name, seconds in spark["seconds"].items() if name != "load")
    print(
        f"\nScale {asked.scale}, {spark['rows']['lineitem']:,} line items, {WORKERS} workers of 1 core and 1.5 GiB on "
        f"one machine: {agreeing} of {len(verdicts)} answers are DuckDB's. Data made and cached in "
        f"{spark['seconds']['load']:.0f} s, answered in {answered_s:.0f} s; the whole command took {run_s:.0f} s."
    )
    if asked.json is not None:
        told = {"scale": asked.scale, "same": verdicts, "rows": spark["rows"], "run_s": round(run_s, 1)}
        told |= {"spark_s": spark["seconds"], "duckdb_s": duck["seconds"]}
        asked.json.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    return 0 if agreeing == len(verdicts) and spark["rows"] == duck["rows"] else 1


def agree(one: list[list[str]] | None, other: list[list[str]]) -> bool:
    """Whether two answers are the same: in order, numbers within TOLERANCE of each other, texts to the letter."""
    return (
        one is not None
        and len(one) == len(other)
        and all(
            len(mine) == len(theirs) and all(map(_alike, mine, theirs)) for mine, theirs in zip(one, other, strict=True)
        )
    )


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        mine, theirs = Decimal(one), Decimal(other)
    except InvalidOperation:
        return False
    return abs(mine - theirs) <= TOLERANCE * max(abs(mine), abs(theirs), Decimal(1))


async def _spark(folder: Path, scale: str, parts: int) -> tuple[dict[str, Any], float]:
    """What the cluster answered, and how long the command took."""
    engine = ContainerEngine()
    await Images(engine, images_folder()).ensure()
    engine.close()
    donors = ("ada", "grace", "edsger")
    (folder / "market").mkdir()
    async with local_market(folder / "market", donors, Timing()) as market:
        await asyncio.gather(*(market.start_donor(name) for name in donors))
        command = [
            *(sys.executable, "-m", "renter_tui", "--home", str(market.renter_home), "run", str(HERE / "job.py")),
            *("--workers", str(WORKERS), "--cores", "1", "--memory", "1536M", "--hours", "2", "--yes"),
            *("--file", str(NOTEBOOK / "tpchgen-cli"), "--file", str(HERE / "queries.sql")),
            *("--output", str(folder / "out"), "--", scale, str(parts)),
        ]
        began = time.monotonic()
        try:
            ran = await asyncio.create_subprocess_exec(*command)
            code = await ran.wait()
            run_s = time.monotonic() - began
        finally:
            found = await presence.find(market.renter_home)
            if found:
                async with found.client() as agent:
                    await agent.shutdown()
            await asyncio.gather(*(child.end() for child in market.donors.values()))
        if code:
            raise SystemExit(f"The job failed with exit code {code}.{market.logs()}")
    told: dict[str, Any] = json.loads((folder / "out" / "tpch.json").read_text("utf-8"))
    return told, run_s


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tpch", description=__doc__)
    parser.add_argument("--scale", default="1", help="the scale factor: 1 is 6 million line items (default)")
    parser.add_argument("--parts", type=int, default=6, help="in how many parts each table is made (default 6)")
    parser.add_argument("--json", type=Path, help="where to write the report")
    return parser


if __name__ == "__main__":
    sys.exit(main())
