"""The relay's Nebula: the members' own, which besides counts what it passes on and holds it to a rate.

Nebula itself does neither, and the system tells a program without privileges nothing of another's packets. So a few
lines are added where a packet is forwarded, and one file that they call.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from core.errors import SandboxFailed
from core.runtime.images import nebula
from core.runtime.images.recipe import OVERLAY, digest

_FOLDER: Final = Path(__file__).parent / "nebula"
_ALLOWANCE: Final = _FOLDER / "relay_allowance.go"
_ASKING_IT: Final = _FOLDER / "forwarding.txt"
_FORWARDING: Final = "\t\t\t\t// Forward this packet through the relay tunnel, rebuilding it in place.\n"


def program(cache: Path, progress: Callable[[str], None]) -> Path:
    """The executable, built for this machine from locked sources once and kept in `cache`. Blocks.

    Raises SandboxFailed.
    """
    target = nebula.here()
    made_of = digest(*OVERLAY.ingredients, _ALLOWANCE, _ASKING_IT)
    done = cache / f"nebula-relay-{made_of}-{target.replace('/', '-')}{'.exe' * ('windows' in target)}"
    if not done.is_file():
        progress("Building the relay's Nebula (about 70 MB are fetched, once).")
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache.resolve(), prefix="making-") as scratch:
            made = nebula.compile_module(nebula.MODULE, nebula.COMMAND, target, Path(scratch), amend)
            made.replace(done)
    return done


def amend(modules: Path) -> None:
    """Add the allowance to Nebula's source below `modules`. Raises SandboxFailed where it is not as expected."""
    found = list(modules.glob(f"{nebula.SOURCE}@*/outside.go"))
    text = found[0].read_text("utf-8") if len(found) == 1 else ""
    if text.count(_FORWARDING) != 1:
        raise SandboxFailed(
            "Nebula's source is not as the relay expects it.", "Use the version of Nebula that this release locks."
        )
    asked_first = _ASKING_IT.read_text("utf-8") + _FORWARDING
    found[0].write_text(text.replace(_FORWARDING, asked_first), "utf-8")
    (found[0].parent / _ALLOWANCE.name).write_bytes(_ALLOWANCE.read_bytes())
