"""The command line, one module a family of verbs; renter_tui/__main__.py picks what they work with."""

import click

from renter_tui.commands.agent import agent, demo, open_app
from renter_tui.commands.cluster import destroy, launch, ls, status
from renter_tui.commands.court import court
from renter_tui.commands.deploy import deploy
from renter_tui.commands.earnings import earnings
from renter_tui.commands.job import logs, outputs, stop, submit
from renter_tui.commands.jury import enroll, leave, reveal, seats, vote
from renter_tui.commands.market import market, quote
from renter_tui.commands.relay import relay
from renter_tui.commands.release import release
from renter_tui.commands.sale import sale
from renter_tui.commands.shell import Verbs, home_option
from renter_tui.commands.trial import trial
from renter_tui.commands.vault import deposit, send, stake, thaw, withdraw
from renter_tui.commands.wallet import wallet


@click.group(cls=Verbs, invoke_without_command=True)
@home_option
@click.pass_context
def cli(context: click.Context) -> None:
    """Rent Spark clusters out of people's idle laptops. Without a command: the terminal application.

    \b
    sparecloud market
    sparecloud launch demo --workers 3 --cores 1 --memory 1536M --hours 1
    sparecloud submit demo job.py
    sparecloud destroy demo
    """
    if context.invoked_subcommand is None:
        context.invoke(open_app)


for _verb in (market, quote, launch, submit, ls, status, logs, outputs, stop, destroy):
    cli.add_command(_verb)
for _verb in (wallet, sale, trial, court, deploy, relay, release, demo, agent):
    cli.add_command(_verb)
for _verb in (deposit, withdraw, stake, thaw, send, earnings):
    wallet.add_command(_verb)
for _verb in (enroll, seats, leave, vote, reveal):
    court.add_command(_verb)
