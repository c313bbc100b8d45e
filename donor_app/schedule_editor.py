"""The week: rows of days with a start and an end each."""

from collections.abc import Iterable
from functools import partial
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, QTime, Signal
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QTimeEdit, QToolButton, QVBoxLayout, QWidget

from core.owner import WEEK, Day, Hours
from donor_app.accents import Accent
from donor_app.form_rows import keep_from_wheel
from donor_app.theme import Ink, Tone, sized
from donor_app.words import say

MOST_ROWS: Final = 21

_EVENINGS: Final = Hours(start="20:00", end="08:00")


class ScheduleEditor(QWidget):
    """Edits a schedule; without any row every hour suits. `changed` follows the owner's edits alone."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[HoursRow] = []
        self._always = Ink(say("Every hour suits."), tone=Tone.MUTED)
        self._overnight = Ink(
            say("An end at or before its start is on the next day."), tone=Tone.MUTED, font=sized(0.9), wraps=True
        )
        self._add = QPushButton(say("Add hours"))
        self._add.clicked.connect(self._append)
        self._column = QVBoxLayout()
        self._column.setSpacing(8)
        below = QHBoxLayout()
        below.addWidget(self._add)
        below.addWidget(self._always)
        below.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._column)
        column.addWidget(self._overnight)
        column.addLayout(below)

    def fill(self, schedule: Iterable[Hours]) -> None:
        """Show `schedule`."""
        hours = list(schedule)
        while len(self._rows) > len(hours):
            self._discard(self._rows[-1])
        while len(self._rows) < len(hours):
            self._show_row()
        for row, shown in zip(self._rows, hours, strict=True):
            row.fill(shown)
        self._settle()

    def read(self) -> tuple[Hours, ...]:
        """The schedule as it stands."""
        return tuple(row.read() for row in self._rows)

    def _append(self) -> None:
        row = self._show_row()
        row.fill(_EVENINGS)
        self._settle()
        row.setFocus()
        self.changed.emit()

    def _show_row(self) -> "HoursRow":
        row = HoursRow()
        row.changed.connect(self.changed)
        row.removed.connect(lambda: self._remove(row))
        self._rows.append(row)
        self._column.addWidget(row)
        return row

    def _remove(self, row: "HoursRow") -> None:
        at = self._rows.index(row)
        self._discard(row)
        self._settle()
        # The focus goes on from where the row was, not to the top of the page.
        (self._rows[min(at, len(self._rows) - 1)] if self._rows else self._add).setFocus()
        self.changed.emit()

    def _discard(self, row: "HoursRow") -> None:
        self._rows.remove(row)
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()

    def _settle(self) -> None:
        for number, row in enumerate(self._rows, 1):
            row.number(number)
        self._add.setEnabled(len(self._rows) < MOST_ROWS)
        self._always.setVisible(not self._rows)
        self._overnight.setVisible(bool(self._rows))


class HoursRow(QWidget):
    """Edits one Hours: a button a day, at least one of them on, a start and an end."""

    changed = Signal()
    removed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._hours = Hours()
        self._days = {day: _DayButton(short) for day, short in zip(WEEK, _short_days(), strict=True)}
        self._start, self._end = QTimeEdit(), QTimeEdit()
        self._remove = QToolButton()
        self._remove.setText("×")
        self._remove.setToolTip(say("Remove"))
        self._remove.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self._days["mon"])
        self._lay_out()
        for day, button in self._days.items():
            button.clicked.connect(partial(self._choose, day))
        for time in (self._start, self._end):
            time.setDisplayFormat("HH:mm")
            keep_from_wheel(time)
            time.timeChanged.connect(self.changed)
        self._remove.clicked.connect(self.removed)

    def number(self, number: int) -> None:
        """Tell screen readers which row of the week this is."""
        for button, name in zip(self._days.values(), _days(), strict=True):
            button.setAccessibleName(say("{day}, hours {number}", day=name, number=number))
        self._start.setAccessibleName(say("Start of hours {number}", number=number))
        self._end.setAccessibleName(say("End of hours {number}", number=number))
        self._remove.setAccessibleName(say("Remove hours {number}", number=number))

    def fill(self, hours: Hours) -> None:
        """Show `hours`."""
        self._hours = hours
        for day, button in self._days.items():
            button.setChecked(day in hours.days)
        for time, text in ((self._start, hours.start), (self._end, hours.end)):
            with QSignalBlocker(time):
                time.setTime(_time(text))

    def read(self) -> Hours:
        """The hours as they stand; days in the week's order unless they are those that were filled in."""
        days: tuple[Day, ...] = tuple(day for day in WEEK if self._days[day].isChecked())
        if set(days) == set(self._hours.days):
            days = self._hours.days
        # A clock shows 24:00 as 00:00, which as an end means the same: what was not touched stays as it was written.
        end = self._hours.end if self._end.time() == _time(self._hours.end) else self._end.time().toString("HH:mm")
        return Hours(days=days, start=self._start.time().toString("HH:mm"), end=end)

    def _choose(self, day: Day) -> None:
        if any(button.isChecked() for button in self._days.values()):
            self.changed.emit()
        else:
            # Hours on no day would be a row that does nothing: removing it is what its own button is for.
            self._days[day].setChecked(True)

    def _lay_out(self) -> None:
        days = QHBoxLayout()
        days.setSpacing(2)
        for button in self._days.values():
            days.addWidget(button)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.addLayout(days, 0, 0)
        grid.addWidget(Ink(say("from"), tone=Tone.MUTED), 0, 1)
        grid.addWidget(self._start, 0, 2)
        grid.addWidget(Ink(say("to"), tone=Tone.MUTED), 0, 3)
        grid.addWidget(self._end, 0, 4)
        grid.addWidget(self._remove, 0, 5)
        grid.setColumnStretch(6, 1)


class _DayButton(QToolButton):
    """Pressed where the day counts: bold, and in the accent colour."""

    def __init__(self, short: str) -> None:
        super().__init__()
        self.setText(short)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._accent = Accent(self, QPalette.ColorRole.Button, QPalette.ColorRole.ButtonText)
        self.setFont(sized(1.0, QFont.Weight.Bold))
        self.setMinimumWidth(self.sizeHint().width())
        self._settle(False)
        self.toggled.connect(self._settle)

    def _settle(self, on: bool) -> None:
        self.setFont(sized(1.0, QFont.Weight.Bold if on else QFont.Weight.Normal))
        self._accent.show(on)


def _time(text: str) -> QTime:
    return QTime(0, 0) if text == "24:00" else QTime.fromString(text, "HH:mm")


def _days() -> tuple[str, ...]:
    return (
        say("Monday"),
        say("Tuesday"),
        say("Wednesday"),
        say("Thursday"),
        say("Friday"),
        say("Saturday"),
        say("Sunday"),
    )


def _short_days() -> tuple[str, ...]:
    return (say("Mo"), say("Tu"), say("We"), say("Th"), say("Fr"), say("Sa"), say("Su"))
