"""The window's plain parts: a card, a figure with its unit, a note."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from core.view import spare
from donor_app.theme import Ink, Tone, sized, theme

_RADIUS, _GAP = 12, 6


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
    """One amount, large, with its unit and a sentence on what it means; with as many decimals as there is room for."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self._amount: int | None = None
        self._number = Ink(font=sized(1.9, QFont.Weight.DemiBold))
        self._unit = Ink(tone=Tone.MUTED, font=sized(1.0, QFont.Weight.Medium))
        self._caption = Ink(tone=Tone.MUTED, font=sized(0.9), wraps=True)
        amount = QHBoxLayout()
        amount.setSpacing(_GAP)
        amount.addWidget(self._number, 0, Qt.AlignmentFlag.AlignBottom)
        amount.addWidget(self._unit, 0, Qt.AlignmentFlag.AlignBottom)
        # Box layouts know no baseline for labels of two sizes.
        lift = self._number.fontMetrics().descent() - self._unit.fontMetrics().descent()
        self._unit.setContentsMargins(0, 0, 0, max(0, lift))
        amount.addStretch(1)
        self.body.setSpacing(4)
        self.body.addWidget(Ink(title, tone=Tone.MUTED, font=sized(0.95, QFont.Weight.Medium), wraps=True))
        self.body.addLayout(amount)
        self.body.addWidget(self._caption)
        self.body.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def draw(self, amount: int | None, caption: str) -> None:
        """Show `amount` (smallest units; None where nothing is known yet) and `caption`."""
        self._amount = amount
        self._caption.setText(caption)
        self._fit()
        self.setAccessibleName(f"{self._title}: {'?' if amount is None else spare(amount)}. {caption}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def _fit(self) -> None:
        if self._amount is None:
            self._number.setText("?")
            self._unit.setText("")
            return
        margins = self.body.contentsMargins()
        room = self.width() - margins.left() - margins.right() - _GAP
        for digits in range(6, 1, -1):
            number, _, unit = spare(self._amount, digits=digits).rpartition(" ")
            wide = self._number.fontMetrics().horizontalAdvance(number)
            if wide + self._unit.fontMetrics().horizontalAdvance(unit) <= room:
                break
        self._number.setText(number)
        self._unit.setText(unit)


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
