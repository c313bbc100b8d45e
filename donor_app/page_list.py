"""The list of pages at the window's left: arrow keys or Ctrl and a number choose one."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QKeySequence, QPainter, QPen, QShortcut
from PySide6.QtWidgets import QFrame, QListWidget, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from donor_app.theme import blend, sized, theme
from donor_app.words import say


class PageList(QListWidget):
    """A row a page; `currentRowChanged` says which is wanted."""

    def __init__(self, titles: Sequence[str]) -> None:
        super().__init__()
        self.setAccessibleName(say("Pages"))
        self.setAccessibleDescription(say("Arrow keys choose a page, and so does Ctrl with its number."))
        self.setItemDelegate(_Painted(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setAutoFillBackground(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        for number, title in enumerate(titles, start=1):
            self.addItem(title)
            self.item(number - 1).setToolTip(f"Ctrl+{number}")
            shortcut = QShortcut(QKeySequence(f"Ctrl+{number}"), self, context=Qt.ShortcutContext.WindowShortcut)
            shortcut.activated.connect(lambda row=number - 1: self.setCurrentRow(row))
        widest = max(self.fontMetrics().horizontalAdvance(title) for title in titles)
        self.setFixedWidth(max(150, widest + 72))


class _Painted(QStyledItemDelegate):
    """A calm row: the chosen one has a ground, a bar and a heavier word; a ring where the keyboard is."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(100, option.fontMetrics.height() + 20)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        look, state = theme(), option.state
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        box = QRectF(option.rect).adjusted(1.5, 2.5, -1.5, -2.5)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ringed = chosen and bool(state & QStyle.StateFlag.State_HasFocus)
        painter.setPen(QPen(look.text, 1.4) if ringed else Qt.PenStyle.NoPen)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(blend(look.ground, look.text, 0.1 if chosen else 0.05))
            painter.drawRoundedRect(box, 8, 8)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.accent)
            painter.drawRoundedRect(QRectF(box.left() + 6, box.top() + 8, 4, box.height() - 16), 2, 2)
        painter.setPen(look.text)
        painter.setFont(sized(1.0, QFont.Weight.DemiBold if chosen else QFont.Weight.Normal))
        side = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box.adjusted(20, 0, -6, 0), side, str(index.data(Qt.ItemDataRole.DisplayRole)))
        painter.restore()
