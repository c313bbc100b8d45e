"""What the owner's limits leave to share right now, and every reason why it is not more. Pure.

Reasons are a set: each holds for itself, and one that ends never hides another.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from core.model import Kind
from core.observed import Conditions, Measured
from core.owner import Donor, Hours, Limits, When

COOLED_BY: Final = 5
"""A machine that was too hot serves again once it is so many degrees below its ceiling."""

NEVER: Final = 2**40
"""The end of a pause that only its owner ends."""


class Hold(StrEnum):
    """One reason for which nothing is served now."""

    PAUSED = "paused"
    FINISHING = "finishing"
    IN_USE = "in use"
    IDLENESS_UNKNOWN = "idleness unknown"
    ON_BATTERY = "on battery"
    BATTERY_LOW = "battery low"
    METERED = "metered network"
    OFF_HOURS = "outside the schedule"
    PROGRAM = "program running"
    FULL_SCREEN = "full screen"
    HOT = "too hot"


@dataclass(frozen=True, slots=True)
class Holding:
    """A hold with its sentence; `until` is when it ends by itself (Unix seconds), 0 where nobody knows."""

    hold: Hold
    sentence: str
    until: int = 0


@dataclass(frozen=True, slots=True)
class Orders:
    """What the owner ordered beside the settings: a pause until an instant (0: none), or to finish what runs."""

    paused_until: int = 0
    finishing: bool = False


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be shared now. `in_use` is None where nobody can tell whether the owner is here.

    Under a hold nothing is offered; what runs goes on only where FINISHING is the one hold.
    """

    limits: Limits
    holdings: tuple[Holding, ...] = ()
    in_use: bool | None = None

    @property
    def holds(self) -> frozenset[Hold]:
        """The holds alone."""
        return frozenset(holding.hold for holding in self.holdings)

    @property
    def offers(self) -> bool:
        """Whether new shares may be taken."""
        return not self.holdings

    @property
    def runs(self) -> bool:
        """Whether workers may run."""
        return self.holds <= {Hold.FINISHING}


def allowance(
    donor: Donor, conditions: Conditions, orders: Orders, local: datetime, before: Collection[Hold] = ()
) -> Allowance:
    """What `donor`'s settings allow at `local`, an instant with the owner's own time zone.

    `before` are the holds of a moment ago: battery and temperature let go later than they took hold.
    """
    in_use = None if conditions.idle_s is None else conditions.idle_s < donor.when.idle_after_s
    # Where nobody can tell, the owner may well be here.
    limits = donor.limits if in_use is False or donor.in_use is None else donor.in_use
    found = (
        *_ordered(orders, local),
        *_owners(donor.when, conditions, in_use),
        *_powers(donor.when, conditions, frozenset(before)),
        *_hours(donor.when, local),
    )
    return Allowance(limits, found, in_use)


def contradictions(donor: Donor, measured: Measured | None) -> tuple[str, ...]:
    """What in the settings contradicts itself or the machine, a sentence each with what happens instead."""
    return tuple(_contradictions(donor, measured))


def _ordered(orders: Orders, local: datetime) -> Iterator[Holding]:
    now = int(local.timestamp())
    if orders.paused_until > now:
        forever = orders.paused_until >= NEVER
        sentence = "Paused until you resume." if forever else f"Paused until {_clock(orders.paused_until, local)}."
        yield Holding(Hold.PAUSED, sentence, 0 if forever else orders.paused_until)
    if orders.finishing:
        yield Holding(Hold.FINISHING, "Finishing what runs; nothing new is taken.")


def _owners(when: When, conditions: Conditions, in_use: bool | None) -> Iterator[Holding]:
    if when.only_when_idle and in_use is None:
        yield Holding(
            Hold.IDLENESS_UNKNOWN,
            "Sharing is for when you are away, and nothing here can tell whether you are.",
        )
    elif when.only_when_idle and in_use:
        yield Holding(Hold.IN_USE, f"You are using this machine; sharing waits {_span(when.idle_after_s)} after that.")
    if conditions.programs:
        named = ", ".join(sorted(conditions.programs))
        yield Holding(
            Hold.PROGRAM, f"{named} is running." if len(conditions.programs) == 1 else f"{named} are running."
        )
    if when.pause_for_full_screen and conditions.full_screen:
        yield Holding(Hold.FULL_SCREEN, "A program fills the screen.")


