"""The programs that sharing pauses for: chosen from what runs, or typed."""

from collections.abc import Iterable

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from donor_app.form_rows import keep_from_wheel
from donor_app.words import say

_MOST, _LONGEST = 32, 60


class ProgramList(QWidget):
    """Edits names of processes. `changed` follows the owner's edits alone."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._list = QListWidget()
        self._list.setAccessibleName(say("Programs that sharing pauses for"))
        self._line = QLineEdit()
        self._line.setMaxLength(_LONGEST)
        self._line.setAccessibleName(say("Name of a program"))
        self._line.setPlaceholderText(say("A program's name"))
        self._name = QComboBox()
        self._name.setEditable(True)
        self._name.setLineEdit(self._line)
        self._name.setCompleter(_containing(self._name))
        self._name.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._name.setAccessibleName(say("Name of a program"))
        self._name.setMinimumContentsLength(12)
        self._name.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        keep_from_wheel(self._name)
        self._add = QPushButton(say("Add"))
        self._add.setAccessibleName(say("Add the program"))
        self._remove = QPushButton(say("Remove"))
        self._remove.setAccessibleName(say("Remove the chosen program"))
        self._lay_out()

        self._line.returnPressed.connect(self._take)
        self._line.textChanged.connect(self._settle)
        self._add.clicked.connect(self._take)
        self._remove.clicked.connect(self._drop)
        self._list.itemSelectionChanged.connect(self._settle)
        QShortcut(QKeySequence.StandardKey.Delete, self._list, self._drop, context=Qt.ShortcutContext.WidgetShortcut)

    def fill(self, programs: Iterable[str]) -> None:
        """Show `programs`."""
        names = list(programs)
        if names != self.read():
            self._list.clear()
            self._list.addItems(names)
        self._settle()

    def read(self) -> list[str]:
        """The names as they stand."""
        return [self._list.item(row).text() for row in range(self._list.count())]

    def offer(self, running: Iterable[str]) -> None:
        """Names to choose from."""
        typed = self._name.currentText()
        with QSignalBlocker(self._name):
            self._name.clear()
            self._name.addItems(list(running))
            self._name.setEditText(typed)

    def _take(self) -> None:
        name = self._name.currentText().strip()
        if name and name.isprintable() and name not in self.read() and self._list.count() < _MOST:
            self._list.addItem(name)
            self._name.setEditText("")
            self._settle()
            self.changed.emit()

    def _drop(self) -> None:
        row = self._list.currentRow()
        if row >= 0:
            self._list.takeItem(row)
            self._settle()
            self.changed.emit()

    def _settle(self) -> None:
        self._add.setEnabled(bool(self._name.currentText().strip()) and self._list.count() < _MOST)
        self._remove.setEnabled(bool(self._list.selectedItems()))
        rows = min(max(self._list.count(), 1), 5)
        self._list.setFixedHeight(rows * (self.fontMetrics().height() + 8) + 2 * self._list.frameWidth())
        self._list.setVisible(self._list.count() > 0)
        self._remove.setVisible(self._list.count() > 0)

    def _lay_out(self) -> None:
        entry = QHBoxLayout()
        entry.setSpacing(8)
        entry.addWidget(self._name, 1)
        entry.addWidget(self._add)
        entry.addWidget(self._remove)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(entry)
        column.addWidget(self._list)


def _containing(names: QComboBox) -> QCompleter:
    """Completes from the middle of a name, too."""
    completer = QCompleter(names.model(), names)
    completer.setFilterMode(Qt.MatchFlag.MatchContains)
    completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
    completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
    return completer
