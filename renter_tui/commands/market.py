"""`market` and `quote`: what donors offer, and what a cluster would cost."""

import asyncio
from collections.abc import Mapping
from typing import Final, NoReturn

import click

from core.gateway.agent import RenterAgent
from core.model import Address, Quote, Request, Shortfall
from core.view import OfferLine, RenterView, resources_text, spare
from renter_tui.commands.options import request_options
from renter_tui.commands.shell import Shell, json_option, pass_shell
from renter_tui.commands.tables import table
from renter_tui.widgets.quote_text import pledged_words
from renter_tui.widgets.words import coins, cores, count, gib, short, span

NOTHING_FITS: Final = 9
"""The exit code where the market has no answer but a Shortfall."""


@click.command()
@click.option("--watch", is_flag=True, help="Print it again whenever it changes, until Ctrl-C.")
@json_option
@pass_shell
def market(shell: Shell, watch: bool) -> None:
    """List the donors and what they have free. SPARE/h is the price of one core and 2 GiB for an hour.

    \b
    sparecloud market
    """
    shell.ask(lambda agent: _watch_market(shell, agent) if watch else _show_market(shell, agent))


@click.command()
@request_options
@json_option
@pass_shell
def quote(shell: Shell, request: Request) -> None:
    """Say what a cluster would cost now, and on whose machines it would run. Binds nobody, costs nothing.

    \b
    sparecloud quote --workers 3 --cores 1 --memory 1536M --hours 1 --ceiling 5
    """
    answer, names = quoted(shell, request)
    shell.show({"quote": answer, "rate": answer.rate(), "total": answer.total()}, quote_text(answer, names))


def quoted(shell: Shell, request: Request) -> tuple[Quote, Mapping[Address, str]]:
    """The quote for `request` and the donors' names; ends the command where there is only a Shortfall."""

    async def work(agent: RenterAgent) -> tuple[Quote | Shortfall, RenterView]:
        return await agent.quote(request), await agent.view()

    answer, view = shell.ask(work)
    if isinstance(answer, Shortfall):
        refuse(shell, answer)
    return answer, {offer.donor: offer.name for offer in view.market}


def refuse(shell: Shell, shortfall: Shortfall) -> NoReturn:
    """Say what is missing and what would fit, and exit."""
    if shell.as_json:
        shell.show({"shortfall": shortfall}, "")
    else:
        click.echo(f"{shortfall.sentence}\n{_would_fit(shortfall)}", err=True)
    raise click.exceptions.Exit(NOTHING_FITS)


def quote_text(answer: Quote, names: Mapping[Address, str]) -> str:
    """Which donor hosts which worker at what price, the waste and the total."""
    rows = [
        (
            str(share.index),
            names.get(share.donor, "–"),
            short(share.donor),
            resources_text(share.resources),
            coins(3600 * share.rate),
            coins(share.cap),
        )
        for share in answer.shares
    ]
    per_mille = answer.waste.per_mille()
    return "\n".join(
        (
            table(("#>", "DONOR", "ADDRESS", "WORKER", "SPARE/H>", "AT MOST>"), rows),
            "",
            f"Pledged: {pledged_words(answer)}",
            f"Waste:   {per_mille // 10}.{per_mille % 10} % of the market left too small to use",
            f"Total:   {spare(answer.total())} at most",
        )
    )


def pay_sentence(answer: Quote) -> str:
    """The confirmation, in full."""
    ask = answer.request
    return (
        f"Pay up to {spare(answer.total(), digits=18)} for {time_text(ask.duration_s)} of "
        f"{count(ask.workers, 'worker')} ({resources_text(ask.shape)} each); what is not served is refunded."
    )


def time_text(seconds: int) -> str:
    """A length of time for a sentence: "1 h", "1 h 30 min"."""
    parts = ((seconds // 3600, "h"), (seconds % 3600 // 60, "min"), (seconds % 60, "s"))
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount)


def _would_fit(shortfall: Shortfall) -> str:
    fits = []
    if shortfall.largest_workers:
        fits.append(count(shortfall.largest_workers, "worker"))
    if shortfall.largest_shape is not None:
        fits.append(f"workers of {resources_text(shortfall.largest_shape)}")
    return f"What would fit: {', or '.join(fits)}." if fits else "Nothing of the kind fits now: try again later."


async def _show_market(shell: Shell, agent: RenterAgent) -> None:
    """Print the market; an agent that has just started is given a moment to hear of it."""
    view = await agent.view()
    try:
        async with asyncio.timeout(shell.patience_s):
            if not view.market:
                async for view in agent.watch():
                    if view.market:
                        break
    except TimeoutError:
        pass
    _print(shell, view)


async def _watch_market(shell: Shell, agent: RenterAgent) -> None:
    shown: list[OfferLine] | None = None
    async for view in agent.watch():
        if shown != list(view.market):
            shown = list(view.market)
            _print(shell, view)


def _print(shell: Shell, view: RenterView) -> None:
    rows = [
        (
            line.name,
            short(line.donor),
            cores(line.capacity.cpu_millis),
            gib(line.capacity.memory_mib),
            coins(line.hourly),
            span(line.expires_at - view.now),
        )
        for line in view.market
    ]
    text = table(("DONOR", "ADDRESS", "CORES>", "GIB>", "SPARE/H>", "EXPIRES>"), rows)
    shell.show({"now": view.now, "market": view.market}, text if rows else "No donor offers anything now.")
