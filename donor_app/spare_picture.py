"""What a machine can spare: one bar a dimension, what is in use, what is idle, and what of it would be shared."""

from dataclasses import dataclass

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.model import Resources
from core.observed import Measured
from donor_app.bar import Bar, Parts, Swatch
from donor_app.theme import Ink, Tone, sized
from donor_app.words import say


@dataclass(frozen=True, slots=True)
class Spare:
    """One dimension, in `per_unit` parts of `unit`; of `shared`, the limit, no more than `idle` can be given now."""

    name: str
    unit: str
    per_unit: int
    total: int
    idle: int
    shared: int

    @property
    def sentence(self) -> str:
        """The bar in words."""
        total, idle, shared = map(self._text, (self.total, self.idle, self.shared))
        return say(
            "{total} {unit}, {idle} idle, {shared} shared", total=total, unit=self.unit, idle=idle, shared=shared
        )

    def _text(self, amount: int) -> str:
        return f"{round(amount / self.per_unit, 1):g}"


def spares(measured: Measured, limits: Resources) -> tuple[Spare, ...]:
    """A Spare for each dimension that the machine has."""
    total, free, shared = measured.total, measured.free, limits.capped(measured.total)
    rows = (
        Spare(say("Processor"), say("cores"), 1000, total.cpu_millis, free.cpu_millis, shared.cpu_millis),
        Spare(say("Memory"), "GiB", 1024, total.memory_mib, free.memory_mib, shared.memory_mib),
        Spare(say("Disk"), "GiB", 1024, total.disk_mib, free.disk_mib, shared.disk_mib),
        Spare(say("Graphics"), say("GPUs"), 1, total.gpu_count, free.gpu_count, shared.gpu_count),
    )
    return tuple(row for row in rows if row.total)


class SparePicture(QWidget):
    """All bars with their numbers, and a legend."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Spare, ...] = ()
        self._rows: list[_Row] = []
        self._column = QVBoxLayout()
        self._column.setSpacing(14)
        legend = QHBoxLayout()
        legend.setSpacing(6)
        named = (("full", say("Would be shared")), ("hatched", say("Idle, stays yours")), ("empty", say("In use")))
        for part, word in named:
            legend.addWidget(Swatch(part))
            legend.addWidget(Ink(word, tone=Tone.MUTED, font=sized(0.9)))
            legend.addSpacing(10)
        legend.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(16)
        column.addLayout(self._column)
        column.addLayout(legend)

    def draw(self, measured: Measured, limits: Resources) -> None:
        """Show what `limits` share of what was measured."""
        shown = spares(measured, limits)
        if shown == self._shown:
            return
        self._shown = shown
        while len(self._rows) < len(shown):
            row = _Row()
            self._rows.append(row)
            self._column.addWidget(row)
        for index, row in enumerate(self._rows):
            row.setVisible(index < len(shown))
            if index < len(shown):
                row.draw(shown[index])


class _Row(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._name = Ink()
        self._numbers = Ink(tone=Tone.MUTED, font=sized(0.92))
        self._bar = Bar(height=16)
        words = QHBoxLayout()
        words.addWidget(self._name)
        words.addStretch(1)
        words.addWidget(self._numbers)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        column.addLayout(words)
        column.addWidget(self._bar)

    def draw(self, spare: Spare) -> None:
        self._name.setText(spare.name)
        self._numbers.setText(spare.sentence)
        now = min(spare.shared, spare.idle)
        # Where a limit reaches beyond what is idle, a line shows how far sharing can grow.
        bound = spare.shared if spare.shared > spare.idle else 0
        self._bar.draw(Parts(full=now, whole=spare.total, hatched=spare.idle - now, bound=bound))
        self.setAccessibleName(f"{spare.name}: {spare.sentence}")
