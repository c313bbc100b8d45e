"""What the steps of the first run are made of."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from donor_app.cards import Card
from donor_app.sheet import Sheet
from donor_app.theme import Ink, sized
from donor_app.words import say, told


class Step(Sheet):
    """One step; its accessible name is its heading."""

    def __init__(self, heading: str) -> None:
        super().__init__()
        self.setAccessibleName(heading)


class Explained(Card):
    """A card of sentences below a title."""

    def __init__(self, title: str, sentence: str) -> None:
        super().__init__(title)
        self.body.addWidget(Ink(sentence, wraps=True))


class EstimateCard(Card):
    """What the machine could earn; hidden while nobody knows."""

    def __init__(self) -> None:
        super().__init__(say("What you could earn"))
        self._words = Ink(wraps=True)
        self.body.addWidget(self._words)
        self.hide()

    def draw(self, sentence: str) -> None:
        """Say it."""
        self._words.setText(told(sentence))
        self.setVisible(bool(sentence))


class Copyable(QWidget):
    """A text to be selected or copied."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._text = Ink(font=sized(0.95), wraps=True)
        self._text.setAccessibleName(name)
        self._text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.copy = QPushButton(say("Copy"))
        self.copy.setAccessibleName(say("Copy: {what}", what=name))
        self.copy.clicked.connect(self._copy)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._text, 1)
        row.addWidget(self.copy)

    def draw(self, text: str) -> None:
        """Show `text`."""
        if text != self._text.text():
            self._text.setText(text)
            self.copy.setText(say("Copy"))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text.text())
        self.copy.setText(say("Copied"))
