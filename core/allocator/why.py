"""Why a donor was or was not chosen, reckoned again from a quote's inputs: anybody with the same offers can."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from core.allocator.market import NOTHING_KNOWN, Known, Market, inputs_digest, newest
from core.allocator.packing import NO_HURRY
from core.allocator.search import Search
from core.model import Address, SignedOffer
from core.quote import Quote, Request, Why

_LITTLE: Final = 1e-9


def why(
    quote: Quote,
    offers: Sequence[SignedOffer],
    donor: Address,
    known: Known = NOTHING_KNOWN,
    market: Market | None = None,
) -> Why:
    """Why `quote` treats `donor` as it does. Raises ValueError where `offers` are not those it was made from.

    `market` may be given where it has been read from `offers` already.
    """
    request, at = quote.request, quote.reckoning.at
    market = market or Market.read(offers, at)
    if inputs_digest(request, market.digest, at, known) != quote.market:
        raise ValueError("these are not the offers, the request and the instant that the quote was made from")
    workers = Counter(share.donor for share in quote.shares)[donor]
    if donor not in market.donors:
        return Why(donor, 0, None, _not_there(offers, donor))
    row = market.donors.index(donor)
    search = Search.of(request, market, known, NO_HURRY)
    places = np.flatnonzero(search.seats.rows == row)
    if not len(places):
        return Why(donor, 0, None, _not_able(request, market, row))
    return _reckoned(search, quote, int(places[0]), workers)


def _reckoned(search: Search, quote: Quote, place: int, workers: int) -> Why:
    tightness, total, score = quote.reckoning.tightness_percent, len(quote.shares), quote.reckoning.score
    donor = search.donor(place)
    others = search.table(tightness, without=place, total=total).scores
    if workers:
        regret = float(others[total]) - score
        if not np.isfinite(regret):
            return Why(donor, workers, None, "Chosen: without it the market has too little room for the cluster.")
        return Why(donor, workers, regret, f"Chosen: the best plan without it is {_worse(regret, score)} worse.")
    here = search.options(place, tightness, total)
    with_it = min(float(others[total - count]) + one for count, one in here)
    regret = with_it - score
    if regret <= _LITTLE * abs(score):
        return Why(donor, 0, max(0.0, regret), "Not chosen: it is as good as those chosen, and equals go by address.")
    return Why(donor, 0, regret, f"Not chosen: the best plan with a worker on it is {_worse(regret, score)} worse.")


def _worse(regret: float, score: float) -> str:
    return f"{100 * regret / abs(score):.2g} %" if score else "a little"


def _not_there(offers: Sequence[SignedOffer], donor: Address) -> str:
    mine = [signed for signed in newest(offers) if signed.offer.donor == donor]
    if not mine:
        return "Not chosen: it had no offer on the board."
    return "Not chosen: its offer had expired, or was about to."


def _not_able(request: Request, market: Market, row: int) -> str:
    offer = market.signed[row].offer
    if offer.donor in request.excluded:
        return "Not chosen: the renter left it out, as it had refused or failed before."
    if request.kind not in offer.kinds:
        return f"Not chosen: it does not offer to run {request.kind.value}."
    if offer.longest_lease_s < request.duration_s:
        return f"Not chosen: it lends for {offer.longest_lease_s} s at most, and {request.duration_s} s were asked for."
    pairs = zip(offer.capacity.dimensions(), request.shape.dimensions(), strict=True)
    missing = [f"{name} ({has} of {need})" for (name, has), (_, need) in pairs if has < need]
    if missing:
        return f"Not chosen: one worker does not fit, by {' and '.join(missing)}."
    return "Not chosen: one worker there would cost more than the whole cluster may."
