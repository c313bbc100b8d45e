"""The terminal application, the demonstration, and the hidden verb that is the background agent."""

import asyncio
import logging
from pathlib import Path

import click

from core.errors import SparecloudError
from core.gateway.host import host, logged
from renter_tui.commands.shell import Shell, json_option, pass_shell

_log = logging.getLogger(__name__)


@click.command(hidden=True)
@pass_shell
def open_app(shell: Shell, read_only: bool) -> None:
    """Open the terminal application."""
    # Textual takes a while to import, and no other verb needs it.
    from renter_tui.app import SparecloudApp

    app = SparecloudApp(connect=lambda: shell.tools.connect(shell.home), read_only=read_only)
    app.run()
    if app.refused is not None:
        raise app.refused


@click.command()
@click.option(
    "--json", "report", type=click.Path(dir_okay=False, path_type=Path), help="Write the result there as JSON."
)
@click.option("--keep", is_flag=True, help="Leave everything running at the end.")
@pass_shell
def demo(shell: Shell, report: Path | None, keep: bool) -> None:
    """Run the whole market on this machine: three donors, one renter, a real Spark job, paid and settled.

    \b
    sparecloud demo --json result.json
    """
    try:
        from renter_tui import demo as demonstration
    except ModuleNotFoundError as missing:
        title = f"The demonstration needs the package {missing.name}, which is not installed."
        raise SparecloudError(title, "Run: pip install 'sparecloud[demo]'") from missing
    raise click.exceptions.Exit(demonstration.run(report, keep, shell.chosen_home))


@click.command(hidden=True)
@json_option
@pass_shell
def agent(shell: Shell) -> None:
    """Be the background agent of the home folder. Front ends start it themselves."""
    with logged(shell.home):
        try:
            asyncio.run(host(shell.home, shell.tools.build(), version=shell.tools.version()))
        except Exception:
            _log.exception("The agent ended")
            raise
