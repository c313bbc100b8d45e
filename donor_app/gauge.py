"""What is shared now: one bar a dimension, leased in full, on offer hatched, the owner's own left empty."""

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from core.model import Resources
from core.view import DonorView
from donor_app.cards import Card
from donor_app.status import leased
from donor_app.theme import Ink, Theme, Tone, sized, theme


@dataclass(frozen=True, slots=True)
class Level:
    """One dimension: what is leased, what is on offer, and all that the machine has, in `per_unit` parts of `unit`."""

    name: str
    unit: str
    per_unit: int
    leased: int
    offered: int
    total: int

    def text(self, amount: int) -> str:
        """`amount` in the unit, with at most one decimal."""
        return f"{round(amount / self.per_unit, 1):g}"

    @property
    def sentence(self) -> str:
        """The level in words, for the label and for screen readers."""
        if not self.leased and not self.offered:
            return f"none of {self.text(self.total)} {self.unit} shared"
        held, offered, total = (self.text(amount) for amount in (self.leased, self.offered, self.total))
        return f"{held} leased, {offered} on offer, of {total} {self.unit}"


def levels(total: Resources, held: Resources, offered: Resources) -> tuple[Level, ...]:
    """A level for each dimension that the machine has."""
    rows = (
        Level("Cores", "cores", 1000, held.cpu_millis, offered.cpu_millis, total.cpu_millis),
        Level("Memory", "GiB", 1024, held.memory_mib, offered.memory_mib, total.memory_mib),
        Level("Disk", "GiB", 1024, held.disk_mib, offered.disk_mib, total.disk_mib),
        Level("GPU", "GPUs", 1, held.gpu_count, offered.gpu_count, total.gpu_count),
    )
    return tuple(row for row in rows if row.total)


class Gauge(QWidget):
    """One level: its name, its numbers, its bar."""

    def __init__(self) -> None:
        super().__init__()
        self._name = Ink()
        self._numbers = Ink(tone=Tone.MUTED, font=sized(0.92))
        self._bar = _Bar()
        words = QHBoxLayout()
        words.addWidget(self._name)
        words.addStretch(1)
        words.addWidget(self._numbers)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        column.addLayout(words)
        column.addWidget(self._bar)

    def draw(self, level: Level) -> None:
        """Show `level`."""
        self._name.setText(level.name)
        self._numbers.setText(level.sentence)
        self._bar.draw(level)
        self.setAccessibleName(f"{level.name}: {level.sentence}")


class SharedCard(Card):
    """All levels, and a legend."""

    def __init__(self) -> None:
        super().__init__("Shared now")
        self._gauges: list[Gauge] = []
        self._rows = QVBoxLayout()
        self._rows.setSpacing(14)
        self._empty = Ink("The machine has not been measured yet.", tone=Tone.MUTED, wraps=True)
        legend = QHBoxLayout()
        legend.setSpacing(6)
        for kind, word in (("leased", "Leased"), ("offered", "On offer"), ("own", "Yours")):
            legend.addWidget(_Swatch(kind))
            legend.addWidget(Ink(word, tone=Tone.MUTED, font=sized(0.9)))
            legend.addSpacing(10)
        legend.addStretch(1)
        self.body.addWidget(self._empty)
        self.body.addLayout(self._rows)
        self.body.addStretch(1)
        self.body.addLayout(legend)

    def draw(self, view: DonorView) -> None:
        """Show what `view` shares."""
        rows = levels(view.measured.total, leased(view), view.offered) if view.measured is not None else ()
        while len(self._gauges) < len(rows):
            gauge = Gauge()
            self._gauges.append(gauge)
            self._rows.addWidget(gauge)
        for index, gauge in enumerate(self._gauges):
            gauge.setVisible(index < len(rows))
            if index < len(rows):
                gauge.draw(rows[index])
        self._empty.setVisible(not rows)


class _Bar(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._level: Level | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def draw(self, level: Level) -> None:
        if level != self._level:
            self._level = level
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(160, 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        look, level = theme(), self._level
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect())
        shape = QPainterPath()
        shape.addRoundedRect(whole, whole.height() / 2, whole.height() / 2)
        painter.fillPath(shape, look.track)
        if level is not None and level.total:
            held = whole.width() * min(level.leased, level.total) / level.total
            offered = min(whole.width() * level.offered / level.total, whole.width() - held)
            painter.setClipPath(shape)
            painter.fillRect(QRectF(0, 0, held, whole.height()), look.accent)
            _hatch(painter, QRectF(held, 0, offered, whole.height()), look)
        painter.end()


class _Swatch(QWidget):
    """The legend's sample of one part of a bar."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind
        self.setFixedSize(14, 14)

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        shape = QPainterPath()
        shape.addRoundedRect(box, 3, 3)
        painter.fillPath(shape, look.accent if self._kind == "leased" else look.track)
        if self._kind == "offered":
            painter.setClipPath(shape)
            _hatch(painter, box, look)
        painter.end()


def _hatch(painter: QPainter, box: QRectF, look: Theme) -> None:
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
        painter.drawLine(round(x), round(box.bottom()), round(x + box.height()), round(box.top()))
        x += 6
    painter.restore()
