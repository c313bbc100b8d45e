"""The accent colour on stock controls, kept through changes of the palette."""

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QWidget

from donor_app.theme import theme


class Accent(QObject):
    """Dyes `roles` of a control in the accent colour, and text on them to be read; lives as long as the control."""

    def __init__(self, control: QWidget, ground: QPalette.ColorRole, text: QPalette.ColorRole) -> None:
        super().__init__(control)
        self._control, self._ground, self._text = control, ground, text
        self._on = True
        control.installEventFilter(self)
        self._dye()

    def show(self, on: bool) -> None:
        """Wear the colour, or the desktop's own."""
        if on != self._on:
            self._on = on
            self._dye()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self._dye()
        return False

    def _dye(self) -> None:
        look = theme()
        self._control.setPalette(
            _palette({self._ground: look.accent, self._text: look.on_accent}) if self._on else QPalette()
        )


def _palette(colours: Mapping[QPalette.ColorRole, QColor]) -> QPalette:
    palette = QPalette()
    # What is disabled keeps looking so.
    for group in (QPalette.ColorGroup.Active, QPalette.ColorGroup.Inactive):
        for role, colour in colours.items():
            palette.setColor(group, role, colour)
    return palette
