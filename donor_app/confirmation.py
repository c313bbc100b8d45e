"""Asks the owner before something that cannot be undone."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from donor_app.words import say


def confirm(parent: QWidget, title: str, text: str, word: str, do: Callable[[], object]) -> QMessageBox:
    """Ask `title`, with what follows in `text`; `do` is called where the owner presses the button `word`.

    Returns at once. The safe answer is the default and what Escape means.
    """
    box = QMessageBox(QMessageBox.Icon.NoIcon, "Sparecloud", title, parent=parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setInformativeText(text)
    yes = box.addButton(word, QMessageBox.ButtonRole.DestructiveRole)
    no = box.addButton(say("Cancel"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(no)
    box.setEscapeButton(no)
    yes.clicked.connect(lambda _=False: do())
    box.open()
    return box
