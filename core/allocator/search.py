"""One request over one market: the plans that can be drawn from its seats, and the best of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from core.allocator.columns import Floats, Integers
from core.allocator.market import Known, Market
from core.allocator.problems.effort import Effort
from core.allocator.seating import Table, lowest, shortlist, tabulate
from core.allocator.seats import Seats
from core.allocator.survival import survival
from core.model import MAX_SHARES, Address, Amount, SignedOffer
from core.quote import Request

MOST_SPARES: Final = 64
"""No cluster gets more spare workers: where so many do not suffice, its donors are not to be relied on."""

Plan = Mapping[int, int]
"""How many workers each donor takes, by its place in `Seats`."""


@dataclass(frozen=True, slots=True)
class Found:
    """A plan, the tightness it is best at, a bound on the score of any, and whether all options were looked at."""

    plan: Plan
    tightness_percent: int
    bound: float
    whole: bool


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """The seats of a request, and how many workers are leased at most, spares among them."""

    request: Request
    market: Market
    known: Known
    effort: Effort
    seats: Seats
    most: int

    @classmethod
    def of(cls, request: Request, market: Market, known: Known, effort: Effort) -> "Search":
        """The search for `request`, with spare workers where it wants confidence."""
        spares = MOST_SPARES if request.confidence_per_mille else 0
        seats = Seats.of(request, market, known, min(MAX_SHARES, request.workers + spares))
        return cls(
            request, market, known, effort, seats, min(MAX_SHARES, request.workers + spares, int(seats.seats.sum()))
        )

    def fits(self) -> bool:
        """True where there is room for the workers asked for, spares apart."""
        return self.most >= self.request.workers

    def best(self, tightness_percent: int) -> Found | None:
        """The best plan at that tightness, with as few spares as reach the confidence; None where nothing does."""
        table = self.table(tightness_percent)
        for workers in range(self.request.workers, self.most + 1):
            plan = table.plan(workers) if np.isfinite(table.scores[workers]) else self._cheapest(workers)
            if self.survival(plan) >= self.request.confidence_per_mille:
                score = self.score(plan, tightness_percent)
                bound = score if table.whole else min(score, workers * self._least_single(table, tightness_percent))
                return Found(plan, tightness_percent, bound, table.whole)
        return None

    def within_ceiling(self) -> Found | None:
        """The best plan at the tightness nearest to the one asked for at which the ceiling holds, by bisection."""
        found = self.best(0)
        if found is None or self.total(found.plan) > self.request.most_coin():
            return None
        low, high = 0, self.request.tightness_percent
        while high - low > 1 and not self.effort.over():
            middle = (low + high) // 2
            tighter = self.best(middle)
            if tighter is not None and self.total(tighter.plan) <= self.request.most_coin():
                low, found = middle, tighter
            else:
                high = middle
        return found if high - low <= 1 else replace(found, whole=False)

    def most_reliable(self) -> int:
        """For how many workers, fewer than asked for, the confidence is reached, by bisection."""
        low, high = 0, self.request.workers
        while high - low > 1 and not self.effort.over():
            middle = (low + high) // 2
            fewer = Search.of(replace(self.request, workers=middle), self.market, self.known, self.effort)
            low, high = (middle, high) if fewer.best(self.request.tightness_percent) else (low, middle)
        return low

    def table(self, tightness_percent: int, without: int | None = None, total: int | None = None) -> Table:
        """The best plan of every size up to `total`, at that tightness, leaving a donor out if asked."""
        score, tie = partial(_score, self.seats, tightness_percent), partial(_tie, self.seats, tightness_percent)
        most = min(total or self.most, self.most)
        return tabulate(shortlist(self.seats.seats, most, score, tie, self.effort.over), total or most, without)

    def least_waste(self, workers: int) -> float:
        """A lower bound on the fragmentation of any plan for so many workers: the least there is, if time allows."""
        listed = shortlist(self.seats.seats, workers, self.seats.wasted, self.seats.price, self.effort.over)
        # No worker can make more useful than what it uses itself.
        return float(tabulate(listed, workers).scores[workers]) if listed.whole else -workers * self.seats.value

    def options(self, place: int, tightness_percent: int, most: int) -> list[tuple[int, float]]:
        """What each possible number of workers up to `most` scores on one donor: (count, score)."""
        counts = range(1, min(most, int(self.seats.seats[place])) + 1)
        return [(count, float(_score(self.seats, tightness_percent, count, at(place))[0])) for count in counts]

    def total(self, plan: Plan) -> int:
        """The sum of the caps, to the unit."""
        return sum(count * self.rate(place) for place, count in plan.items()) * self.request.duration_s

    def score(self, plan: Plan, tightness_percent: int) -> float:
        """The plan's score at that tightness."""
        return float(sum(_score(self.seats, tightness_percent, n, at(place))[0] for place, n in plan.items()))

    def survival(self, plan: Plan) -> int:
        """The probability in thousandths that as many workers as asked for live to the end."""
        chances = ((n, self.known.survival.get(self.donor(p), self.known.usual_survival)) for p, n in plan.items())
        return survival(chances, self.request.duration_s / 3600, self.request.workers)

    def signed(self, place: int) -> SignedOffer:
        """The offer behind those seats."""
        return self.market.signed[int(self.seats.rows[place])]

    def donor(self, place: int) -> Address:
        """Whose seats those are."""
        return self.market.donors[int(self.seats.rows[place])]

    def rate(self, place: int) -> Amount:
        """What one worker there costs for one second, to the unit."""
        return self.signed(place).offer.prices.per_second(self.request.shape)

    def _cheapest(self, workers: int) -> Plan:
        """The cheapest seats: a plan that needs no table."""
        plan = {}
        places = lowest(self.seats.rates, workers)
        for place in places[np.argsort(self.seats.rates[places], kind="stable")].tolist():
            plan[place] = min(workers, int(self.seats.seats[place]))
            workers -= plan[place]
            if not workers:
                break
        return plan

    def _least_single(self, table: Table, tightness_percent: int) -> float:
        """The least that a worker may score: what was seen, or the cheapest seat with all that it uses saved."""
        saved = tightness_percent / 100 * self.seats.value * self.request.aims.waste_percent / 100
        return min(table.single, float(self.seats.rates.min()) * (1 - tightness_percent / 100) - saved)


def at(place: int) -> Integers:
    """One place, as a column."""
    return np.array([place], np.int64)


def _score(seats: Seats, tightness_percent: int, count: int, where: Integers) -> Floats:
    return seats.score(count, where, tightness_percent)


def _tie(seats: Seats, tightness_percent: int, count: int, where: Integers) -> Floats:
    return seats.tie(count, where, tightness_percent)
