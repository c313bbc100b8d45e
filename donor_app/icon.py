"""The application's icon, and the tray's marks: a cloud whose shape, and not only its colour, says the state."""

from functools import cache
from importlib.resources import files
from typing import assert_never

from PySide6.QtCore import QByteArray, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPainterPathStroker, QPen, QPixmap, QPolygonF

from donor_app.status import Mark

_SIZES = (16, 22, 24, 32, 44, 48, 64, 128)

# Middle tones: a panel may be light or dark, and nobody tells an icon which.
_COLOURS = {
    Mark.OFF: "#8a95a3",
    Mark.READY: "#17a07a",
    Mark.SERVING: "#17a07a",
    Mark.HELD: "#4c86d6",
    Mark.PROBLEM: "#e08a00",
}


@cache
def application_icon() -> QIcon:
    """The icon of windows and launchers, from assets/icon.svg."""
    # Imported late: only a window needs it, and a tray shall stay small.
    from PySide6.QtSvg import QSvgRenderer

    renderer = QSvgRenderer(QByteArray(files("donor_app.assets").joinpath("icon.svg").read_bytes()))
    icon = QIcon()
    for size in (*_SIZES, 256):
        pixmap = _blank(size)
        painter = QPainter(pixmap)
        renderer.render(painter)
        painter.end()
        icon.addPixmap(pixmap)
    return icon


@cache
def mark_icon(mark: Mark) -> QIcon:
    """The tray's icon for `mark`, drawn at every size that panels ask for."""
    icon = QIcon()
    for size in _SIZES:
        pixmap = _blank(size)
        painter = QPainter(pixmap)
        painter.scale(size / 32, size / 32)
        draw_mark(painter, mark, QColor(_COLOURS[mark]))
        painter.end()
        icon.addPixmap(pixmap)
    return icon


def draw_mark(painter: QPainter, mark: Mark, colour: QColor) -> None:
    """Draw `mark` in a square of 32 by 32 at the painter's origin: the ground shows through its holes."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    match mark:
        case Mark.OFF:
            _outline(painter, colour)
        case Mark.READY:
            painter.fillPath(_cloud(), colour)
        case Mark.SERVING:
            painter.fillPath(_cloud().subtracted(_bolt()), colour)
        case Mark.HELD:
            painter.fillPath(_cloud().subtracted(_two_bars()), colour)
        case Mark.PROBLEM:
            painter.fillPath(_triangle().subtracted(_exclamation()), colour)
        case _:
            assert_never(mark)


def _outline(painter: QPainter, colour: QColor) -> None:
    pen = QPen(colour, 5.2)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.save()
    painter.setClipPath(_cloud())
    painter.strokePath(_cloud(), pen)
    painter.restore()


def _cloud() -> QPainterPath:
    path = QPainterPath()
    for x, y, radius in ((8.5, 20.0, 7.5), (16.0, 13.5, 9.5), (24.0, 19.5, 8.0)):
        bump = QPainterPath()
        bump.addEllipse(QPointF(x, y), radius, radius)
        path = path.united(bump)
    floor = QPainterPath()
    floor.addRect(QRectF(8.5, 18, 15.5, 9.5))
    return path.united(floor).simplified()


def _bolt() -> QPainterPath:
    return _polygon((19.0, 7.5), (10.0, 18.3), (15.0, 18.3), (13.2, 25.5), (22.3, 14.6), (17.2, 14.6))


def _two_bars() -> QPainterPath:
    path = QPainterPath()
    for left in (10.6, 17.4):
        path.addRoundedRect(QRectF(left, 10.5, 4.0, 13.0), 1, 1)
    return path


def _triangle() -> QPainterPath:
    corners = _polygon((16.0, 5.0), (28.0, 26.0), (4.0, 26.0))
    rounding = QPainterPathStroker()
    rounding.setWidth(5)
    rounding.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return corners.united(rounding.createStroke(corners))


def _exclamation() -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(QRectF(14.3, 11.5, 3.4, 8.2), 1.4, 1.4)
    path.addEllipse(QPointF(16, 23.2), 1.9, 1.9)
    return path


def _polygon(*points: tuple[float, float]) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(x, y) for x, y in points]))
    path.closeSubpath()
    return path


def _blank(size: int) -> QPixmap:
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    return pixmap
