"""The earnings chart: one bar a minute for the last hour, drawn with QPainter alone."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.model import Amount
from core.view import spare
from donor_app.history import MINUTES
from donor_app.theme import sized, theme

_EMPTY = "No earnings seen since Sparecloud started.\nEvery minute that a share is served appears here."
_TICKS = ((0, "60 min ago"), (30, "30 min ago"), (MINUTES, "now"))


class EarningsChart(QWidget):
    """Sixty bars, oldest left. Heights are relative to the best minute, which is written beside its line."""

    def __init__(self) -> None:
        super().__init__()
        self._bars: tuple[Amount, ...] = ()
        self.setMinimumHeight(150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.draw(())

    def draw(self, bars: tuple[Amount, ...]) -> None:
        """Show `bars`, oldest first."""
        if bars == self._bars and self.accessibleDescription():
            return
        self._bars = bars
        self.setAccessibleName("Earned each minute of the last hour")
        self.setAccessibleDescription(f"{spare(sum(bars))} in the last hour.")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(380, 180)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(sized(0.85))
        line = painter.fontMetrics().height()
        plot = QRectF(0, line + 6, self.width(), self.height() - 2 * line - 14)
        self._draw_axis(painter, plot, line)
        peak = max(self._bars, default=0)
        if peak:
            self._draw_bars(painter, plot, peak)
            painter.setPen(theme().muted)
            best = QRectF(0, 0, self.width(), line + 2)
            painter.drawText(best, Qt.AlignmentFlag.AlignLeft, f"Best minute: {spare(peak)}")
        else:
            painter.setPen(theme().muted)
            painter.setFont(sized(0.95))
            painter.drawText(plot, Qt.AlignmentFlag.AlignCenter, _EMPTY)
        painter.end()

    def _draw_axis(self, painter: QPainter, plot: QRectF, line: int) -> None:
        look = theme()
        painter.setPen(QPen(look.line, 1))
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        if max(self._bars, default=0):
            painter.setPen(QPen(look.line, 1, Qt.PenStyle.DashLine))
            for height in (plot.top(), plot.center().y()):
                painter.drawLine(round(plot.left()), round(height), round(plot.right()), round(height))
        painter.setPen(look.muted)
        sides = (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignRight)
        for (_, word), side in zip(_TICKS, sides, strict=True):
            painter.drawText(QRectF(0, plot.bottom() + 6, self.width(), line + 2), side, word)

    def _draw_bars(self, painter: QPainter, plot: QRectF, peak: int) -> None:
        step = plot.width() / len(self._bars)
        width = max(1.5, step - 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().accent)
        for index, amount in enumerate(self._bars):
            if amount:
                # Thousandths in whole numbers: amounts are too large for a float to tell apart.
                height = max(2.0, plot.height() * (1000 * amount // peak) / 1000)
                painter.drawRoundedRect(
                    QRectF(plot.left() + index * step + (step - width) / 2, plot.bottom() - height, width, height),
                    1.5,
                    1.5,
                )
