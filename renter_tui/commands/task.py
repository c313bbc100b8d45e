"""A program to run, as `submit` and `run` are told it, and its course on a cluster that runs."""

import functools
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import click

from core import parsing
from core.errors import SparecloudError
from core.gateway.agent import RenterAgent
from core.observed import Job, JobState
from core.submission import Extras
from core.view import ClusterLine
from renter_tui.commands.follow import follow
from renter_tui.commands.progress import Line, followed
from renter_tui.commands.shell import Shell

_file = click.Path(exists=True, dir_okay=False, path_type=Path)

_OPTIONS = (
    click.argument("program", type=_file),
    click.argument("arguments", nargs=-1),
    click.option("--input", "inputs", type=click.Path(exists=True, path_type=Path), help="Appears under /job/input."),
    click.option(
        "--output",
        "target",
        type=click.Path(file_okay=False, path_type=Path),
        help="Where what it writes to /job/output is copied when it succeeds.",
    ),
    click.option(
        "--package",
        "packages",
        multiple=True,
        type=_file,
        help="A wheel, zip or module of pure Python that the program and its workers import; may be repeated.",
    ),
    click.option("--file", "files", multiple=True, type=_file, help="Lies in pyspark.SparkFiles; may be repeated."),
    click.option("--conf", multiple=True, metavar="KEY=VALUE", help="A setting of Spark; may be repeated."),
)


@dataclass(frozen=True, slots=True)
class Task:
    """What to run, and where its output goes: nowhere, where `target` is None."""

    program: Path
    arguments: tuple[str, ...]
    inputs: Path | None
    target: Path | None
    extras: Extras


def task_options(verb: Callable[..., None]) -> Callable[..., None]:
    """Give `verb` a program and its options, as the one argument `task`. Raises InvalidInput."""

    @functools.wraps(verb)
    def described(
        *others: object,
        program: Path,
        arguments: tuple[str, ...],
        inputs: Path | None,
        target: Path | None,
        packages: tuple[Path, ...],
        files: tuple[Path, ...],
        conf: tuple[str, ...],
        **named: object,
    ) -> None:
        extras = Extras(tuple(map(str, packages)), tuple(map(str, files)), parsing.spark_settings(conf))
        verb(*others, task=Task(program, arguments, inputs, target, extras), **named)

    for option in reversed(_OPTIONS):
        described = option(described)
    return described


async def submitted(agent: RenterAgent, cluster: str, task: Task) -> Job:
    """The job that `task` becomes on `cluster`. Raises what RenterAgent.submit does."""
    return await agent.submit(cluster, task.program, task.arguments, task.inputs, task.extras)


async def finished(agent: RenterAgent, shell: Shell, cluster: str, job: Job, target: Path | None) -> Job:
    """The job once it ended, its output printed meanwhile, and what it wrote copied to `target` if it succeeded."""
    shell.say(f"{job.job} runs on {cluster}.")
    line = Line()
    async with followed(agent, cluster, job.job, line):
        await copy(agent.logs(cluster, job.job, follow=True), to_stderr=shell.as_json, before=line.hide)
    job = await _ended(agent, cluster, job)
    if target is not None and job.state is JobState.SUCCEEDED:
        for path in await agent.outputs(cluster, job.job, target):
            shell.say(f"Wrote {path}")
    return job


def check(job: Job, hint: str) -> None:
    """Raises SparecloudError with `hint` where the job ended otherwise than well."""
    if job.state not in (JobState.SUCCEEDED, JobState.RUNNING):
        raise SparecloudError(f"{job.job} {job.state}. {job.cause}".rstrip(), hint)


async def copy(chunks: AsyncIterator[bytes], *, to_stderr: bool, before: Callable[[], None] = lambda: None) -> None:
    """Print a job's output as it is."""
    stream = (sys.stderr if to_stderr else sys.stdout).buffer
    async for chunk in chunks:
        before()
        stream.write(chunk)
        stream.flush()


async def _ended(agent: RenterAgent, cluster: str, job: Job) -> Job:
    """The job once it ended, or as it last was where its cluster ended before."""

    def now(line: ClusterLine) -> Job:
        return next((known for known in line.jobs if known.job == job.job), job)

    line = await follow(
        agent, cluster, lambda line: line.ended or now(line).state is not JobState.RUNNING, lambda _: None
    )
    return now(line)
