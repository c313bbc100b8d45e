"""Who is asked for what on macOS."""

import ctypes
from collections.abc import Callable
from typing import Final

from core.sensors.chain import Chain, Unserved, Untold
from core.sensors.machine import Senses
from core.sensors.power import SystemBattery
from core.sensors.programs import ProgramWatch, SystemProcesses

POWER_EVERY_S: Final = 5

_LIBRARY: Final = "/System/Library/Frameworks/ApplicationServices.framework/ApplicationServices"
_THIS_SESSION: Final = 0  # kCGEventSourceStateCombinedSessionState
_ANY_INPUT: Final = 0xFFFFFFFF  # kCGAnyInputEventType


class EventSourceIdleness:
    """Quartz Event Services' count of the seconds since any input in this session."""

    name = "macOS (no test has run there yet)"

    def __init__(self) -> None:
        self._since: Callable[[int, int], float] | None = None

    def read(self) -> int:
        """Whole seconds without input. Raises Unserved."""
        self._since = self._since or _loaded()
        return int(self._since(_THIS_SESSION, _ANY_INPUT))

    def close(self) -> None:
        """Nothing is held."""


def senses(now: Callable[[], float]) -> Senses:
    """Quartz and psutil; no library that any program may use serves the rest."""
    return Senses(
        idle_s=Chain([EventSourceIdleness()], now),
        power=Chain([SystemBattery()], now, every_s=POWER_EVERY_S),
        metered=Chain([Untold("macOS does not tell programs like this one whether the network counts.")], now),
        full_screen=Chain([Untold("macOS does not tell programs like this one what fills the screen.")], now),
        celsius=Chain([Untold("macOS does not tell programs like this one how hot the machine is.")], now),
        programs=ProgramWatch(SystemProcesses(), now),
    )


def _loaded() -> Callable[[int, int], float]:
    try:
        since = ctypes.CDLL(_LIBRARY).CGEventSourceSecondsSinceLastEventType
    except (OSError, AttributeError) as error:
        raise Unserved("macOS does not say how long nobody touched anything.") from error
    since.argtypes = [ctypes.c_int32, ctypes.c_uint32]
    since.restype = ctypes.c_double
    return since
