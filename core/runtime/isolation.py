"""How far a worker is kept from this machine, as its engine really is: what the offer says of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.errors import SandboxFailed

CONTAINER: Final = "container"
REMAPPED: Final = "container+userns"
GVISOR: Final = "gvisor"

_RUNSC: Final = "runsc"


@dataclass(frozen=True, slots=True)
class Isolation:
    """A level, weakest first: the kernel's own walls; those, and root inside is nobody outside; a kernel of its own.

    `runtime` is what workers are started with: the engine's name of it, empty for its default.
    """

    level: str = CONTAINER
    runtime: str = ""


def isolation(info: Mapping[str, object], choice: str) -> Isolation:
    """What the engine that says `info` of itself gives where the owner's settings ask for `choice`. Pure.

    gVisor is only used where it was asked for: not all of its platforms run Spark. Raises SandboxFailed where it was,
    and the engine has none: less than what was asked for is never given in silence.
    """
    if choice == GVISOR:
        runtimes = info.get("Runtimes")
        if not isinstance(runtimes, Mapping) or _RUNSC not in runtimes:
            raise SandboxFailed(
                "The settings ask for gVisor, and the container engine has no runtime called runsc.",
                'Install gVisor and add it to the engine, or set isolation = "container" under [donor].',
            )
        return Isolation(GVISOR, _RUNSC)
    options = info.get("SecurityOptions")
    named = {str(option) for option in options} if isinstance(options, list) else set[str]()
    return Isolation(REMAPPED if named & {"name=userns", "name=rootless"} else CONTAINER)
