"""The renter's front ends: picks the adapters and hands over to the command line."""

import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from core.gateway.agent import RenterAgent
from core.gateway.host import Build
from core.gateway.presence import connect
from renter_tui.commands import cli
from renter_tui.commands.shell import Shell, Tools, Wallets, tolerate_any_character


def main() -> None:
    """The entry point `sparecloud`."""
    tolerate_any_character()
    cli.main(prog_name="sparecloud", obj=Shell(Tools(_connect, _build, _wallets, _version())))


def agent_command(home: Path) -> Sequence[str]:
    """The command that runs the agent of `home`, from a wheel, a checkout or a frozen binary."""
    verb = ["--home", str(home), "agent", "--json"]
    if getattr(sys, "frozen", False):
        return [sys.executable, *verb]
    # Not `-m`, which would first look into the folder the person is in: a `core` there is not ours.
    start = "import sys; sys.path.append(sys.argv.pop(1)); from renter_tui.__main__ import main; main()"
    return [sys.executable, "-P", "-c", start, str(Path(__file__).resolve().parent.parent), *verb]


def _connect(home: Path) -> AbstractAsyncContextManager[RenterAgent]:
    return connect(home, agent_command(home), version=_version())


def _build() -> Build:
    # The chain, the bus and the container engine take a while to import; only the agent needs them.
    from renter_tui.wiring import build_renter

    return build_renter


def _wallets() -> Wallets:
    from renter_tui import wiring

    return wiring


def _version() -> str:
    try:
        return version("sparecloud")
    except PackageNotFoundError:
        return "checkout"


if __name__ == "__main__":
    main()
