"""`relay`: serve a market as one of its relays."""

import asyncio
from typing import TYPE_CHECKING, Any

import click
import msgspec

from core import settings as settings_file
from core.errors import InvalidInput
from core.settings import Settings
from renter_tui.commands.shell import Shell, json_option, pass_shell

if TYPE_CHECKING:
    from core.relay.serving import Serving


@click.command()
@click.option("--public-host", metavar="HOST", help="The name or address that others reach this machine by.")
@click.option("--port", type=int, help="TCP port of the message bus; 0 takes any that is free.  [default: 4222]")
@click.option("--first-udp-port", type=int, help="The first of the UDP ports, one a network.  [default: 24000]")
@click.option("--metrics-port", type=int, help="TCP port of the figures, on loopback.  [default: 9470]")
@click.option("--most-leases", type=int, help="How many leases it carries.  [default: 256]")
@click.option("--kib-per-second", type=int, help="What one network may pass on.  [default: 25600]")
@json_option
@pass_shell
def relay(shell: Shell, /, **chosen: int | str | None) -> None:
    """Serve a market: its message bus, and a meeting point for the private network of each open lease.

    \b
    sparecloud relay --public-host relay.example.org

    The market is that of the settings in the home folder, which may say all of these options, too, under [relay].
    """
    # The chain takes seconds to import, and no other verb needs the rest.
    from core.membership import images_folder
    from core.relay.program import program
    from core.relay.serving import serve

    settings = _chosen(settings_file.read(shell.home), chosen)
    nebula = program(images_folder(), shell.say)

    def ready(serving: "Serving") -> None:
        text = (
            f"Serving at {serving.url}. Members add it to relays under [network].\n"
            f"Figures: {serving.metrics}. End it with Ctrl-C."
        )
        shell.show(serving, text)

    asyncio.run(serve(shell.home, settings, nebula, ready))


def _chosen(settings: Settings, options: dict[str, Any]) -> Settings:
    """`settings` with the options that were given. Raises InvalidInput."""
    given = {name: value for name, value in options.items() if value is not None}
    try:
        relay = msgspec.convert(msgspec.to_builtins(settings.relay) | given, type(settings.relay))
    except msgspec.ValidationError as refused:
        raise InvalidInput(f"An option is not acceptable: {refused}.", "Run `sparecloud relay --help`.") from refused
    return msgspec.structs.replace(settings, relay=relay)
