"""How the background agent is started as a process of its own."""

import sys
from collections.abc import Sequence
from pathlib import Path


def agent_command(home: Path) -> Sequence[str]:
    """The command that runs the agent of `home`, from a wheel, a checkout or a frozen binary."""
    verb = ["--home", str(home), "agent", "--json"]
    if getattr(sys, "frozen", False):
        return [sys.executable, *verb]
    # Not `-m`, which would first look into the folder the person is in: a `core` there is not ours.
    start = "import sys; sys.path.append(sys.argv.pop(1)); from renter_tui.__main__ import main; main()"
    return [sys.executable, "-P", "-c", start, str(Path(__file__).resolve().parents[2]), *verb]
