"""`sale`: the coin's sale for the chain's own coin."""

from typing import TYPE_CHECKING

import click

from core import parsing, sentences
from core.errors import InvalidInput, NotFound
from core.model import COIN_UNIT, Amount
from renter_tui.commands.shell import Shell, json_option, pass_shell, yes_option

if TYPE_CHECKING:
    from core.chain.account import SaleState
    from renter_tui.holder import Holder


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def sale(context: click.Context) -> None:
    """Buy the coin where it is sold for the chain's own coin.

    \b
    sparecloud sale
    sparecloud sale buy 0.2
    """
    if context.invoked_subcommand is None:
        context.invoke(show)


@sale.command()
@json_option
@pass_shell
def show(shell: Shell) -> None:
    """Show the sale's rate, goal and cap, when it is open, what is left, and what you paid.

    \b
    sparecloud sale show
    """

    async def work(holder: "Holder") -> "tuple[SaleState, str, int]":
        return await holder.sale().state(), holder.network.native, await holder.chain.now()

    state, native, now = shell.hold(work)
    shell.show(state, _text(state, native, now))


@sale.command()
@click.argument("pay", type=parsing.some_native, required=False, metavar="[AMOUNT]")
@click.option("--coin", type=parsing.some_coin, metavar="SPARE", help="How much coin you want, instead of what to pay.")
@yes_option
@json_option
@pass_shell
def buy(shell: Shell, pay: Amount | None, coin: Amount | None, yes: bool) -> None:
    """Pay AMOUNT of the chain's own coin, or what --coin costs. Nothing is delivered before the sale has succeeded.

    \b
    sparecloud sale buy 0.2
    sparecloud sale buy --coin 200
    """
    if (pay is None) == (coin is None):
        raise InvalidInput("Name what to pay, or what to buy.", "Write `sale buy 0.2` or `sale buy --coin 200`.")

    async def work(holder: "Holder") -> "tuple[Amount, Amount, SaleState]":
        offer = holder.sale()
        state = await offer.state()
        wei = pay if pay is not None else Amount(-(-(coin or 0) // state.rate))
        if state.phase != "open":
            raise InvalidInput("The sale is not open.", "`sparecloud sale show` says when it is; nothing was paid.")
        if wei > state.left:
            left = sentences.own_coin(state.left, holder.network.native)
            raise InvalidInput(f"The sale takes {left} more at most.", "Ask for less; nothing was paid.")
        sentence = sentences.buy(wei, Amount(wei * state.rate), holder.network.native)
        bought = await shell.sign(sentence, yes, lambda: offer.buy(wei))
        return wei, bought, await offer.state()

    wei, bought, state = shell.hold(work)
    due = sentences.exact(Amount(state.paid * state.rate))
    shell.show(
        {"paid": wei, "bought": bought, "sale": state},
        f"Bought. {due} are yours once the sale has succeeded: `sparecloud sale collect` brings them then.",
    )


@sale.command()
@yes_option
@json_option
@pass_shell
def collect(shell: Shell, yes: bool) -> None:
    """Take the coin that you bought, or what you paid where the sale has failed.

    \b
    sparecloud sale collect
    """

    async def work(holder: "Holder") -> "tuple[Amount, str, SaleState]":
        offer, native = holder.sale(), holder.network.native
        state = await offer.state()
        failed = state.phase == "failed"
        if not state.paid:
            raise NotFound("Nothing is due to this wallet from the sale.", "It bought nothing, or has it already.")
        if not failed and state.phase != "succeeded":
            raise InvalidInput("The sale is not over yet.", "Coin is delivered, or the price refunded, once it is.")
        due = sentences.own_coin(state.paid, native) if failed else sentences.exact(Amount(state.paid * state.rate))
        sentence = f"Take {due} {'back from the sale, which failed.' if failed else 'out of the sale.'}"
        return await shell.sign(sentence, yes, offer.collect), due, state

    amount, due, state = shell.hold(work)
    shell.show({"amount": amount, "refund": state.phase == "failed"}, f"{due} arrived in the wallet.")


def _text(state: "SaleState", native: str, now: int) -> str:
    when = {
        "pending": f"opens {sentences.moment(state.opens_at, now)}",
        "open": f"open until {sentences.moment(state.closes_at, now)}",
        "succeeded": "has succeeded; what was bought can be collected",
        "failed": "has failed; what was paid can be collected",
    }[state.phase]

    def own(wei: int) -> str:
        return sentences.exact(wei, native)

    facts = [
        ("Sale", when),
        ("Rate", f"{sentences.exact(state.rate * COIN_UNIT)} for {own(COIN_UNIT)}"),
        ("Goal", f"{own(state.goal)}, or everybody is refunded"),
        ("Cap", own(state.cap)),
        ("Raised", own(state.raised)),
        ("Left", f"{own(state.left)}, which buys {sentences.exact(state.left * state.rate)}"),
        ("You paid", f"{own(state.paid)} for {sentences.exact(state.paid * state.rate)}" if state.paid else "nothing"),
    ]
    return "\n".join(f"{name + ':':<10}{fact}" for name, fact in facts)
