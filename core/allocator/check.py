"""An independent reading of docs/allocation.md: recomputes every rule of a quote, sharing no code with the method."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from heapq import nsmallest

from core.model import MAX_AMOUNT, MAX_SHARES, Address, Offer, Quote, Request, Resources, SignedOffer

_MARGIN_S = 5


def check(request: Request, offers: Sequence[SignedOffer], quote: Quote, now: int) -> tuple[str, ...]:
    """Every rule that `quote` breaks as an answer to `request` over `offers` at `now`, as sentences; none is good."""
    return tuple(_problems(request, offers, quote, now))


def _problems(request: Request, offers: Sequence[SignedOffer], quote: Quote, now: int) -> Iterator[str]:
    live = {donor: offer for donor, offer in _latest(offers).items() if offer.expires_at - now >= _MARGIN_S}
    willing = {donor: offer for donor, offer in live.items() if _willing(request, offer)}
    counts = Counter(share.donor for share in quote.shares)
    yield from _about_shares(request, willing, quote)
    if any(donor not in willing for donor in counts):
        return
    rooms = {donor: room for donor, offer in willing.items() if (room := _room(request, offer))}
    yield from _about_choice(request, willing, rooms, counts)
    yield from _about_alternates(request, willing, rooms, quote)
    supply = sum(_price(offer, _vector(offer.capacity)) for offer in live.values())
    if (quote.waste.stranded, quote.waste.supply) != (_stranded(request, willing, rooms, counts), supply):
        yield "the waste is not what the plan strands"
    if quote.valid_until != min((willing[donor].expires_at for donor in counts), default=-1):
        yield "valid_until is not the earliest expiry of the chosen offers"
    if quote.market != _digest(request, offers, now):
        yield "the market's digest is not that of these offers"


def _about_shares(request: Request, willing: Mapping[Address, Offer], quote: Quote) -> Iterator[str]:
    if quote.request != request:
        yield "the quote answers another request"
    if [share.index for share in quote.shares] != list(range(request.workers)):
        yield "the shares are not numbered from 0 to the number of workers"
    for share in quote.shares:
        if share.donor not in willing:
            yield f"{share.donor} has no offer that admits the request"
            continue
        rate = _price(willing[share.donor], _vector(request.shape))
        if (share.resources, share.rate, share.cap) != (request.shape, rate, rate * request.duration_s):
            yield f"share {share.index} is not the asked shape at its donor's price"
    if sum(share.cap for share in quote.shares) > (MAX_AMOUNT if request.ceiling is None else request.ceiling):
        yield "the total is above the ceiling"


def _about_choice(
    request: Request, willing: Mapping[Address, Offer], rooms: Mapping[Address, int], counts: Mapping[Address, int]
) -> Iterator[str]:
    most = MAX_SHARES if request.most_per_donor is None else request.most_per_donor
    seats, shape = {donor: min(room, most) for donor, room in rooms.items()}, _vector(request.shape)
    rates = {donor: _price(willing[donor], shape) for donor in rooms}
    if any(count > seats.get(donor, 0) for donor, count in counts.items()):
        yield "a donor has more workers than it has room for, or than one may take"
        return
    # Exchange argument: the plan is cheapest exactly where no free seat is cheaper than a taken one.
    dearest = max((rates[donor] for donor in counts), default=0)
    if any(counts.get(donor, 0) < seats[donor] for donor, rate in rates.items() if rate < dearest):
        yield "a cheaper seat was left free"
    # Even: moving a worker to an equally priced donor with a free seat must never flatten the plan. Below the dearest
    # rate there is no free seat left.
    equal = {donor: counts.get(donor, 0) for donor, rate in rates.items() if rate == dearest}
    flattest = min((count for donor, count in equal.items() if count < seats[donor]), default=MAX_SHARES)
    if max(equal.values(), default=0) > flattest + 1:
        yield "the workers are not spread evenly over equally priced donors"


def _about_alternates(
    request: Request, willing: Mapping[Address, Offer], rooms: Mapping[Address, int], quote: Quote
) -> Iterator[str]:
    used = {share.donor for share in quote.shares}
    shape = _vector(request.shape)
    free = ((_price(willing[donor], shape), donor) for donor in rooms if donor not in used)
    if list(quote.alternates) != [donor for _, donor in nsmallest(request.workers, free)]:
        yield "the alternates are not the cheapest unused donors"


def _stranded(
    request: Request, willing: Mapping[Address, Offer], rooms: Mapping[Address, int], counts: Mapping[Address, int]
) -> int:
    total = 0
    for donor, count in counts.items():
        if count == rooms.get(donor):
            needs = _vector(request.shape)
            left = tuple(has - count * need for has, need in zip(_vector(willing[donor].capacity), needs, strict=True))
            total += _price(willing[donor], left)
    return total


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
    shape, capacity = request.shape, offer.capacity
    room = min(capacity.cpu_millis // shape.cpu_millis, capacity.memory_mib // shape.memory_mib)
    if shape.disk_mib:
        room = min(room, capacity.disk_mib // shape.disk_mib)
    if shape.gpu_count:
        room = min(room, capacity.gpu_count // shape.gpu_count)
    if shape.gpu_memory_mib:
        room = min(room, capacity.gpu_memory_mib // shape.gpu_memory_mib)
    return room


def _vector(of: Resources) -> tuple[int, ...]:
    return of.cpu_millis, of.memory_mib, of.disk_mib, of.gpu_count, of.gpu_memory_mib


def _price(offer: Offer, vector: tuple[int, ...]) -> int:
    cpu, memory, disk, gpu, _ = vector
    prices = offer.prices
    return cpu * prices.cpu_milli + memory * prices.memory_mib + disk * prices.disk_mib + gpu * prices.gpu


def _digest(request: Request, offers: Sequence[SignedOffer], now: int) -> str:
    head = [*_vector(request.shape), request.workers, request.duration_s, str(request.kind)]
    head += [request.ceiling, request.most_per_donor, sorted(request.excluded), now]
    body = sorted(dict.fromkeys([f"{s.offer.donor} {s.signature}" for s in offers]))
    return sha256("\n".join([repr(tuple(head)), *body]).encode()).hexdigest()
