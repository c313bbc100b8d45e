"""What the owner can order with one click: the same actions, in the same words, in the tray and in the window."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from core.allowance import NEVER
from donor_app.bridge import Ask
from donor_app.status import Status
from donor_app.words import say

_MORNING: Final = time(7)
_NIGHT: Final = timedelta(hours=4)
"""A morning nearer than that is not meant: who pauses at six means the next day, who pauses at two this one."""


class OwnerActions(QObject):
    """The owner's orders as Qt actions that any menu may show; drawn from a Status."""

    share_asked = Signal(bool)
    take_back_asked = Signal()

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask = ask
        self.share = QAction(say("&Share resources"), self, checkable=True)
        self.share.triggered.connect(self.share_asked)
        self.resume = self._action(say("&Resume"), self._resume)
        self.finish = self._action(say("&Finish current work, then stop"), self._finish)
        self.pauses = (
            self._action(say("Pause for &1 hour"), partial(self._pause, lambda now: now + timedelta(hours=1))),
            self._action(say("Pause until &tomorrow, 7:00"), partial(self._pause, tomorrow)),
            self._action(say("Pause &until I resume"), self._pause_for_good),
        )
        self.take_back = self._action(say("Take the machine &back at once"), self.take_back_asked.emit)

    def fill(self, menu: QMenu) -> None:
        """Add every action but `share` to `menu`."""
        menu.addAction(self.resume)
        menu.addActions(self.pauses)
        menu.addSeparator()
        menu.addAction(self.finish)
        menu.addAction(self.take_back)

    def draw(self, status: Status) -> None:
        """Offer what makes sense now."""
        self.share.setChecked(status.sharing)
        self.share.setEnabled(status.can_share)
        self.resume.setVisible(status.can_resume)
        for pause in self.pauses:
            pause.setEnabled(status.can_pause)
        self.finish.setEnabled(status.can_finish)
        self.take_back.setEnabled(status.can_share and (status.sharing or status.workers > 0))

    def _action(self, text: str, slot: Callable[[], object]) -> QAction:
        action = QAction(text, self)
        action.triggered.connect(lambda _=False: slot())
        return action

    def _pause(self, until: Callable[[datetime], datetime]) -> None:
        instant = int(until(datetime.now()).timestamp())
        self._ask(lambda agent: agent.pause(instant))

    def _pause_for_good(self) -> None:
        self._ask(lambda agent: agent.pause(NEVER))

    def _finish(self) -> None:
        self._ask(lambda agent: agent.finish())

    def _resume(self) -> None:
        self._ask(lambda agent: agent.resume())


def tomorrow(now: datetime) -> datetime:
    """The morning after the coming, or the present, night; `now` and the answer are on the owner's own clock."""
    morning = datetime.combine(now.date(), _MORNING)
    return morning if morning - now >= _NIGHT else morning + timedelta(days=1)
