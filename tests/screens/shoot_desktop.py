"""Shoots the donor's application on a real desktop: `python -m tests.screens.shoot_desktop`.

Writes docs/pictures/donor-desktop.png (the window below a panel with the icon), donor-desktop-200.png (the same on a
screen of twice the resolution) and donor-tray.png (the icon's menu). Needs what tools/screens.sh installs.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from PySide6.QtCore import QRect
from PySide6.QtGui import QImage

from tests.real.desk import PANEL_HEIGHT, Desk, desk, until
from tests.real.screen import shown
from tests.real.tray import tray_icons
from tests.screens.shoot_donor import PICTURES

_BACKDROP: Final = """
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
application = QApplication([])
backdrop = QWidget()
backdrop.setAttribute(Qt.WidgetAttribute.WA_X11NetWmWindowTypeDesktop)
backdrop.setStyleSheet("background: #5f7681")
backdrop.setGeometry(application.primaryScreen().geometry())
backdrop.show()
application.exec()
"""


def main() -> None:
    """Write every picture."""
    for name, size, scale in (("donor-desktop", (1120, 880), 1), ("donor-desktop-200", (2240, 1720), 2)):
        with _application(size, scale, "--window") as place:
            (window,) = until(lambda: place.windows("^Sparecloud$"), bool)
            # Away from where a window manager puts a first window, so that all its edges are seen.
            place.xdotool("windowmove", window, str(40 * scale), str(PANEL_HEIGHT + 40 * scale))
            _still(place).save(str(PICTURES / f"{name}.png"))
    with _application((1120, 880), 1) as place:
        place.xdotool("mousemove", "24", "16", "click", "3")
        _still(place)
        # Off the icon, whose tooltip would hide the menu.
        place.xdotool("mousemove", "120", "145")
        _still(place).copy(QRect(0, 0, 460, 330)).save(str(PICTURES / "donor-tray.png"))
        place.xdotool("key", "Escape")


@contextmanager
def _application(size: tuple[int, int], scale: int, *options: str) -> Iterator[Desk]:
    """It serves on a desktop of its own, and its icon is docked and drawn."""
    width, height = size
    with desk(size=f"{width}x{height}") as bare:
        place = Desk({**bare.environment, "QT_SCALE_FACTOR": str(scale)}, bare.folder)
        place.xdotool("mousemove", str(width - 1), str(height - 1))
        command = [sys.executable, "-m", "tests.real.staged_donor", "SERVING", "--home", str(place.folder / "home")]
        with (
            place.running("backdrop", [sys.executable, "-c", _BACKDROP]),
            place.running("donor", [*command, *options]),
        ):
            (icon,) = until(lambda: tray_icons(place), bool)
            until(lambda: icon.entries()[0].label, lambda label: label.startswith("Sharing"))
            yield place


def _still(place: Desk) -> QImage:
    """The screen, once it has stood still for a second."""
    before, deadline = shown(place.folder), time.monotonic() + 20
    while time.monotonic() < deadline:
        time.sleep(1)
        now = shown(place.folder)
        if now == before:
            break
        before = now
    return before


if __name__ == "__main__":
    main()
