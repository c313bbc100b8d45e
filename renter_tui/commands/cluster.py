"""`launch`, `ls`, `status` and `destroy`: a cluster from its confirmation to its settlement."""

from collections.abc import Callable

import click

from core.errors import SparecloudError
from core.gateway.agent import RenterAgent
from core.lease import RentalPhase
from core.quote import Quote, Request
from core.view import ClusterLine, RenterView, resources_text, spare
from renter_tui.commands.follow import follow, named
from renter_tui.commands.market import pay_sentence, quote_text, quoted
from renter_tui.commands.options import explicit, request_options
from renter_tui.commands.shell import INTERRUPTED, Shell, dry_run_option, json_option, pass_shell, yes_option
from renter_tui.commands.tables import table
from renter_tui.widgets.words import coins, serving, settlement, short, span, time_left

_COMING = (RentalPhase.PROPOSED, RentalPhase.OPENING, RentalPhase.STARTING)


@click.command()
@click.argument("positional", required=False, metavar="NAME")
@click.option("--name", help="The same as NAME.")
@request_options
@yes_option
@dry_run_option
@json_option
@pass_shell
def launch(shell: Shell, positional: str | None, name: str | None, yes: bool, dry_run: bool, request: Request) -> None:
    """Rent a Spark cluster: show the quote, ask, pay into escrow, and wait until it runs.

    Once you agreed, Ctrl-C only stops the watching: the cluster goes on until `sparecloud destroy NAME`.

    \b
    sparecloud launch demo --workers 3 --cores 1 --memory 1536M --hours 1
    """
    if positional is not None and name is not None and explicit("name"):
        raise click.UsageError("Name the cluster once: sparecloud launch NAME.")
    name = positional or name
    if name is None:
        raise click.UsageError("Name the cluster once: sparecloud launch NAME.")
    if dry_run:
        answer, names = quoted(shell, request)
        shell.show({"quote": answer, "total": answer.total()}, f"{quote_text(answer, names)}\n\nNothing was asked for.")
        return
    line = launched(shell, name, request, yes)
    shell.show(line, f"{line.sentence}\nNext: sparecloud submit {name} job.py")


def launched(shell: Shell, name: str, request: Request, yes: bool) -> ClusterLine:
    """Show the quote, ask, launch; the cluster once it runs.

    Ends the command where the person stops watching, or where there is only a Shortfall. Raises SparecloudError.
    """
    answer, names = quoted(shell, request)
    shell.say(quote_text(answer, names))
    shell.say("")
    shell.confirm(f"{pay_sentence(answer)} Go on?", yes)

    async def work(agent: RenterAgent) -> ClusterLine:
        before = next((line.lease for line in (await agent.view()).clusters if line.name == name), "")
        return await started(agent, name, request, answer, shell.say, before)

    try:
        return shell.ask(work)
    except KeyboardInterrupt:
        shell.say(
            f"Stopped watching; {name} goes on.\n"
            f"`sparecloud status {name}` shows it, `sparecloud destroy {name}` ends it."
        )
        raise click.exceptions.Exit(INTERRUPTED) from None


async def started(
    agent: RenterAgent, name: str, request: Request, quote: Quote, say: Callable[[str], None], before: str
) -> ClusterLine:
    """Launch `name` for what `quote` says at most; the cluster once it runs. Lines of the lease `before` are skipped.

    Raises SparecloudError where it does not start.
    """
    await agent.launch(name, request, quote.total())
    line = await follow(agent, name, lambda line: line.state not in _COMING, say, before)
    if line.state != RentalPhase.RUNNING:
        raise SparecloudError(f"{name} did not start. {line.sentence}".rstrip(), settlement(line))
    return line


@click.command()
@json_option
@pass_shell
def ls(shell: Shell) -> None:
    """List the clusters.

    \b
    sparecloud ls
    """
    view = shell.ask(lambda agent: agent.view())
    rows = [
        (
            line.name,
            line.state,
            serving(line),
            coins(3600 * line.rate),
            coins(line.spent),
            coins(line.deposit),
            time_left(line, view.now),
        )
        for line in view.clusters
    ]
    text = table(("NAME", "STATE", "WORKERS>", "SPARE/H>", "SPENT>", "DEPOSIT>", "LEFT>"), rows)
    shell.show({"now": view.now, "clusters": view.clusters}, text if rows else "There is no cluster yet.")


@click.command()
@click.argument("name")
@json_option
@pass_shell
def status(shell: Shell, name: str) -> None:
    """Show one cluster: its workers, its jobs and its money.

    \b
    sparecloud status demo
    """
    view = shell.ask(lambda agent: agent.view())
    line = named(view, name)
    shell.show(line, _status_text(line, view))


