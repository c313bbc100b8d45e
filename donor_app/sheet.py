"""A column of cards that scrolls, and never squeezes its sentences."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

_SLIM_BAR = """
QScrollBar { background: transparent; width: 12px; margin: 0; }
QScrollBar::handle { background: palette(mid); border-radius: 3px; margin: 3px; min-height: 32px; }
QScrollBar::add-line, QScrollBar::sub-line { height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
"""


class Sheet(QScrollArea):
    """Fill `column`; what has the focus is scrolled into sight."""

    def __init__(self) -> None:
        super().__init__()
        page = _Column()
        self.column = QVBoxLayout(page)
        self.column.setContentsMargins(28, 8, 28, 16)
        self.column.setSpacing(16)
        self.setWidget(page)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setStyleSheet(_SLIM_BAR)


class _Column(QWidget):
    """Keeps the height that its wrapped sentences need at the width it has."""

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        layout = self.layout()
        if layout is not None and event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            self.setMinimumHeight(max(0, layout.totalHeightForWidth(self.width())))
        return done
