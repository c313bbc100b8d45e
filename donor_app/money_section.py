"""What is asked of renters, and what serving costs the owner: with what both make for this machine in an hour."""

import re

import msgspec
from PySide6.QtWidgets import QHBoxLayout, QWidget

from core.earnings import electricity_milli, worth_milli
from core.errors import InvalidInput
from core.model import Amount, Resources
from core.owner import Asking, Costs, Donor
from core.view import resources_text, spare
from donor_app.form_rows import Line, Quantity, Section
from donor_app.theme import Ink, Tone
from donor_app.unit_prices import CORE, GIB, GPU, milli_of, milli_text, price_text, rate_of
from donor_app.words import say, told

_PARTS = {"cpu_milli": CORE, "memory_mib": GIB, "disk_mib": GIB, "gpu": GPU}
_CURRENCY = re.compile("[A-Z]{3}")


class PricesSection(Section):
    """What the owner asks for an hour. A price that was not touched stays exact to the last digit."""

    def __init__(self) -> None:
        super().__init__(say("Prices"), say("What you ask for one hour. Renters compare offers by it."))
        self._asking = Asking()
        self._total: Resources | None = None
        names = {
            "cpu_milli": say("One core"),
            "memory_mib": say("One GiB of memory"),
            "disk_mib": say("One GiB of disk"),
            "gpu": say("One GPU"),
        }
        self._lines = {field: Line(name, longest=32, width_chars=20) for field, name in names.items()}
        for field, name in names.items():
            self.row(name, _with_unit(self._lines[field], say("SPARE an hour")))
            self._lines[field].changed.connect(self.changed)
        self._makes = Ink(wraps=True)
        self.wide(self._makes)

    def fill(self, donor: Donor, total: Resources | None) -> None:
        """Show what `donor` says."""
        self._asking, self._total = donor.asking, total
        for field, line in self._lines.items():
            line.fill(price_text(getattr(donor.asking, field), _PARTS[field]))

    def apply(self, donor: Donor) -> Donor:
        """`donor` with what stands here. Raises InvalidInput."""
        rates = {field: rate_of(line.text(), _PARTS[field]) for field, line in self._lines.items()}
        return msgspec.structs.replace(donor, asking=msgspec.structs.replace(self._asking, **rates))

    def tell(self, donor: Donor) -> None:
        """Say what `donor`'s prices and limits make in an hour."""
        shared = donor.limits.resources()
        if self._total is not None:
            shared = shared.capped(self._total)
        hourly = Amount(3600 * donor.asking.prices().per_second(shared))
        worth = worth_milli(donor.costs, hourly)
        makes = say(
            "Leased in full, {what} earn {coin} an hour.", what=told(resources_text(shared)), coin=spare(hourly)
        )
        if worth is not None:
            makes += " " + say("That is about {money}.", money=f"{milli_text(worth)} {donor.costs.currency}")
        self._makes.setText(makes)


class CostsSection(Section):
    """Electricity, and what a coin is worth to the owner."""

    def __init__(self) -> None:
        super().__init__(say("Your costs"), say("Only to show earnings net of electricity. Nobody else sees this."))
        self._costs = Costs()
        self._total: Resources | None = None
        self._currency = Line(say("Currency"), longest=3, width_chars=6)
        self._kwh = Line(say("A kilowatt-hour costs"), longest=16, width_chars=10)
        self._coin = Line(say("One coin is worth"), longest=16, width_chars=10)
        self._core = Quantity(say("A working core draws"), "W", most=100)
        self._gpu = Quantity(say("A working GPU draws"), "W", most=2000, step=10)
        self._unit, self._coin_unit = Ink(tone=Tone.MUTED), Ink(tone=Tone.MUTED)
        self.row(say("Currency"), self._currency)
        self.row(say("A kilowatt-hour costs"), _beside(self._kwh, self._unit))
        self.row(
            say("One coin is worth"),
            _beside(self._coin, self._coin_unit),
            say("What you would sell one SPARE for. 0 where you do not know."),
        )
        self.row(say("A working core draws"), self._core, say("More than an idle one."))
        self.row(say("A working GPU draws"), self._gpu)
        self._spends = Ink(wraps=True)
        self.wide(self._spends)
        for control in (self._currency, self._kwh, self._coin, self._core, self._gpu):
            control.changed.connect(self.changed)

    def fill(self, donor: Donor, total: Resources | None) -> None:
        """Show what `donor` says."""
        self._costs, self._total = donor.costs, total
        self._currency.fill(donor.costs.currency)
        self._kwh.fill(milli_text(donor.costs.kwh_milli))
        self._coin.fill(milli_text(donor.costs.coin_milli))
        self._core.fill(donor.costs.watts_a_core)
        self._gpu.fill(donor.costs.watts_a_gpu)

    def apply(self, donor: Donor) -> Donor:
        """`donor` with what stands here. Raises InvalidInput."""
        currency = self._currency.text().strip().upper()
        if not _CURRENCY.fullmatch(currency):
            raise InvalidInput("A currency has three letters.", "Write it like EUR or USD.")
        costs = msgspec.structs.replace(
            self._costs,
            currency=currency,
            kwh_milli=milli_of(self._kwh.text()),
            coin_milli=milli_of(self._coin.text()),
            watts_a_core=self._core.read(),
            watts_a_gpu=self._gpu.read(),
        )
        return msgspec.structs.replace(donor, costs=costs)

    def tell(self, donor: Donor) -> None:
        """Say what electricity serving all that `donor` shares costs in an hour."""
        shared, currency = donor.limits.resources(), donor.costs.currency
        if self._total is not None:
            shared = shared.capped(self._total)
        self._unit.setText(currency)
        self._coin_unit.setText(currency)
        hourly = milli_text(electricity_milli(donor.costs, shared, 3600))
        self._spends.setText(
            say("Serving all of that costs about {money} of electricity an hour.", money=f"{hourly} {currency}")
        )


def _with_unit(line: Line, unit: str) -> QWidget:
    line.setAccessibleDescription(unit)
    return _beside(line, Ink(unit, tone=Tone.MUTED))


def _beside(line: Line, unit: Ink) -> QWidget:
    pair = QWidget()
    pair.setAccessibleName(line.accessibleName())
    pair.setFocusProxy(line)
    row = QHBoxLayout(pair)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    row.addWidget(line)
    row.addWidget(unit)
    row.addStretch(1)
    return pair