@click.command()
@click.argument("name")
@json_option
@pass_shell
def describe(shell: Shell, name: str) -> None:
    """Say all that is known of one cluster: also what was asked for, the donors' addresses, and every lease.

    \b
    sparecloud describe demo
    """
    view = shell.ask(lambda agent: agent.view())
    line = named(view, name)
    shell.show(line, "\n\n".join((_status_text(line, view), *_more(line))))


@click.command()
@click.argument("name")
@yes_option
@click.option("--detach", is_flag=True, help="Do not wait for the settlement.")
@json_option
@pass_shell
def destroy(shell: Shell, name: str, yes: bool, detach: bool) -> None:
    """End a cluster, wait for its settlement, and say what each donor was paid and what came back.

    \b
    sparecloud destroy demo --yes
    """
    line = named(shell.ask(lambda agent: agent.view()), name)
    if not line.ended:
        shell.confirm(f"End {name} ({line.state}, {serving(line)} workers serve)? Its jobs are stopped.", yes)

        async def work(agent: RenterAgent) -> ClusterLine:
            await agent.destroy(name)
            if detach:
                return named(await agent.view(), name)
            return await follow(agent, name, lambda line: line.ended, shell.say)

        try:
            line = shell.ask(work)
        except KeyboardInterrupt:
            shell.say(f"Stopped watching; the settlement goes on.\n`sparecloud status {name}` shows it.")
            raise click.exceptions.Exit(INTERRUPTED) from None
    shell.show(line, settlement_text(line))


def settlement_text(line: ClusterLine) -> str:
    """Who was paid what for a cluster that ended, and what came back."""
    if not line.ended:
        return f"{line.name} ends. `sparecloud status {line.name}` shows its settlement."
    if not line.opened_at:
        return settlement(line)
    rows = [
        (str(worker.index), worker.donor_name, short(worker.donor), span(worker.served_s), coins(worker.paid))
        for worker in line.workers
    ]
    return f"{table(('#>', 'DONOR', 'ADDRESS', 'SERVED>', 'PAID>'), rows)}\n\n{settlement(line)}"


def _more(line: ClusterLine) -> list[str]:
    """What `status` leaves out."""
    parts = []
    if line.request is not None:
        asked = line.request
        facts = (
            ("Asked for", f"{asked.workers} x {resources_text(asked.shape)} for {span(asked.duration_s)}"),
            ("Ceiling", spare(asked.ceiling) if asked.ceiling is not None else "none"),
            ("Per donor", str(asked.most_per_donor) if asked.most_per_donor is not None else "any number"),
            ("Tightness", f"{asked.tightness_percent} %"),
            ("Confidence", f"{asked.confidence_per_mille / 10:g} %"),
            ("On loss", asked.on_loss.value),
        )
        parts.append("\n".join(f"{name + ':':<12}{text}" for name, text in facts))
    parts += [
        f"Worker {worker.index}: {worker.donor} ({worker.donor_name})\n"
        f"    {spare(3600 * worker.rate)} an hour, {spare(worker.penalty)} pledged, by lease {worker.lease}"
        for worker in line.workers
    ]
    return parts


def _status_text(line: ClusterLine, view: RenterView) -> str:
    facts = (
        ("Cluster", line.name),
        ("State", f"{line.state}. {line.sentence}".rstrip()),
        ("Left", time_left(line, view.now)),
        ("Price", f"{spare(3600 * line.rate)} an hour"),
        ("Spent", f"{spare(line.spent)} of {spare(line.deposit)}. {settlement(line)}"),
        ("Spark", line.screen or "–"),
        ("Lease", line.lease),
    )
    workers = [
        (
            str(worker.index),
            worker.donor_name,
            worker.state,
            resources_text(worker.resources),
            span(worker.served_s),
            coins(max(worker.vouched, worker.paid)),
        )
        for worker in line.workers
    ]
    parts = ["\n".join(f"{name + ':':<9}{text}" for name, text in facts)]
    parts.append(table(("#>", "DONOR", "STATE", "WORKER", "SERVED>", "EARNED>"), workers))
    parts += [f"Worker {worker.index}: {worker.sentence}" for worker in line.workers if worker.sentence]
    if line.jobs:
        jobs = [(job.job, job.state, span((job.ended_at or view.now) - job.started_at), job.cause) for job in line.jobs]
        parts.append(table(("JOB", "STATE", "TOOK>", "CAUSE"), jobs))
    return "\n\n".join(parts)
