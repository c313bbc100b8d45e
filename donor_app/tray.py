"""The tray icon: the state as a shape, a sentence, the toggle, today's earnings."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from donor_app.agent import Problem
from donor_app.icon import mark_icon
from donor_app.status import Mark, Status


class Tray(QObject):
    """Draws a Status, and says what the owner asked for."""

    share_asked = Signal(bool)
    open_asked = Signal()
    quit_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._told: Problem | None = None
        self._mark: Mark | None = None
        self._menu = QMenu()
        # Disabled actions, not sections: a section's text is lost on its way to a StatusNotifier panel.
        self._state = self._line()
        self._earnings = self._line()
        self._menu.addSeparator()
        self._share = QAction("Share resources", self._menu, checkable=True)
        self._menu.addAction(self._share)
        self._open = self._menu.addAction("Open Sparecloud")
        self._menu.addSeparator()
        self._quit = self._menu.addAction("Quit")
        self._icon = QSystemTrayIcon()
        self._icon.setContextMenu(self._menu)
        self._share.triggered.connect(self.share_asked)
        self._open.triggered.connect(self.open_asked)
        self._quit.triggered.connect(self.quit_asked)
        self._icon.activated.connect(self._activated)

    def show(self) -> None:
        """Put the icon into the tray."""
        self._icon.show()

    def hide(self) -> None:
        """Take it out again; call before the application ends, or some panels keep a ghost."""
        self._icon.hide()

    def draw(self, status: Status) -> None:
        """Show the newest status; a new problem is told once in a message."""
        if status.mark is not self._mark:
            self._mark = status.mark
            self._icon.setIcon(mark_icon(status.mark))
        self._icon.setToolTip(status.tooltip)
        self._state.setText(f"{status.word}: {status.problem.title}" if status.problem else status.headline)
        self._earnings.setText(status.earnings)
        self._earnings.setVisible(bool(status.earnings))
        self._share.setChecked(status.sharing)
        self._share.setEnabled(status.can_share)
        self._tell(status.problem)

    def _tell(self, problem: Problem | None) -> None:
        if problem is not None and problem != self._told and self._icon.isVisible():
            self._icon.showMessage(problem.title, problem.hint, QSystemTrayIcon.MessageIcon.Warning)
        self._told = problem

    def _line(self) -> QAction:
        action = self._menu.addAction("Sparecloud is starting.")
        action.setEnabled(False)
        return action

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self.open_asked.emit()
