"""`limits`: what clusters may cost in an hour, in a day and in all."""

from dataclasses import replace
from pathlib import Path

import click
import msgspec

from core import parsing
from core import settings as settings_file
from core.gateway.agent import AgentUnavailable
from core.quote import SpendingLimits
from core.sentences import exact
from core.view import Spending, spare
from renter_tui.commands.shell import Shell, json_option, pass_shell
from renter_tui.commands.tables import table

NO_LIMIT = "none"


def _coins(_context: click.Context, _option: click.Parameter, typed: str | None) -> str | None:
    """A limit as the settings keep it: empty for none, None where it stays as it is. Raises InvalidInput."""
    if typed is None or typed == NO_LIMIT:
        return typed and ""
    parsing.coin(typed)
    return typed


@click.command()
@click.option("--per-hour", metavar="SPARE|none", callback=_coins, help="The most that any hour may cost.")
@click.option("--per-day", metavar="SPARE|none", callback=_coins, help="The most that any 24 hours may cost.")
@click.option("--in-all", metavar="SPARE|none", callback=_coins, help="The most that all clusters ever may cost.")
@json_option
@pass_shell
def limits(shell: Shell, per_hour: str | None, per_day: str | None, in_all: str | None) -> None:
    """Show what clusters cost and may cost, or set a limit. The background agent keeps it, whoever asks for a cluster.

    \b
    sparecloud limits
    sparecloud limits --per-hour 2 --per-day 20 --in-all none
    """
    chosen = {"per_hour": per_hour, "per_day": per_day, "in_all": in_all}
    kept = _keep(shell.home, {name: coins for name, coins in chosen.items() if coins is not None})
    found = shell.ask(lambda agent: agent.view()).spending
    if found is None:
        raise AgentUnavailable("The background agent does not tell what was spent.", "Ask again in a second.")
    # The agent looks at the file before it spends anything, and may not have done so yet.
    found = replace(found, limits=kept)
    shell.show(found, _text(found))


def _keep(home: Path, chosen: dict[str, str]) -> SpendingLimits:
    """The limits in `home`'s settings, after those `chosen` were set. Raises InvalidInput."""
    settings = settings_file.read(home)
    if chosen:
        limits = msgspec.structs.replace(settings.renter.limits, **chosen)
        settings = msgspec.structs.replace(settings, renter=msgspec.structs.replace(settings.renter, limits=limits))
        settings_file.write(home, settings)
    return settings.renter.limits.amounts()


def _text(found: Spending) -> str:
    limits = found.limits
    rows = [
        ("an hour", spare(found.last_hour, digits=4), _limit(limits.per_hour)),
        ("a day", spare(found.last_day, digits=4), _limit(limits.per_day)),
        ("in all", spare(found.in_all, digits=4), _limit(limits.in_all)),
    ]
    ahead = f"Leases under way may still cost {spare(found.committed, digits=4)}."
    return f"{table(('', 'SPENT>', 'LIMIT>'), rows)}\n{ahead}"


def _limit(amount: int | None) -> str:
    return NO_LIMIT if amount is None else exact(amount)
