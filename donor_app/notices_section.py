"""What the application tells of its own accord."""

import msgspec

from core.model import Resources
from core.owner import Donor, Notifications
from donor_app.form_rows import Section, Tick
from donor_app.words import say


class NoticesSection(Section):
    """A tick for each kind of notification."""

    def __init__(self) -> None:
        super().__init__(say("Notifications"), say("Shown beside the tray's icon while this window is closed."))
        self._problems = Tick(say("When something needs me"))
        self._daily_summary = Tick(say("What I earned, at most once a day"))
        self._updates = Tick(say("When a new version is out"))
        for tick in (self._problems, self._daily_summary, self._updates):
            self.wide(tick)
            tick.changed.connect(self.changed)

    def fill(self, donor: Donor, total: Resources | None) -> None:
        """Show what `donor` says."""
        self._problems.fill(donor.notifications.problems)
        self._daily_summary.fill(donor.notifications.daily_summary)
        self._updates.fill(donor.notifications.updates)

    def apply(self, donor: Donor) -> Donor:
        """`donor` with what stands here."""
        wanted = Notifications(
            problems=self._problems.isChecked(),
            daily_summary=self._daily_summary.isChecked(),
            updates=self._updates.isChecked(),
        )
        return msgspec.structs.replace(donor, notifications=wanted)
