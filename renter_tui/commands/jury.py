"""`court enroll`, `seats`, `leave`, `vote` and `reveal`: what a juror does."""

from typing import TYPE_CHECKING

import click

from core import sentences
from core.errors import InvalidInput, NotFound
from renter_tui.commands.court import case_argument, judge, too_late
from renter_tui.commands.shell import Shell, json_option, pass_shell, yes_option
from renter_tui.commands.tables import table

if TYPE_CHECKING:
    from core.chain.court import CaseState, Court
    from core.chain.docket import Accusation
    from renter_tui.holder import Holder


@click.command()
@click.argument("seats", type=click.IntRange(1, 1000))
@yes_option
@json_option
@pass_shell
def enroll(shell: Shell, seats: int, yes: bool) -> None:
    """Take seats in the pool that juries are drawn from, out of your stake.

    \b
    sparecloud court enroll 2
    """

    async def work(holder: "Holder") -> int:
        rules = await holder.docket.court_rules()
        unreserved = (await holder.vault.read()).unreserved
        if seats * rules.seat_stake > unreserved:
            raise InvalidInput(
                f"{sentences.exact(unreserved)} of your stake are not pledged; "
                f"a seat takes {sentences.exact(rules.seat_stake)}.",
                "Add to it with `sparecloud wallet stake`.",
            )
        with holder.court() as bench:
            await shell.sign(sentences.enroll(seats, rules.seat_stake), yes, lambda: bench.enroll(seats))
        return rules.commit_s

    within_s = shell.hold(work)
    shell.show(
        {"seats": seats},
        f"Enrolled. Look at `sparecloud court show`: who is drawn has {sentences.length(within_s)} to vote.",
    )


@click.command()
@json_option
@pass_shell
def seats(shell: Shell) -> None:
    """List your seats in the pool.

    \b
    sparecloud court seats
    """
    found = shell.hold(lambda holder: holder.docket.seats())
    rows = [(str(one.seat), "leaving" if one.leaving else "in the pool", str(one.duties)) for one in found]
    text = table(("SEAT>", "STATE", "OPEN CASES>"), rows)
    shell.show({"seats": found}, text if rows else "This wallet has no seat.")


@click.command()
@click.argument("seat", type=click.IntRange(0, 2**32 - 1))
@yes_option
@json_option
@pass_shell
def leave(shell: Shell, seat: int, yes: bool) -> None:
    """Give a seat up: the first time it leaves the pool, the second time its stake is yours again.

    \b
    sparecloud court leave 4
    """

    async def work(holder: "Holder") -> bool:
        known = next((one for one in await holder.docket.seats() if one.seat == seat), None)
        if known is None:
            raise NotFound(f"Seat {seat} is not this wallet's.", "See yours with `sparecloud court seats`.")
        if known.leaving and known.duties:
            raise InvalidInput(f"Seat {seat} still sits on a case.", "Its stake is free once the case is closed.")
        with holder.court() as bench:
            if known.leaving:
                await shell.sign(f"Take back the stake of seat {seat}.", yes, lambda: bench.vacate(seat))
            else:
                await shell.sign(f"Take seat {seat} out of the pool.", yes, lambda: bench.resign(seat))
        return known.leaving

    vacated = shell.hold(work)
    again = f"Seat {seat} is leaving. Once no draw can reach it any more: sparecloud court leave {seat}"
    done = f"What is left of seat {seat}'s stake is not pledged any more."
    shell.show({"seat": seat, "vacated": vacated}, done if vacated else again)


@click.command()
@case_argument
@click.argument("verdict", type=click.Choice(["guilty", "not-guilty"]))
@yes_option
@json_option
@pass_shell
def vote(shell: Shell, name: str, verdict: str, yes: bool) -> None:
    """Commit to a vote as a juror. It stays secret until you reveal it, from this machine, once voting is over.

    \b
    sparecloud court vote 0x5e3a90d1 not-guilty
    """

    async def work(_holder: "Holder", bench: "Court", found: "Accusation", state: "CaseState") -> None:
        if state.phase != "committing":
            raise too_late(state, "Votes are taken only once the jury is drawn, and only for some time.")
        sentence = f"Vote {verdict.replace('-', ' ')}, in secret. Who does not reveal it in time is fined."
        await shell.sign(sentence, yes, lambda: bench.commit(found.case, guilty=verdict == "guilty"))

    judge(shell, name, work, f"Voted. Then: sparecloud court reveal {name}")


@click.command()
@case_argument
@yes_option
@json_option
@pass_shell
def reveal(shell: Shell, name: str, yes: bool) -> None:
    """Reveal your vote.

    \b
    sparecloud court reveal 0x5e3a90d1
    """

    async def work(_holder: "Holder", bench: "Court", found: "Accusation", state: "CaseState") -> None:
        if state.phase != "revealing":
            raise too_late(state, "Votes are revealed once all had their time to vote.")
        await shell.sign("Reveal your vote for everybody to see.", yes, lambda: bench.reveal(found.case))

    judge(shell, name, work, "Revealed.")
