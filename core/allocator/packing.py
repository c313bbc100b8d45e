"""The method: an exact choice among all plans, by price and aims (docs/allocation.md)."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from core.allocator import shortfall
from core.allocator.check import broken_shares
from core.allocator.market import NOTHING_KNOWN, Known, Market, inputs_digest
from core.allocator.problems.effort import Effort
from core.allocator.search import Found, Plan, Search, at
from core.allocator.seating import lowest
from core.model import Address, Amount, Share, SignedOffer
from core.quote import Quote, Reckoning, Request, Shortfall, Waste

NO_HURRY: Final = Effort(lambda: 0.0, 1.0)
"""No deadline: the answer depends on the inputs alone."""


def pack(
    request: Request,
    offers: Sequence[SignedOffer],
    now: int,
    known: Known = NOTHING_KNOWN,
    effort: Effort = NO_HURRY,
) -> Quote | Shortfall:
    """The best plan for `request` over `offers`, or what is missing: `quote` over a market read for this once.

    The order of `offers` does not matter. Never raises on whatever the offers say; they should be verified before
    (core/wire), because a price is only as good as its signature.
    """
    return quote(request, Market.read(offers, now), known, effort)


def quote(
    request: Request, market: Market, known: Known = NOTHING_KNOWN, effort: Effort = NO_HURRY
) -> Quote | Shortfall:
    """The plan of the least score for `request`, whole or not at all, or what is missing.

    Exact to the precision of a float (docs/allocation.md), deterministic, and checked against the offers themselves
    before it is given away. Where the deadline comes first, it is the best plan found by then and says so, with a
    bound. A price ceiling that binds lowers the tightness, never raises the price.
    """
    search = Search.of(request, market, known, effort)
    if not search.fits():
        return shortfall.explain(request, market)
    found = search.best(request.tightness_percent)
    if found is not None and search.total(found.plan) > request.most_coin():
        found = search.within_ceiling()
        if found is None:
            return shortfall.explain(request, market)
    if found is None:
        return shortfall.unreliable(request, search.most_reliable())
    return _written(search, found)


def _written(search: Search, found: Found) -> Quote:
    """What was found as a Quote, checked."""
    request, market, plan = search.request, search.market, found.plan
    workers = [(place, search.rate(place)) for place, count in plan.items() for _ in range(count)]
    quote = Quote(
        request,
        tuple(
            Share(index, search.donor(place), request.shape, rate, Amount(rate * request.duration_s))
            for index, (place, rate) in enumerate(workers)
        ),
        _alternates(search, plan),
        _waste(search, plan, len(workers)),
        Reckoning(
            market.at,
            found.tightness_percent,
            market.worth,
            search.score(plan, found.tightness_percent),
            found.bound,
            not found.whole,
            search.survival(plan),
        ),
        min(search.signed(place).offer.expires_at for place in plan),
        inputs_digest(request, market.digest, market.at, search.known),
    )
    problems = broken_shares(request, {search.donor(place): search.signed(place).offer for place in plan}, quote)
    # A plan that breaks a rule is a fault of this module; nobody may be asked to pay for it.
    assert not problems, "; ".join(problems)
    return quote


def _waste(search: Search, plan: Plan, workers: int) -> Waste:
    worth = search.market.worth_of(search.request.shape)
    wasted = round(sum(float(search.seats.wasted(count, at(place))[0]) for place, count in plan.items()))
    spares = Amount(worth * (workers - search.request.workers))
    least = min(round(search.least_waste(workers)), wasted)
    return Waste(wasted, spares, least, Amount(worth * workers), search.market.supply)


def _alternates(search: Search, plan: Plan) -> tuple[Address, ...]:
    """The cheapest unused donors, as many as there are workers; equals by address."""
    rates, wanted = search.seats.rates, search.request.workers
    cheapest = lowest(rates, wanted + len(plan))
    cheapest = cheapest[np.argsort(rates[cheapest], kind="stable")]
    free = [place for place in cheapest.tolist() if place not in plan]
    return tuple(search.donor(place) for place in free[:wanted])
