"""`python -m benchmarks.desktop.restless`: the donor application around an agent whose state changes all the time.

All pages take turns, and now and then the window is hidden and opened again.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

# The samples are for tests, which need no screen; this has a real one.
os.environ.setdefault("QT_QPA_PLATFORM", "xcb")

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from core.model import Amount
from core.view import DonorView
from donor_app.bridge import Bridge
from donor_app.desktop import Desktop, Opening
from donor_app.window import PAGES
from tests.screens.donor_samples import HELD, IDLE, OFF, PROBLEM, SERVING, FakeAgent

_VIEW_EVERY_S: Final = 0.1
_TURN_EVERY_MS: Final = 1000
_HIDDEN_EVERY_TURNS: Final = 30


@dataclass
class RestlessAgent(FakeAgent):
    """Goes through every state, over and over."""

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def watch(self) -> AsyncIterator[DonorView]:
        for number in count():
            view = (OFF, IDLE, SERVING, HELD, PROBLEM)[number // 5 % 5]
            today = replace(view.earnings.today, earned=Amount(view.earnings.today.earned + number))
            yield replace(view, now=view.now + number // 10, earnings=replace(view.earnings, today=today))
            await asyncio.sleep(_VIEW_EVERY_S)


def main() -> int:
    """Run until it is killed."""
    application = QApplication(sys.argv[:1])
    application.setQuitOnLastWindowClosed(False)
    desktop = Desktop(Bridge(RestlessAgent().open))
    turns = count()

    def turn() -> None:
        number = next(turns)
        if desktop.window is None:
            return
        if number % _HIDDEN_EVERY_TURNS == 0:
            desktop.window.hide()
        elif not desktop.window.isVisible():
            desktop.open()
        desktop.window.show_page(list(PAGES)[number % len(PAGES)])

    turning = QTimer(interval=_TURN_EVERY_MS)
    turning.timeout.connect(turn)
    turning.start()
    desktop.start(Opening.WINDOW)
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())
