"""What a machine's owner chose: how much to share while away and while at the machine, when, and for what price."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from core.model import Address, Amount, Prices, Resources, address

_Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
_Price = Annotated[int, Meta(ge=0, le=10**18)]
_Share = Annotated[int, Meta(ge=1, le=100)]
_Time = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
_Program = Annotated[str, Meta(min_length=1, max_length=60)]
_Milli = Annotated[int, Meta(ge=0, le=10**9)]

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEK: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The most a donor shares, whatever is idle; 0 shares none of it.

    `up_kib_s` and `down_kib_s` bound what one worker sends and receives; 0 does not bound it.
    """

    cpu_millis: _Count = 2000
    memory_mib: _Count = 4096
    disk_mib: _Count = 20480
    gpu_count: _Count = 0
    gpu_memory_mib: _Count = 0
    up_kib_s: _Count = 0
    down_kib_s: _Count = 0

    def resources(self) -> Resources:
        """The limits as a vector."""
        return Resources(self.cpu_millis, self.memory_mib, self.disk_mib, self.gpu_count, self.gpu_memory_mib)


class Asking(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a donor asks for one unit for one second, in the coin's smallest unit (10^18 are one coin).

    The defaults ask 0.02 coin an hour for a core and 0.004 for a GiB.
    """

    cpu_milli: _Price = 5_555_555_556
    memory_mib: _Price = 1_085_069_445
    disk_mib: _Price = 0
    gpu: _Price = 55_555_555_555_556

    def prices(self) -> Prices:
        """The prices as a noun."""
        return Prices(Amount(self.cpu_milli), Amount(self.memory_mib), Amount(self.disk_mib), Amount(self.gpu))


class Hours(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From `start` to `end` of local time, on `days`; an end at or before the start is on the day after."""

    days: Annotated[tuple[Day, ...], Meta(min_length=1, max_length=7)] = WEEK
    start: _Time = "00:00"
    end: _Time = "24:00"

    def __post_init__(self) -> None:
        if self.start == "24:00":
            raise ValueError("start must be 23:59 at most")

    def hold(self, weekday: int, minute: int) -> bool:
        """Whether `minute` of `weekday` (0 is Monday) lies within."""
        start, end = _minute(self.start), _minute(self.end)
        today, yesterday = WEEK[weekday] in self.days, WEEK[weekday - 1] in self.days
        if start < end:
            return today and start <= minute < end
        return (today and minute >= start) or (yesterday and minute < end)


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When this machine serves others at all; whatever is against it holds workers up.

    The owner counts as away `idle_after_s` after the last key or pointer moved. On battery, where `on_battery` allows
    it, serving stops below `battery_stop_percent` and goes on from `battery_resume_percent`. Without any `schedule`
    every hour suits. `pause_for` names programs by the name of their process; a temperature of 0 is no ceiling.
    Workers that are held up are paused, and after `hold_for_s` they are given notice.
    """

    only_when_idle: bool = False
    idle_after_s: Annotated[int, Meta(ge=10, le=86_400)] = 300
    on_battery: bool = False
    battery_stop_percent: _Share = 40
    battery_resume_percent: _Share = 60
    on_metered: bool = False
    schedule: Annotated[tuple[Hours, ...], Meta(max_length=21)] = ()
    pause_for: Annotated[tuple[_Program, ...], Meta(max_length=32)] = ()
    pause_for_full_screen: bool = False
    hottest_celsius: Annotated[int, Meta(ge=0, le=120)] = 90
    hold_for_s: Annotated[int, Meta(ge=0, le=3600)] = 300

    def __post_init__(self) -> None:
        if not all(name.isprintable() for name in self.pause_for):
            raise ValueError("pause_for must be printable")


class Costs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What serving costs the owner, and what the coin is worth to them: for the net figures alone.

    Money is in thousandths of `currency`: what a kilowatt-hour costs, and what one coin is worth (0: not known). The
    machine draws `watts_a_core` more for each core that works, and `watts_a_gpu` for each GPU.
    """

    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "EUR"
    kwh_milli: _Milli = 300
    coin_milli: _Milli = 0
    watts_a_core: Annotated[int, Meta(ge=0, le=100)] = 6
    watts_a_gpu: Annotated[int, Meta(ge=0, le=2000)] = 150


class Notifications(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the application tells of its own accord, beside its window.

    `problems`: what needs the owner, once a day each. `daily_summary`: what was earned, once a day. `updates`: a new
    version, once each; without it no relay is asked for any.
    """

    problems: bool = True
    daily_summary: bool = True
    updates: bool = True


class Donor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How this machine serves others: within `limits`, and within `in_use` (left out: the same) while its owner works.

    A worker that the owner takes back gets `reclaim_notice_s` to hand its data over, of which a renter pays 300 s at
    most; 0 stops it at once. A renter that pays nothing for `patience_intervals` intervals is served no longer.
    `highest_penalty_percent` bounds what of its stake the owner pledges for a share, in percent of the most that the
    share can earn; 0 pledges nothing. `isolation` "gvisor" runs workers under gVisor, which the engine must have.
    Renters in `blocked` are refused. `language` is what the application speaks ("de"); empty is the desktop's own.
    """

    name: Annotated[str, Meta(min_length=1, max_length=40)] = "laptop"
    limits: Limits = Limits()
    in_use: Limits | None = None
    when: When = When()
    asking: Asking = Asking()
    costs: Costs = Costs()
    notifications: Notifications = Notifications()
    blocked: Annotated[tuple[str, ...], Meta(max_length=1000)] = ()
    isolation: Literal["container", "gvisor"] = "container"
    language: Annotated[str, Meta(pattern="^([a-z]{2})?$")] = ""
    offer_every_s: Annotated[int, Meta(ge=1, le=300)] = 20
    longest_lease_s: Annotated[int, Meta(ge=60, le=30 * 86_400)] = 86_400
    shortest_grace_s: Annotated[int, Meta(ge=1, le=7 * 86_400)] = 600
    shortest_interval_s: Annotated[int, Meta(ge=1, le=3600)] = 10
    longest_interval_s: Annotated[int, Meta(ge=1, le=3600)] = 300
    reclaim_notice_s: Annotated[int, Meta(ge=0, le=600)] = 60
    patience_intervals: Annotated[int, Meta(ge=2, le=20)] = 3
    highest_penalty_percent: Annotated[int, Meta(ge=0, le=1000)] = 250

    def __post_init__(self) -> None:
        if not self.name.isprintable():
            raise ValueError("name must be printable")
        for renter in self.blocked:
            address(renter)

    def blocks(self, renter: Address) -> bool:
        """Whether `renter` is refused."""
        return renter in map(str.lower, self.blocked)


def _minute(time: str) -> int:
    hours, _, minutes = time.partition(":")
    return int(hours) * 60 + int(minutes)
