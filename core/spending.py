"""What a renter's clusters may cost: limits that the agent keeps, whoever asks (docs/decisions/0022). Pure.

Coin counts from the moment that a lease is asked for, not when it is paid: whatever was allowed once runs to its end,
and no cluster meets a limit in the middle of a job.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from core.errors import SpendingLimit
from core.lease import Rental, RentalPhase
from core.model import Amount, Share
from core.quote import SpendingLimits
from core.repair import at_most
from core.sentences import exact
from core.view import Spending, spare

HOUR_S: Final = 3600
DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class _Flow:
    """A share's coin over time: `spent` evenly between two instants, from now on `rate` a second, `left` at most."""

    began_at: int
    ended_at: int
    spent: int
    rate: int
    left: int

    def between(self, since: int, until: int) -> int:
        """What of `spent` falls between two instants, rounded up."""
        if not self.spent:
            return 0
        lasted_s = max(1, self.ended_at - self.began_at)
        overlap_s = min(until, max(self.ended_at, self.began_at + 1)) - max(since, self.began_at)
        return -(-self.spent * max(0, overlap_s) // lasted_s)

    def ahead(self, seconds: int) -> int:
        """The most that the next `seconds` can cost."""
        return min(self.left, self.rate * seconds)


def spending(limits: SpendingLimits, rentals: Iterable[Rental], now: int) -> Spending:
    """What was spent, and what the leases under way may still cost."""
    flows = tuple(_flows(rentals, now))
    return Spending(
        last_hour=Amount(sum(flow.between(now - HOUR_S, now) for flow in flows)),
        last_day=Amount(sum(flow.between(now - DAY_S, now) for flow in flows)),
        in_all=Amount(sum(flow.spent for flow in flows)),
        committed=Amount(sum(flow.left for flow in flows)),
        limits=limits,
    )


def check(limits: SpendingLimits, rentals: Iterable[Rental], shares: Sequence[Share], now: int) -> None:
    """Raise SpendingLimit where a lease of `shares` could make the clusters cost more than a limit.

    No hour (day) from now on, however it is cut, may cost more than `per_hour` (`per_day`): what was spent in the part
    of it that is past counts, and for the rest each worker that is not over, at its rate.
    """
    flows = tuple(_flows(rentals, now))
    asked = tuple(_Flow(now, now, 0, share.rate, share.cap) for share in shares)
    for limit, window_s, name in (
        (limits.per_hour, HOUR_S, "an hour"),
        (limits.per_day, DAY_S, "a day"),
        (limits.in_all, None, "in all"),
    ):
        if limit is None:
            continue
        cost = _peak((*flows, *asked), window_s, now)
        if cost > limit:
            free = max(0, limit - _peak(flows, window_s, now))
            raise SpendingLimit(
                f"The clusters could then cost {spare(cost)} {name}, and your limit is {exact(limit)}.",
                f"{spare(free)} {name} are free: ask for less or for a shorter time, end a cluster, or raise the limit "
                "with `sparecloud limits`; nothing was paid.",
            )


def _peak(flows: Sequence[_Flow], window_s: int | None, now: int) -> int:
    """The most that any `window_s` seconds ending from now on can cost; without a window, all of it."""
    if window_s is None:
        return sum(flow.spent + flow.left for flow in flows)
    # The sum is linear between these instants, so that one of them is the worst.
    turns = {0, window_s}
    for flow in flows:
        turns |= {flow.began_at + window_s - now, flow.ended_at + window_s - now, flow.left // max(1, flow.rate)}
    return max(
        sum(flow.between(now - window_s + ahead_s, now) + flow.ahead(ahead_s) for flow in flows)
        for ahead_s in turns
        if 0 <= ahead_s <= window_s
    )


def _flows(rentals: Iterable[Rental], now: int) -> Iterator[_Flow]:
    for rental in rentals:
        if not rental.opened_at and rental.phase is RentalPhase.ENDED:
            continue
        for part, share in zip(rental.parts, rental.agreement.shares, strict=True):
            began = part.ordered_at or now
            ended = max(began, part.lost_at or rental.ending_at or now)
            yield _Flow(began, min(ended, now), part.vouched, share.rate, at_most(part, share, rental) - part.vouched)
