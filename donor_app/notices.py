"""Decides what is worth disturbing the owner for: a problem that lasts, and one summary a day."""

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from core.view import DonorView, spare
from donor_app.agent import Problem
from donor_app.words import say

_LASTS_S: Final = 60
_AGAIN_AFTER_S: Final = 86_400
_HERE_S: Final = 60
"""Who moved a key or the pointer within so long sees a message that soon goes away."""


class Notices(QObject):
    """Emits `told` with a title and a text. A problem is told once a day, after it lasted for `lasts_s`."""

    told = Signal(str, str)

    def __init__(
        self, *, wanted: bool = True, lasts_s: float = _LASTS_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`wanted`: whether the owner wants any; `clock` counts seconds."""
        super().__init__()
        self._wanted, self._clock = wanted, clock
        self._problem: Problem | None = None
        self._problem_told_at: dict[str, float] = {}
        self._day = 0
        self._lasting = QTimer(self, interval=round(lasts_s * 1000), singleShot=True)
        self._lasting.timeout.connect(self._tell_problem)

    def notice(self, problem: Problem | None, view: DonorView | None) -> None:
        """The newest of both; call whenever either may have changed."""
        if not self._wanted:
            return
        if problem is None:
            self._lasting.stop()
        elif self._problem is None or self._problem.title != problem.title:
            self._lasting.start()
        self._problem = problem
        if view is not None:
            self._notice_day(view)

    def _tell_problem(self) -> None:
        problem, now = self._problem, self._clock()
        if problem is None or now - self._problem_told_at.get(problem.title, -_AGAIN_AFTER_S) < _AGAIN_AFTER_S:
            return
        self._problem_told_at[problem.title] = now
        self.told.emit(problem.title, problem.hint)

    def _notice_day(self, view: DonorView) -> None:
        today = view.earnings.today.start
        if not self._day:
            self._day = today
        here = view.conditions.idle_s is None or view.conditions.idle_s < _HERE_S
        if today <= self._day or not here:
            return
        self._day = today
        days = view.earnings.days
        if len(days) > 1 and days[-2].earned:
            amount = spare(days[-2].earned, digits=4)
            self.told.emit(say("Yesterday you earned {amount}.", amount=amount), say("Open Sparecloud for more."))
