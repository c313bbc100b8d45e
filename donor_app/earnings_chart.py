"""The earnings of the last hours or days as bars, read out by pointer and keyboard alike, drawn with QPainter alone."""

from PySide6.QtCore import QDateTime, QEvent, QLocale, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from core.earnings import Bar, money, net_milli
from core.owner import Costs
from core.sentences import exact
from core.view import spare
from donor_app.theme import Theme, blend, sized, theme
from donor_app.words import say

_HOUR_S = 3600
_TICKS = 4


class EarningsBars(QWidget):
    """Bars of an hour or a day each, the oldest left, as high as they are of the best.

    Left, Right, Home and End move a cursor over the bars; what it stands on, or what the pointer is over, is told in
    full above them, and announced to screen readers.
    """

    def __init__(self) -> None:
        super().__init__()
        self._bars: tuple[Bar, ...] = ()
        self._costs = Costs()
        self._daily = False
        self._cursor = -1
        self._pointed = -1
        self.setMinimumHeight(210)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)

    def draw(self, bars: tuple[Bar, ...], costs: Costs, *, daily: bool) -> None:
        """Show `bars`, each a day where `daily`, else an hour."""
        if (bars, costs, daily) == (self._bars, self._costs, self._daily):
            return
        if daily != self._daily or len(bars) != len(self._bars):
            self._cursor = self._pointed = -1
        self._bars, self._costs, self._daily = bars, costs, daily
        name = say("Earned each day of the last 30 days") if daily else say("Earned each hour of the last 24 hours")
        self.setAccessibleName(name)
        self._describe()
        self.update()

    @property
    def readout(self) -> str:
        """What is told of the bar that the pointer or else the cursor is at; empty where it is at none."""
        place = self._pointed if self._pointed >= 0 else self._cursor
        return self._told(place) if 0 <= place < len(self._bars) else ""

    def sizeHint(self) -> QSize:
        return QSize(420, 230)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = len(self._bars) - 1
        at = self._cursor if self._cursor >= 0 else last + 1
        places = {
            Qt.Key.Key_Left: max(0, at - 1),
            Qt.Key.Key_Right: min(last, at + 1),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        place = places.get(Qt.Key(event.key()))
        if place is None or last < 0:
            super().keyPressEvent(event)
            return
        self._cursor, self._pointed = place, -1
        self._describe()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, self.readout))
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._cursor = -1
        super().focusOutEvent(event)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self._place_at(event.position().x())
        if place != self._pointed:
            self._pointed = place
            self.update()
        if place >= 0:
            QToolTip.showText(event.globalPosition().toPoint(), self._told(place), self)

    def leaveEvent(self, event: QEvent) -> None:
        self._pointed = -1
        self.update()
        super().leaveEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        look, peak = theme(), max((bar.earned for bar in self._bars), default=0)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(sized(0.9))
        line = painter.fontMetrics().height()
        plot = self._plot()
        self._draw_words(painter, look, peak, line)
        painter.setPen(QPen(look.line, 1))
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        if peak:
            painter.setPen(QPen(look.line, 1, Qt.PenStyle.DashLine))
            for height in (plot.top(), plot.center().y()):
                painter.drawLine(QPointF(plot.left(), height), QPointF(plot.right(), height))
        for place, bar in enumerate(self._bars):
            self._draw_bar(painter, look, place, bar, peak)
        self._draw_ticks(painter, look, plot, line)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(look.text, 1.4))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        painter.end()

    def _plot(self) -> QRectF:
        line = self.fontMetrics().height()
        return QRectF(8, 2 * line + 16, self.width() - 16, self.height() - 3 * line - 32)

    def _step(self) -> float:
        return self._plot().width() / max(1, len(self._bars))

    def _place_at(self, x: float) -> int:
        place = int((x - self._plot().left()) // self._step())
        return place if 0 <= place < len(self._bars) else -1

    def _draw_words(self, painter: QPainter, look: Theme, peak: int, line: int) -> None:
        told = self.readout
        if not told and peak:
            best = say("Best day: {sum}", sum=spare(peak)) if self._daily else say("Best hour: {sum}", sum=spare(peak))
            told = best
        elif not told:
            told = say("Nothing was earned in this time.")
        painter.setPen(look.text if self.readout else look.muted)
        room = QRectF(8, 5, self.width() - 16, 2 * line + 2)
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap, told)

    def _draw_bar(self, painter: QPainter, look: Theme, place: int, bar: Bar, peak: int) -> None:
        plot, step = self._plot(), self._step()
        width = max(2.0, min(step - 3, 26.0))
        left = plot.left() + place * step + (step - width) / 2
        chosen = place == (self._pointed if self._pointed >= 0 else self._cursor)
        painter.setPen(Qt.PenStyle.NoPen)
        if chosen:
            painter.setBrush(look.track)
            painter.drawRoundedRect(QRectF(plot.left() + place * step, plot.top(), step, plot.height()), 3, 3)
        if bar.earned:
            # Thousandths in whole numbers: amounts are too large for a float to tell apart.
            height = max(2.0, plot.height() * (1000 * bar.earned // peak) / 1000)
            painter.setBrush(blend(look.accent, look.text, 0.25) if chosen else look.accent)
            painter.drawRoundedRect(QRectF(left, plot.bottom() - height, width, height), 2, 2)
        if chosen:
            middle, foot = plot.left() + (place + 0.5) * step, plot.bottom() + 2
            painter.setBrush(look.text)
            painter.drawPolygon(
                QPolygonF([QPointF(middle, foot), QPointF(middle - 4, foot + 5), QPointF(middle + 4, foot + 5)])
            )

    def _draw_ticks(self, painter: QPainter, look: Theme, plot: QRectF, line: int) -> None:
        painter.setPen(look.muted)
        room = plot.width() / _TICKS
        for tick in range(_TICKS):
            place = tick * len(self._bars) // _TICKS
            if place < len(self._bars):
                form = "d MMM" if self._daily else "HH:mm"
                word = QLocale().toString(QDateTime.fromSecsSinceEpoch(self._bars[place].start), form)
                box = QRectF(plot.left() + place * self._step(), plot.bottom() + 9, room, line + 2)
                painter.drawText(box, Qt.AlignmentFlag.AlignLeft, word)

    def _told(self, place: int) -> str:
        bar = self._bars[place]
        values = {
            "when": self._when(bar),
            "sum": exact(bar.earned),
            "cost": money(bar.electricity_milli, self._costs.currency),
        }
        left = net_milli(self._costs, bar.earned, bar.electricity_milli)
        if left is None:
            return say("{when}: {sum}, electricity about {cost}", **values)
        return say(
            "{when}: {sum}, electricity about {cost}, left over about {left}",
            left=money(left, self._costs.currency),
            **values,
        )

    def _when(self, bar: Bar) -> str:
        start = QDateTime.fromSecsSinceEpoch(bar.start)
        day = QLocale().toString(start, "ddd d MMM")
        if self._daily:
            return day
        return f"{day}, {start.toString('HH:mm')}–{start.addSecs(_HOUR_S).toString('HH:mm')}"

    def _describe(self) -> None:
        total = spare(sum(bar.earned for bar in self._bars))
        if self._daily:
            whole = say("{sum} in the last 30 days. Arrow keys read out each day.", sum=total)
        else:
            whole = say("{sum} in the last 24 hours. Arrow keys read out each hour.", sum=total)
        self.setAccessibleDescription(f"{self.readout} {whole}".strip())
