"""`wallet deposit`, `withdraw`, `stake`, `thaw` and `send`: a wallet's own coin, moved by its owner."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import click

from core import parsing, sentences
from core.model import Amount
from core.observed import Balances
from renter_tui.commands.shell import Shell, json_option, pass_shell, yes_option

if TYPE_CHECKING:
    from renter_tui.holder import Holder

_amount = click.argument("amount", type=parsing.some_coin, metavar="SPARE")


@click.command()
@_amount
@yes_option
@json_option
@pass_shell
def deposit(shell: Shell, amount: Amount, yes: bool) -> None:
    """Bring coin from the wallet into the vault, where leases and bonds are paid from.

    \b
    sparecloud wallet deposit 50
    """

    async def work(holder: "Holder") -> Balances:
        return await _signed(shell, holder, sentences.deposit(amount), yes, lambda: holder.vault.deposit(amount))

    _show(shell, shell.hold(work), f"{sentences.exact(amount)} are in the vault.")


@click.command()
@_amount
@click.option("--to", type=parsing.account, metavar="ADDRESS", help="Another account than the wallet's own.")
@yes_option
@json_option
@pass_shell
def withdraw(shell: Shell, amount: Amount, to: str | None, yes: bool) -> None:
    """Pay free coin out of the vault, with what has thawed.

    \b
    sparecloud wallet withdraw 50
    """

    async def work(holder: "Holder") -> Balances:
        target = holder.recipient(to) if to else holder.address
        sentence = sentences.withdraw(amount, target, holder.address)
        return await _signed(shell, holder, sentence, yes, lambda: holder.vault.withdraw(target, amount))

    _show(shell, shell.hold(work), f"{sentences.exact(amount)} left the vault.")


@click.command()
@_amount
@yes_option
@json_option
@pass_shell
def stake(shell: Shell, amount: Amount, yes: bool) -> None:
    """Put coin behind your promises: donors pledge it to their leases, jurors take seats with it.

    \b
    sparecloud wallet stake 50
    """

    async def work(holder: "Holder") -> Balances:
        sentence = sentences.stake(amount, await holder.vault.thaw_s())
        return await _signed(shell, holder, sentence, yes, lambda: holder.vault.stake(amount))

    _show(shell, shell.hold(work), f"{sentences.exact(amount)} more are staked.")


@click.command()
@_amount
@yes_option
@json_option
@pass_shell
def thaw(shell: Shell, amount: Amount, yes: bool) -> None:
    """Let stake that nothing is pledged with become free again.

    \b
    sparecloud wallet thaw 50
    """

    async def work(holder: "Holder") -> Balances:
        vault = holder.vault
        waiting = (await vault.read()).thawing
        sentence = sentences.thaw(amount, await vault.thaw_s(), waiting)
        return await _signed(shell, holder, sentence, yes, lambda: vault.thaw(amount))

    _show(shell, shell.hold(work), f"{sentences.exact(amount)} thaw.")


@click.command()
@click.argument("amount", type=parsing.some_coin, metavar="AMOUNT")
@click.argument("to", type=parsing.account, metavar="ADDRESS")
@click.option("--native", is_flag=True, help="Send the chain's own coin, not SPARE.")
@yes_option
@json_option
@pass_shell
def send(shell: Shell, amount: Amount, to: str, native: bool, yes: bool) -> None:
    """Send coin that is in the wallet itself to another account.

    \b
    sparecloud wallet send 5 0x52908400098527886E0F7030069857D2E4169EE7
    """

    async def work(holder: "Holder") -> Balances:
        target = holder.recipient(to)
        words = sentences.own_coin(amount, holder.network.native) if native else sentences.exact(amount)
        pay = holder.send_native if native else holder.send_coin
        return await _signed(
            shell, holder, sentences.send(words, target, holder.address), yes, lambda: pay(target, amount)
        )

    _show(shell, shell.hold(work), "Sent.")


async def _signed(
    shell: Shell, holder: "Holder", sentence: str, unasked: bool, work: Callable[[], Awaitable[None]]
) -> Balances:
    await shell.sign(sentence, unasked, work)
    return await holder.chain.balances()


def _show(shell: Shell, balances: Balances, done: str) -> None:
    account = balances.account
    text = f"{done}\nCoin:  {sentences.to_spend(balances)}\nStake: {sentences.bonded(account)}"
    shell.show({"balances": balances}, text)
