"""A bar of parts of a whole: in full what is taken, hatched what may be, a line for a bound."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from donor_app.theme import Theme, theme


@dataclass(frozen=True, slots=True)
class Parts:
    """`full` and `hatched` lie side by side within `whole`; `bound` is a line across, none where it is all of it."""

    full: int
    whole: int
    hatched: int = 0
    bound: int = 0


class Bar(QWidget):
    """Draws Parts."""

    def __init__(self, *, height: int = 12) -> None:
        super().__init__()
        self._parts: Parts | None = None
        self._height = height
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def draw(self, parts: Parts) -> None:
        """Show `parts`."""
        if parts != self._parts:
            self._parts = parts
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, self._height)

    def paintEvent(self, event: QPaintEvent) -> None:
        look, parts = theme(), self._parts
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect())
        shape = QPainterPath()
        shape.addRoundedRect(whole, whole.height() / 2, whole.height() / 2)
        painter.fillPath(shape, look.track)
        if parts is not None and parts.whole:
            full = whole.width() * min(parts.full, parts.whole) / parts.whole
            hatched = min(whole.width() * parts.hatched / parts.whole, whole.width() - full)
            painter.setClipPath(shape)
            painter.fillRect(QRectF(0, 0, full, whole.height()), look.accent)
            hatch(painter, QRectF(full, 0, hatched, whole.height()), look)
            if 0 < parts.bound < parts.whole:
                _draw_bound(painter, whole.width() * parts.bound / parts.whole, whole.height(), look)
        painter.end()


class Swatch(QWidget):
    """A legend's sample of one part of a bar: "full", "hatched" or "bound"."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self._part = part
        self.setFixedSize(14, 14)

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        shape = QPainterPath()
        shape.addRoundedRect(box, 3, 3)
        painter.fillPath(shape, look.accent if self._part == "full" else look.track)
        painter.setClipPath(shape)
        if self._part == "hatched":
            hatch(painter, box, look)
        elif self._part == "bound":
            _draw_bound(painter, box.center().x(), self.height(), look)
        painter.end()


def hatch(painter: QPainter, box: QRectF, look: Theme) -> None:
    """Fill `box` with the pattern of what may be taken."""
    if box.width() <= 0:
        return
    tint = QColor(look.accent)
    tint.setAlphaF(0.22)
    painter.fillRect(box, QBrush(tint))
    painter.save()
    painter.setClipRect(box, Qt.ClipOperation.IntersectClip)
    painter.setPen(QPen(look.accent, 1.4))
    x = box.left() - box.height()
    while x < box.right():
        painter.drawLine(QPointF(x, box.bottom()), QPointF(x + box.height(), box.top()))
        x += 6
    painter.restore()


def _draw_bound(painter: QPainter, x: float, height: float, look: Theme) -> None:
    painter.setPen(QPen(look.text, 2))
    painter.drawLine(QPointF(x, 0), QPointF(x, height))
