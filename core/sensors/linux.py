"""Who is asked for what on Linux."""

from collections.abc import Callable
from typing import Final

from core.sensors.bus import mutter_idleness, network_manager_metered
from core.sensors.chain import Chain
from core.sensors.heat import thermometers
from core.sensors.machine import Senses
from core.sensors.power import PowerSupplies
from core.sensors.procfs import KernelProcesses
from core.sensors.programs import ProgramWatch
from core.sensors.wayland import WaylandIdleness
from core.sensors.x11_session import XFullScreen, XInputIdleness

POWER_EVERY_S: Final = 5
SCREEN_EVERY_S: Final = 3
NETWORK_EVERY_S: Final = 10
HEAT_EVERY_S: Final = 10


def senses(now: Callable[[], float]) -> Senses:
    """GNOME, any other Wayland compositor, an X server; the kernel; NetworkManager."""
    return Senses(
        idle_s=Chain([mutter_idleness(), WaylandIdleness(now), XInputIdleness()], now),
        power=Chain([PowerSupplies()], now, every_s=POWER_EVERY_S),
        metered=Chain([network_manager_metered()], now, every_s=NETWORK_EVERY_S),
        full_screen=Chain([XFullScreen()], now, every_s=SCREEN_EVERY_S),
        celsius=Chain([*thermometers()], now, every_s=HEAT_EVERY_S),
        programs=ProgramWatch(KernelProcesses(), now),
    )
