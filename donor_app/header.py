"""The window's head: how it stands, every reason why it is not more, the toggle and what else the owner can order."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from donor_app.actions import OwnerActions
from donor_app.icon import draw_mark
from donor_app.status import Mark, Status
from donor_app.theme import Ink, Tone, sized, theme
from donor_app.toggle import Toggle
from donor_app.words import say

_PICTURE = 48


class Header(QWidget):
    """Draws a Status; the toggle says `share_asked`, the menu holds the owner's actions."""

    share_asked = Signal(bool)

    def __init__(self, actions: OwnerActions) -> None:
        super().__init__()
        self._picture = _Picture()
        self._headline = Ink(say("Sparecloud is starting."), font=sized(1.5, QFont.Weight.DemiBold), wraps=True)
        self._word = Ink(tone=Tone.MUTED)
        self._reasons = Reasons()
        self._toggle = Toggle(say("Share resources"))
        self._toggle_word = Ink(tone=Tone.MUTED, font=sized(0.92))
        self._resume = QPushButton(say("&Resume"))
        self._resume.clicked.connect(actions.resume.trigger)
        self._orders = QPushButton(say("Pause or s&top"))
        self._orders.setAccessibleDescription(
            say("Opens a menu: pause, finish the current work, take the machine back.")
        )
        menu = QMenu(self._orders)
        actions.fill(menu)
        self._orders.setMenu(menu)
        self._toggle.clicked.connect(self.share_asked)
        self._useful = (*actions.pauses, actions.finish, actions.take_back, actions.resume)
        self._lay_out()

    def draw(self, status: Status, name: str) -> None:
        """Show `status` of the machine `name`, whose actions are drawn already."""
        self._picture.draw(status.mark)
        self._headline.setText(status.headline)
        self._word.setText(f"{status.word}  ·  {name}" if name else status.word)
        self._reasons.draw(status.reasons)
        self._toggle.setChecked(status.sharing)
        self._toggle.setEnabled(status.can_share)
        self._toggle.setAccessibleDescription(status.toggle_word)
        self._toggle_word.setText(status.toggle_word)
        self._resume.setVisible(status.can_resume)
        self._orders.setEnabled(any(map(_offered, self._useful)))

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._headline)
        words.addWidget(self._word)
        words.addWidget(self._reasons)
        words.addStretch(1)
        label = QVBoxLayout()
        label.setSpacing(1)
        right = Qt.AlignmentFlag.AlignRight
        label.addWidget(Ink(say("Share resources"), font=sized(1.05, QFont.Weight.DemiBold)), 0, right)
        label.addWidget(self._toggle_word, 0, right)
        switch = QHBoxLayout()
        switch.setSpacing(12)
        switch.addStretch(1)
        switch.addLayout(label)
        switch.addWidget(self._toggle)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self._resume)
        buttons.addWidget(self._orders)
        side = QVBoxLayout()
        side.setSpacing(10)
        side.addLayout(switch)
        side.addLayout(buttons)
        side.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(28, 22, 28, 16)
        row.setSpacing(16)
        row.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addLayout(side)


class Reasons(QWidget):
    """A line a reason. Lines are kept and drawn over."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[Ink] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 6, 0, 0)
        self._column.setSpacing(3)
        self.hide()

    def draw(self, reasons: tuple[str, ...]) -> None:
        """Show `reasons`, or nothing."""
        while len(self._lines) < len(reasons):
            line = Ink(wraps=True)
            self._lines.append(line)
            self._column.addWidget(line)
        for index, line in enumerate(self._lines):
            line.setText(f"•  {reasons[index]}" if index < len(reasons) else "")
            line.setVisible(index < len(reasons))
        self.setAccessibleName(" ".join((say("What holds sharing up:"), *reasons)))
        self.setVisible(bool(reasons))


class _Picture(QWidget):
    """The tray's mark, large."""

    def __init__(self) -> None:
        super().__init__()
        self._mark = Mark.OFF
        self.setFixedSize(_PICTURE, _PICTURE)

    def draw(self, mark: Mark) -> None:
        if mark is not self._mark:
            self._mark = mark
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        colours = {Mark.OFF: look.muted, Mark.HELD: look.held, Mark.PROBLEM: look.warning_line}
        painter = QPainter(self)
        painter.scale(_PICTURE / 32, _PICTURE / 32)
        draw_mark(painter, self._mark, colours.get(self._mark, look.accent))
        painter.end()


def _offered(action: QAction) -> bool:
    return action.isVisible() and action.isEnabled()
