"""The renters that are refused, and how to serve one again."""

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from core.model import Resources
from core.owner import Donor
from donor_app.form_rows import Section
from donor_app.theme import Ink, Tone
from donor_app.words import say


class BlockedSection(Section):
    """A line for each blocked renter. Unblocking is an edit like any other: it counts once it is saved."""

    def __init__(self) -> None:
        super().__init__(say("Blocked renters"))
        self._blocked: tuple[str, ...] = ()
        self._none = Ink(say("None. A renter is blocked from the list of leases."), tone=Tone.MUTED, wraps=True)
        rows = QWidget()
        self._rows = QVBoxLayout(rows)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(6)
        self._lines: list[_Line] = []
        self.wide(self._none)
        self.wide(rows)

    def fill(self, donor: Donor, total: Resources | None) -> None:
        """Show what `donor` says."""
        self._show(donor.blocked)

    def apply(self, donor: Donor) -> Donor:
        """`donor` with what stands here."""
        return msgspec.structs.replace(donor, blocked=self._blocked)

    def follow(self, before: Sequence[str], now: Sequence[str]) -> None:
        """Take over what was blocked and unblocked elsewhere between `before` and `now`; edits made here stay."""
        kept = (renter for renter in self._blocked if renter in now or renter not in before)
        added = (renter for renter in now if renter not in before and renter not in self._blocked)
        self._show((*kept, *added))

    def _show(self, blocked: tuple[str, ...]) -> None:
        if blocked != self._blocked or len(self._lines) != len(blocked):
            self._blocked = blocked
            for line in self._lines:
                self._rows.removeWidget(line)
                line.hide()
                line.deleteLater()
            self._lines = [_Line(renter) for renter in blocked]
            for line in self._lines:
                line.unblock.clicked.connect(lambda _=False, renter=line.renter: self._unblock(renter))
                self._rows.addWidget(line)
        self._none.setVisible(not blocked)

    def _unblock(self, renter: str) -> None:
        self._show(tuple(other for other in self._blocked if other != renter))
        self.setFocus()
        self.changed.emit()


class _Line(QWidget):
    def __init__(self, renter: str) -> None:
        super().__init__()
        self.renter = renter
        address = Ink(renter)
        address.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.unblock = QPushButton(say("Unblock"))
        self.unblock.setAccessibleName(say("Unblock {renter}", renter=renter))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(address, 1)
        row.addWidget(self.unblock)
