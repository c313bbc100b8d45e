"""A self-test's checks as rows: a shape, a word, what was found and what to do about it."""

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QGridLayout, QWidget

from core.selftest import Check, State
from donor_app.theme import Ink, Tone, sized, theme
from donor_app.words import say, told

WORDS: Final = {
    State.RUNNING: "Running",
    State.PASSED: "Passed",
    State.WARNED: "Worth knowing",
    State.FAILED: "Failed",
}


def text_of(check: Check) -> str:
    """`check` on a line of its own."""
    return f"{say(WORDS[check.state])}: {told(check.name)}. {told(check.sentence)} {told(check.hint)}".rstrip()


class CheckRow(QWidget):
    """One check; drawn again as it goes on."""

    def __init__(self) -> None:
        super().__init__()
        self._shape = _Shape()
        self._name = Ink(font=sized(1.0, QFont.Weight.DemiBold))
        self._word = Ink(tone=Tone.MUTED)
        self._sentence = Ink(wraps=True)
        self._hint = Ink(tone=Tone.MUTED, wraps=True)
        for selectable in (self._sentence, self._hint):
            selectable.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 6, 0, 6)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self._shape, 0, 0)
        grid.addWidget(self._name, 0, 1)
        grid.addWidget(self._word, 0, 2)
        grid.addWidget(self._sentence, 1, 1, 1, 2)
        grid.addWidget(self._hint, 2, 1, 1, 2)

    def draw(self, check: Check) -> None:
        """Show how `check` stands."""
        self._shape.draw(check.state)
        self._name.setText(told(check.name))
        self._word.setText(say(WORDS[check.state]))
        self._sentence.setText(told(check.sentence))
        self._hint.setText(told(check.hint))
        self._hint.setVisible(bool(check.hint))
        self.setAccessibleName(text_of(check))


class _Shape(QWidget):
    """Ring, tick, triangle, cross: beside the word, never instead of it."""

    def __init__(self) -> None:
        super().__init__()
        self._state = State.RUNNING
        self.setFixedSize(16, 16)

    def draw(self, state: State) -> None:
        if state is not self._state:
            self._state = state
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        match self._state:
            case State.RUNNING:
                painter.setPen(QPen(look.muted, 1.8))
                painter.drawArc(QRectF(2.5, 2.5, 11, 11), 90 * 16, 270 * 16)
            case State.PASSED:
                painter.setPen(QPen(look.accent, 2.2, c=Qt.PenCapStyle.RoundCap, j=Qt.PenJoinStyle.RoundJoin))
                painter.drawPolyline(QPolygonF([QPointF(3, 8.5), QPointF(6.5, 12), QPointF(13, 4.5)]))
            case State.WARNED:
                painter.setPen(QPen(look.warning_line, 1.8, j=Qt.PenJoinStyle.RoundJoin))
                painter.drawPolygon(QPolygonF([QPointF(8, 2.5), QPointF(14, 13), QPointF(2, 13)]))
            case State.FAILED:
                painter.setPen(QPen(look.text, 2.2, c=Qt.PenCapStyle.RoundCap))
                painter.drawLine(QPointF(3.5, 3.5), QPointF(12.5, 12.5))
                painter.drawLine(QPointF(12.5, 3.5), QPointF(3.5, 12.5))
        painter.end()
