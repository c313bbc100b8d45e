"""A quiet line on a version that is out, until the owner dismisses it. Nothing is fetched or opened from here."""

import msgspec
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout

from core.release import Release
from donor_app.cards import Card
from donor_app.memory import Memory
from donor_app.theme import Ink, Tone, sized
from donor_app.words import say


class UpdateNote(Card):
    """Hidden while there is nothing new, or the owner has dismissed it, which `memory` keeps."""

    def __init__(self, memory: Memory) -> None:
        super().__init__()
        self._memory = memory
        self._version = ""
        self._title = Ink(font=sized(1.0, QFont.Weight.DemiBold), wraps=True)
        self._text = Ink(tone=Tone.MUTED, wraps=True)
        # To be read and copied, not clicked: where it leads is the owner's own step.
        self._where = Ink(tone=Tone.MUTED, wraps=True)
        self._where.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        dismiss = QPushButton(say("&Dismiss"))
        dismiss.setAccessibleDescription(say("Hides this until the next version."))
        dismiss.clicked.connect(self._dismiss)
        words = QVBoxLayout()
        words.setSpacing(3)
        for ink in (self._title, self._text, self._where):
            ink.setTextFormat(Qt.TextFormat.PlainText)
            # A word that is too long is cut off, rather than make the whole page wider than its window.
            ink.setMinimumWidth(1)
            words.addWidget(ink)
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addLayout(words, 1)
        row.addWidget(dismiss, 0, Qt.AlignmentFlag.AlignVCenter)
        self.body.addLayout(row)
        self.hide()

    def draw(self, update: Release | None) -> None:
        """Show `update`, or nothing."""
        if update is not None:
            self._version = update.version
            self._title.setText(say("Version {version} is out.", version=update.version))
            self._text.setText(update.summary)
            self._where.setText(say("It is at {where}", where=update.where))
            self._where.setToolTip(update.where)
            self._where.setAccessibleName(self._where.text())
            self.setAccessibleName(f"{self._title.text()} {update.summary}")
        self.setVisible(update is not None and update.version != self._memory.told.dismissed)

    @Slot()
    def _dismiss(self) -> None:
        self._memory.keep(msgspec.structs.replace(self._memory.told, dismissed=self._version))
        self.hide()
