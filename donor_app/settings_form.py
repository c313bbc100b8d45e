"""The form over a Donor as a whole: every section filled from it, and one Donor read back from them all."""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from PySide6.QtCore import Signal

from core.errors import InvalidInput
from core.model import Resources
from core.owner import Donor
from donor_app.blocked_section import BlockedSection
from donor_app.donor_table import checked
from donor_app.limits_section import AwaySection, InUseSection
from donor_app.machine_section import LanguageSection, MachineSection
from donor_app.money_section import CostsSection, PricesSection
from donor_app.notices_section import NoticesSection
from donor_app.sheet import Sheet
from donor_app.when_section import AbsenceSection, HoursSection, SurroundingsSection, WorkersSection


class SettingsForm(Sheet):
    """What has no control here (how often offers go out, the longest lease) stays as it was filled in.

    `changed` follows every edit by the owner, never a `fill`.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._donor = Donor()
        self._total: Resources | None = None
        self._absence = AbsenceSection()
        self._prices = PricesSection()
        self._costs = CostsSection()
        self._blocked = BlockedSection()
        self._sections = (
            AwaySection(),
            InUseSection(),
            self._absence,
            SurroundingsSection(),
            HoursSection(),
            self._prices,
            self._costs,
            WorkersSection(),
            MachineSection(),
            self._blocked,
            NoticesSection(),
            LanguageSection(),
        )
        for section in self._sections:
            self.column.addWidget(section)
            section.changed.connect(self._changed)

    def fill(self, donor: Donor, total: Resources | None) -> None:
        """Show `donor` on a machine that has `total`, and forget what was edited."""
        self._donor, self._total = donor, total
        for section in self._sections:
            section.fill(donor, total)
        self._tell(donor)

    def measure(self, total: Resources | None) -> None:
        """The machine was measured anew: limits reach as far as it does. What was edited stays."""
        if total != self._total:
            # A half-typed price is not worth losing; the next view comes soon.
            with suppress(InvalidInput):
                self.fill(self.read(), total)

    def read(self) -> Donor:
        """The settings as they stand. Raises InvalidInput with the sentence that names what is wrong."""
        donor = self._donor
        for section in self._sections:
            donor = section.apply(donor)
        return checked(donor)

    def follow_blocked(self, before: Sequence[str], now: Sequence[str]) -> None:
        """Take over what was blocked elsewhere."""
        self._blocked.follow(before, now)

    def offer_programs(self, running: Iterable[str]) -> None:
        """Names of programs to choose from."""
        self._absence.offer(running)

    def _changed(self) -> None:
        # While something half-typed stands there, the last sums that made sense do, too.
        with suppress(InvalidInput):
            self._tell(self.read())
        self.changed.emit()

    def _tell(self, donor: Donor) -> None:
        self._prices.tell(donor)
        self._costs.tell(donor)
