"""Draws the donor's real window from sample views: `python -m tests.screens.shoot_donor`.

Writes docs/pictures/donor-*.png: pages one by one, sheets of all of them in a small window, the steps of the first
run, dialogs, and every tray mark on a light and a dark panel. Needs the fonts of tools/screens.sh, no display.
"""

import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPalette
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QLineEdit, QMenu, QWidget

from core.view import DonorView
from donor_app.actions import OwnerActions
from donor_app.agent import Agent, Problem
from donor_app.icon import application_icon, mark_icon
from donor_app.status import Mark, status
from donor_app.window import PAGES, Window
from donor_app.words import speak
from tests.screens.donor_samples import HELD, IDLE, OFF, PROBLEM, SERVING

PICTURES: Final = Path(__file__).parents[2] / "docs" / "pictures"
_LARGE, _SMALL = (1040, 780), (760, 480)
_GAP: Final = 16
_NEW: Final = replace(OFF, chosen=False)
_FAILING: Final = replace(PROBLEM, problem_kind="EngineUnavailable")
_REFUSED: Final = Problem("The settings file cannot be read.", "Make settings.toml readable.")

_Answer = TypeVar("_Answer")


def main() -> None:
    """Write every picture."""
    application = QApplication(sys.argv[:1])
    application.setStyle("Fusion")
    application.setFont(QFont("Inter", 10))
    PICTURES.mkdir(parents=True, exist_ok=True)
    for suffix, palette in (("", _light()), ("-dark", _dark())):
        application.setPalette(palette)
        for name, view in (("empty", OFF), ("idle", IDLE), ("serving", SERVING), ("held", HELD), ("problem", _FAILING)):
            _save(f"{name}{suffix}", _page(view))
        for page in ("Leases", "Earnings", "Settings", "Self-test"):
            _save(f"{page.lower()}{suffix}", _page(SERVING, page))
        _save(f"first-run{suffix}", _page(_NEW))
        for name, view in (("empty", OFF), ("busy", SERVING), ("failing", _FAILING)):
            _save(f"small-{name}{suffix}", _sheet([_page(view, page, size=_SMALL, scale=1) for page in PAGES]))
        _save(f"first-run-steps{suffix}", _sheet(_first_run()))
        _save(f"dialogs{suffix}", _sheet(_dialogs()))
    application.setPalette(_light())
    _save("stopped", _page(SERVING, refusal=_REFUSED))
    speak("de")
    _save("german", _page(HELD))
    _save("small-german", _sheet([_page(SERVING, page, size=_SMALL, scale=1) for page in PAGES]))
    speak("en")
    _save("marks", _marks())


@contextmanager
def _open(
    view: DonorView, page: str = "Overview", size: tuple[int, int] = _LARGE, refusal: Problem | None = None
) -> Iterator[Window]:
    """The window at `page` of `view`; a `refusal` is why its agent has ended."""
    actions = OwnerActions(_ask_nobody)
    window = Window(_ask_nobody, actions)
    now = status(view, refusal=refusal, alive=refusal is None)
    actions.draw(now)
    window.resize(*size)
    window.show()
    window.show_page(page)
    window.draw(now, view)
    QApplication.processEvents()
    yield window
    window.hide()
    window.deleteLater()


def _page(
    view: DonorView,
    page: str = "Overview",
    *,
    size: tuple[int, int] = _LARGE,
    scale: int = 2,
    refusal: Problem | None = None,
) -> QImage:
    with _open(view, page, size, refusal) as window:
        return _drawn(window, scale)


def _first_run() -> list[QImage]:
    """Its steps in a small window."""
    pictures = []
    with _open(_NEW, size=_SMALL) as window:
        for step in range(4):
            if step:
                _press(window, "Next")
            pictures.append(_drawn(window, 1))
    return pictures


def _dialogs() -> list[QImage]:
    """The withdrawal's form, with an objection, and its question; the question before a worker stops."""
    pictures = []
    with _open(SERVING, "Earnings") as window:
        _press(window, "Withdraw…")
        dialog = _dialog(window)
        pictures.append(_drawn(dialog, 1))
        to, amount = dialog.findChildren(QLineEdit)
        to.setText("0x" + "1" * 39)
        amount.setText("1")
        _press(dialog, "Continue")
        pictures.append(_drawn(dialog, 1))
        to.setText("0x" + "1" * 40)
        _press(dialog, "Continue")
        pictures.append(_drawn(dialog, 1))
    with _open(SERVING, "Leases") as window:
        entries = (action for menu in window.findChildren(QMenu) for action in menu.actions())
        next(action for action in entries if action.text() == "&Stop with notice…").trigger()
        pictures.append(_drawn(_dialog(window), 1))
    return pictures


def _drawn(widget: QWidget, scale: int) -> QImage:
    # A banner that appears makes the page narrower, which makes its sentences longer, which makes it higher.
    for _ in range(4):
        QApplication.processEvents()
    picture = QImage(widget.size() * scale, QImage.Format.Format_RGB32)
    picture.setDevicePixelRatio(scale)
    widget.render(picture)
    return picture


def _sheet(pictures: list[QImage]) -> QImage:
    """All of them on one ground, two in a row."""
    width, height = max(each.width() for each in pictures), max(each.height() for each in pictures)
    rows = (len(pictures) + 1) // 2
    sheet = QImage(2 * width + 3 * _GAP, rows * height + (rows + 1) * _GAP, QImage.Format.Format_RGB32)
    sheet.fill(QColor("#7a8188"))
    painter = QPainter(sheet)
    for index, picture in enumerate(pictures):
        painter.drawImage(_GAP + index % 2 * (width + _GAP), _GAP + index // 2 * (height + _GAP), picture)
    painter.end()
    return sheet


def _marks() -> QImage:
    picture = QImage(668, 240, QImage.Format.Format_RGB32)
    painter = QPainter(picture)
    for row, ground in enumerate(("#f4f4f4", "#22262b")):
        painter.fillRect(0, row * 120, 668, 120, QColor(ground))
        for column, icon in enumerate([*(mark_icon(mark) for mark in Mark), application_icon()]):
            painter.drawPixmap(20 + column * 108, row * 120 + 28, icon.pixmap(64))
            painter.drawPixmap(20 + column * 108 + 68, row * 120 + 28, icon.pixmap(22))
            painter.drawPixmap(20 + column * 108 + 68, row * 120 + 60, icon.pixmap(16))
    painter.end()
    return picture


def _save(name: str, picture: QImage) -> None:
    picture.save(str(PICTURES / f"donor-{name}.png"))


def _press(window: QWidget, text: str) -> None:
    buttons = (each for each in window.findChildren(QAbstractButton) if each.isVisibleTo(window))
    next(each for each in buttons if each.text().replace("&", "") == text).click()


def _dialog(window: QWidget) -> QDialog:
    return next(each for each in window.findChildren(QDialog) if each.isVisible())


def _ask_nobody(
    action: Callable[[Agent], Coroutine[object, object, _Answer]],
    then: Callable[[_Answer], object] | None = None,
    refused: Callable[[Problem], object] | None = None,
) -> None:
    """A picture asks for nothing."""


def _light() -> QPalette:
    return QPalette(QColor("#eceff1"), QColor("#f6f7f8"))


def _dark() -> QPalette:
    palette = QPalette(QColor("#2b3036"), QColor("#1b1e22"))
    palette.setColor(QPalette.ColorRole.Base, QColor("#14171a"))
    return palette


if __name__ == "__main__":
    main()
