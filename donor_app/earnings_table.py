"""What each lease brought, the newest first, as a table that keys and screen readers can walk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView

from core.model import Amount, LeaseId
from core.sentences import exact, length
from core.view import ServiceLine, spare
from donor_app.lease_words import instant, phase_word, short
from donor_app.theme import sized
from donor_app.words import say

_ROWS_SHOWN = 8
_FIRST_SUM = 4
_FLAT = """
QTableView { background: transparent; }
QHeaderView, QHeaderView::section { background: transparent; border: none; }
QHeaderView::section { padding: 4px 10px 4px 3px; }
"""
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class LeaseEarned:
    """What the shares of one lease served and brought together. `told` is one of them that is under way, if any is."""

    lease: LeaseId
    started_at: int
    served_s: int
    earned: Amount
    paid: Amount
    told: ServiceLine


def by_lease(services: Iterable[ServiceLine]) -> tuple[LeaseEarned, ...]:
    """A row a lease, the newest first; what has not started is the newest of all."""
    leases: dict[LeaseId, list[ServiceLine]] = {}
    for service in services:
        leases.setdefault(service.lease, []).append(service)
    rows = [
        LeaseEarned(
            lease=lease,
            started_at=min(service.started_at for service in shares),
            served_s=sum(service.served_s for service in shares),
            earned=Amount(sum(service.vouched for service in shares)),
            paid=Amount(sum(service.paid for service in shares)),
            told=next((service for service in shares if not service.ended), shares[0]),
        )
        for lease, shares in leases.items()
    ]
    return tuple(sorted(rows, key=lambda row: (bool(row.started_at), -row.started_at)))


class EarningsTable(QTableView):
    """Rows are replaced only where they changed, so that the selection stays where it is."""

    def __init__(self) -> None:
        super().__init__()
        self._rows = _Rows()
        self.setModel(self._rows)
        self.setAccessibleName(say("Earned by each lease"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setAutoFillBackground(False)
        self.setStyleSheet(_FLAT)
        self.setWordWrap(False)
        self.setFont(sized(0.95))
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 12)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        # Thousands of rows are measured by those in sight.
        header.setResizeContentsPrecision(0)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)

    def draw(self, services: Sequence[ServiceLine], now: int) -> None:
        """Show what `services` brought by `now`."""
        self._rows.replace(by_lease(services), now)
        shown = min(max(1, self._rows.rowCount()), _ROWS_SHOWN)
        bar = self.horizontalHeader().sizeHint().height()
        height = bar + shown * self.verticalHeader().defaultSectionSize() + 2 * self.frameWidth()
        if height != self.height():
            self.setFixedHeight(height)


class _Rows(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[LeaseEarned, ...] = ()
        self._now = 0
        self._headings = (
            say("Started"),
            say("Lease"),
            say("State"),
            say("Served"),
            say("Earned"),
            say("Paid"),
        )

    def replace(self, rows: tuple[LeaseEarned, ...], now: int) -> None:
        self._now = now
        if [row.lease for row in rows] != [row.lease for row in self._rows]:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
            return
        changed = [place for place, (old, new) in enumerate(zip(self._rows, rows, strict=True)) if old != new]
        self._rows = rows
        for place in changed:
            self.dataChanged.emit(self.index(place, 0), self.index(place, len(self._headings) - 1))

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._headings)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._headings[section]
        return _side(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._cells(row)[index.column()]
            case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleDescriptionRole:
                return self._in_full(row)[index.column()]
            case Qt.ItemDataRole.TextAlignmentRole:
                return _side(index.column())
        return None

    def _cells(self, row: LeaseEarned) -> tuple[str, ...]:
        return (
            instant(row.started_at, self._now),
            short(row.lease),
            phase_word(row.told),
            length(row.served_s),
            spare(row.earned, "").strip(),
            spare(row.paid, "").strip(),
        )

    def _in_full(self, row: LeaseEarned) -> tuple[str, ...]:
        started, _, state, *_ = self._cells(row)
        seconds = say("{count} seconds", count=f"{row.served_s:,}")
        return started, row.lease, state, seconds, exact(row.earned), exact(row.paid)


def _side(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column >= _FIRST_SUM else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
