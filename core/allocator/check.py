"""An independent reading of docs/allocation.md: recomputes every rule of a quote, sharing no code with the method."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import starmap
from statistics import median_low
from typing import Final

from core.model import MAX_SHARES, Address, Offer, Resources, SignedOffer
from core.quote import Quote, Request

_MARGIN_S: Final = 5
_SAME: Final = 1e-9
"""Scores are floats: what differs by less is the same."""

_MIX: Final = ((10, 1, 2, 0), (19, 2, 4, 0), (19, 4, 8, 0), (8, 2, 12, 0), (5, 6, 6, 0), (3, 2, 6, 1))
"""64ths, cores, GiB and GPUs of the workers that are expected next."""

_Vector = tuple[int, ...]
_Known = tuple[Mapping[Address, int], Mapping[Address, int], int]


def check(
    request: Request,
    offers: Sequence[SignedOffer],
    quote: Quote,
    now: int,
    *,
    survival: Mapping[Address, int] | None = None,
    latency_ms: Mapping[Address, int] | None = None,
    usual_survival: int = 950,
) -> tuple[str, ...]:
    """Every rule that `quote` breaks as an answer to `request` over `offers` at `now`, as sentences; none is good.

    `survival` (thousandths an hour), `latency_ms` and `usual_survival` are what the renter knew of the donors. Takes
    seconds on markets of many thousands: it tries every number of workers on every donor.
    """
    return tuple(_problems(request, offers, quote, now, (survival or {}, latency_ms or {}, usual_survival)))


def broken_shares(request: Request, willing: Mapping[Address, Offer], quote: Quote) -> tuple[str, ...]:
    """Every rule that the shares break by themselves: who serves, what fits, the price, to the unit."""
    return tuple(_about_shares(request, willing, quote))


def _problems(request: Request, offers: Sequence[SignedOffer], quote: Quote, now: int, known: _Known) -> Iterator[str]:
    live = {donor: offer for donor, offer in _latest(offers).items() if offer.expires_at - now >= _MARGIN_S}
    willing = {donor: offer for donor, offer in live.items() if _willing(request, offer)}
    yield from _about_shares(request, willing, quote)
    if any(share.donor not in willing for share in quote.shares):
        return
    worth = _worth(live.values())
    if quote.reckoning.worth != worth or quote.reckoning.at != now:
        yield "the worth of a unit is not the market's, or the instant is another"
    if quote.waste.supply != sum(_value(_vector(offer.capacity), worth) for offer in live.values()):
        yield "the supply is not that of the market"
    yield from _about_choice(_Reading(request, willing, worth, known), quote)
    yield from _about_alternates(request, willing, quote)
    if quote.valid_until != min(willing[share.donor].expires_at for share in quote.shares):
        yield "valid_until is not the earliest expiry of the chosen offers"
    if quote.market != _digest(request, offers, now, known):
        yield "the digest is not that of these inputs"


def _about_shares(request: Request, willing: Mapping[Address, Offer], quote: Quote) -> Iterator[str]:
    if quote.request != request:
        yield "the quote answers another request"
    workers = len(quote.shares)
    if not request.workers <= workers <= (MAX_SHARES if request.confidence_per_mille else request.workers):
        yield "there are fewer workers than asked for, or more without a wish for confidence"
    if [share.index for share in quote.shares] != list(range(workers)):
        yield "the shares are not numbered from 0"
    for share in quote.shares:
        if share.donor not in willing:
            yield f"{share.donor} has no offer that admits the request"
            continue
        rate = _price(willing[share.donor], _vector(request.shape))
        if (share.resources, share.rate, share.cap) != (request.shape, rate, rate * request.duration_s):
            yield f"share {share.index} is not the asked shape at its donor's price"
    counts = Counter(share.donor for share in quote.shares)
    most = MAX_SHARES if request.most_per_donor is None else request.most_per_donor
    if any(
        count > most or count > _room(request, willing[donor]) for donor, count in counts.items() if donor in willing
    ):
        yield "a donor has more workers than it has room for, or than one may take"
    if sum(share.cap for share in quote.shares) > request.most_coin():
        yield "the total is above the ceiling"


class _Reading:
    """The scores of a request, reckoned again: plain Python, one donor and number of workers at a time."""

    def __init__(self, request: Request, willing: Mapping[Address, Offer], worth: _Vector, known: _Known) -> None:
        self.request, self.willing, self.worth = request, willing, worth
        self.survival, self.latency_ms, self.usual = known
        self.shape = _vector(request.shape)
        most = MAX_SHARES if request.most_per_donor is None else request.most_per_donor
        dearest = request.most_coin() // request.duration_s
        self.seats = {
            donor: min(_room(request, offer), most)
            for donor, offer in willing.items()
            if _price(offer, self.shape) <= dearest
        }

    def wasted(self, donor: Address, count: int) -> float:
        free = _vector(self.willing[donor].capacity)
        left = tuple(has - count * need for has, need in zip(free, self.shape, strict=True))
        return self._useless(left) - self._useless(free)

    def score(self, donor: Address, count: int, tightness: int) -> float:
        aims, value = self.request.aims, float(_value(self.shape, self.worth))
        lives = self.survival.get(donor, self.usual) / 1000
        wishes = (
            aims.waste_percent * self.wasted(donor, count)
            + aims.spread_percent * value * count * (count - 1) / self.request.workers
            + aims.reliability_percent * value * (1 - lives) * count
            + aims.closeness_percent * value * self.latency_ms.get(donor, 0) / 1000 * count
        ) / 100
        price = float(_price(self.willing[donor], self.shape)) * count
        return (price * (100 - tightness) + wishes * tightness) / 100

    def _useless(self, free: _Vector) -> float:
        hosted = sum(
            parts
            * min(free[0] // (1000 * cores), free[1] // (1024 * gib), free[3] // gpus if gpus else 2**31)
            * _value((1000 * cores, 1024 * gib, 0, gpus, 0), self.worth)
            for parts, cores, gib, gpus in _MIX
        )
        return _value(free, self.worth) - hosted / 64

    def lives(self, counts: Mapping[Address, int]) -> float:
        """The probability that as many workers as asked for live to the end."""
        hours, alive = self.request.duration_s / 3600, {0: 1.0}
        for donor, count in counts.items():
            chance = (self.survival.get(donor, self.usual) / 1000) ** hours
            after: dict[int, float] = {}
            for workers, weight in alive.items():
                after[workers] = after.get(workers, 0.0) + weight * (1 - chance)
                after[workers + count] = after.get(workers + count, 0.0) + weight * chance
            alive = after
        return sum(weight for workers, weight in alive.items() if workers >= self.request.workers)


def _about_choice(reading: _Reading, quote: Quote) -> Iterator[str]:
    counts, tightness = Counter(share.donor for share in quote.shares), quote.reckoning.tightness_percent
    if any(count > reading.seats.get(donor, 0) for donor, count in counts.items()):
        return
    if tightness > reading.request.tightness_percent:
        yield "it is tighter than asked for"
    if reading.request.ceiling is None and tightness != reading.request.tightness_percent:
        yield "it is less tight than asked for, and no ceiling binds"
    workers = len(quote.shares)
    score = sum(reading.score(donor, count, tightness) for donor, count in counts.items())
    # Fragmentation is a difference of two sums over a whole machine, and no more precise than those.
    machine = max(_value(_vector(reading.willing[donor].capacity), reading.worth) for donor in reading.seats)
    size = sum(abs(reading.score(donor, count, tightness)) for donor, count in counts.items())
    size += machine * reading.request.aims.waste_percent / 100
    if abs(score - quote.reckoning.score) > _SAME * (size + 1):
        yield "the score is not the plan's"
    least = _least(reading, workers, lambda donor, count: reading.score(donor, count, tightness))
    hurried = quote.reckoning.cut_short
    if not hurried and max(score, quote.reckoning.bound) > least + _SAME * (size + 1):
        yield "another plan scores less"
    if not quote.reckoning.bound <= least + _SAME * (size + 1):
        yield "the bound is above what a plan scores"
    wasted = sum(starmap(reading.wasted, counts.items()))
    size = machine * len(counts)
    if abs(wasted - quote.waste.fragmentation) > _SAME * size + 1:
        yield "the waste is not the plan's"
    least = min(wasted, _least(reading, workers, reading.wasted))
    if quote.waste.least > least + _SAME * size + 2 or (not hurried and quote.waste.least < least - _SAME * size - 2):
        yield "the least waste is not that of the market"
    value = _value(reading.shape, reading.worth)
    if (quote.waste.spares, quote.waste.leased) != (value * quote.spare_workers(), value * workers):
        yield "the worth of what is leased is not that of its workers"
    lives = 1000 * reading.lives(counts)
    if not lives - 1.001 <= quote.reckoning.survival_per_mille <= lives + 0.001:
        yield "the probability that enough workers live is another"
    if quote.reckoning.survival_per_mille < reading.request.confidence_per_mille:
        yield "the wanted confidence is not reached"


def _least(reading: _Reading, workers: int, score: Callable[[Address, int], float]) -> float:
    """The least score of any plan of so many workers: every number of workers on every donor is tried."""
    never = float("inf")
    best = [0.0] + [never] * workers
    for donor in sorted(reading.seats):
        options = [(count, score(donor, count)) for count in range(1, min(workers, reading.seats[donor]) + 1)]
        for total in range(workers, 0, -1):
            for count, extra in options:
                if count > total:
                    break
                if best[total - count] + extra < best[total]:
                    best[total] = best[total - count] + extra
    return best[workers]


def _about_alternates(request: Request, willing: Mapping[Address, Offer], quote: Quote) -> Iterator[str]:
    used, shape = {share.donor for share in quote.shares}, _vector(request.shape)
    dearest = request.most_coin() // request.duration_s
    rates = {donor: _price(offer, shape) for donor, offer in willing.items() if _room(request, offer)}
    free = {donor: rate for donor, rate in rates.items() if donor not in used and rate <= dearest}
    named = list(quote.alternates)
    if len(set(named)) != len(named) or any(donor not in free for donor in named):
        yield "an alternate is used already, or could not host a worker"
    elif len(named) != min(request.workers, len(free)):
        yield "there are not as many alternates as there could be"
    elif named and max(free[donor] for donor in named) > _SAME + min(
        (rate * (1 + _SAME) for donor, rate in free.items() if donor not in named), default=float("inf")
    ):
        yield "the alternates are not the cheapest unused donors"


def _worth(offers: Collection[Offer]) -> _Vector:
    """The median of what donors ask for a unit of each dimension, of those that have any."""
    cores = [offer.prices.cpu_milli for offer in offers if offer.capacity.cpu_millis]
    memory = [offer.prices.memory_mib for offer in offers if offer.capacity.memory_mib]
    disk = [offer.prices.disk_mib for offer in offers if offer.capacity.disk_mib]
    gpus = [offer.prices.gpu for offer in offers if offer.capacity.gpu_count]
    # A float holds a price to 53 bits, and the method's columns are floats.
    return (*(int(float(median_low(asked))) if asked else 0 for asked in (cores, memory, disk, gpus)), 0)


def _value(vector: _Vector, worth: _Vector) -> int:
    return sum(amount * unit for amount, unit in zip(vector, worth, strict=True))


def _latest(offers: Sequence[SignedOffer]) -> dict[Address, Offer]:
    best: dict[Address, SignedOffer] = {}
    for signed in offers:
        held = best.get(signed.offer.donor)
        if held is None or _order(held) < _order(signed):
            best[signed.offer.donor] = signed
    return {donor: signed.offer for donor, signed in best.items()}


def _order(signed: SignedOffer) -> tuple[int, int, str, str]:
    return signed.offer.sequence, signed.offer.expires_at, signed.signature, repr(signed.offer)


def _willing(request: Request, offer: Offer) -> bool:
    return (
        request.kind in offer.kinds
        and request.duration_s <= offer.longest_lease_s
        and offer.donor not in request.excluded
    )


def _room(request: Request, offer: Offer) -> int:
    pairs = zip(_vector(offer.capacity), _vector(request.shape), strict=True)
    return min(has // need for has, need in pairs if need)


def _vector(of: Resources) -> _Vector:
    return of.cpu_millis, of.memory_mib, of.disk_mib, of.gpu_count, of.gpu_memory_mib


def _price(offer: Offer, vector: _Vector) -> int:
    cpu, memory, disk, gpu, _ = vector
    prices = offer.prices
    return cpu * prices.cpu_milli + memory * prices.memory_mib + disk * prices.disk_mib + gpu * prices.gpu


def _digest(request: Request, offers: Sequence[SignedOffer], now: int, known: _Known) -> str:
    survival, latency_ms, usual = known
    lines = sorted({f"{signed.offer.donor} {signed.signature}" for signed in offers})
    market = sha256("\n".join(lines).encode()).hexdigest()
    asked = (
        *(list(_vector(request.shape)), request.workers, request.duration_s, str(request.kind), request.ceiling),
        *(request.most_per_donor, sorted(request.excluded), request.tightness_percent),
        *(request.confidence_per_mille, repr(request.aims), now),
        *(sorted(survival.items()), sorted(latency_ms.items()), usual, market),
    )
    return sha256(repr(asked).encode()).hexdigest()
