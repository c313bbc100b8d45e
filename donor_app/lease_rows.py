"""The rows of the leases' page: a share that runs in full detail, one that is over in a line."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from core.lease import ServicePhase
from core.sentences import length
from core.view import DonorView, ServiceLine, resources_text, spare
from donor_app.bar import Bar, Parts
from donor_app.bridge import Ask
from donor_app.lease_menu import LeaseMenu
from donor_app.lease_words import digest, granted_cpu_millis, instant, phase_word, short, traffic
from donor_app.phase_shape import PhaseShape
from donor_app.theme import Ink, Tone, sized, theme
from donor_app.words import say, told

_RUNNING = (ServicePhase.STARTING, ServicePhase.SERVING, ServicePhase.LEAVING)
_SMALL = 0.92
_TOP = Qt.AlignmentFlag.AlignTop


class _Ruled(QWidget):
    """A line above sets a row apart."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QPen(theme().line, 1))
        painter.drawLine(0, 0, self.width(), 0)
        painter.end()


class LiveRow(_Ruled):
    """A share that is not over: who, what, how much of it is used, since when, for how much."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._shape = PhaseShape()
        self._title = Ink(font=sized(1.05, QFont.Weight.DemiBold), wraps=True)
        self._renter = Ink(tone=Tone.MUTED, font=sized(_SMALL))
        self._renter.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._sentence = Ink(tone=Tone.MUTED, font=sized(_SMALL), wraps=True)
        self._menu = LeaseMenu(ask)
        self._processor, self._memory = _Use(say("Processor")), _Use(say("Memory"))
        self._facts = [_Fact(name) for name in _fact_names()]
        self._lay_out()

    def draw(self, line: ServiceLine, view: DonorView) -> None:
        """Show `line` of `view`."""
        blocked = f"  ·  {say('blocked')}" if view.settings.blocks(line.renter) else ""
        self._shape.draw(line.state)
        self._title.setText(f"{phase_word(line)}  ·  {told(resources_text(line.resources))}")
        self._renter.setText(f"{say('Renter {renter}', renter=line.renter)}{blocked}")
        self._sentence.setText(told(line.sentence))
        self._menu.draw(line, view)
        self._draw_use(line)
        for fact, text in zip(self._facts, _fact_texts(line, view), strict=True):
            fact.draw(text)
        self._facts[4].setToolTip(view.image)
        self.setAccessibleName(f"{phase_word(line)}: {told(resources_text(line.resources))}. {told(line.sentence)}")

    def _draw_use(self, line: ServiceLine) -> None:
        for use in (self._processor, self._memory):
            use.setVisible(line.state in _RUNNING)
        usage, whole = line.usage, line.resources
        granted = granted_cpu_millis(line)
        bound = say(
            "{granted} of {whole} cores granted", granted=_units(granted, 1000), whole=_units(whole.cpu_millis, 1000)
        )
        if usage is None:
            unknown = say("use not known now")
            self._processor.draw(f"{unknown}; {bound}", Parts(0, whole.cpu_millis, 0, granted))
            self._memory.draw(unknown, Parts(0, whole.memory_mib))
            return
        self._processor.draw(
            say("{used} used; {bound}", used=_units(usage.cpu_millis, 1000), bound=bound),
            Parts(usage.cpu_millis, whole.cpu_millis, max(0, granted - usage.cpu_millis), granted),
        )
        held = say("{used} of {whole} GiB", used=_units(usage.memory_mib, 1024), whole=_units(whole.memory_mib, 1024))
        self._memory.draw(held, Parts(usage.memory_mib, whole.memory_mib))

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        for label in (self._title, self._renter, self._sentence):
            words.addWidget(label)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self._shape, 0, _TOP)
        head.addLayout(words, 1)
        head.addWidget(self._menu, 0, _TOP)
        uses = QHBoxLayout()
        uses.setContentsMargins(28, 0, 0, 0)
        uses.setSpacing(24)
        uses.addWidget(self._processor, 1)
        uses.addWidget(self._memory, 1)
        facts = QGridLayout()
        facts.setContentsMargins(28, 0, 0, 0)
        facts.setHorizontalSpacing(16)
        facts.setVerticalSpacing(8)
        columns = 3
        for place, fact in enumerate(self._facts):
            facts.addWidget(fact, place // columns, place % columns)
            facts.setColumnStretch(place % columns, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 14, 0, 16)
        column.setSpacing(12)
        for part in (head, uses, facts):
            column.addLayout(part)


class EndedRow(_Ruled):
    """A share that is over: when, who, what, for how much, and why it ended."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._drawn: tuple[ServiceLine, bool] | None = None
        self._when = Ink(font=sized(1.0))
        self._what = Ink(font=sized(1.0), wraps=True)
        self._earned = Ink(font=sized(1.0))
        self._why = Ink(tone=Tone.MUTED, font=sized(_SMALL), wraps=True)
        self._menu = LeaseMenu(ask)
        first = QHBoxLayout()
        first.setSpacing(12)
        first.addWidget(self._when)
        first.addWidget(self._what, 1)
        first.addWidget(self._earned)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addLayout(first)
        words.addWidget(self._why)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 10, 0, 10)
        row.setSpacing(16)
        row.addLayout(words, 1)
        row.addWidget(self._menu, 0, Qt.AlignmentFlag.AlignVCenter)

    def draw(self, line: ServiceLine, view: DonorView) -> None:
        """Show `line` of `view`; costs nothing where both say what they said."""
        drawn = line, view.settings.blocks(line.renter)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        blocked = f"  ·  {say('blocked')}" if drawn[1] else ""
        what = f"{short(line.renter)}  ·  {told(resources_text(line.resources))}  ·  {length(line.served_s)}{blocked}"
        self._when.setText(instant(line.ended_at, view.now))
        self._what.setText(what)
        self._what.setToolTip(line.renter)
        self._earned.setText(spare(line.earned))
        self._why.setText(told(line.sentence))
        self._menu.draw(line, view)
        self.setAccessibleName(f"{self._when.text()}, {what}, {self._earned.text()}. {self._why.text()}")


