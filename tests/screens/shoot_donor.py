"""Draws the donor's real window from sample views: `python -m tests.screens.shoot_donor`.

Writes docs/pictures/donor-*.png, and donor-marks.png with every tray mark on a light and a dark panel. Needs fonts
(docs/development-screens.txt), no display.
"""

import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPalette
from PySide6.QtWidgets import QApplication

from core.view import DonorView
from donor_app.actions import OwnerActions
from donor_app.agent import Agent, Problem
from donor_app.icon import application_icon, mark_icon
from donor_app.status import Mark, status
from donor_app.window import Window
from donor_app.words import speak
from tests.screens.donor_samples import HELD, IDLE, OFF, PROBLEM, SERVING

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"

_Answer = TypeVar("_Answer")


def main() -> None:
    """Write every picture."""
    application = QApplication(sys.argv[:1])
    application.setStyle("Fusion")
    application.setFont(QFont("Inter", 10))
    PICTURES.mkdir(parents=True, exist_ok=True)
    broken = replace(PROBLEM, problem_kind="EngineUnavailable")
    for suffix, palette in (("", _light()), ("-dark", _dark())):
        application.setPalette(palette)
        _shoot(f"donor-empty{suffix}", OFF)
        _shoot(f"donor-idle{suffix}", IDLE)
        _shoot(f"donor-serving{suffix}", SERVING)
        _shoot(f"donor-held{suffix}", HELD)
        for page in ("Leases", "Earnings", "Settings", "Self-test"):
            _shoot(f"donor-{page.lower()}{suffix}", SERVING, page=page)
        _shoot(f"donor-first-run{suffix}", replace(OFF, chosen=False))
        _shoot(f"donor-problem{suffix}", broken)
    application.setPalette(_light())
    _shoot("donor-stopped", SERVING, alive=False)
    speak("de")
    _shoot("donor-german", HELD)
    speak("en")
    _shoot("donor-narrow", HELD, size=(760, 480))
    _shoot_marks()


def _shoot(
    name: str, view: DonorView, *, page: str = "Overview", alive: bool = True, size: tuple[int, int] = (1040, 780)
) -> None:
    actions = OwnerActions(_ask_nobody)
    window = Window(_ask_nobody, actions)
    refusal = None if alive else Problem("The settings file cannot be read.", "Make settings.toml readable.")
    now = status(view, refusal=refusal, alive=alive)
    actions.draw(now)
    window.resize(*size)
    window.show()
    window.show_page(page)
    window.draw(now, view)
    QApplication.processEvents()
    picture = QImage(window.size() * 2, QImage.Format.Format_RGB32)
    picture.setDevicePixelRatio(2)
    window.render(picture)
    picture.save(str(PICTURES / f"{name}.png"))
    window.hide()
    window.deleteLater()


def _ask_nobody(
    action: Callable[[Agent], Coroutine[object, object, _Answer]],
    then: Callable[[_Answer], object] | None = None,
    refused: Callable[[Problem], object] | None = None,
) -> None:
    """A picture asks for nothing."""


def _shoot_marks() -> None:
    picture = QImage(668, 240, QImage.Format.Format_RGB32)
    painter = QPainter(picture)
    for row, ground in enumerate(("#f4f4f4", "#22262b")):
        painter.fillRect(0, row * 120, 668, 120, QColor(ground))
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
