"""`trial`: demands that a donor answers for a worker it promised, and what became of such demands."""

from typing import TYPE_CHECKING

import click

from core import parsing, sentences
from core.errors import InvalidInput
from core.view import spare
from renter_tui.commands.shell import Shell, json_option, pass_shell, yes_option
from renter_tui.commands.tables import table
from renter_tui.deals import deal_over
from renter_tui.widgets.words import coins, short

if TYPE_CHECKING:
    from core.chain.docket import OpenedTrial
    from renter_tui.holder import Holder


@click.group()
def trial() -> None:
    """Demand that a donor answers for a worker, where it accepted and is not heard of.

    \b
    sparecloud trial challenge demo 1
    """


@trial.command()
@click.argument("cluster")
@click.argument("worker", type=int)
@yes_option
@json_option
@pass_shell
def challenge(shell: Shell, cluster: str, worker: int, yes: bool) -> None:
    """Demand an answer of the donor of a cluster's worker, against a bond.

    \b
    sparecloud trial challenge demo 1
    """
    deal = deal_over(shell.home, cluster, worker)

    async def work(holder: "Holder") -> "OpenedTrial":
        rules = await holder.docket.trial_rules()
        trials = holder.trials
        bond = await trials.bond(deal.share.penalty)
        sentence = sentences.challenge(bond, deal.who, deal.share.penalty, rules.answer_s)
        opened = await shell.sign(sentence, yes, lambda: trials.challenge(deal.agreement, deal.index, deal.accepted))
        return await holder.docket.described(opened)

    opened = shell.hold(work)
    until = sentences.moment(opened.until, opened.opened_at)
    shell.show(
        opened,
        f"{deal.who} must answer until {until}; {spare(opened.seized)} of its stake are seized.\n"
        f"Then: sparecloud trial conclude {opened.trial[:10]}",
    )


@trial.command("list")
@json_option
@pass_shell
def list_trials(shell: Shell) -> None:
    """List the trials of late that this wallet is a party of.

    \b
    sparecloud trial list
    """

    async def work(holder: "Holder") -> "tuple[tuple[OpenedTrial, ...], str, int]":
        return await holder.docket.trials(), holder.address, await holder.chain.now()

    found, me, now = shell.hold(work)
    rows = [
        (
            one.trial[:10],
            f"{short(one.lease)} / {one.index}",  # type: ignore[arg-type]  # shortened like an address
            "donor" if one.donor == me else "challenger" if one.challenger == me else "renter",
            coins(one.seized),
            _stands(one, now),
        )
        for one in found
    ]
    text = table(("TRIAL", "LEASE / WORKER", "YOU ARE", "SEIZED>", "STATE"), rows)
    shell.show({"now": now, "trials": found}, text if rows else "There is no trial that concerns this wallet.")


@trial.command()
@click.argument("name", type=parsing.word, metavar="TRIAL")
@yes_option
@json_option
@pass_shell
def conclude(shell: Shell, name: str, yes: bool) -> None:
    """Convict a donor that did not answer in time; TRIAL is a name from `trial list`, or how it begins.

    \b
    sparecloud trial conclude 0x3f2a91bc
    """

    async def work(holder: "Holder") -> "OpenedTrial":
        known, opened = await holder.docket.trial(name)
        now = await holder.chain.now()
        if known.state != "open":
            raise InvalidInput(f"This trial is over: {known.state}.", "Nothing is left to be done about it.")
        if now <= known.until:
            raise InvalidInput(
                f"The donor may still answer, until {sentences.moment(known.until, now)}.", "Try again after that."
            )
        sentence = f"Convict {known.donor}, which did not answer: its {sentences.exact(known.seized)} are paid out."
        await shell.sign(sentence, yes, lambda: holder.trials.conclude(opened))
        return (await holder.docket.trial(known.trial))[0]

    ended = shell.hold(work)
    shell.show(ended, f"The donor is {ended.state}. What is yours is free in the vault.")


def _stands(one: "OpenedTrial", now: int) -> str:
    if one.state != "open":
        return one.state
    return f"open for {sentences.length(one.until - now)}" if one.until >= now else "not answered: conclude"
