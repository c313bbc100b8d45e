"""`release`: what a maker tells a market of new versions."""

from typing import TYPE_CHECKING

import click

from core import settings as settings_file
from core.errors import InvalidInput, RelayUnavailable
from core.release import LIFE_S, Release
from renter_tui.commands.shell import Shell, json_option, pass_shell, yes_option

if TYPE_CHECKING:
    from renter_tui.announcing import Outcome
    from renter_tui.holder import Holder


@click.group()
def release() -> None:
    """Tell a market of new versions, with the wallet that its settings name as release_key."""


@release.command("announce")
@click.argument("version")
@click.option("--summary", required=True, help="What is new, in a line.")
@click.option("--where", required=True, metavar="URL", help="The https page that has it.")
@yes_option
@json_option
@pass_shell
def announce_release(shell: Shell, version: str, summary: str, where: str, yes: bool) -> None:
    """Sign that VERSION is out, and have the market's relays hand it out for 180 days. Nobody can take it back.

    A newer version takes its place; the same one announced again changes its words.

    \b
    sparecloud release announce 0.2.0 --summary "Faster shuffles." --where https://example.org/0.2.0
    """
    # The chain takes seconds to import.
    from renter_tui.announcing import announce

    network = settings_file.read(shell.home).network
    try:
        said = Release(version, summary, where)
    except ValueError as refused:
        raise InvalidInput(f"The announcement is not acceptable: {refused}.", "Correct it and try again.") from refused
    shell.confirm(f"Tell everybody in this market that version {version} is out, at {where}?", yes)

    async def work(holder: "Holder") -> "Outcome":
        return await announce(holder, network, said)

    outcome = shell.hold(work)
    refusals = {url: str(problem) for url, problem in outcome.relays.items() if problem is not None}
    for url, why in refusals.items():
        shell.say(f"{url} does not hand it out. {why}")
    if len(refusals) == len(outcome.relays):
        raise RelayUnavailable(f"No relay hands version {version} out.", "Look at what each said, and try again.")
    taken = [url for url in outcome.relays if url not in refusals]
    told = {"announcement": outcome.announcement, "relays": taken, "refusals": refusals}
    shell.show(told, f"Version {version} is announced for {LIFE_S // 86_400} days by {', '.join(taken)}.")
