"""What the owner can do about one share, in a menu: stop it, refuse its renter, copy what names it."""

from collections.abc import Callable

from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMenu, QPushButton

from core.lease import ServicePhase
from core.sentences import length
from core.view import DonorView, ServiceLine
from donor_app.bridge import Ask
from donor_app.confirmation import confirm
from donor_app.lease_words import short
from donor_app.words import say

_STOPPABLE = (ServicePhase.ACCEPTED, ServicePhase.STARTING, ServicePhase.SERVING)


class LeaseMenu(QPushButton):
    """The button of one row, drawn over as the row is."""

    def __init__(self, ask: Ask) -> None:
        super().__init__(say("Actions"))
        self._ask = ask
        self._line: ServiceLine | None = None
        self._blocked = False
        self._image = ""
        self._notice_s = 0
        menu = QMenu(self)
        self._stop = _entry(menu, say("&Stop with notice…"), self._confirm_stop)
        self._stop_now = _entry(menu, say("Stop &at once…"), self._confirm_stop_now)
        self._block = _entry(menu, "", self._confirm_block)
        menu.addSeparator()
        _entry(menu, say("Copy the renter's a&ddress"), lambda: self._copy(self._line.renter if self._line else ""))
        _entry(menu, say("Copy the &lease's number"), lambda: self._copy(self._line.lease if self._line else ""))
        self._copy_image = _entry(menu, say("Copy the &image's digest"), lambda: self._copy(self._image))
        self.setMenu(menu)

    def draw(self, line: ServiceLine, view: DonorView) -> None:
        """Offer what can be done about `line`."""
        self._line, self._image = line, view.image
        self._notice_s = view.settings.reclaim_notice_s
        self._blocked = view.settings.blocks(line.renter)
        self._stop.setVisible(line.state in _STOPPABLE)
        self._stop_now.setVisible(line.state in (*_STOPPABLE, ServicePhase.LEAVING))
        self._block.setText(say("Un&block this renter") if self._blocked else say("&Block this renter…"))
        self._copy_image.setVisible(bool(view.image) and not line.ended)
        self.setAccessibleName(say("Actions for the share of {renter}", renter=line.renter))

    def _confirm_stop(self) -> None:
        self._confirm(
            say("Stop this worker with notice?"),
            say(
                "It has {time} to hand its data over, and is paid until it stops.",
                time=length(self._notice_s),
            ),
            say("&Stop it"),
            lambda line: self._ask(lambda agent: agent.stop(line.lease, line.index)),
        )

    def _confirm_stop_now(self) -> None:
        self._confirm(
            say("Stop this worker at once?"),
            say("Its renter loses what the worker holds and is computing. You are paid for the seconds served."),
            say("&Stop it"),
            lambda line: self._ask(lambda agent: agent.stop(line.lease, line.index, at_once=True)),
        )

    def _confirm_block(self) -> None:
        line = self._line
        if line is None:
            return
        if self._blocked:
            self._ask(lambda agent: agent.block(line.renter, False))
            return
        self._confirm(
            say("Block {renter}?", renter=short(line.renter)),
            say(
                "Its requests are refused from now on, and its workers here are given notice. You can unblock it later."
            ),
            say("&Block it"),
            lambda line: self._ask(lambda agent: agent.block(line.renter)),
        )

    def _confirm(self, title: str, text: str, word: str, do: Callable[[ServiceLine], object]) -> None:
        # The row may show another share by the time that the owner answers.
        line = self._line
        if line is not None:
            confirm(self.window(), title, text, word, lambda: do(line))

    def _copy(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)


def _entry(menu: QMenu, text: str, slot: Callable[[], object]) -> QAction:
    action = menu.addAction(text)
    action.triggered.connect(lambda _=False: slot())
    return action
