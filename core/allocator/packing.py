"""The method: an exact choice among all plans, by price and aims (docs/allocation.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from core.allocator import shortfall
from core.allocator.check import broken_shares
from core.allocator.columns import Floats, Integers
from core.allocator.market import NOTHING_KNOWN, Known, Market, inputs_digest
from core.allocator.seating import Table, lowest, shortlist, tabulate
from core.allocator.seats import Seats
from core.allocator.survival import survival
from core.model import MAX_SHARES, Address, Amount, Share, SignedOffer
from core.quote import Quote, Reckoning, Request, Shortfall, Waste

MOST_SPARES: Final = 64
"""No cluster gets more spare workers: where so many do not suffice, its donors are not to be relied on."""


def pack(request: Request, offers: Sequence[SignedOffer], now: int, known: Known = NOTHING_KNOWN) -> Quote | Shortfall:
    """The best plan for `request` over `offers`, or what is missing: `quote` over a market read for this once.

    The order of `offers` does not matter. Never raises on whatever the offers say; they should be verified before
    (core/wire), because a price is only as good as its signature.
    """
    return quote(request, Market.read(offers, now), known)


def quote(request: Request, market: Market, known: Known = NOTHING_KNOWN) -> Quote | Shortfall:
    """The plan of the least score for `request`, whole or not at all, or what is missing.

    Exact to the precision of a float (docs/allocation.md), deterministic, and checked against the offers themselves
    before it is given away. A price ceiling that binds lowers the tightness, never raises the price.
    """
    search = Search.of(request, market, known)
    if not search.fits():
        return shortfall.explain(request, market)
    tightness = request.tightness_percent
    plan = search.plan(tightness)
    if plan is not None and search.total(plan) > request.most_coin():
        tightness, plan = search.within_ceiling()
        if plan is None:
            return shortfall.explain(request, market)
    if plan is None:
        return shortfall.unreliable(request, search.most_reliable())
    return search.quote(plan, tightness)


Plan = Mapping[int, int]
"""How many workers each donor takes, by its place in `Seats`."""


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """One request over one market: the seats, and the plans that can be drawn from them."""

    request: Request
    market: Market
    known: Known
    seats: Seats
    most: int

    @classmethod
    def of(cls, request: Request, market: Market, known: Known) -> "Search":
        """The search for `request`, with spare workers where it wants confidence."""
        spares = MOST_SPARES if request.confidence_per_mille else 0
        most = min(MAX_SHARES, request.workers + spares)
        return cls(request, market, known, Seats.of(request, market, known, most), most)

    def fits(self) -> bool:
        """True where there is room for the workers asked for, spares apart."""
        return self.seats.total() >= self.request.workers

    def plan(self, tightness_percent: int) -> Plan | None:
        """The best plan at that tightness, with as few spares as reach the confidence; None where nothing does."""
        if not self.fits():
            return None
        table = self.table(tightness_percent)
        for workers in range(self.request.workers, min(self.most, self.seats.total()) + 1):
            plan = table.plan(workers)
            if self.survival(plan) >= self.request.confidence_per_mille:
                return plan
        return None

    def table(self, tightness_percent: int, without: int | None = None, total: int | None = None) -> Table:
        """The best plan of every size up to `total`, at that tightness, leaving a donor out if asked."""
        most = min(total or self.most, self.seats.total())
        score, tie = partial(_score, self.seats, tightness_percent), partial(_tie, self.seats, tightness_percent)
        return tabulate(shortlist(self.seats.seats, most, score, tie), total or most, without)

    def options(self, place: int, tightness_percent: int, most: int) -> list[tuple[int, float]]:
        """What each possible number of workers up to `most` scores on one donor: (count, score)."""
        counts = range(1, min(most, int(self.seats.seats[place])) + 1)
        return [(count, float(_score(self.seats, tightness_percent, count, _at(place))[0])) for count in counts]

    def within_ceiling(self) -> tuple[int, Plan | None]:
        """The tightness nearest to the one asked for at which the ceiling holds, by bisection, and the plan there."""
        low, high, plan = -1, self.request.tightness_percent, None
        while high - low > 1:
            # The cheapest first: where that is too dear, nothing else is looked at.
            middle = (low + high) // 2 if plan else 0
            tighter = self.plan(middle)
            if tighter is not None and self.total(tighter) <= self.request.most_coin():
                low, plan = middle, tighter
            elif plan:
                high = middle
            else:
                break
        return low, plan

    def most_reliable(self) -> int:
        """For how many workers, fewer than asked for, the confidence is reached, by bisection."""
        low, high = 0, self.request.workers
        while high - low > 1:
            middle = (low + high) // 2
            fewer = Search.of(replace(self.request, workers=middle), self.market, self.known)
            low, high = (middle, high) if fewer.plan(self.request.tightness_percent) else (low, middle)
        return low

    def total(self, plan: Plan) -> int:
        """The sum of the caps, to the unit."""
        return sum(count * self._rate(place) for place, count in plan.items()) * self.request.duration_s

    def score(self, plan: Plan, tightness_percent: int) -> float:
        """The plan's score at that tightness."""
        return float(sum(_score(self.seats, tightness_percent, n, _at(place))[0] for place, n in plan.items()))

    def survival(self, plan: Plan) -> int:
        """The probability in thousandths that as many workers as asked for live to the end."""
        chances = ((n, self.known.survival.get(self.donor(p), self.known.usual_survival)) for p, n in plan.items())
        return survival(chances, self.request.duration_s / 3600, self.request.workers)

    def quote(self, plan: Plan, tightness_percent: int) -> Quote:
        """`plan` as a Quote, checked."""
        request, market = self.request, self.market
        workers = [(place, self._rate(place)) for place, count in plan.items() for _ in range(count)]
        quote = Quote(
            request,
            tuple(
                Share(index, self.donor(place), request.shape, rate, Amount(rate * request.duration_s))
                for index, (place, rate) in enumerate(workers)
            ),
            self._alternates(plan),
            self._waste(plan, len(workers)),
            Reckoning(
                market.at,
                tightness_percent,
                market.worth,
                self.score(plan, tightness_percent),
                self.survival(plan),
            ),
            min(self._signed(place).offer.expires_at for place in plan),
            inputs_digest(request, market.digest, market.at, self.known),
        )
        problems = broken_shares(request, {self.donor(p): self._signed(p).offer for p in plan}, quote)
        # A plan that breaks a rule is a fault of this module; nobody may be asked to pay for it.
        assert not problems, "; ".join(problems)
        return quote

    def _waste(self, plan: Plan, workers: int) -> Waste:
        worth = self.market.worth_of(self.request.shape)
        wasted = sum(self.seats.wasted(count, _at(place))[0] for place, count in plan.items())
        least = tabulate(shortlist(self.seats.seats, workers, self.seats.wasted, self.seats.price), workers).scores[
            workers
        ]
        spares = Amount(worth * (workers - self.request.workers))
        return Waste(
            round(wasted), spares, min(round(least), round(wasted)), Amount(worth * workers), self.market.supply
        )

    def _alternates(self, plan: Plan) -> tuple[Address, ...]:
        """The cheapest unused donors, as many as there are workers; equals by address."""
        wanted = self.request.workers + len(plan)
        cheapest = lowest(self.seats.rates, wanted)
        cheapest = cheapest[np.argsort(self.seats.rates[cheapest], kind="stable")]
        free = [place for place in cheapest.tolist() if place not in plan]
        return tuple(self.donor(place) for place in free[: self.request.workers])

    def _signed(self, place: int) -> SignedOffer:
        return self.market.signed[int(self.seats.rows[place])]

    def donor(self, place: int) -> Address:
        """Whose seats those are."""
        return self.market.donors[int(self.seats.rows[place])]

    def _rate(self, place: int) -> Amount:
        return self._signed(place).offer.prices.per_second(self.request.shape)


def _score(seats: Seats, tightness_percent: int, count: int, where: Integers) -> Floats:
    return seats.score(count, where, tightness_percent)


def _tie(seats: Seats, tightness_percent: int, count: int, where: Integers) -> Floats:
    return seats.tie(count, where, tightness_percent)


def _at(place: int) -> Integers:
    return np.array([place], np.int64)
