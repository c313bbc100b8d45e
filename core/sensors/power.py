"""What powers the machine: the kernel's power supplies on Linux, psutil elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from core.sensors.chain import Unserved

SUPPLIES: Final = Path("/sys/class/power_supply")


@dataclass(frozen=True, slots=True)
class Power:
    """Whether the machine runs on its battery, and how full that is; both of its batteries together, where it has two.

    A machine without a battery is not on battery, and has no percentage.
    """

    on_battery: bool | None
    percent: int | None


@dataclass(frozen=True, slots=True)
class Supply:
    """One power supply, in the kernel's words; `full` weighs it against the machine's other batteries."""

    kind: str
    online: bool | None = None
    status: str = ""
    percent: int | None = None
    full: int = 1


def supply(kind: str, uevent: str) -> Supply | None:
    """The supply that a `type` and a `uevent` file of the kernel describe.

    None for an empty bay, and for the battery of a device (a mouse, a headset), which powers no machine.
    """
    told = dict(line.removeprefix("POWER_SUPPLY_").split("=", 1) for line in uevent.splitlines() if "=" in line)
    if told.get("SCOPE") == "Device" or told.get("PRESENT") == "0":
        return None
    online, percent = _number(told, "ONLINE"), _number(told, "CAPACITY")
    full = _number(told, "ENERGY_FULL") or _number(told, "CHARGE_FULL") or 1
    return Supply(kind.strip(), None if online is None else online > 0, told.get("STATUS", ""), percent, full)


def power(supplies: Sequence[Supply]) -> Power:
    """What powers a machine that has `supplies`."""
    batteries = [supply for supply in supplies if supply.kind in ("Battery", "UPS")]
    if not batteries:
        return Power(on_battery=False, percent=None)
    plugs = [supply.online for supply in supplies if supply.kind in ("Mains", "USB") and supply.online is not None]
    return Power(_on_battery(plugs, {battery.status for battery in batteries}), _percent(batteries))


class PowerSupplies:
    """The kernel's power supplies; psutil would take a mouse's battery for the machine's."""

    name = "the kernel's power supplies"

    def __init__(self, folder: Path = SUPPLIES) -> None:
        self._folder = folder

    def read(self) -> Power:
        """What powers the machine. Raises Unserved."""
        try:
            found = [_read(entry) for entry in self._folder.iterdir()]
        except OSError as error:
            raise Unserved("This system does not say what powers it.") from error
        return power([supply for supply in found if supply is not None])

    def close(self) -> None:
        """Nothing is held."""


class SystemBattery:
    """The battery as Windows or macOS tell it, through psutil."""

    name = "the system's battery report (no test has run with it yet)"

    def read(self) -> Power:
        """What powers the machine; where these systems report no battery, it has none. Raises Unserved."""
        try:
            battery = psutil.sensors_battery()
        except (OSError, RuntimeError) as error:
            raise Unserved("This system does not say what powers it.") from error
        if battery is None:
            return Power(on_battery=False, percent=None)
        plugged = battery.power_plugged
        return Power(None if plugged is None else not plugged, round(battery.percent))

    def close(self) -> None:
        """Nothing is held."""


def _read(entry: Path) -> Supply | None:
    try:
        return supply((entry / "type").read_text("utf-8"), (entry / "uevent").read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return None  # unplugged between the listing and now, or a driver that fails: the others still tell


def _on_battery(plugs: Sequence[bool], statuses: set[str]) -> bool | None:
    if any(plugs):
        return False
    if "Discharging" in statuses:
        return True
    if statuses & {"Charging", "Full", "Not charging"}:
        return False
    return True if plugs else None


def _percent(batteries: Sequence[Supply]) -> int | None:
    told = [(battery.percent, battery.full) for battery in batteries if battery.percent is not None]
    whole = sum(full for _, full in told)
    return round(sum(percent * full for percent, full in told) / whole) if told else None


def _number(told: Mapping[str, str], key: str) -> int | None:
    try:
        return int(told[key])
    except (KeyError, ValueError):
        return None
