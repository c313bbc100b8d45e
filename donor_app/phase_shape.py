"""A share's phase as a shape: ring, half disc, disc, square, diamond, dash."""

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from core.lease import ServicePhase
from donor_app.theme import theme


class PhaseShape(QWidget):
    """Empty until told a phase; beside the phase's word, never instead of it."""

    def __init__(self) -> None:
        super().__init__()
        self._state = ""
        self.setFixedSize(16, 16)

    def draw(self, state: str) -> None:
        """Show the phase `state`."""
        if state != self._state:
            self._state = state
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._state:
            return
        look, state, box = theme(), self._state, QRectF(2.5, 2.5, 11, 11)
        colour: QColor = look.muted if state == ServicePhase.ENDED else look.accent
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour, 1.8))
        if state in (ServicePhase.SERVING, ServicePhase.LEAVING, ServicePhase.STOPPING, ServicePhase.CLAIMING):
            painter.setBrush(colour)
        if state == ServicePhase.ENDED:
            painter.drawLine(QPointF(3, 8), QPointF(13, 8))
        elif state in (ServicePhase.LEAVING, ServicePhase.STOPPING):
            painter.drawRect(box.adjusted(1, 1, -1, -1))
        elif state == ServicePhase.CLAIMING:
            painter.drawPolygon(QPolygonF([QPointF(8, 2), QPointF(14, 8), QPointF(8, 14), QPointF(2, 8)]))
        else:
            painter.drawEllipse(box)
            if state == ServicePhase.STARTING:
                painter.setBrush(colour)
                painter.drawPie(box, 90 * 16, 180 * 16)
        painter.end()
