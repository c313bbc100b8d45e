"""What a machine could earn: at its owner's prices, and at what the market's donors ask, less its electricity. Pure.

How many hours a day renters come for is a guess: the board shows what is offered and for what price, and the escrow
names no lease that is not one's own, so nobody can read how much of the market is leased.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median_low
from typing import Final

from core.earnings import electricity_milli, net_milli
from core.model import COIN_UNIT, Address, Amount, Kind, Resources, SignedOffer
from core.owner import Donor
from core.view import spare

HOURS_A_DAY: Final = (2, 8, 24)

YARDSTICK: Final = Resources(cpu_millis=1000, memory_mib=2048)
"""What prices are compared by, on the renter's screens as well: one core and 2 GiB, for an hour."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day on which all that is shared is leased for `hours`: earned at the own price and at the market's.

    `left_milli` is what remains of the own price's earnings once the electricity is paid, in thousandths; None where
    the owner did not say what a coin is worth. `at_market` is None where nobody else offers anything.
    """

    hours: int
    at_own: Amount
    at_market: Amount | None
    electricity_milli: int
    left_milli: int | None


@dataclass(frozen=True, slots=True)
class Prospects:
    """What `resources` could earn, and where their price stands among `donors` others that have room.

    `own_hourly` and `market_hourly` (the median) are prices of YARDSTICK; `cheaper_than` counts the donors that would
    ask more for the same `resources`, `as_cheap_as` those that would ask the same. `break_even_milli` is the worth of
    a coin from which the own price pays for its electricity; None where that price is 0.
    """

    resources: Resources
    own_hourly: Amount
    market_hourly: Amount | None
    donors: int
    cheaper_than: int
    as_cheap_as: int
    days: tuple[Day, ...]
    break_even_milli: int | None

    @property
    def estimate(self) -> str:
        """What a day of the most hours would bring, in a sentence."""
        if not self.days:
            return "Nothing of this machine can be shared within the limits."
        day = self.days[-1]
        brought = day.at_own if day.at_market is None else min(day.at_own, day.at_market)
        return (
            f"Leased for {day.hours} hours a day it would earn some {spare(brought, digits=2)}; nobody promises that."
        )

    @property
    def rank(self) -> str:
        """Where the price stands, in a sentence."""
        if not self.donors:
            return "Nobody else offers anything right now: there is no price to compare yours with."
        if self.as_cheap_as == self.donors:
            return "You ask as much as everybody else."
        if self.cheaper_than == self.donors:
            return "You are the cheapest: renters take the cheapest first."
        if not self.cheaper_than:
            return "Nobody asks more than you: renters take the cheapest first."
        return f"You are cheaper than {100 * self.cheaper_than // self.donors} % of {self.donors} donors."


def prospects(offers: Iterable[SignedOffer], own: Resources, donor: Donor, *, address: Address) -> Prospects:
    """What `own` could earn under `donor`'s prices and costs, beside the `offers` of others than `address`.

    The market's estimate is the median of what the others would ask for the very same resources; of an even number,
    the lower of the two in the middle, which promises less.
    """
    asking, costs = donor.asking.prices(), donor.costs
    others = [
        signed.offer.prices for signed in offers if signed.offer.donor != address and _has_room(signed.offer.capacity)
    ]
    own_rate = asking.per_second(own)
    rates = [prices.per_second(own) for prices in others]
    market_rate = median_low(rates) if rates else None
    market_yard = median_low(prices.per_second(YARDSTICK) for prices in others) if others else None
    return Prospects(
        resources=own,
        own_hourly=Amount(3600 * asking.per_second(YARDSTICK)),
        market_hourly=None if market_yard is None else Amount(3600 * market_yard),
        donors=len(rates),
        cheaper_than=sum(rate > own_rate for rate in rates),
        as_cheap_as=sum(rate == own_rate for rate in rates),
        days=tuple(_day(donor, own, hours, own_rate, market_rate) for hours in HOURS_A_DAY),
        break_even_milli=-(-electricity_milli(costs, own, 3600) * COIN_UNIT // (3600 * own_rate)) if own_rate else None,
    )


def _has_room(capacity: Resources) -> bool:
    return capacity.cpu_millis > 0 and capacity.memory_mib >= Kind.SPARK.least_memory_mib


def _day(donor: Donor, own: Resources, hours: int, own_rate: Amount, market_rate: Amount | None) -> Day:
    served_s = 3600 * hours
    earned, spent = Amount(own_rate * served_s), electricity_milli(donor.costs, own, served_s)
    return Day(
        hours=hours,
        at_own=earned,
        at_market=None if market_rate is None else Amount(market_rate * served_s),
        electricity_milli=spent,
        left_milli=net_milli(donor.costs, earned, spent),
    )
