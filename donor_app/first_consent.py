"""The fourth step: what the owner agrees to, in plain words."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox

from core.earnings import electricity_milli
from core.observed import Measured
from core.owner import Donor
from core.view import resources_text
from donor_app.first_step import Explained, Step
from donor_app.theme import Ink
from donor_app.unit_prices import milli_text
from donor_app.words import say, told


class ConsentStep(Step):
    """Who can run what, what they cannot reach, what it costs; nothing starts before the box is ticked."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__(say("What you agree to"))
        self._shares, self._cost = Ink(wraps=True), Ink(wraps=True)
        self._tick = QCheckBox(say("I &understand this, and want to share this machine."))
        self._tick.setAccessibleName(say("I understand this, and want to share this machine."))
        who = Explained(
            say("Who can run what"),
            say(
                "Strangers who pay for it run their own Spark programs here. You see their addresses, never their"
                " names, and can stop or block each of them at any time."
            ),
        )
        who.body.addWidget(self._shares)
        never = Explained(
            say("What they cannot reach"),
            say(
                "Your files, your programs, your network and the internet: workers run in locked containers with a"
                " disk of their own and a network of the lease's own. No wall is perfect: an unknown flaw in the"
                " system's kernel could let a program out. Keep your system up to date."
            ),
        )
        costs = Explained(
            say("What it costs you"),
            say("The fan may run more often, and data goes over your network connection."),
        )
        costs.body.addWidget(self._cost)
        for card in (who, never, costs):
            self.column.addWidget(card)
        self.column.addWidget(self._tick)
        self.column.addStretch(1)
        self._tick.clicked.connect(self.changed)
        self.setFocusProxy(self._tick)

    @property
    def given(self) -> bool:
        """Whether the owner agreed."""
        return self._tick.isChecked()

    def draw(self, chosen: Donor | None, measured: Measured | None) -> None:
        """Show what `chosen` shares at most, and what that costs."""
        if chosen is None or measured is None:
            return
        most, costs = chosen.limits.resources().capped(measured.total), chosen.costs
        self._shares.setText(say("At most: {what}.", what=told(resources_text(most))))
        hour, month = (milli_text(electricity_milli(costs, most, hours * 3600)) for hours in (1, 30 * 24))
        kwh = milli_text(costs.kwh_milli)
        self._cost.setText(
            say(
                "About {hour} {currency} of electricity an hour while all of it works, {month} {currency} a month if it"
                " never rested, at {kwh} {currency} a kilowatt-hour (Settings has your own price).",
                hour=hour,
                month=month,
                kwh=kwh,
                currency=costs.currency,
            )
        )