class _Use(QWidget):
    """What is used of one dimension, as a bar under its words."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._text = Ink(tone=Tone.MUTED, font=sized(_SMALL), wraps=True)
        self._bar = Bar(height=8)
        words = QHBoxLayout()
        words.setSpacing(12)
        words.addWidget(Ink(name, font=sized(_SMALL)), 0, _TOP)
        words.addWidget(self._text, 1)
        self._text.setAlignment(Qt.AlignmentFlag.AlignRight | _TOP)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(words, 1)
        column.addWidget(self._bar)

    def draw(self, text: str, parts: Parts) -> None:
        self._text.setText(text)
        self._bar.draw(parts)
        self.setAccessibleName(f"{self._name}: {text}")


class _Fact(QWidget):
    """A name over what it is."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._text = Ink(font=sized(1.0), wraps=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(Ink(name, tone=Tone.MUTED, font=sized(0.88)))
        column.addWidget(self._text)
        column.addStretch(1)

    def draw(self, text: str) -> None:
        self._text.setText(text)
        self.setAccessibleName(f"{self._name}: {text}")


def _fact_names() -> tuple[str, ...]:
    return (
        say("Since"),
        say("Earned"),
        say("Paid so far"),
        say("Network, sent and received"),
        say("Image"),
        say("Lease"),
    )


def _fact_texts(line: ServiceLine, view: DonorView) -> tuple[str, ...]:
    """In the order of their names."""
    since = instant(line.started_at, view.now)
    moved = f"↑ {traffic(line.usage.sent_bytes)}   ↓ {traffic(line.usage.received_bytes)}" if line.usage else "–"
    return (
        f"{since}  ·  {length(line.served_s)}" if line.started_at else since,
        spare(line.earned),
        spare(line.paid),
        moved,
        digest(view.image),
        say("{lease}, share {index}", lease=short(line.lease), index=line.index),
    )


def _units(amount: int, per_unit: int) -> str:
    return f"{round(amount / per_unit, 2):g}"
