"""The leases: what runs here now in detail, and what is over with why it ended."""

from typing import Final

from PySide6.QtWidgets import QVBoxLayout

from core.view import DonorView
from donor_app.bridge import Ask
from donor_app.cards import Card
from donor_app.lease_rows import EndedRow, LiveRow
from donor_app.lease_words import nothing_served
from donor_app.pages.page import Page
from donor_app.sheet import Sheet
from donor_app.theme import Ink, Tone, sized
from donor_app.words import say

_SHOWN: Final = 50


class LeasesPage(Page):
    """A row a share. Rows are kept and drawn over, so that a view a second costs little."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask = ask
        self._live: list[LiveRow] = []
        self._over: list[EndedRow] = []
        self._now = Card(say("Now"))
        self._nothing = Ink(tone=Tone.MUTED, wraps=True)
        self._earlier = Card(say("Earlier"))
        self._more = Ink(tone=Tone.MUTED, font=sized(0.92), wraps=True)
        self._live_list, self._over_list = _list(), _list()
        self._now.body.addWidget(self._nothing)
        self._now.body.addLayout(self._live_list)
        self._earlier.body.addLayout(self._over_list)
        self._earlier.body.addWidget(self._more)
        sheet = Sheet()
        sheet.column.addWidget(self._now)
        sheet.column.addWidget(self._earlier)
        sheet.column.addStretch(1)
        self._fill_with(sheet)

    def _show(self, view: DonorView) -> None:
        """Draw the shares of `view`, which has the newest first."""
        live = [line for line in view.services if not line.ended]
        over = [line for line in view.services if line.ended]
        shown = over[:_SHOWN]
        while len(self._live) < len(live):
            self._live.append(LiveRow(self._ask))
            self._live_list.addWidget(self._live[-1])
        while len(self._over) < len(shown):
            self._over.append(EndedRow(self._ask))
            self._over_list.addWidget(self._over[-1])
        for index, row in enumerate(self._live):
            row.setVisible(index < len(live))
            if index < len(live):
                row.draw(live[index], view)
        for index, past in enumerate(self._over):
            past.setVisible(index < len(shown))
            if index < len(shown):
                past.draw(shown[index], view)
        self._nothing.setVisible(not live)
        self._nothing.setText(say("Nothing runs here for others now.") if over else nothing_served(view))
        self._earlier.setVisible(bool(over))
        self._more.setVisible(len(over) > _SHOWN)
        self._more.setText(
            say("{count} earlier shares are not listed; the export has them all.", count=len(over) - _SHOWN)
        )


def _list() -> QVBoxLayout:
    rows = QVBoxLayout()
    rows.setSpacing(0)
    return rows
