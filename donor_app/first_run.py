"""The first run: four short steps from what the machine has to the owner's consent. Nothing is shared before that."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QStackedWidget, QVBoxLayout

from core.owner import Donor
from core.view import DonorView
from donor_app.accents import Accent
from donor_app.agent import Agent, Problem
from donor_app.bridge import Ask
from donor_app.first_consent import ConsentStep
from donor_app.first_limits import LimitsStep
from donor_app.first_machine import MachineStep
from donor_app.first_step import Step
from donor_app.first_wallet import WalletStep
from donor_app.form_rows import Primary
from donor_app.pages.page import Page
from donor_app.remarks import Remarks
from donor_app.theme import Ink, Tone, sized
from donor_app.words import say


class FirstRun(Page):
    """Walks through the steps, and is over once sharing has started. Decides nothing before its last button."""

    finished = Signal()

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask = ask
        self._starting = False
        self._refusal: Problem | None = None
        self._machine = MachineStep()
        self._limits = LimitsStep()
        self._wallet = WalletStep()
        self._consent = ConsentStep()
        self._steps: tuple[Step, ...] = (self._machine, self._limits, self._wallet, self._consent)
        self._stack = QStackedWidget()
        self._progress = Ink(tone=Tone.MUTED)
        self._bar = QProgressBar()
        Accent(self._bar, QPalette.ColorRole.Highlight, QPalette.ColorRole.HighlightedText)
        self._title = Ink(font=sized(1.55, QFont.Weight.DemiBold), wraps=True)
        self._remarks = Remarks()
        self._back = QPushButton(say("&Back"))
        self._next = Primary(say("&Next"))
        self._start = Primary(say("&Start sharing"))
        self._lay_out()
        self._machine.check_asked.connect(self._look_again)
        self._limits.changed.connect(self._settle)
        self._consent.changed.connect(self._settle)
        self._back.clicked.connect(lambda: self._go(-1))
        self._next.clicked.connect(lambda: self._go(1))
        self._start.clicked.connect(self._begin)
        self._settle()

    def estimate(self, sentence: str) -> None:
        """What the owner could earn, in a sentence of the market's; empty where nobody knows."""
        self._machine.estimate(sentence)
        self._limits.estimate(sentence)

    @property
    def chosen(self) -> Donor | None:
        """The settings as chosen so far; None before the machine was measured."""
        return self._limits.chosen

    def _show(self, view: DonorView) -> None:
        self._limits.draw(view)
        self._machine.draw(view, self._limits.chosen)
        self._wallet.draw(view)
        self._settle()

    @Slot()
    def _look_again(self) -> None:
        def checked(_: object) -> None:
            self._machine.checked()

        self._ask(lambda agent: agent.look_again(), checked, checked)

    def _go(self, by: int) -> None:
        self._refusal = None
        self._stack.setCurrentIndex(min(max(self._stack.currentIndex() + by, 0), len(self._steps) - 1))
        self._settle()
        self._steps[self._stack.currentIndex()].setFocus()

    def _begin(self) -> None:
        chosen = self._limits.chosen
        if chosen is not None:
            self._starting, self._refusal = True, None
            self._settle()
            self._ask(lambda agent: _start(agent, chosen), lambda _: self._started(), self._refused)

    def _started(self) -> None:
        self._starting = False
        self._settle()
        self.finished.emit()

    def _refused(self, problem: Problem) -> None:
        self._starting, self._refusal = False, problem
        self._settle()

    def _settle(self) -> None:
        at = self._stack.currentIndex()
        last, chosen = at == len(self._steps) - 1, self._limits.chosen
        self._title.setText(self._steps[at].accessibleName())
        progress = say("Step {step} of {steps}", step=at + 1, steps=len(self._steps))
        self._progress.setText(progress)
        self._bar.setValue(at + 1)
        self._bar.setAccessibleName(progress)
        self._consent.draw(chosen, self._view.measured if self._view is not None else None)
        self._machine.preview(self._view, chosen)
        self._back.setEnabled(at > 0 and not self._starting)
        self._next.setVisible(not last)
        self._next.setEnabled(chosen is not None)
        self._start.setVisible(last)
        self._start.setEnabled(last and chosen is not None and self._consent.given and not self._starting)
        self._start.setText(say("Starting…") if self._starting else say("&Start sharing"))
        told = self._limits.contradictions if last or self._steps[at] is self._limits else ()
        self._remarks.draw(self._refusal, told, changed_elsewhere=False)

    def _lay_out(self) -> None:
        for step in self._steps:
            self._stack.addWidget(step)
        self._bar.setRange(0, len(self._steps))
        self._bar.setTextVisible(False)
        self._bar.setMaximumHeight(6)
        head = QVBoxLayout()
        head.setContentsMargins(28, 22, 28, 10)
        head.setSpacing(6)
        head.addWidget(self._progress)
        head.addWidget(self._title)
        head.addWidget(self._bar)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._back)
        buttons.addStretch(1)
        buttons.addWidget(self._next)
        buttons.addWidget(self._start)
        foot = QVBoxLayout()
        foot.setContentsMargins(28, 10, 28, 16)
        foot.setSpacing(10)
        foot.addWidget(self._remarks)
        foot.addLayout(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._stack, 1)
        column.addLayout(foot)


async def _start(agent: Agent, chosen: Donor) -> None:
    """First the limits, then sharing: never a moment within others than were chosen."""
    await agent.change(chosen)
    await agent.share(True)
