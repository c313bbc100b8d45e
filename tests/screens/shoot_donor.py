"""Draws the donor's real window from sample views: `python -m tests.screens.shoot_donor`.

Writes docs/pictures/donor-*.png, and donor-marks.png with every tray mark on a light and a dark panel. Needs fonts
(docs/development-screens.txt), no display.
"""

import random
import sys
from dataclasses import replace
from pathlib import Path

from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPalette
from PySide6.QtWidgets import QApplication

from core.model import Amount
from core.view import DonorView
from donor_app.agent import Problem
from donor_app.icon import application_icon, mark_icon
from donor_app.status import Mark, status
from donor_app.window import Window
from tests.screens.donor_samples import IDLE, NOW, OFF, PROBLEM, RATE, SERVING

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


def main() -> None:
    """Write every picture."""
    application = QApplication(sys.argv[:1])
    application.setStyle("Fusion")
    application.setFont(QFont("Inter", 10))
    PICTURES.mkdir(parents=True, exist_ok=True)
    for suffix, palette in (("", _light()), ("-dark", _dark())):
        application.setPalette(palette)
        _shoot(f"donor-empty{suffix}", OFF)
        _shoot(f"donor-idle{suffix}", IDLE)
        _shoot(f"donor-serving{suffix}", SERVING)
        _shoot(f"donor-problem{suffix}", PROBLEM)
    application.setPalette(_light())
    _shoot("donor-stopped", SERVING, alive=False)
    _shoot("donor-narrow", SERVING, width=760)
    _shoot_marks()


def _shoot(name: str, view: DonorView, *, alive: bool = True, width: int = 940) -> None:
    window = Window()
    refusal = None if alive else Problem("The settings file cannot be read.", "Make settings.toml readable.")
    if view.services:
        for earlier in _the_last_hour(view):
            window.draw(status(earlier), earlier)
    window.draw(status(view, refusal=refusal, alive=alive), view)
    window.resize(width, 800)
    window.show()
    QApplication.processEvents()
    picture = QImage(window.size() * 2, QImage.Format.Format_RGB32)
    picture.setDevicePixelRatio(2)
    window.render(picture)
    picture.save(str(PICTURES / f"{name}.png"))
    window.close()
    window.deleteLater()


def _the_last_hour(view: DonorView) -> list[DonorView]:
    """Sixty views up to `view`: nothing, then one share, then two, never quite even."""
    dice, total, views = random.Random(7), int(view.earned_total), []
    for minute in range(1, 60):
        total -= 10 * RATE * max(0, 120 - 60 * (minute // 17) - dice.randrange(9)) if minute < 48 else 0
        views.append(replace(view, now=NOW - 60 * minute, earned_total=Amount(total)))
    return views[::-1]


def _shoot_marks() -> None:
    picture = QImage(560, 240, QImage.Format.Format_RGB32)
    painter = QPainter(picture)
    for row, ground in enumerate(("#f4f4f4", "#22262b")):
        painter.fillRect(0, row * 120, 560, 120, QColor(ground))
        for column, icon in enumerate([*(mark_icon(mark) for mark in Mark), application_icon()]):
            painter.drawPixmap(20 + column * 108, row * 120 + 28, icon.pixmap(64))
            painter.drawPixmap(20 + column * 108 + 68, row * 120 + 28, icon.pixmap(22))
            painter.drawPixmap(20 + column * 108 + 68, row * 120 + 60, icon.pixmap(16))
    painter.end()
    picture.save(str(PICTURES / "donor-marks.png"))


def _light() -> QPalette:
    return QPalette(QColor("#eceff1"), QColor("#f6f7f8"))


def _dark() -> QPalette:
    return QPalette(QColor("#2b3036"), QColor("#1b1e22"))


if __name__ == "__main__":
    main()
