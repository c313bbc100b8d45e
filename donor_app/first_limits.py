"""The second step: how much to share."""

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QRadioButton

from core.allowance import contradictions
from core.owner import Donor
from core.view import DonorView, resources_text
from donor_app.cards import Card
from donor_app.first_step import EstimateCard, Step
from donor_app.limits_section import LimitsEditor
from donor_app.presets import Preset, preset
from donor_app.theme import Ink, Tone, sized
from donor_app.words import say, told


class LimitsStep(Step):
    """One of three presets, or limits of the owner's own."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__(say("How much to share"))
        self._view: DonorView | None = None
        self._own: Donor | None = None
        self._choices = {
            Preset.GENTLE: _Choice(say("&Gentle"), say("Only while you are away.")),
            Preset.BALANCED: _Choice(say("B&alanced"), say("Half of it while you are away, less while you work.")),
            Preset.GENEROUS: _Choice(say("G&enerous"), say("Most of it while you are away, half while you work.")),
        }
        self._myself = _Choice(say("&Choose myself"), say("Everything can be changed in Settings later."))
        self._editor = LimitsEditor()
        self._editor_card = Card()
        self._editor_card.body.addWidget(self._editor)
        self._estimate = EstimateCard()
        group = QButtonGroup(self)
        for choice in (*self._choices.values(), self._myself):
            group.addButton(choice.button)
            self.column.addWidget(choice)
            choice.button.clicked.connect(self._choose)
        self._choices[Preset.BALANCED].button.setChecked(True)
        self.column.addWidget(self._editor_card)
        self.column.addWidget(self._estimate)
        self.column.addStretch(1)
        self._editor_card.hide()
        self._editor.changed.connect(self.changed)
        self.setFocusProxy(self._choices[Preset.BALANCED].button)

    @property
    def chosen(self) -> Donor | None:
        """The settings with the chosen limits; None before the machine was measured."""
        if self._view is None or self._view.measured is None:
            return None
        if self._myself.button.isChecked() and self._own is not None:
            return msgspec.structs.replace(self._own, limits=self._editor.read())
        return preset(self._preset(), self._view.settings, self._view.measured)

    @property
    def contradictions(self) -> tuple[str, ...]:
        """What in the chosen settings contradicts itself or the machine."""
        chosen = self.chosen
        return contradictions(chosen, self._view.measured) if chosen is not None and self._view is not None else ()

    def draw(self, view: DonorView) -> None:
        """Reckon the presets for the machine as measured."""
        self._view = view
        if view.measured is None:
            return
        for which, choice in self._choices.items():
            choice.tell(_summary(preset(which, view.settings, view.measured)))

    def estimate(self, sentence: str) -> None:
        """What could be earned."""
        self._estimate.draw(sentence)

    def _choose(self) -> None:
        myself = self._myself.button.isChecked()
        view = self._view
        if myself and self._own is None and view is not None and view.measured is not None:
            self._own = preset(Preset.BALANCED, view.settings, view.measured)
            self._own = msgspec.structs.replace(self._own, in_use=None)
            self._editor.fill(self._own.limits, view.measured.total)
        self._editor_card.setVisible(myself)
        self.changed.emit()

    def _preset(self) -> Preset:
        checked = (which for which, choice in self._choices.items() if choice.button.isChecked())
        return next(checked, Preset.BALANCED)


class _Choice(Card):
    """One way to share, with what it means for this machine."""

    def __init__(self, title: str, meaning: str) -> None:
        super().__init__()
        self.button = QRadioButton(title)
        self.button.setFont(sized(1.05))
        self.button.setAccessibleName(title.replace("&", ""))
        self.button.setAccessibleDescription(meaning)
        self._meaning = meaning
        self._words = Ink(meaning, tone=Tone.MUTED, wraps=True)
        self._words.setContentsMargins(24, 0, 0, 0)
        self.body.setContentsMargins(20, 12, 20, 12)
        self.body.setSpacing(4)
        self.body.addWidget(self.button)
        self.body.addWidget(self._words)

    def tell(self, summary: str) -> None:
        """Say what it shares."""
        words = f"{summary} {self._meaning}"
        if words != self._words.text():
            self._words.setText(words)
            self.button.setAccessibleDescription(words)


def _summary(donor: Donor) -> str:
    away = told(resources_text(donor.limits.resources()))
    if donor.in_use is None:
        return f"{away}."
    working = told(resources_text(donor.in_use.resources()))
    return say("{away}; while you work {working}.", away=away, working=working)
