"""Decides what is worth disturbing the owner for: a problem that lasts, one summary a day, and a new version."""

import time
from collections.abc import Callable
from typing import Final

import msgspec
from PySide6.QtCore import QDateTime, QLocale, QObject, QTimer, Signal

from core.owner import Notifications
from core.view import DonorView, spare
from donor_app.agent import Problem
from donor_app.memory import Memory
from donor_app.words import say

_LASTS_S: Final = 60
_AGAIN_AFTER_S: Final = 86_400
_HERE_S: Final = 60
"""Who moved a key or the pointer within so long sees a message that soon goes away."""

_HALF_A_DAY_S: Final = 43_200
"""Midnights are farther apart than this, whatever summer time and a journey to another zone make of them."""


class Notices(QObject):
    """Emits `told` with a title and a text, of what the owner's settings want told.

    A problem is told once a day, after it lasted for `lasts_s`; the rest when the owner is here.
    """

    told = Signal(str, str)

    def __init__(
        self,
        memory: Memory | None = None,
        *,
        lasts_s: float = _LASTS_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """What was told is remembered in `memory`, without one until the end; `clock` counts seconds."""
        super().__init__()
        self._memory, self._clock = memory or Memory(), clock
        self._wanted = Notifications()
        self._problem: Problem | None = None
        self._problem_told_at: dict[str, float] = {}
        self._lasting = QTimer(self, interval=round(lasts_s * 1000), singleShot=True)
        self._lasting.timeout.connect(self._tell_problem)

    def notice(self, problem: Problem | None, view: DonorView | None) -> None:
        """The newest of both; call whenever either may have changed."""
        if problem is None:
            self._lasting.stop()
        elif self._problem is None or self._problem.title != problem.title:
            self._lasting.start()
        self._problem = problem
        if view is not None:
            self._wanted = view.settings.notifications
            self._notice_day(view)
            self._notice_update(view)

    def _tell_problem(self) -> None:
        problem, now = self._problem, self._clock()
        if problem is None or not self._wanted.problems:
            return
        if now - self._problem_told_at.get(problem.title, -_AGAIN_AFTER_S) >= _AGAIN_AFTER_S:
            self._problem_told_at[problem.title] = now
            self.told.emit(problem.title, problem.hint)

    def _notice_day(self, view: DonorView) -> None:
        """Tell what was earned between the midnight up to which it was told and the last one."""
        today, until = view.earnings.today.start, self._memory.told.earned_until
        if not until or until > today + _HALF_A_DAY_S:
            # The first start ever, or a clock that was ahead then: what came before is no news.
            self._remember_day(today)
            return
        if today <= until or not _is_here(view):
            return
        self._remember_day(today)
        days = [each for each in view.earnings.days if until - _HALF_A_DAY_S < each.start < today]
        earned = sum(each.earned for each in days)
        if not earned or not self._wanted.daily_summary:
            return
        amount = spare(earned, digits=4)
        if len(days) == 1:
            title = say("Yesterday you earned {amount}.", amount=amount)
        else:
            since = QLocale().toString(QDateTime.fromSecsSinceEpoch(days[0].start), "ddd d MMM")
            title = say("Since {day} you earned {amount}.", day=since, amount=amount)
        self.told.emit(title, say("Open Sparecloud for more."))

    def _remember_day(self, midnight: int) -> None:
        self._memory.keep(msgspec.structs.replace(self._memory.told, earned_until=midnight))

    def _notice_update(self, view: DonorView) -> None:
        update = view.update
        if update is None or update.version == self._memory.told.update or not _is_here(view):
            return
        self._memory.keep(msgspec.structs.replace(self._memory.told, update=update.version))
        if self._wanted.updates:
            self.told.emit(say("Version {version} is out.", version=update.version), update.summary)


def _is_here(view: DonorView) -> bool:
    return view.conditions.idle_s is None or view.conditions.idle_s < _HERE_S
