"""The command line, one module a family of verbs; renter_tui/__main__.py picks what they work with."""

from collections.abc import Mapping
from typing import ClassVar, Final

import click

from renter_tui.commands.lazy import LazyVerbs, Verb
from renter_tui.commands.shell import home_option

_HERE: Final = "renter_tui.commands"


class _Everything(LazyVerbs):
    sections: ClassVar[Mapping[str, Mapping[str, Verb]]] = {
        "Clusters": {
            "market": Verb(f"{_HERE}.market:market", "List the donors and what they have free."),
            "quote": Verb(f"{_HERE}.market:quote", "Say what a cluster would cost, and where it would run."),
            "launch": Verb(f"{_HERE}.cluster:launch", "Rent a Spark cluster, and wait until it runs."),
            "plan": Verb(f"{_HERE}.plan:plan", "Check a cluster.toml, and say what it would change."),
            "apply": Verb(f"{_HERE}.plan:apply", "Make a cluster as a cluster.toml describes it."),
            "ls": Verb(f"{_HERE}.cluster:ls", "List the clusters."),
            "describe": Verb(f"{_HERE}.cluster:describe", "Say all that is known of one cluster."),
            "status": Verb(f"{_HERE}.cluster:status", "Show one cluster: its workers, jobs and money."),
            "resize": Verb(f"{_HERE}.change:resize", "Give a cluster more workers, or let some go."),
            "replace": Verb(f"{_HERE}.change:replace", "Lease another machine for one worker."),
            "extend": Verb(f"{_HERE}.change:extend", "Give a cluster more time."),
            "destroy": Verb(f"{_HERE}.cluster:destroy", "End a cluster, and say what was paid and came back."),
        },
        "Jobs": {
            "run": Verb(f"{_HERE}.run:run", "Rent a cluster for one program, run it, end the cluster."),
            "submit": Verb(f"{_HERE}.job:submit", "Run a PySpark program and print its output."),
            "connect": Verb(
                f"{_HERE}.connect:connect", "Open a cluster to notebooks and PySpark here (Spark Connect)."
            ),
            "shell": Verb(f"{_HERE}.pyshell:shell", "Open a PySpark shell on a cluster."),
            "progress": Verb(f"{_HERE}.progress:progress", "Show a job's tasks, stages and executors."),
            "logs": Verb(f"{_HERE}.job:logs", "Print a job's output."),
            "exec": Verb(f"{_HERE}.job:execute", "Run a command in a job's own driver."),
            "outputs": Verb(f"{_HERE}.job:outputs", "Copy what a job wrote into a folder."),
            "stop": Verb(f"{_HERE}.job:stop", "Stop a job; its cluster stays."),
        },
        "Money and law": {
            "wallet": Verb(f"{_HERE}.wallet:wallet", "Show the account that pays, and work with it."),
            "limits": Verb(f"{_HERE}.limits:limits", "Show or set what clusters may cost in an hour, a day, in all."),
            "sale": Verb(f"{_HERE}.sale:sale", "Buy the coin for the chain's own coin."),
            "trial": Verb(f"{_HERE}.trial:trial", "Demand that a donor answers for a worker."),
            "court": Verb(f"{_HERE}.court:court", "Accuse, answer, or sit on the jury."),
        },
        "Markets and this machine": {
            "demo": Verb(f"{_HERE}.agent:demo", "Run a whole market and a Spark job on this machine."),
            "doctor": Verb(f"{_HERE}.doctor:doctor", "Check all that a cluster needs here, and say the cure."),
            "relay": Verb(f"{_HERE}.relay:relay", "Serve a market: its bus and its meeting points."),
            "man": Verb(f"{_HERE}.man:man", "Write the manual's pages."),
            "completion": Verb(f"{_HERE}.completion:completion", "Print what a shell needs to complete verbs."),
            "deploy": Verb(f"{_HERE}.deploy:deploy", "Create a market's contracts, which nobody owns."),
            "release": Verb(f"{_HERE}.release:release", "Tell a market of new versions."),
            "agent": Verb(f"{_HERE}.agent:agent"),
        },
    }


@click.group(cls=_Everything, invoke_without_command=True)
@home_option
@click.option("--read-only", is_flag=True, help="Of the terminal application: look, and change nothing.")
@click.pass_context
def cli(context: click.Context, read_only: bool) -> None:
    """Rent Spark clusters out of people's idle laptops. Without a command: the terminal application.

    \b
    sparecloud market
    sparecloud launch demo --workers 3 --cores 1 --memory 1536M --hours 1
    sparecloud submit demo job.py
    sparecloud destroy demo
    """
    if context.invoked_subcommand is None:
        context.invoke(Verb(f"{_HERE}.agent:open_app").load(), read_only=read_only)
    elif read_only:
        raise click.UsageError("--read-only is for the terminal application: give no verb.", context)
