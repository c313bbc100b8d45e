"""How hot the processor is, by the kernel's thermometers.

psutil reads every thermometer of the machine, which wakes sleeping disks and costs milliseconds: only the processor's
are read here.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from core.sensors.chain import Unserved

CHIPS: Final = "coretemp|k10temp|zenpower|via_cputemp|scpi_sensors|(cpu|soc).*"
"""Names of drivers that measure a processor; `temp1` is the whole of it."""

ZONES: Final = "x86_pkg_temp|(cpu|soc).*"
"""Types of thermal zones within a processor."""

BOARD: Final = "acpitz"
"""The thermal zone that firmware reports, mostly next to the processor."""

_HOTTEST_PLAUSIBLE: Final = 130


def hottest(readings: Iterable[str]) -> int | None:
    """The hottest of `readings`, texts in thousandths of a degree Celsius, in degrees; absurd ones do not count."""
    plausible = [degrees for degrees in map(_degrees, readings) if 0 < degrees <= _HOTTEST_PLAUSIBLE]
    return max(plausible, default=None)


class Thermometers:
    """The thermometers in `folder` whose `label` file matches `kinds`; `reading` names the file that holds theirs."""

    def __init__(self, name: str, folder: Path, label: str, reading: str, kinds: str) -> None:
        self.name = name
        self._folder = folder
        self._label = label
        self._reading = reading
        self._kinds = re.compile(kinds)
        self._found: tuple[Path, ...] = ()

    def read(self) -> int:
        """Whole degrees Celsius. Raises Unserved."""
        self._found = self._found or self._look()
        degrees = hottest(filter(None, map(_text, self._found)))
        if degrees is None:
            raise Unserved(f"No temperature is told by {self.name}.")
        return degrees

    def close(self) -> None:
        """Look for the thermometers anew the next time."""
        self._found = ()

    def _look(self) -> tuple[Path, ...]:
        try:
            entries = sorted(self._folder.iterdir())
        except OSError:
            return ()
        return tuple(
            entry / self._reading
            for entry in entries
            if self._kinds.fullmatch(_text(entry / self._label)) and (entry / self._reading).exists()
        )


def thermometers(devices: Path = Path("/sys/class")) -> tuple[Thermometers, ...]:
    """The kernel's thermometers, the processor's own first."""
    return (
        Thermometers("the processor's own thermometer", devices / "hwmon", "name", "temp1_input", CHIPS),
        Thermometers("the processor's thermal zone", devices / "thermal", "type", "temp", ZONES),
        Thermometers("the firmware's thermal zone", devices / "thermal", "type", "temp", BOARD),
    )


def _text(path: Path) -> str:
    """What `path` says, empty where it cannot be read: zones that are switched off refuse."""
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _degrees(reading: str) -> int:
    return round(int(reading) / 1000) if reading.lstrip("-").isdigit() else 0
