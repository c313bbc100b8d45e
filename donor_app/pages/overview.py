"""The overview: what is earned, what is shared of what there is, and how the surroundings stand."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QPushButton, QWidget

from core.sentences import donors_stake
from core.view import DonorView, spare
from donor_app.bridge import Ask
from donor_app.cards import Card, Figure, Note
from donor_app.gauge import SharedCard
from donor_app.memory import Memory
from donor_app.pages.page import Page
from donor_app.sheet import Sheet
from donor_app.surroundings import Surrounding, surroundings
from donor_app.theme import Ink, Tone, sized
from donor_app.update_note import UpdateNote
from donor_app.words import say, told

_Direction = QBoxLayout.Direction
_PAIR_LETTERS = 105


class OverviewPage(Page):
    """Drawn from the view alone; asks for nothing but the settings."""

    settings_asked = Signal()

    def __init__(self, ask: Ask, memory: Memory) -> None:
        super().__init__()
        self._update = UpdateNote(memory)
        self._today = Figure(say("Earned today"))
        self._hourly = Figure(say("Earned an hour"))
        self._unredeemed = Figure(say("Not yet redeemed"))
        self._contradictions = _Contradictions()
        self._contradictions.settings_asked.connect(self.settings_asked)
        self._shared = SharedCard()
        self._surroundings = _SurroundingsCard()
        self._gpu = Note(say("GPU"))
        self._stake = Note(say("Stake"))
        self._account = Ink(tone=Tone.MUTED, font=sized(0.92))
        self._account.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        sheet = Sheet()
        sheet.column.addWidget(self._update)
        sheet.column.addWidget(self._contradictions)
        sheet.column.addLayout(_row(self._today, self._hourly, self._unredeemed))
        self._pair = _row(self._shared, self._surroundings)
        sheet.column.addLayout(self._pair)
        for note in (self._gpu, self._stake, self._account):
            sheet.column.addWidget(note)
        sheet.column.addStretch(1)
        self._fill_with(sheet)

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Two cards need room for their sentences side by side: more of it where letters are larger.
        narrow = self.width() < _PAIR_LETTERS * self.fontMetrics().averageCharWidth()
        self._pair.setDirection(_Direction.TopToBottom if narrow else _Direction.LeftToRight)
        super().resizeEvent(event)

    def _show(self, view: DonorView) -> None:
        earned, balances = view.earnings, view.balances
        self._today.draw(earned.today.earned, say("Since midnight."))
        pace = say("While the workers run as now.") if earned.hourly else say("Nothing is being earned now.")
        self._hourly.draw(earned.hourly, pace)
        wallet = say("The wallet holds {amount}.", amount=spare(balances.coin)) if balances else ""
        self._unredeemed.draw(view.unredeemed, wallet or say("The wallet is not read yet."))
        self._update.draw(view.update)
        self._contradictions.draw(view.contradictions)
        self._shared.draw(view)
        self._surroundings.draw(surroundings(view))
        self._gpu.draw(told(view.measured.gpu_note) if view.measured is not None else "")
        self._stake.draw(told(donors_stake(balances.account, view.held_back, view.now)) if balances else "")
        self._account.setText(say("Account {address}", address=view.address))


class _Contradictions(Card):
    """What in the settings contradicts itself, and the way there; hidden while nothing does."""

    settings_asked = Signal()

    def __init__(self) -> None:
        super().__init__(say("Your settings contradict themselves"))
        self._text = Ink(tone=Tone.MUTED, wraps=True)
        button = QPushButton(say("Change settin&gs"))
        button.clicked.connect(self.settings_asked)
        self.body.addWidget(self._text)
        self.body.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self.hide()

    def draw(self, sentences: tuple[str, ...]) -> None:
        self._text.setText("\n".join(map(told, sentences)))
        self.setVisible(bool(sentences))


class _SurroundingsCard(Card):
    """A line a condition; what is not known is said, and set apart by its tone."""

    def __init__(self) -> None:
        super().__init__(say("Around this machine"))
        self._rows: list[tuple[Ink, Ink, Ink]] = []
        self._drawn: tuple[Surrounding, ...] = ()
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(9)
        self._grid.setColumnStretch(1, 1)
        self.body.addLayout(self._grid)
        self.body.addStretch(1)

    def draw(self, lines: tuple[Surrounding, ...]) -> None:
        if lines == self._drawn:
            return
        self._drawn = lines
        while len(self._rows) < len(lines):
            row = Ink(tone=Tone.MUTED), Ink(wraps=True), Ink(tone=Tone.MUTED, wraps=True)
            place = len(self._rows)
            self._grid.addWidget(row[0], place, 0, Qt.AlignmentFlag.AlignTop)
            for text in row[1:]:
                self._grid.addWidget(text, place, 1)
            self._rows.append(row)
        for index, (name, known, unknown) in enumerate(self._rows):
            line = lines[index] if index < len(lines) else None
            name.setVisible(line is not None)
            known.setVisible(line is not None and line.known)
            unknown.setVisible(line is not None and not line.known)
            if line is not None:
                name.setText(line.name)
                known.setText(line.text)
                unknown.setText(line.text)


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(16)
    for widget in widgets:
        row.addWidget(widget, 1)
    return row