def _powers(when: When, conditions: Conditions, before: frozenset[Hold]) -> Iterator[Holding]:
    if conditions.on_battery and not when.on_battery:
        yield Holding(Hold.ON_BATTERY, "On battery; sharing waits for mains power.")
    elif conditions.on_battery and conditions.battery_percent is not None:
        resume = max(when.battery_resume_percent, when.battery_stop_percent)
        enough = resume if Hold.BATTERY_LOW in before else when.battery_stop_percent
        if conditions.battery_percent < enough:
            yield Holding(
                Hold.BATTERY_LOW, f"The battery is at {conditions.battery_percent} %; sharing waits for {resume} %."
            )
    if conditions.metered and not when.on_metered:
        yield Holding(Hold.METERED, "The network counts what is sent; sharing waits for another.")
    if when.hottest_celsius and conditions.celsius is not None:
        allowed = when.hottest_celsius - (COOLED_BY if Hold.HOT in before else 0)
        if conditions.celsius > allowed:
            yield Holding(Hold.HOT, f"The machine is at {conditions.celsius} °C; sharing waits until it has cooled.")


def _hours(when: When, local: datetime) -> Iterator[Holding]:
    if when.schedule and not _open(when.schedule, local):
        opens = _opens(when.schedule, local)
        if opens is None:
            yield Holding(Hold.OFF_HOURS, "Outside your schedule.")
        else:
            at = int(opens.timestamp())
            yield Holding(Hold.OFF_HOURS, f"Outside your schedule until {_clock(at, local)}.", at)


def _open(schedule: tuple[Hours, ...], local: datetime) -> bool:
    return any(hours.hold(local.weekday(), local.hour * 60 + local.minute) for hours in schedule)


def _opens(schedule: tuple[Hours, ...], local: datetime) -> datetime | None:
    """The next minute within the schedule, a week ahead at most."""
    # Only starts can open: every other minute need not be looked at.
    starts = sorted({tuple(map(int, hours.start.split(":"))) for hours in schedule})
    for day in range(8):
        for hour, minute in starts:
            at = (local + timedelta(days=day)).replace(hour=hour, minute=minute, second=0, microsecond=0)
            if at > local and _open(schedule, at):
                return at
    return None


def _clock(instant: int, local: datetime) -> str:
    """`instant` as the owner's clock shows it, with the day where that is another."""
    at = datetime.fromtimestamp(instant, local.tzinfo)
    return f"{at:%H:%M}" if at.date() == local.date() else f"{at:%a %H:%M}"


def _span(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min" if minutes and not rest else f"{seconds} s"


def _contradictions(donor: Donor, measured: Measured | None) -> Iterator[str]:
    when, least = donor.when, Kind.SPARK
    for limits, whose in ((donor.limits, "while you are away"), (donor.in_use, "while you use this machine")):
        if limits is None or (whose.endswith("machine") and when.only_when_idle):
            continue
        shared = limits.resources()
        if not shared.cpu_millis or not shared.memory_mib:
            yield f"The limits {whose} share no processor or no memory: nothing is served then."
        elif shared.memory_mib < least.least_memory_mib:
            yield f"The limits {whose} share less than {least.least_memory_mib} MiB, which no worker can start with."
        elif shared.disk_mib < least.least_disk_mib:
            yield f"The limits {whose} share less than {least.least_disk_mib} MiB of disk, which every worker needs."
        if measured is not None and not shared.fits(measured.total):
            yield f"The limits {whose} are above what this machine has: what it has counts."
    if when.only_when_idle and donor.in_use is not None:
        yield "Sharing is for when you are away, so the limits for while you use this machine never apply."
    if donor.in_use is not None and not donor.in_use.resources().fits(donor.limits.resources()):
        yield "More is shared while you use this machine than while you are away: check that this is meant."
    if when.on_battery and when.battery_resume_percent < when.battery_stop_percent:
        yield (
            f"Sharing stops below {when.battery_stop_percent} % of battery and resumes at {when.battery_resume_percent}"
            f" %, which is lower: it resumes at {when.battery_stop_percent} %."
        )
    if 0 < when.hottest_celsius < 45:
        yield f"A ceiling of {when.hottest_celsius} °C is what most machines have at rest: sharing may never start."
