"""What a donor's shares earned, when, and what the electricity for it cost. Pure."""

import csv
import io
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Final

from core.lease import Service, ServicePhase
from core.lease.granted import WHOLE, in_force, served_ms
from core.model import COIN_UNIT, Amount, Resources
from core.owner import Costs

HOURS: Final = 24
DAYS: Final = 30

CSV_HEADER: Final = (
    "lease",
    "share",
    "renter",
    "started_utc",
    "ended_utc",
    "served_seconds",
    "earned_spare",
    "paid_spare",
    "electricity_thousandths",
    "currency",
    "why_ended",
)


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time: when it starts (Unix seconds), what was earned in it, and its electricity (thousandths)."""

    start: int
    earned: Amount
    electricity_milli: int


@dataclass(frozen=True, slots=True)
class Earnings:
    """What was earned since local midnight, Monday, the first of the month, and ever; what each hour and day brought.

    `hourly` is what is being earned now, in an hour. Periods are bars whose ends are now; those of `hours` and `days`
    adjoin, the oldest first, and add up exactly.
    """

    today: Bar
    week: Bar
    month: Bar
    lifetime: Bar
    hourly: Amount
    hours: tuple[Bar, ...] = ()
    days: tuple[Bar, ...] = ()


def earnings(services: Iterable[Service], costs: Costs, local: datetime) -> Earnings:
    """The earnings of `services` at `local`, an instant whose tzinfo is the owner's zone (core.zone.OwnersZone).

    It must know the zone's changes of offset, as the fixed offset of `astimezone()` does not: midnights are found by
    arithmetic on the wall clock, hours by arithmetic on instants. What vouchers pay for is all counted, a voucher's
    earliest seconds first; electricity is at the price of today.
    """
    services, now = tuple(services), int(local.timestamp())
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    hour = now - 60 * local.minute - local.second
    hours = [hour - 3600 * back for back in range(HOURS - 1, -1, -1)]
    days = [_instant(midnight - timedelta(days=back)) for back in range(DAYS - 1, -1, -1)]
    week = _instant(midnight - timedelta(days=midnight.weekday()))
    month = _instant(midnight.replace(day=1))
    tally = _Tally(services, costs, (0, *hours, *days, week, month, now))
    return Earnings(
        today=tally.bar(days[-1], now),
        week=tally.bar(week, now),
        month=tally.bar(month, now),
        lifetime=tally.bar(0, now),
        hourly=Amount(sum(_hourly(service) for service in services)),
        hours=tally.bars(hours, now),
        days=tally.bars(days, now),
    )


def electricity_milli(costs: Costs, resources: Resources, served_s: int) -> int:
    """What serving `resources` for so long costs in electricity, in thousandths of the owner's currency, rounded up.

    An estimate from the watts that the owner's settings name: no laptop says what a container draws.
    """
    return _cost_milli(costs, _milliwatts(costs, resources) * served_s)


def worth_milli(costs: Costs, amount: Amount) -> int | None:
    """What `amount` of coin is worth to the owner, in thousandths of their currency; None where they did not say."""
    return amount * costs.coin_milli // COIN_UNIT if costs.coin_milli else None


def net_milli(costs: Costs, earned: Amount, electricity_milli: int) -> int | None:
    """What is left of `earned` once its electricity is paid, in thousandths; None where a coin's worth is not known."""
    worth = worth_milli(costs, earned)
    return None if worth is None else worth - electricity_milli


def money(milli: int, currency: str) -> str:
    """Thousandths of a currency for a person, exact, with two decimals or three: "12.345 EUR", "-0.04 EUR"."""
    whole, rest = divmod(abs(milli), 1000)
    decimals = f"{rest:03d}".removesuffix("0")
    return f"{'-' if milli < 0 else ''}{whole:,}.{decimals} {currency}"


def as_csv(services: Iterable[Service], costs: Costs, now: int) -> str:
    """A line for each share that served, the oldest first, below CSV_HEADER (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(CSV_HEADER)
    for service in sorted((each for each in services if each.started_at), key=lambda each: each.started_at):
        served_s = service.served_s(now)
        writer.writerow(
            (
                service.agreement.lease,
                service.index,
                service.agreement.terms.renter,
                _utc(service.started_at),
                _utc(service.ended_at) if service.ended_at else "",
                served_s,
                _decimal(service.voucher),
                _decimal(service.paid),
                electricity_milli(costs, service.share.resources, served_s),
                costs.currency,
                service.reason.value if service.reason else "",
            )
        )
    return out.getvalue()


class _Tally:
    """What was earned, and what energy it took, by each of some instants, the last of which is now.

    Differences of running totals, so that bars add up; and a share costs one step for each instant within its time,
    so that thousands that ended long ago cost next to nothing.
    """

    def __init__(self, services: Iterable[Service], costs: Costs, instants: Iterable[int]) -> None:
        edges = sorted(set(instants))
        gains, energies = [0] * len(edges), [0] * len(edges)
        for service in services:
            draw_mw = _milliwatts(costs, service.share.resources)
            end = min(service.ended_at or edges[-1], service.agreement.terms.ends_at, edges[-1])
            place = bisect_left(edges, min(service.started_at or end, end))
            earned = energy = 0
            while edges[place] < end:
                # Not Service.served_s: of a share that ended it tells the whole, whenever it is asked for.
                served_s = served_ms(service.grants, service.started_at, edges[place]) // WHOLE
                so_far, spent = min(service.voucher, service.share.earned(served_s)), draw_mw * served_s
                gains[place] += so_far - earned
                energies[place] += spent - energy
                earned, energy = so_far, spent
                place += 1
            # By its end all that was vouched for is earned, also where the renter was ahead of the clock.
            gains[place] += service.voucher - earned
            energies[place] += draw_mw * service.served_s(end) - energy
        self._earned = dict(zip(edges, accumulate(gains), strict=True))
        self._cost = {at: _cost_milli(costs, spent) for at, spent in zip(edges, accumulate(energies), strict=True)}

    def bar(self, start: int, end: int) -> Bar:
        """What came between two of the instants."""
        return Bar(start, Amount(self._earned[end] - self._earned[start]), self._cost[end] - self._cost[start])

    def bars(self, starts: Sequence[int], end: int) -> tuple[Bar, ...]:
        """A bar from each start to the next, and from the last to `end`."""
        return tuple(map(self.bar, starts, (*starts[1:], end)))


def _milliwatts(costs: Costs, resources: Resources) -> int:
    return costs.watts_a_core * resources.cpu_millis + 1000 * costs.watts_a_gpu * resources.gpu_count


def _cost_milli(costs: Costs, milliwatt_s: int) -> int:
    # One kilowatt-hour is 1,000,000 mW for 3,600 s.
    return -(-milliwatt_s * costs.kwh_milli // (3600 * 1_000_000))


def _hourly(service: Service) -> int:
    running = service.phase in (ServicePhase.SERVING, ServicePhase.LEAVING)
    return 3600 * service.share.rate * in_force(service.grants) // WHOLE if running else 0


def _instant(wall: datetime) -> int:
    return int(wall.timestamp())


def _decimal(amount: int) -> str:
    """All 18 decimals, a point and no thousands' separators: what every spreadsheet takes."""
    return f"{amount // COIN_UNIT}.{amount % COIN_UNIT:018d}"


def _utc(instant: int) -> str:
    return f"{datetime.fromtimestamp(instant, tz=UTC):%Y-%m-%dT%H:%M:%SZ}"
