"""`sparecloud demo`: the whole market on one machine, with real parts, from the first offer to the last coin."""

import asyncio
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

import msgspec
from rich.console import Console

from core.errors import SparecloudError, first_problem
from renter_tui.demo.play import play
from renter_tui.demo.report import Report
from renter_tui.demo.stages import Stages


def run(json: Path | None, keep: bool, home: Path | None) -> int:
    """Play the demo; 0 where everything is as it must be, else 1 with a sentence on stderr.

    `json` is where the report is written. `keep` leaves all up after the job, until Ctrl-C. `home` is the
    folder to work in (default: a temporary one); what the demo made in it is removed.
    """
    console = Console()
    stages = Stages(console if console.is_terminal else Console(width=130))
    # A polite end by a supervisor cleans up like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory(prefix="sparecloud-demo-", dir=home) as folder:
            report = asyncio.run(play(Path(folder), stages, _until_interrupted if keep else None))
    except KeyboardInterrupt:
        print("Interrupted; what the demo had started was ended again.", file=sys.stderr)
        return 130
    except SparecloudError as problem:
        return _failed(problem)
    except BaseExceptionGroup as group:
        first = first_problem(group)
        if not isinstance(first, SparecloudError):
            raise
        return _failed(first)
    if json is not None:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(_document(report)), indent=2) + b"\n")
    stages.show(report.text())
    return 1 if report.faults() else 0


async def _until_interrupted() -> None:
    """Once the market is up, Ctrl-C is the way to end it in order; a second one interrupts that too."""
    enough = asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        loop.call_soon_threadsafe(enough.set)

    signal.signal(signal.SIGINT, asked)
    await enough.wait()


def _failed(problem: SparecloudError) -> int:
    print(f"{problem.title}\n{problem.hint}".rstrip(), file=sys.stderr)
    return problem.exit_code


def _document(report: Report) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(report)
    reached = {figure.name: figure.reached for figure in report.figures if figure.applies}
    return {**fields, "paid": report.paid, "reached": reached, "faults": list(report.faults())}
