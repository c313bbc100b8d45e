"""The donors that could host a worker of a request, and what so many workers on one of them score."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.allocator.columns import Floats, Integers
from core.allocator.market import Known, Market
from core.allocator.waste import change
from core.model import MAX_SHARES, Address
from core.quote import Request


@dataclass(frozen=True, slots=True, eq=False)
class Seats:
    """The m donors with room, in order of their addresses; every column is (m,).

    `rows` are their places in the market, `seats` how many workers each may take, `rates` the price of one for one
    second; `frailty` and `distance` are what reliability and closeness add to the score of one worker.
    """

    market: Market
    request: Request
    rows: Integers
    seats: Integers
    rates: Floats
    capacity: Integers
    fragments: Floats
    frailty: Floats
    distance: Floats
    value: float

    @classmethod
    def of(cls, request: Request, market: Market, known: Known, most: int) -> "Seats":
        """Those of `market` for `request`, none with more than `most` seats and none too dear for the ceiling."""
        willing = market.open_to(request) & (market.longest_s >= request.duration_s)
        rates = market.rates(request.shape)
        # A float may round up by its last bit; the exact total is looked at in the end.
        willing &= rates * request.duration_s <= request.most_coin() * (1 + 1e-12)
        rooms = market.rooms(request.shape)
        rows = np.flatnonzero(willing & (rooms > 0))
        capacity = market.capacity[:, rows]
        value = float(market.worth_of(request.shape))
        return cls(
            market,
            request,
            rows,
            np.minimum(rooms[rows], min(most, request.most_per_donor or MAX_SHARES)),
            rates[rows],
            capacity,
            market.fragments[rows],
            value * (1 - _column(known.survival, market, rows, known.usual_survival) / 1000),
            value * _column(known.latency_ms, market, rows, 0) / 1000,
            value,
        )

    def price(self, count: int, where: Integers) -> Floats:
        """What `count` workers cost on each of the donors `where`, for one second."""
        return self.rates[where] * count

    def wasted(self, count: int, where: Integers) -> Floats:
        """How much `count` workers add to the fragmentation of each of the donors `where`."""
        market, shape = self.market, self.request.shape
        return change(self.capacity[:, where], self.fragments[where], shape, count, market.worth)

    def wishes(self, count: int, where: Integers) -> Floats:
        """Every aim but the price, weighed and summed, for `count` workers on each of the donors `where`.

        Waste as it is; the worth of a worker for each pair of workers that share a donor, over half of those asked
        for; for each worker its worth times the probability that it dies within an hour, and times the seconds of
        its round trip.
        """
        aims = self.request.aims
        together = self.value * count * (count - 1) / self.request.workers
        single = self.frailty[where] * aims.reliability_percent + self.distance[where] * aims.closeness_percent
        wasted = self.wasted(count, where) * aims.waste_percent
        return (wasted + together * aims.spread_percent + single * count) / 100

    def score(self, count: int, where: Integers, tightness_percent: int) -> Floats:
        """Price and wishes blended: what a plan keeps least."""
        price = self.price(count, where)
        if not tightness_percent:
            return price
        return price * (1 - tightness_percent / 100) + self.wishes(count, where) * (tightness_percent / 100)

    def tie(self, count: int, where: Integers, tightness_percent: int) -> Floats:
        """What decides between equal scores: the wishes at the cheapest end, the price anywhere else."""
        return self.price(count, where) if tightness_percent else self.wishes(count, where)


def _column(known: Mapping[Address, int], market: Market, rows: Integers, usual: int) -> Floats:
    if not known:
        return np.full(len(rows), float(usual))
    return np.array([known.get(market.donors[row], usual) for row in rows.tolist()], np.float64)
