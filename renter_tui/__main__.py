"""The renter's front ends: picks the adapters and hands over to the command line."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from renter_tui.commands import cli
from renter_tui.commands.shell import Shell, Tools, Wallets, tolerate_any_character

if TYPE_CHECKING:
    from core.gateway.agent import RenterAgent
    from core.gateway.host import Build


def main() -> None:
    """The entry point `sparecloud`."""
    tolerate_any_character()
    cli.main(prog_name="sparecloud", obj=Shell(Tools(_connect, _build, _wallets, _version)))


# What follows is imported where it is needed: most runs need little of it, and `--help` nothing.


def _connect(home: Path) -> "AbstractAsyncContextManager[RenterAgent]":
    from core.gateway.command import agent_command
    from core.gateway.presence import connect

    return connect(home, agent_command(home), version=_version())


def _build() -> "Build":
    from renter_tui.wiring import build_renter

    return build_renter


def _wallets() -> Wallets:
    from renter_tui import wiring

    return wiring


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("sparecloud")
    except PackageNotFoundError:
        return "checkout"


if __name__ == "__main__":
    main()
