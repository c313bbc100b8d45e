"""`progress`, and the line that a job's progress is shown on while its output is printed."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from shutil import get_terminal_size

import click

from core.errors import SparecloudError
from core.gateway.agent import RenterAgent
from core.observed import Progress
from renter_tui.commands.shell import Shell, json_option, pass_shell
from renter_tui.commands.tables import table
from renter_tui.widgets.words import printable, progress_text, size

LOOK_EVERY_S = 1.0


@click.command()
@click.argument("cluster")
@click.argument("job")
@json_option
@pass_shell
def progress(shell: Shell, cluster: str, job: str) -> None:
    """Show how far a job is: its tasks, the stages that run, and what each executor does.

    \b
    sparecloud progress demo job-1
    """
    told = shell.ask(lambda agent: agent.progress(cluster, job))
    shell.show({"progress": told}, _text(told) if told else f"{job} does not run, or has not begun to.")


class Line:
    """The last line of a terminal, redrawn; `hide` it before anything else is printed."""

    def __init__(self) -> None:
        self._shown = ""

    def show(self, text: str) -> None:
        """Put `text` where the line was."""
        if text != self._shown:
            self._write(f"\r\x1b[K{text}")
            self._shown = text

    def hide(self) -> None:
        """Take the line away."""
        if self._shown:
            self._write("\r\x1b[K")
            self._shown = ""

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


@asynccontextmanager
async def followed(agent: RenterAgent, cluster: str, job: str, line: Line) -> AsyncGenerator[None]:
    """Show a job's progress on `line` while the context lasts, where a person looks at it."""
    if not (sys.stderr.isatty() and sys.stdout.isatty()):
        yield
        return
    following = asyncio.create_task(_follow(agent, cluster, job, line))
    try:
        yield
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        line.hide()


async def _follow(agent: RenterAgent, cluster: str, job: str, line: Line) -> None:
    while True:
        try:
            told = await agent.progress(cluster, job)
        except SparecloudError:
            # Whoever prints the output meets it, too, and says so.
            return
        if told is not None:
            line.show(progress_text(told)[: get_terminal_size().columns - 1])
        await asyncio.sleep(LOOK_EVERY_S)


def _text(told: Progress) -> str:
    stages = [
        (str(stage.number), f"{stage.done}/{stage.tasks}", str(stage.running), str(stage.failed), printable(stage.name))
        for stage in told.stages
    ]
    executors = [
        (
            printable(executor.name),
            printable(executor.host.partition(":")[0]),
            f"{executor.running}/{executor.cores}",
            str(executor.done),
            f"{size(executor.memory_used_bytes)}/{size(executor.memory_bytes)}",
            f"{size(executor.shuffle_read_bytes)}/{size(executor.shuffle_written_bytes)}",
        )
        for executor in told.executors
    ]
    parts = [progress_text(told)]
    if stages:
        parts.append(table(("STAGE", "DONE>", "RUNNING>", "FAILED>", "WHAT"), stages))
    if executors:
        parts.append(table(("EXECUTOR", "HOST", "BUSY>", "TASKS>", "CACHE>", "SHUFFLE READ/WRITTEN>"), executors))
    return "\n\n".join(parts)
