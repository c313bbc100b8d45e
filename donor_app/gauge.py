"""What is shared now: one bar a dimension, leased in full, on offer hatched, the owner's limit as a line."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.view import DonorView
from donor_app.bar import Bar, Parts, Swatch
from donor_app.cards import Card
from donor_app.status import leased
from donor_app.theme import Ink, Tone, sized
from donor_app.words import say


@dataclass(frozen=True, slots=True)
class Level:
    """One dimension: leased, on offer, the owner's limit, and all there is, in `per_unit` parts of `unit`."""

    name: str
    unit: str
    per_unit: int
    leased: int
    offered: int
    limit: int
    total: int

    @property
    def sentence(self) -> str:
        """The level in words, for the label and for screen readers."""
        held, offered, limit, total = map(self._text, (self.leased, self.offered, self.limit, self.total))
        if not self.limit:
            return say("none of {total} {unit} may be shared", total=total, unit=self.unit)
        bounds = say("at most {limit} of {total} {unit}", limit=limit, total=total, unit=self.unit)
        if not self.leased and not self.offered:
            return say("none shared; {bounds}", bounds=bounds)
        return say("{held} leased, {offered} on offer; {bounds}", held=held, offered=offered, bounds=bounds)

    def _text(self, amount: int) -> str:
        return f"{round(amount / self.per_unit, 1):g}"


def levels(view: DonorView) -> tuple[Level, ...]:
    """A level for each dimension that the machine has; a limit above that counts as all of it."""
    if view.measured is None:
        return ()
    dimensions = (
        (say("Processor"), say("cores"), 1000),
        (say("Memory"), "GiB", 1024),
        (say("Disk"), "GiB", 1024),
        (say("GPU"), say("GPUs"), 1),
    )
    vectors = (view.measured.total, view.allowance.limits.resources(), leased(view), view.offered)
    # The last dimension of a vector, the memory of a GPU, is no part that is shared for itself.
    amounts = zip(*([amount for _, amount in vector.dimensions()] for vector in vectors), strict=True)
    return tuple(
        Level(name, unit, per_unit, held, offered, min(limit, total), total)
        for (name, unit, per_unit), (total, limit, held, offered) in zip(dimensions, amounts, strict=False)
        if total
    )


class Gauge(QWidget):
    """One level: its name, its numbers, its bar."""

    def __init__(self) -> None:
        super().__init__()
        self._name = Ink()
        self._numbers = Ink(tone=Tone.MUTED, font=sized(0.92), wraps=True)
        self._numbers.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom)
        self._bar = Bar()
        words = QHBoxLayout()
        words.addWidget(self._name, 0, Qt.AlignmentFlag.AlignBottom)
        words.addWidget(self._numbers, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        column.addLayout(words)
        column.addWidget(self._bar)

    def draw(self, level: Level) -> None:
        """Show `level`."""
        self._name.setText(level.name)
        self._numbers.setText(level.sentence)
        self._bar.draw(Parts(level.leased, level.total, level.offered, level.limit))
        self.setAccessibleName(f"{level.name}: {level.sentence}")


class SharedCard(Card):
    """All levels, and a legend."""

    def __init__(self) -> None:
        super().__init__(say("Shared now"))
        self._gauges: list[Gauge] = []
        self._rows = QVBoxLayout()
        self._rows.setSpacing(14)
        self._empty = Ink(say("The machine has not been measured yet."), tone=Tone.MUTED, wraps=True)
        legend = QHBoxLayout()
        legend.setSpacing(6)
        for part, word in (("full", say("Leased")), ("hatched", say("On offer")), ("bound", say("Your limit"))):
            legend.addWidget(Swatch(part))
            legend.addWidget(Ink(word, tone=Tone.MUTED, font=sized(0.9)))
            legend.addSpacing(10)
        legend.addStretch(1)
        self.body.addWidget(self._empty)
        self.body.addLayout(self._rows)
        self.body.addStretch(1)
        self.body.addLayout(legend)

    def draw(self, view: DonorView) -> None:
        """Show what `view` shares."""
        rows = levels(view)
        while len(self._gauges) < len(rows):
            gauge = Gauge()
            self._gauges.append(gauge)
            self._rows.addWidget(gauge)
        for index, gauge in enumerate(self._gauges):
            gauge.setVisible(index < len(rows))
            if index < len(rows):
                gauge.draw(rows[index])
        self._empty.setVisible(not rows)
