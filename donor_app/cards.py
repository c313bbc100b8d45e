"""The window's plain parts: a card, a figure with its unit, a note, and the banner that says what is wrong."""

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from core.view import spare
from donor_app.agent import Problem
from donor_app.icon import draw_mark
from donor_app.status import Mark
from donor_app.theme import Ink, Tone, sized, theme

_RADIUS = 12


class Card(QWidget):
    """A rounded sheet with an optional title; fill `body`."""

    def __init__(self, title: str = "") -> None:
        super().__init__()
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(20, 16, 20, 18)
        self.body.setSpacing(10)
        if title:
            self.setAccessibleName(title)
            self.body.addWidget(Ink(title, font=sized(1.0, QFont.Weight.DemiBold)))

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(look.line, 1))
        painter.setBrush(look.card)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)
        painter.end()


class Figure(Card):
    """One amount, large, with its unit and a sentence on what it means."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self._number = Ink(font=sized(1.9, QFont.Weight.DemiBold))
        self._unit = Ink(tone=Tone.MUTED, font=sized(1.0, QFont.Weight.Medium))
        self._caption = Ink(tone=Tone.MUTED, font=sized(0.9), wraps=True)
        amount = QHBoxLayout()
        amount.setSpacing(6)
        amount.addWidget(self._number, 0, Qt.AlignmentFlag.AlignBottom)
        amount.addWidget(self._unit, 0, Qt.AlignmentFlag.AlignBottom)
        # Box layouts know no baseline for labels of two sizes.
        lift = self._number.fontMetrics().descent() - self._unit.fontMetrics().descent()
        self._unit.setContentsMargins(0, 0, 0, max(0, lift))
        amount.addStretch(1)
        self.body.setSpacing(4)
        self.body.addWidget(Ink(title, tone=Tone.MUTED, font=sized(0.95, QFont.Weight.Medium)))
        self.body.addLayout(amount)
        self.body.addWidget(self._caption)
        self.body.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def draw(self, amount: int | None, caption: str) -> None:
        """Show `amount` (smallest units; None where nothing is known yet) and `caption`."""
        number, unit = ("?", "") if amount is None else _number_and_unit(amount)
        self._number.setText(number)
        self._unit.setText(unit)
        self._caption.setText(caption)
        self.setAccessibleName(f"{self._title}: {number} {unit}. {caption}")


class Note(Card):
    """A sentence under its own heading; hidden while there is nothing to say."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self._text = Ink(tone=Tone.MUTED, wraps=True)
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(Ink(title, font=sized(1.0, QFont.Weight.DemiBold)), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)
        self.body.addLayout(row)
        self.hide()

    def draw(self, text: str) -> None:
        """Show `text`, or nothing."""
        self._text.setText(text)
        self.setAccessibleName(f"{self._title}: {text}")
        self.setVisible(bool(text))


class Banner(QWidget):
    """What is wrong and what to do about it; hidden while nothing is."""

    restart_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._title = Ink(tone=Tone.WARNING, font=sized(1.0, QFont.Weight.DemiBold), wraps=True)
        self._hint = Ink(tone=Tone.WARNING, wraps=True)
        for label in (self._title, self._hint):
            label.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
        self._restart = QPushButton("Start again")
        self._restart.clicked.connect(self.restart_asked)
        words = QVBoxLayout()
        words.setSpacing(3)
        words.addWidget(self._title)
        words.addWidget(self._hint)
        row = QHBoxLayout(self)
        row.setContentsMargins(58, 14, 18, 14)
        row.setSpacing(16)
        row.addLayout(words, 1)
        row.addWidget(self._restart, 0, Qt.AlignmentFlag.AlignVCenter)
        self.hide()

    def draw(self, problem: Problem | None, *, can_restart: bool) -> None:
        """Show `problem`, or nothing; `can_restart` offers to start the agent again."""
        if problem is not None:
            self._title.setText(problem.title)
            self._hint.setText(problem.hint)
            self._hint.setVisible(bool(problem.hint))
            self.setAccessibleName(f"Problem: {problem.title} {problem.hint}".rstrip())
        self._restart.setVisible(can_restart)
        self.setVisible(problem is not None)

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(look.warning_line, 1))
        painter.setBrush(look.warning_ground)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)
        painter.translate(18, (self.height() - 26) / 2)
        painter.scale(26 / 32, 26 / 32)
        draw_mark(painter, Mark.PROBLEM, look.warning_line)
        painter.end()


def _number_and_unit(amount: int) -> tuple[str, str]:
    # Large sums show fewer decimals, so that a card never cuts a figure off.
    digits = max(2, 7 - len(spare(amount, "", 0).strip()))
    number, _, unit = spare(amount, digits=digits).rpartition(" ")
    return number, unit
