"""A day of redraws in seconds: PySide6 6.12 on Python 3.11 dies of a lost reference within a minute of them."""

import gc
from dataclasses import replace
from typing import Final

import psutil
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.model import Amount
from donor_app.status import status
from donor_app.window import Window
from tests.screens.donor_samples import IDLE, OFF, PROBLEM, SERVING

REDRAWS: Final = 1500
MOST_GROWTH_MIB: Final = 30


def test_a_window_redrawn_all_day_stays_alive_and_does_not_grow(qtbot: QtBot) -> None:
    window = Window()
    qtbot.addWidget(window)
    window.show()

    def redraw(times: int) -> None:
        for second in range(times):
            view = (OFF, IDLE, SERVING, PROBLEM)[second % 4]
            later = replace(view, now=view.now + second, earned_total=Amount(view.earned_total + second))
            window.draw(status(later), later)
            window.repaint()
            QApplication.processEvents()

    redraw(100)
    gc.collect()
    before = psutil.Process().memory_info().rss
    redraw(REDRAWS)
    gc.collect()

    grown_mib = (psutil.Process().memory_info().rss - before) / 2**20
    assert window.isVisible()
    assert grown_mib < MOST_GROWTH_MIB
