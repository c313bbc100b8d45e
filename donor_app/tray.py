"""The tray icon: the state as a shape, a sentence, the owner's actions, today's earnings."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from donor_app.actions import OwnerActions
from donor_app.icon import mark_icon
from donor_app.status import Status
from donor_app.words import say


class Tray(QObject):
    """Draws a Status, and says what the owner asked for. Nothing crosses to the panel that did not change."""

    open_asked = Signal()
    quit_asked = Signal()

    def __init__(self, actions: OwnerActions) -> None:
        super().__init__()
        self._drawn: Status | None = None
        self._menu = QMenu()
        # Disabled actions, not sections: a section's text is lost on its way to a StatusNotifier panel.
        self._state = self._line()
        self._earnings = self._line()
        self._menu.addSeparator()
        self._menu.addAction(actions.share)
        actions.fill(self._menu)
        self._menu.addSeparator()
        self._open = self._menu.addAction(say("&Open Sparecloud"))
        self._quit = self._menu.addAction(say("&Quit"))
        self._icon = QSystemTrayIcon()
        self._icon.setContextMenu(self._menu)
        self._open.triggered.connect(self.open_asked)
        self._quit.triggered.connect(self.quit_asked)
        self._icon.activated.connect(self._activated)
        self._icon.messageClicked.connect(self.open_asked)

    def show(self) -> None:
        """Put the icon into the tray, also into one that was started anew; call after the first `draw`."""
        self._icon.hide()
        self._icon.show()

    def hide(self) -> None:
        """Take it out again; call before the application ends, or some panels keep a ghost."""
        self._icon.hide()

    def draw(self, status: Status) -> None:
        """Show the newest status."""
        before, self._drawn = self._drawn, status
        if status == before:
            return
        if before is None or before.mark is not status.mark:
            self._icon.setIcon(mark_icon(status.mark))
        self._icon.setToolTip(f"Sparecloud: {status.first_line}\n{status.earnings}".rstrip())
        self._state.setText(_without_mnemonic(status.first_line))
        self._earnings.setText(status.earnings)
        self._earnings.setVisible(bool(status.earnings))

    def tell(self, title: str, text: str) -> None:
        """Show a message beside the icon, which the panel takes away by itself."""
        self._icon.showMessage(title, text, self._icon.icon())

    def _line(self) -> QAction:
        action = self._menu.addAction(say("Sparecloud is starting."))
        action.setEnabled(False)
        return action

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self.open_asked.emit()


def _without_mnemonic(sentence: str) -> str:
    return sentence.replace("&", "&&")
