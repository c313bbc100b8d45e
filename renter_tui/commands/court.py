"""`court`: accuses, contests and judges what the chain cannot see for itself."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

import click

from core import parsing, sentences
from core.errors import InvalidInput
from renter_tui.commands.lazy import LazyVerbs, Verb
from renter_tui.commands.shell import Shell, json_option, pass_shell, yes_option
from renter_tui.commands.tables import table
from renter_tui.deals import deal_over
from renter_tui.widgets.words import coins, short

if TYPE_CHECKING:
    from core.chain.court import CaseState, Court
    from core.chain.docket import Accusation
    from renter_tui.holder import Holder

    _Step = Callable[[Holder, Court, Accusation, CaseState], Awaitable[None]]

case_argument = click.argument("name", type=parsing.word, metavar="CASE")


_HERE: Final = "renter_tui.commands"


class _Court(LazyVerbs):
    sections: ClassVar[Mapping[str, Mapping[str, Verb]]] = {
        "Cases": {
            "show": Verb(f"{_HERE}.court:show", "Show a case, or list those of late."),
            "accuse": Verb(f"{_HERE}.court:accuse", "Accuse the donor of a worker, against a bond."),
            "contest": Verb(f"{_HERE}.court:contest", "Call for a jury, as the accused donor."),
            "appeal": Verb(f"{_HERE}.court:appeal", "Call for a larger jury, as the party that lost."),
            "settle": Verb(f"{_HERE}.court:settle", "Take a case the next step that anybody may take."),
        },
        "The jury": {
            "enroll": Verb(f"{_HERE}.jury:enroll", "Take seats in the pool that juries are drawn from."),
            "seats": Verb(f"{_HERE}.jury:seats", "List your seats."),
            "vote": Verb(f"{_HERE}.jury:vote", "Commit to a vote, which stays secret until it is revealed."),
            "reveal": Verb(f"{_HERE}.jury:reveal", "Reveal your vote."),
            "leave": Verb(f"{_HERE}.jury:leave", "Give a seat up, and have its stake back."),
        },
    }


@click.group(cls=_Court)
def court() -> None:
    """Accuse a donor of what only people can judge, answer an accusation, or sit on the jury.

    \b
    sparecloud court accuse demo 1 --evidence result.csv
    sparecloud court show
    """


@click.command()
@click.argument("cluster")
@click.argument("worker", type=int)
@click.option(
    "--evidence",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="What jurors will be shown. Only its hash goes on chain: keep the file as it is.",
)
@yes_option
@json_option
@pass_shell
def accuse(shell: Shell, cluster: str, worker: int, evidence: Path, yes: bool) -> None:
    """Accuse the donor of a cluster's worker before the court, against a bond.

    \b
    sparecloud court accuse demo 1 --evidence result.csv
    """
    deal = deal_over(shell.home, cluster, worker)
    shown = evidence.read_bytes()

    async def work(holder: "Holder") -> "tuple[str, CaseState]":
        rules = await holder.docket.court_rules()
        with holder.court() as bench:
            bond, _ = await bench.bonds(deal.share.penalty)
            sentence = sentences.accuse(bond, deal.who, deal.share.penalty, rules.contest_s)
            accused = await shell.sign(
                sentence, yes, lambda: bench.accuse(deal.agreement, deal.index, deal.accepted, shown)
            )
            return accused, await bench.case(accused)

    name, state = shell.hold(work)
    _show_case(shell, name, state, f"{deal.who} is accused. The case is {name}")


@click.command()
@case_argument
@yes_option
@json_option
@pass_shell
def contest(shell: Shell, name: str, yes: bool) -> None:
    """Call for a jury, as the accused donor, against an equal bond.

    \b
    sparecloud court contest 0x5e3a90d1
    """

    async def work(holder: "Holder", bench: "Court", found: "Accusation", state: "CaseState") -> None:
        if state.phase != "accused":
            raise too_late(state, "Only an accusation that is fresh can be contested.")
        if state.donor != holder.address:
            raise InvalidInput("This wallet is not the accused.", "Only the accused donor can contest.")
        bond, _ = await bench.bonds(state.seized)
        await shell.sign(sentences.contest(bond, state.seized), yes, lambda: bench.contest(found.case))

    judge(shell, name, work, "Contested. A jury is drawn from a later block.")


@click.command()
@case_argument
@yes_option
@json_option
@pass_shell
def appeal(shell: Shell, name: str, yes: bool) -> None:
    """Call for a second, larger jury, as the party that lost.

    \b
    sparecloud court appeal 0x5e3a90d1
    """

    async def work(_holder: "Holder", bench: "Court", found: "Accusation", state: "CaseState") -> None:
        if state.phase != "appealable":
            raise too_late(state, "A first verdict can be appealed for some time.")
        _, bond = await bench.bonds(state.seized)
        await shell.sign(sentences.appeal(bond), yes, lambda: bench.appeal(found.terms, found.index))

    judge(shell, name, work, "Appealed. A larger jury is drawn from a later block.")


@click.command()
@case_argument
@yes_option
@json_option
@pass_shell
def settle(shell: Shell, name: str, yes: bool) -> None:
    """Take a case the next step that anybody may take: convict by default, draw the jury, or carry out the verdict.

    \b
    sparecloud court settle 0x5e3a90d1
    """

    async def work(holder: "Holder", bench: "Court", found: "Accusation", state: "CaseState") -> None:
        steps = {
            "uncontested": ("Convict the donor, which did not contest in time.", bench.uphold),
            "drawing": ("Draw the jury.", bench.draw),
            "decided": ("Carry out the verdict: pay parties and jurors, fine who voted against it.", bench.settle),
        }
        if state.phase not in steps:
            raise too_late(state, "The case waits for its parties or its jurors.")
        if state.phase == "drawing" and await holder.head() <= state.draw_block:
            raise InvalidInput(f"The jury is drawn from block {state.draw_block}, which is not over.", "Wait a moment.")
        sentence, step = steps[state.phase]
        await shell.sign(f"{sentence} It costs a fee and nothing else.", yes, lambda: step(found.terms, found.index))

    judge(shell, name, work, "Done.")


@click.command()
@click.argument("name", type=parsing.word, required=False, metavar="[CASE]")
@json_option
@pass_shell
def show(shell: Shell, name: str | None) -> None:
    """Show a case, or list those of late.

    \b
    sparecloud court show
    """

    async def work(holder: "Holder") -> "list[tuple[Accusation, CaseState, int]]":
        with holder.court() as bench:
            found = [await holder.docket.accusation(name)] if name else await holder.docket.accusations()
            return [(one, await bench.case(one.case), len(await bench.places(one.case))) for one in found]

    found = shell.hold(work)
    if name:
        [(accusation, state, _)] = found
        _show_case(shell, accusation.case, state, f"Case:     {accusation.case}")
        return
    rows = [
        (one.case[:10], short(one.donor), coins(state.seized), state.phase, state.outcome, str(ours or "–"))
        for one, state, ours in found
    ]
    text = table(("CASE", "ACCUSED", "SEIZED>", "PHASE", "VERDICT", "YOUR SEATS>"), rows)
    cases = [{"case": one.case, "state": state, "seats": ours} for one, state, ours in found]
    shell.show({"cases": cases}, text if rows else "There is no case.")


def judge(shell: Shell, name: str, step: "_Step", done: str) -> None:
    """Take `step` in the case that `name` is the name of, or begins, and show where it stands then."""

    async def work(holder: "Holder") -> "tuple[str, CaseState]":
        found = await holder.docket.accusation(name)
        with holder.court() as bench:
            await step(holder, bench, found, await bench.case(found.case))
            return found.case, await bench.case(found.case)

    _show_case(shell, *shell.hold(work), done)


def _show_case(shell: Shell, name: str, state: "CaseState", headline: str) -> None:
    facts = [("Accused", state.donor), ("Seized", sentences.exact(state.seized)), ("Phase", state.phase)]
    if state.outcome != "open":
        facts.append(("Verdict", state.outcome))
    if state.phase in ("accused", "committing"):
        facts.append(("Until", sentences.clock(state.until)))
    text = "\n".join([headline, *(f"{fact + ':':<10}{told}" for fact, told in facts)])
    shell.show({"case": name, "state": state}, text)


def too_late(state: "CaseState", hint: str) -> InvalidInput:
    """The refusal of a step that does not fit where the case stands."""
    return InvalidInput(f"The case is {state.phase} now.", hint)
