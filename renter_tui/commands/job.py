"""`submit`, `logs`, `outputs` and `stop`: the programs that a cluster runs."""

import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import click

from core.errors import SparecloudError
from core.gateway.agent import RenterAgent
from core.observed import Job, JobState
from core.submission import Extras
from core.view import ClusterLine
from renter_tui.commands import parsing
from renter_tui.commands.follow import follow
from renter_tui.commands.progress import Line, followed
from renter_tui.commands.shell import INTERRUPTED, Shell, json_option, pass_shell

_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_folder = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("cluster")
@click.argument("program", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("arguments", nargs=-1)
@click.option("--input", "inputs", type=click.Path(exists=True, path_type=Path), help="Appears under /job/input.")
@click.option(
    "--output", "target", type=_folder, help="Where what it writes to /job/output is copied when it succeeds."
)
@click.option(
    "--package",
    "packages",
    multiple=True,
    type=_file,
    help="A wheel, zip or module of pure Python that the program and its workers import; may be repeated.",
)
@click.option("--file", "files", multiple=True, type=_file, help="Lies in pyspark.SparkFiles; may be repeated.")
@click.option("--conf", multiple=True, metavar="KEY=VALUE", help="A setting of Spark; may be repeated.")
@click.option("--detach", is_flag=True, help="Do not wait for it.")
@json_option
@pass_shell
def submit(
    shell: Shell,
    cluster: str,
    program: Path,
    arguments: tuple[str, ...],
    inputs: Path | None,
    target: Path | None,
    packages: tuple[Path, ...],
    files: tuple[Path, ...],
    conf: tuple[str, ...],
    detach: bool,
) -> None:
    """Run a PySpark program and print its output until it ends; the exit code is 0 only where it succeeded.

    Ctrl-C only stops the watching. With --json the program's output goes to stderr.

    \b
    sparecloud submit demo job.py --input data/ --output result/ -- --year 2026
    sparecloud submit demo job.py --package shapes-2.1-py3-none-any.whl --conf spark.sql.shuffle.partitions=16
    """
    if detach and target is not None:
        raise click.UsageError("--output waits for the job to end, and --detach does not wait.")
    extras = Extras(tuple(map(str, packages)), tuple(map(str, files)), parsing.spark_settings(conf))
    submitted: list[Job] = []

    async def work(agent: RenterAgent) -> Job:
        job = await agent.submit(cluster, program, arguments, inputs, extras)
        submitted.append(job)
        if detach:
            return job
        shell.say(f"{job.job} runs on {cluster}.")
        line = Line()
        async with followed(agent, cluster, job.job, line):
            await _copy(agent.logs(cluster, job.job, follow=True), to_stderr=shell.as_json, before=line.hide)
        job = await _ended(agent, cluster, job)
        if target is not None and job.state is JobState.SUCCEEDED:
            for path in await agent.outputs(cluster, job.job, target):
                shell.say(f"Wrote {path}")
        return job

    try:
        job = shell.ask(work)
    except KeyboardInterrupt:
        for job in submitted:
            shell.say(
                f"Stopped watching; {job.job} goes on.\n"
                f"`sparecloud logs {cluster} {job.job} -f` shows it, `sparecloud stop {cluster} {job.job}` ends it."
            )
        raise click.exceptions.Exit(INTERRUPTED) from None
    if shell.as_json:
        shell.show(job, "")
    elif detach:
        shell.show(job, job.job)
    if job.state not in (JobState.SUCCEEDED, JobState.RUNNING):
        raise SparecloudError(
            f"{job.job} {job.state}. {job.cause}".rstrip(), f"`sparecloud logs {cluster} {job.job}` shows its output."
        )
    if not detach:
        shell.say(f"{job.job} {job.state}.")


@click.command()
@click.argument("cluster")
@click.argument("job")
@click.option("-f", "--follow", is_flag=True, help="Until the job ends.")
@json_option
@pass_shell
def logs(shell: Shell, cluster: str, job: str, follow: bool) -> None:
    """Print a job's output as it is, also with --json (which then concerns errors alone).

    \b
    sparecloud logs demo job-1 -f
    """
    shell.ask(lambda agent: _copy(agent.logs(cluster, job, follow=follow), to_stderr=False))


@click.command()
@click.argument("cluster")
@click.argument("job")
@click.argument("target", type=_folder)
@json_option
@pass_shell
def outputs(shell: Shell, cluster: str, job: str, target: Path) -> None:
    """Copy what a job wrote to /job/output into a folder.

    \b
    sparecloud outputs demo job-1 result/
    """
    written = shell.ask(lambda agent: agent.outputs(cluster, job, target))
    names = tuple(map(str, written))
    shell.show({"paths": names}, "\n".join(names) if names else "The job wrote nothing to /job/output.")


@click.command()
@click.argument("cluster")
@click.argument("job")
@json_option
@pass_shell
def stop(shell: Shell, cluster: str, job: str) -> None:
    """Stop a job; its cluster stays.

    \b
    sparecloud stop demo job-1
    """
    shell.ask(lambda agent: agent.stop_job(cluster, job))
    shell.show({"stopped": job}, f"{job} stops.")


async def _copy(chunks: AsyncIterator[bytes], *, to_stderr: bool, before: Callable[[], None] = lambda: None) -> None:
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
