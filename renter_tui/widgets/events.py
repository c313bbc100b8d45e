"""The events: everything that happened since the application was opened, the newest first."""

import time

from rich.text import Text

from core.view import RenterView
from renter_tui.happenings import Happening
from renter_tui.widgets.live_table import Column, Rows, rows
from renter_tui.widgets.palette import BAD, COIN, DIM, GOOD
from renter_tui.widgets.pane import TablePane
from renter_tui.widgets.words import cell, count, state

_OTHERS = {"trouble": ("▲", BAD), "well": ("●", GOOD), "update": ("●", GOOD), "changing": ("◒", COIN)}


class EventsPane(TablePane):
    """A row for each event."""

    COLUMNS = (
        Column("When", 8),
        Column("What", 24, stretch=2),
        Column("Is now", 11),
        Column("Why", 20, stretch=3),
    )
    EMPTY = "Nothing has happened since the application was opened."

    def on_mount(self) -> None:
        """Follow the view, and whether there is an agent to give one."""
        super().on_mount()
        self.watch(self.app, "away", self.draw)

    def rows(self, view: RenterView, filter: str) -> tuple[Rows, int]:
        """The newest first."""
        every = list(enumerate(self.app.happenings))
        shown = [
            (str(number), _cells(each))
            for number, each in reversed(every)
            if filter in f"{each.subject} {each.state} {each.why}".lower()
        ]
        return rows(shown), len(every)

    def summary(self, view: RenterView) -> Text:
        """How many."""
        return Text.assemble((count(len(self.app.happenings), "event"), "bold"), " since the application was opened")

    def detail(self, view: RenterView, key: str) -> Text:
        """All of one, and what to do."""
        number = int(key)
        if number >= len(self.app.happenings):
            return Text()
        each = self.app.happenings[number]
        return Text.assemble((f"{each.subject}: ", "bold"), f"{each.state}. {each.why}\n", (each.hint, DIM))


def _cells(each: Happening) -> tuple[Text, ...]:
    known = _OTHERS.get(each.state)
    shown = cell(f"{known[0]} {each.state}", known[1]) if known else state(each.state)
    at = time.strftime("%H:%M:%S", time.localtime(each.at))
    return cell(at, DIM), cell(each.subject, "bold"), shown, cell(each.why)
