"""A day of redraws in seconds: PySide6 6.12 on Python 3.11 dies of a lost reference within a minute of them."""

import gc
from dataclasses import replace
from typing import Final

import psutil
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.model import Amount
from core.view import DonorView
from donor_app.status import status
from donor_app.window import PAGES
from tests.screens.donor_desktop import opened
from tests.screens.donor_samples import HELD, IDLE, OFF, PROBLEM, SERVING

REDRAWS: Final = 1500
MOST_GROWTH_MIB: Final = 8


def test_a_window_redrawn_all_day_stays_alive_and_does_not_grow(qtbot: QtBot) -> None:
    window = opened(qtbot, OFF)

    def redraw(times: int) -> None:
        for second in range(times):
            if second % 25 == 0:
                window.show_page(list(PAGES)[second // 25 % len(PAGES)])
            later = _later((OFF, IDLE, SERVING, HELD, PROBLEM)[second % 5], second)
            window.draw(status(later), later)
            window.repaint()
            QApplication.processEvents()

    redraw(200)
    gc.collect()
    before = psutil.Process().memory_info().rss
    redraw(REDRAWS)
    gc.collect()

    grown_mib = (psutil.Process().memory_info().rss - before) / 2**20
    assert window.isVisible()
    assert grown_mib < MOST_GROWTH_MIB


def _later(view: DonorView, second: int) -> DonorView:
    today = replace(view.earnings.today, earned=Amount(view.earnings.today.earned + second))
    return replace(view, now=view.now + second, earnings=replace(view.earnings, today=today))
