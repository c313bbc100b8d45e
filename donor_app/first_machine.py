"""The first step: what this machine can spare, or what must be done before that can be measured."""

from PySide6.QtCore import QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QPushButton

from core.owner import Donor
from core.view import DonorView
from donor_app.cards import Card
from donor_app.engine_page import ENGINE_MISSING, installation_page
from donor_app.first_step import EstimateCard, Step
from donor_app.spare_picture import SparePicture
from donor_app.theme import Ink, Tone, sized
from donor_app.words import say, told


class MachineStep(Step):
    """What this machine can spare, or what must be done before that can be measured."""

    check_asked = Signal()
    """The owner wants to know at once: `checked` ends the waiting."""

    def __init__(self) -> None:
        super().__init__(say("What this machine can spare"))
        self._measured = Card()
        self._model = Ink(tone=Tone.MUTED, wraps=True)
        self._picture = SparePicture()
        self._measured.body.addWidget(self._picture)
        self._measured.body.addWidget(self._model)
        self._estimate = EstimateCard()
        self._trouble = _Trouble()
        self._trouble.check_asked.connect(self.check_asked)
        intro = say(
            "Sparecloud rents out what you do not use, and pays you for it. You decide how much, and take it back"
            " whenever you like. Nothing is shared yet."
        )
        self.column.addWidget(Ink(intro, wraps=True))
        self.column.addWidget(self._trouble)
        self.column.addWidget(self._measured)
        self.column.addWidget(self._estimate)
        self.column.addStretch(1)

    def draw(self, view: DonorView, chosen: Donor | None) -> None:
        """Show what `view` measured."""
        self._trouble.draw(view)
        self._measured.setVisible(view.measured is not None)
        if view.measured is not None:
            self._model.setText(view.measured.cpu_model)
        self.preview(view, chosen)

    def preview(self, view: DonorView | None, chosen: Donor | None) -> None:
        """Show what the limits chosen so far would share."""
        if view is not None and view.measured is not None and chosen is not None:
            self._picture.draw(view.measured, chosen.limits.resources())

    def checked(self) -> None:
        """The agent looked: the view that came first says what it found."""
        self._trouble.checked()

    def estimate(self, sentence: str) -> None:
        """What could be earned."""
        self._estimate.draw(sentence)


class _Trouble(Card):
    """Why the machine is not measured yet, and what to do about it; hidden once it is."""

    check_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._title = Ink(font=sized(1.05), wraps=True)
        self._hint = Ink(tone=Tone.MUTED, wraps=True)
        self._page = QPushButton(say("&How to get Docker"))
        self._again = QPushButton(say("Check &again"))
        self._goes_on = Ink(say("Looked for every few seconds; this goes on by itself."), tone=Tone.MUTED, wraps=True)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._page)
        buttons.addWidget(self._again)
        buttons.addWidget(self._goes_on, 1)
        for widget in (self._title, self._hint):
            self.body.addWidget(widget)
        self.body.addLayout(buttons)
        self._page.clicked.connect(lambda _=False: QDesktopServices.openUrl(QUrl(installation_page())))
        self._again.clicked.connect(self._wait)
        self._again.clicked.connect(self.check_asked)

    def draw(self, view: DonorView) -> None:
        """Show what stands in the way."""
        self.setVisible(view.measured is None)
        troubled = bool(view.problem)
        self._title.setText(told(view.problem) if troubled else say("This machine is being measured."))
        self._hint.setText(told(view.hint) if troubled else say("The first time this can take some minutes."))
        self._page.setVisible(view.problem_kind == ENGINE_MISSING)
        self._again.setVisible(troubled)
        self._goes_on.setVisible(troubled)
        self.setAccessibleName(f"{self._title.text()} {self._hint.text()}")

    def checked(self) -> None:
        """What stands here is what was found."""
        self._again.setEnabled(True)
        self._again.setText(say("Check &again"))

    @Slot()
    def _wait(self) -> None:
        self._again.setEnabled(False)
        self._again.setText(say("Checking…"))
