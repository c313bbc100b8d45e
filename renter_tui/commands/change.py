"""`resize`, `replace` and `extend`: what may be changed about a cluster that runs."""

from collections.abc import Callable

import click

from core import parsing
from core.change import Change, ChangeKind, Preview
from core.errors import InvalidInput
from core.gateway.agent import RenterAgent
from core.model import Address
from core.view import ClusterLine
from renter_tui.commands.follow import follow
from renter_tui.commands.market import quote_text
from renter_tui.commands.shell import INTERRUPTED, Shell, dry_run_option, json_option, pass_shell, yes_option


@click.command()
@click.argument("name")
@click.argument("workers", type=int)
@yes_option
@dry_run_option
@json_option
@pass_shell
def resize(shell: Shell, name: str, workers: int, yes: bool, dry_run: bool) -> None:
    """Give a cluster that runs more workers, or let some of them go. Jobs go on meanwhile.

    Workers that leave hand their data over to the others first.

    \b
    sparecloud resize demo 8
    """
    _change(shell, name, lambda: Change(ChangeKind.RESIZE, workers=workers), yes, dry_run)


@click.command()
@click.argument("name")
@click.argument("worker", type=int)
@yes_option
@dry_run_option
@json_option
@pass_shell
def replace(shell: Shell, name: str, worker: int, yes: bool, dry_run: bool) -> None:
    """Lease another machine for one worker (its number in `status`); it serves until the other has started.

    \b
    sparecloud replace demo 2
    """
    _change(shell, name, lambda: Change(ChangeKind.REPLACE, worker=worker), yes, dry_run)


@click.command()
@click.argument("name")
@click.option("--by", "seconds", type=parsing.duration_s, required=True, metavar="TIME", help="30m, 2h, 1h30m.")
@yes_option
@dry_run_option
@json_option
@pass_shell
def extend(shell: Shell, name: str, seconds: int, yes: bool, dry_run: bool) -> None:
    """Give a cluster more time. Shortly before its leases end, others take over from them, and jobs go on.

    \b
    sparecloud extend demo --by 1h
    """
    _change(shell, name, lambda: Change(ChangeKind.EXTEND, seconds=seconds), yes, dry_run)


def _change(shell: Shell, name: str, described: Callable[[], Change], yes: bool, dry_run: bool) -> None:
    try:
        change = described()
    except ValueError as problem:
        raise InvalidInput(f"{str(problem)[:1].upper()}{str(problem)[1:]}.", "Nothing was changed.") from problem
    if dry_run:
        preview = _previewed(shell, name, change)
        shell.show(preview, f"{preview.sentence} Nothing was changed.")
        return
    line = changed(shell, name, change, yes)
    shell.show(line, f"{line.state}: {line.sentence}")


def changed(shell: Shell, name: str, change: Change, yes: bool) -> ClusterLine:
    """Show what the change would mean, ask, make it; the cluster once it is made.

    Ends the command where the person stops watching. Raises SparecloudError.
    """
    preview = _previewed(shell, name, change)
    shell.confirm(f"{preview.sentence} Go on?", yes)

    async def work(agent: RenterAgent) -> ClusterLine:
        await agent.change(name, change, preview.most or None)
        return await follow(agent, name, lambda line: line.ended or not line.changing, shell.say)

    try:
        return shell.ask(work)
    except KeyboardInterrupt:
        shell.say(f"Stopped watching; the change goes on.\n`sparecloud status {name}` shows it.")
        raise click.exceptions.Exit(INTERRUPTED) from None


def _previewed(shell: Shell, name: str, change: Change) -> Preview:
    """What the change would mean, its placement and who leaves said on the way."""

    async def look(agent: RenterAgent) -> tuple[Preview, dict[Address, str]]:
        preview = await agent.preview(name, change)
        return preview, {offer.donor: offer.name for offer in (await agent.view()).market}

    preview, names = shell.ask(look)
    if preview.quote is not None:
        shell.say(quote_text(preview.quote, names))
        shell.say("")
    if preview.leaving:
        shell.say(f"Leaving: worker {', '.join(map(str, preview.leaving))}.")
    return preview
