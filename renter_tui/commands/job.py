"""`submit`, `logs`, `exec`, `outputs` and `stop`: the programs that a cluster runs."""

import sys
from pathlib import Path

import click

from core.gateway.agent import RenterAgent
from core.observed import Job
from renter_tui.commands.shell import INTERRUPTED, Shell, json_option, pass_shell
from renter_tui.commands.task import Task, check, copy, finished, submitted, task_options

_folder = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("cluster")
@task_options
@click.option("--detach", is_flag=True, help="Do not wait for it.")
@json_option
@pass_shell
def submit(shell: Shell, cluster: str, task: Task, detach: bool) -> None:
    """Run a PySpark program and print its output until it ends; the exit code is 0 only where it succeeded.

    Ctrl-C only stops the watching. With --json the program's output goes to stderr.

    \b
    sparecloud submit demo job.py --input data/ --output result/ -- --year 2026
    sparecloud submit demo job.py --package shapes-2.1-py3-none-any.whl --conf spark.sql.shuffle.partitions=16
    """
    if detach and task.target is not None:
        raise click.UsageError("--output waits for the job to end, and --detach does not wait.")
    begun: list[Job] = []

    async def work(agent: RenterAgent) -> Job:
        begun.append(job := await submitted(agent, cluster, task))
        return job if detach else await finished(agent, shell, cluster, job, task.target)

    try:
        job = shell.ask(work)
    except KeyboardInterrupt:
        for job in begun:
            shell.say(
                f"Stopped watching; {job.job} goes on.\n"
                f"`sparecloud logs {cluster} {job.job} -f` shows it, `sparecloud stop {cluster} {job.job}` ends it."
            )
        raise click.exceptions.Exit(INTERRUPTED) from None
    if shell.as_json:
        shell.show(job, "")
    elif detach:
        shell.show(job, job.job)
    check(job, f"`sparecloud logs {cluster} {job.job}` shows its output.")
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
    shell.ask(lambda agent: copy(agent.logs(cluster, job, follow=follow), to_stderr=False))


@click.command(name="exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option(
    "--within", "within_s", type=int, default=60, show_default=True, metavar="SECONDS", help="At most so long."
)
@json_option
@click.argument("cluster")
@click.argument("job")
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND...")
@pass_shell
def execute(shell: Shell, cluster: str, job: str, words: tuple[str, ...], within_s: int) -> None:
    """Run a command in a job's own driver: a container on this machine, where /job holds its files.

    Prints what it says (1 MiB at most) and ends as it does; with 124 where it took too long.

    \b
    sparecloud exec demo job-1 ls -l /job/output
    """
    ran = shell.ask(lambda agent: agent.execute(cluster, job, words, within_s))
    if shell.as_json:
        text = ran.output.decode(errors="replace")
        shell.show({"output": text, "exit_code": ran.exit_code, "cut": ran.cut}, "")
    else:
        sys.stdout.buffer.write(ran.output)
        sys.stdout.buffer.flush()
    if ran.cut:
        shell.say("It said more than 1 MiB; the rest is not shown.")
    if ran.exit_code:
        raise click.exceptions.Exit(ran.exit_code)


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
