"""`run`: a cluster for one program, from its quote to its settlement."""

import click

from core.errors import InvalidInput
from core.gateway.agent import RenterAgent
from core.observed import Job
from core.quote import Request
from core.view import ClusterLine, RenterView
from renter_tui.commands.cluster import settlement_text, started
from renter_tui.commands.follow import follow
from renter_tui.commands.market import pay_sentence, quote_text, quoted
from renter_tui.commands.options import request_options
from renter_tui.commands.shell import Shell, json_option, pass_shell, yes_option
from renter_tui.commands.task import Task, check, finished, submitted, task_options


@click.command()
@task_options
@request_options
@click.option("--name", help="Of the cluster; else run-1, run-2 ...")
@click.option("--keep", is_flag=True, help="Leave the cluster running afterwards.")
@yes_option
@json_option
@pass_shell
def run(shell: Shell, name: str | None, keep: bool, yes: bool, task: Task, request: Request) -> None:
    """Run one program on a cluster of its own: rent it, run the program, copy what it wrote, end the cluster.

    The cluster is ended whatever becomes of the program, also after Ctrl-C; only with --keep it stays.
    With --json the program's output goes to stderr.

    \b
    sparecloud run job.py --workers 3 --memory 2G --output result/ -- --year 2026
    """
    answer, names = quoted(shell, request)
    view = shell.ask(lambda agent: agent.view())
    name = name or _free_name(view)
    before = next((line for line in view.clusters if line.name == name), None)
    if before is not None and not before.ended:
        raise InvalidInput(f"A cluster named {name} is alive.", f"Run `sparecloud submit {name}`, or choose --name.")
    shell.say(quote_text(answer, names))
    shell.say("")
    after = "stays until its time is over" if keep else "is ended as soon as the program ends"
    shell.confirm(f"{pay_sentence(answer)} {name} {after}. Go on?", yes)
    known = before.lease if before else ""

    async def work(agent: RenterAgent) -> Job:
        await started(agent, name, request, answer, shell.say, known)
        return await finished(agent, shell, name, await submitted(agent, name, task), task.target)

    line = None
    try:
        job = shell.ask(work)
    finally:
        if keep:
            shell.say(f"`sparecloud status {name}` shows the cluster, `sparecloud destroy {name}` ends it.")
        else:
            line = _end(shell, name, known)
    shell.show({"job": job, "cluster": line}, settlement_text(line) if line else f"{job.job} {job.state}.")
    check(job, "Its output is above." if line else f"`sparecloud logs {name} {job.job}` shows its output.")


def _end(shell: Shell, name: str, known: str) -> ClusterLine | None:
    """The cluster once it is settled; None where it never came to be. Ctrl-C stops the watching alone."""

    async def work(agent: RenterAgent) -> ClusterLine | None:
        lines = [line for line in (await agent.view()).clusters if line.name == name and line.lease != known]
        if not lines:
            return None
        if not lines[-1].ended:
            shell.say(f"Ending {name}.")
            await agent.destroy(name)
        return await follow(agent, name, lambda line: line.ended, shell.say, known)

    try:
        return shell.ask(work)
    except BaseException:
        shell.say(f"Not seen to end: {name}. `sparecloud destroy {name}` ends it, `sparecloud status {name}` shows it.")
        raise


def _free_name(view: RenterView) -> str:
    taken = {line.name for line in view.clusters}
    return next(name for n in range(1, len(taken) + 2) if (name := f"run-{n}") not in taken)
