"""`market` and `quote`: what donors offer, and what a cluster would cost."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NoReturn

import click

from core.errors import InvalidInput
from core.gateway.agent import RenterAgent
from core.model import Address, address
from core.quote import DonorSpeed, Quote, Request, Shortfall, Why
from core.view import OfferLine, RenterView, resources_text, spare
from renter_tui.commands.options import request_options
from renter_tui.commands.shell import Shell, json_option, pass_shell
from renter_tui.commands.tables import table
from renter_tui.widgets.quote_text import lives_words, network_words, pledged_words, speed_words, waste_words
from renter_tui.widgets.words import coins, cores, count, gib, short, span

SLIDER: Final = (0, 10, 25, 50, 75, 100)
"""Where `--frontier` looks, in percent of tightness."""

MOST_SPEEDS: Final = 5
"""So many donors' speeds are told in words."""

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
@click.option("--why", "donor", metavar="DONOR", help="Why this donor (its name or address) was or was not chosen.")
@click.option("--frontier", is_flag=True, help="The quotes from cheapest to tightest, a line each.")
@json_option
@pass_shell
def quote(shell: Shell, request: Request, donor: str | None, frontier: bool) -> None:
    """Say what a cluster would cost now, and on whose machines it would run. Binds nobody, costs nothing.

    \b
    sparecloud quote --workers 3 --cores 1 --memory 1536M --hours 1 --ceiling 5
    sparecloud quote --workers 8 --frontier
    """
    if frontier:
        _show_frontier(shell, request)
        return
    if donor is not None:
        _show_why(shell, request, donor)
        return
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


def _show_frontier(shell: Shell, request: Request) -> None:
    """Ask for a quote at each stop of the slider."""

    async def work(agent: RenterAgent) -> list[Quote | Shortfall]:
        return [await agent.quote(replace(request, tightness_percent=stop)) for stop in SLIDER]

    answers = shell.ask(work)
    quotes = {stop: answer for stop, answer in zip(SLIDER, answers, strict=True) if isinstance(answer, Quote)}
    if not quotes:
        refuse(shell, next(answer for answer in answers if isinstance(answer, Shortfall)))
    rows = [
        (
            f"{stop} %",
            coins(answer.total()),
            f"{answer.waste.percent():.1f} %",
            f"{answer.waste.least_percent():.1f} %",
            str(len({share.donor for share in answer.shares})),
            f"{answer.reckoning.survival_per_mille / 10:g} %",
        )
        for stop, answer in quotes.items()
    ]
    head = ("TIGHTNESS>", "AT MOST>", "WASTE>", "AT BEST>", "DONORS>", "CHANCE>")
    shell.show({"quotes": {str(stop): answer for stop, answer in quotes.items()}}, table(head, rows))


def _show_why(shell: Shell, request: Request, donor: str) -> None:
    """Ask for a quote, and why it treats `donor` as it does."""

    async def work(agent: RenterAgent) -> Why | Shortfall:
        answer = await agent.quote(request)
        if isinstance(answer, Shortfall):
            return answer
        view = await agent.view()
        named = [line.donor for line in view.market if donor in (line.name, line.donor)]
        if len(named) > 1:
            raise InvalidInput(f"{len(named)} donors are named {donor}.", "Name one by its address.")
        return await agent.why(answer, named[0] if named else _address(donor))

    reason = shell.ask(work)
    if isinstance(reason, Shortfall):
        refuse(shell, reason)
    speed = f"\nSpeed: {speed_words(reason.speed)}." if reason.speed is not None else ""
    shell.show({"why": reason}, f"{reason.sentence}{speed}")


def _address(typed: str) -> Address:
    try:
        return address(typed)
    except ValueError as problem:
        raise InvalidInput(f"No donor is named {typed}.", "See them with `sparecloud market`.") from problem


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
    return "\n".join(
        (
            table(("#>", "DONOR", "ADDRESS", "WORKER", "SPARE/H>", "AT MOST>"), rows),
            "",
            f"Pledged: {pledged_words(answer)}",
            f"Waste:   {waste_words(answer)}",
            f"Chance:  {lives_words(answer)}",
            f"Network: {network_words(answer)}",
            *_speeds(answer, names),
            f"Total:   {spare(answer.total())} at most",
        )
    )


def _speeds(answer: Quote, names: Mapping[Address, str]) -> list[str]:
    """A line a donor, the slowest core first, and no more than `MOST_SPEEDS`; --json has them all."""
    by_core = sorted(answer.speeds, key=_core)
    lines = [
        f"Speed:   {names.get(speed.donor) or short(speed.donor)}: {speed_words(speed)}"
        for speed in by_core[:MOST_SPEEDS]
    ]
    more = len(by_core) - len(lines)
    return [*lines, f"         and {count(more, 'more donor')}: --json has them all"] if more else lines


def _core(speed: DonorSpeed) -> tuple[bool, int]:
    """What to sort by: the slowest core first, and who measured none last."""
    core = speed.signed.cpu_score if speed.turned_out is None else speed.turned_out
    return not speed.signed.cpu_score, core


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
