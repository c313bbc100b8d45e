"""`doctor`: what stands between this machine and a cluster."""

from typing import TYPE_CHECKING, Final

import click

from core.errors import SparecloudError
from renter_tui.commands.shell import Shell, json_option, pass_shell

if TYPE_CHECKING:
    from core.selftest import Check

_MARKS: Final = {"passed": "+", "warned": "!", "failed": "x"}


@click.command()
@json_option
@pass_shell
def doctor(shell: Shell) -> None:
    """Check the container engine, images, disk, settings, chain, clock, wallet, market and agent, and say the cure.

    Needs no agent and starts none. The exit code is 0 where nothing failed.

    \b
    sparecloud doctor
    """
    found: dict[str, Check] = {}

    def tell(check: "Check") -> None:
        found[check.name] = check
        if check.state in _MARKS:
            shell.say(f"{_MARKS[check.state]} {check.name}: {check.sentence} {check.hint}".rstrip())

    shell.examine(tell)
    failed = [check.name for check in found.values() if check.state == "failed"]
    if shell.as_json:
        shell.show({"checks": list(found.values())}, "")
    if failed:
        raise SparecloudError(
            f"{len(failed)} of {len(found)} checks failed: {', '.join(failed)}.", "Each says its cure."
        )
    shell.say("Nothing stands between this machine and a cluster.")
