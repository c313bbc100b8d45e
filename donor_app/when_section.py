"""When this machine serves: the owner's absence, power, network, heat, programs, and the hours of the week."""

from collections.abc import Iterable

import msgspec

from core.model import Resources
from core.owner import Donor
from donor_app.form_rows import Quantity, Section, Tick
from donor_app.program_list import ProgramList
from donor_app.schedule_editor import ScheduleEditor
from donor_app.words import say


class AbsenceSection(Section):
    """Whether sharing waits for the owner to be away, and when they are."""

    def __init__(self) -> None:
        super().__init__(say("You and your programs"))
        self._only_when_idle = Tick(say("Share only while I am away"))
        self._idle_after = Quantity(say("Away after"), say("min"), least=10, most=86_400, per_unit=60, step=60)
        self._full_screen = Tick(say("Pause while a program fills the screen"))
        self._programs = ProgramList()
        self.wide(self._only_when_idle)
        self.row(say("Away after"), self._idle_after, say("So long after you last touched keyboard or pointer."))
        self.wide(self._full_screen)
        self.row(say("Pause while these run"), self._programs)
        for control in (self._only_when_idle, self._idle_after, self._full_screen, self._programs):
            control.changed.connect(self.changed)

    def fill(self, donor: Donor, total: Resources | None) -> None:
        """Show what `donor` says."""
        self._only_when_idle.fill(donor.when.only_when_idle)
        self._idle_after.fill(donor.when.idle_after_s)
        self._full_screen.fill(donor.when.pause_for_full_screen)
        self._programs.fill(donor.when.pause_for)

    def apply(self, donor: Donor) -> Donor:
        """`donor` with what stands here."""
        when = msgspec.structs.replace(
            donor.when,
            only_when_idle=self._only_when_idle.isChecked(),
            idle_after_s=self._idle_after.read(),
            pause_for_full_screen=self._full_screen.isChecked(),
            pause_for=tuple(self._programs.read()),
        )
        return msgspec.structs.replace(donor, when=when)

    def offer(self, running: Iterable[str]) -> None:
        """The programs that run now, to choose from."""
        self._programs.offer(running)


class SurroundingsSection(Section):
    """Battery, metered networks, heat."""

    def __init__(self) -> None:
        super().__init__(say("Power, network and heat"))
        self._on_battery = Tick(say("Share on battery, too"))
        self._stop = Quantity(say("Stop below"), "%", least=1, most=100, step=5)
        self._resume = Quantity(say("Go on from"), "%", least=1, most=100, step=5)
        self._on_metered = Tick(say("Share over a network that counts what is sent, too"))
        self._hottest = Quantity(say("Pause above"), "°C", most=120, step=5, zero=say("no ceiling"))
        self.wide(self._on_battery)
        self.row(say("Stop below"), self._stop)
        self.row(say("Go on from"), self._resume, say("Two thresholds, so that sharing does not flicker."))
        self.wide(self._on_metered)
        self.row(say("Pause above"), self._hottest, say("Sharing goes on once the machine is 5 °C cooler."))
        self._on_battery.changed.connect(self._settle)
        for control in (self._on_battery, self._stop, self._resume, self._on_metered, self._hottest):
            control.changed.connect(self.changed)

    def fill(self, donor: Donor, total: Resources | None) -> None:
        """Show what `donor` says."""
        self._on_battery.fill(donor.when.on_battery)
        self._stop.fill(donor.when.battery_stop_percent)
        self._resume.fill(donor.when.battery_resume_percent)
        self._on_metered.fill(donor.when.on_metered)
        self._hottest.fill(donor.when.hottest_celsius)
        self._settle()

    def apply(self, donor: Donor) -> Donor:
        """`donor` with what stands here."""
        when = msgspec.structs.replace(
            donor.when,
            on_battery=self._on_battery.isChecked(),
            battery_stop_percent=self._stop.read(),
            battery_resume_percent=self._resume.read(),
            on_metered=self._on_metered.isChecked(),
            hottest_celsius=self._hottest.read(),
        )
        return msgspec.structs.replace(donor, when=when)

    def _settle(self) -> None:
        self._stop.setEnabled(self._on_battery.isChecked())
        self._resume.setEnabled(self._on_battery.isChecked())


class HoursSection(Section):
    """The hours of the week at which to share."""

    def __init__(self) -> None:
        super().__init__(say("Hours"))
        self._schedule = ScheduleEditor()
        self.wide(self._schedule)
        self._schedule.changed.connect(self.changed)

    def fill(self, donor: Donor, total: Resources | None) -> None:
        """Show what `donor` says."""
        self._schedule.fill(donor.when.schedule)

    def apply(self, donor: Donor) -> Donor:
        """`donor` with what stands here."""
        return msgspec.structs.replace(donor, when=msgspec.structs.replace(donor.when, schedule=self._schedule.read()))


class WorkersSection(Section):
    """How workers are treated when the owner wants the machine back, and what is pledged for them."""

    def __init__(self) -> None:
        super().__init__(say("Workers"))
        self._hold = Quantity(
            say("Paused workers wait"), say("min"), most=3600, per_unit=60, step=60, zero=say("not at all")
        )
        self._notice = Quantity(say("Notice before a worker stops"), "s", most=600, step=10, zero=say("none"))
        self._penalty = Quantity(say("Pledge at most"), "%", most=1000, step=10, zero=say("nothing"))
        self.row(
            say("Paused workers wait"), self._hold, say("After that they are given notice, and their renter moves on.")
        )
        self.row(
            say("Notice before a worker stops"),
            self._notice,
            say("It hands its data over meanwhile, and you are paid for up to 300 s of it."),
        )
        self.row(
            say("Pledge at most"),
            self._penalty,
            say("Of your stake, in percent of the most that a lease can earn. It is lost if you vanish."),
        )
        for control in (self._hold, self._notice, self._penalty):
            control.changed.connect(self.changed)

    def fill(self, donor: Donor, total: Resources | None) -> None:
        """Show what `donor` says."""
        self._hold.fill(donor.when.hold_for_s)
        self._notice.fill(donor.reclaim_notice_s)
        self._penalty.fill(donor.highest_penalty_percent)

    def apply(self, donor: Donor) -> Donor:
        """`donor` with what stands here."""
        return msgspec.structs.replace(
            donor,
            when=msgspec.structs.replace(donor.when, hold_for_s=self._hold.read()),
            reclaim_notice_s=self._notice.read(),
            highest_penalty_percent=self._penalty.read(),
        )
