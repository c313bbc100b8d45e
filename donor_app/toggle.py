"""The share toggle: a check box to keyboards and screen readers, a switch to the eye."""

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QSizePolicy

from donor_app.theme import blend, theme

_WIDTH, _HEIGHT, _MARGIN = 76, 40, 4


class Toggle(QCheckBox):
    """A switch whose knob stands right and carries a tick when on, left and carries a ring when off."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._ringed = False
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(_WIDTH + 2 * _MARGIN, _HEIGHT + 2 * _MARGIN)

    def hitButton(self, position: QPoint) -> bool:
        return self.rect().contains(position)

    def focusInEvent(self, event: QFocusEvent) -> None:
        # A ring for those who came by keyboard; the pointer's users know where they are.
        self._ringed = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        super().focusInEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._ringed = True
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        look, on = theme(), self.isChecked()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.isEnabled():
            painter.setOpacity(0.45)

        body = QRectF(_MARGIN, _MARGIN, _WIDTH, _HEIGHT)
        groove = look.accent if on else blend(look.ground, look.text, 0.42)
        if self.underMouse() and self.isEnabled():
            groove = blend(groove, look.text, 0.12)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(groove)
        painter.drawRoundedRect(body, _HEIGHT / 2, _HEIGHT / 2)

        knob = QRectF(body.right() - _HEIGHT + 4 if on else body.left() + 4, body.top() + 4, _HEIGHT - 8, _HEIGHT - 8)
        painter.setBrush(look.on_accent if on else look.card)
        painter.drawEllipse(knob)
        self._draw_glyph(painter, knob, on)

        if self.hasFocus() and self._ringed:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(look.text, 1.6))
            ring = body.adjusted(-2.6, -2.6, 2.6, 2.6)
            painter.drawRoundedRect(ring, ring.height() / 2, ring.height() / 2)
        painter.end()

    def _draw_glyph(self, painter: QPainter, knob: QRectF, on: bool) -> None:
        look, centre = theme(), knob.center()
        pen = QPen(look.accent if on else look.muted, 3)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if on:
            x, y = centre.x(), centre.y()
            painter.drawPolyline([QPoint(round(x + dx), round(y + dy)) for dx, dy in ((-6, 0), (-2, 5), (6, -5))])
        else:
            painter.drawEllipse(centre, 5, 5)
