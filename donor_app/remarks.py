"""What is to be said about a form beside its Save button: what is wrong, what contradicts, what changed elsewhere."""

from collections.abc import Iterable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from donor_app.agent import Problem
from donor_app.theme import Ink, Tone, theme
from donor_app.words import say, told

_LINES = 6


class Remarks(QWidget):
    """Sentences on a warning's ground, as high as they need up to a few lines, then scrolled; hidden without any."""

    def __init__(self) -> None:
        super().__init__()
        self._said = ""
        self._text = Ink(tone=Tone.WARNING, wraps=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignTop)
        # The height is set by `_fit`: a wrapped label's own least height is that of a narrow one.
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self._scroll = QScrollArea()
        self._scroll.setWidget(self._text)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.viewport().setAutoFillBackground(False)
        self._text.setAutoFillBackground(False)
        self._scroll.setStyleSheet("QScrollArea { background: transparent; }")
        self.elsewhere = QPushButton(say("&Load the new settings"))
        self.elsewhere.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 10)
        column.setSpacing(6)
        column.addWidget(self._scroll)
        column.addWidget(self.elsewhere, 0, Qt.AlignmentFlag.AlignLeft)
        self.hide()

    def draw(self, problem: Problem | None, contradictions: Iterable[str], *, changed_elsewhere: bool) -> None:
        """Show what there is to say; nothing hides anything else."""
        lines = [f"{told(problem.title)} {told(problem.hint)}".rstrip()] if problem is not None else []
        lines += map(told, contradictions)
        if changed_elsewhere:
            lines.append(say("The settings were changed elsewhere meanwhile. Saving replaces them with yours."))
        self.elsewhere.setVisible(changed_elsewhere)
        said = "\n".join(lines)
        if said != self._said:
            self._said = said
            self._text.setText(said)
            self.setAccessibleName(said)
            self._fit()
        self.setVisible(bool(said))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        width = max(120, self.width() - 32)
        needed = max(0, self._text.heightForWidth(width))
        most = _LINES * self._text.fontMetrics().lineSpacing()
        self._text.setMinimumHeight(needed)
        self._scroll.setFixedHeight(min(needed, most))

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(look.warning_line, 1))
        painter.setBrush(look.warning_ground)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        painter.end()
