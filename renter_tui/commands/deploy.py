"""`deploy`: puts the contracts on a chain and writes the address book of a new market."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from core import parsing, sentences
from core.errors import NotEnoughCoin
from core.model import COIN_UNIT, Amount
from core.settings import Network
from renter_tui.commands.shell import Shell, json_option, pass_shell, yes_option

if TYPE_CHECKING:
    from core.chain.suite import Suite
    from renter_tui.deploying import Prospect

_Name = Literal["development", "ethereum", "sepolia", "classic", "mordor", "custom"]


@click.command()
@click.option(
    "--network",
    type=click.Choice(["development", "ethereum", "sepolia", "classic", "mordor", "custom"]),
    required=True,
    help="The chain that the node must lead to.",
)
@click.option("--rpc-url", required=True, metavar="URL", help="The chain's node.")
@click.option(
    "--book",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Where to write the address book. An interrupted deployment goes on from it.",
)
@click.option("--name", default="Spare", show_default=True, help="The coin's name.")
@click.option("--symbol", default="SPARE", show_default=True, help="The coin's symbol.")
@click.option(
    "--supply",
    type=parsing.some_coin,
    default="1000000000",
    show_default=True,
    metavar="COIN",
    help="All the coin that there will ever be; the deployer gets it.",
)
@click.option(
    "--sale", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file that describes a sale."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be created and what it would cost.")
@yes_option
@json_option
@pass_shell
def deploy(
    shell: Shell,
    network: _Name,
    rpc_url: str,
    book: Path,
    name: str,
    symbol: str,
    supply: Amount,
    sale: Path | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Create coin, leases, trials and court, and with --sale a sale. Nobody owns them or can change them.

    \b
    sparecloud deploy --network sepolia --rpc-url https://... --book book.json --dry-run
    """
    # The contracts' compiled code and web3 take seconds to load; refusals of the command line come before.
    from renter_tui.deploying import Order

    chosen = Network(name=network, rpc_url=rpc_url)
    order = Order(chosen, book, name, symbol, supply, sale)

    async def work() -> "tuple[Prospect, Suite | None]":
        deployer = shell.tools.wallets().deployer(shell.home, order)
        prospect = await deployer.look()
        shell.say(_prospect_text(prospect))
        if dry_run:
            return prospect, None
        if prospect.fee > prospect.held:
            raise NotEnoughCoin(
                f"The deployer {prospect.deployer} has too little for the fees.",
                f"Send it {sentences.exact(prospect.fee - prospect.held, prospect.chain.native)} more.",
            )
        return prospect, await shell.sign(_sentence(prospect), yes, lambda: deployer.go(shell.say))

    prospect, suite = asyncio.run(work())
    if suite is None:
        shell.show(_told(prospect), "Nothing was sent.")
    else:
        shell.show({**_told(prospect), "suite": suite, "book": str(book)}, _published(chosen, suite, book))


def _told(prospect: "Prospect") -> dict[str, object]:
    return {
        "chain_id": prospect.chain_id,
        "deployer": prospect.deployer,
        "coin": prospect.coin,
        "gas": prospect.gas,
        "fee": prospect.fee,
        "held": prospect.held,
    }


def _prospect_text(prospect: "Prospect") -> str:
    plan, native = prospect.plan, prospect.chain.native
    periods = plan.periods
    facts = [
        ("Chain", f"{prospect.chain.title} (chain {prospect.chain_id})"),
        ("Deployer", f"{prospect.deployer}, which holds {sentences.exact(prospect.held, native)}"),
        ("Coin", f"{plan.name}, {sentences.exact(plan.supply, plan.symbol)} in all, at {prospect.coin}"),
        (
            "Periods",
            f"leases {sentences.length(periods.longest_lease_s)} at most, trials until "
            f"{sentences.length(periods.trial_window_s)} after, stake thaws {sentences.length(periods.thaw_s)}",
        ),
    ]
    if plan.sale is not None:
        told = plan.sale
        facts.append(
            (
                "Sale",
                f"{sentences.exact(told.rate * COIN_UNIT, plan.symbol)} for {sentences.exact(COIN_UNIT, native)}, goal "
                f"{sentences.exact(told.goal, native)}, cap {sentences.exact(told.cap, native)}, "
                f"{sentences.day(told.opens_at)} to {sentences.day(told.closes_at)}",
            )
        )
    facts.append(("Fee", f"up to {sentences.exact(prospect.fee, native)} for about {prospect.gas:,} gas"))
    return "\n".join(f"{name + ':':<10}{fact}" for name, fact in facts)


def _sentence(prospect: "Prospect") -> str:
    plan = prospect.plan
    if not prospect.gas:
        return f"All contracts of this deployment are on {prospect.chain.title} already; only its book is completed."
    more = " and its sale" if plan.sale is not None else ""
    return (
        f"Create {plan.name} ({plan.symbol}), its leases, trials and court{more} on {prospect.chain.title}, "
        f"for up to {sentences.own_coin(prospect.fee, prospect.chain.native)} in fees. It can never be changed."
    )


def _published(network: Network, suite: "Suite", book: Path) -> str:
    lines = [
        "[network]",
        f'name = "{network.name}"',
        'rpc_url = "..."      # a node of your own choice',
        f'coin = "{suite.coin}"',
        f'escrow = "{suite.escrow}"',
        *([f'sale = "{suite.sale}"'] if suite.sale else []),
        f"first_block = {suite.first_block}",
        'bus_url = "..."      # the message bus of the market',
    ]
    return "\n".join([f"The address book is {book}. Publish this for everybody's settings.toml:", "", *lines])
