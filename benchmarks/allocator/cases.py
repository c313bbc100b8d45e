"""Small nasty cases for the allocator, each tried and checked by plain code of its own."""

import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

import numpy as np

from benchmarks.allocator import judge
from core.allocator import Known, check, pack
from core.allocator.problems.effort import Effort
from core.allocator.whole import batch, identical, scan
from core.allocator.whole.fleet import Fleet
from core.allocator.whole.plan import Plan
from core.model import MAX_AMOUNT, MAX_RESOURCE, Address, Amount, Kind, Offer, Prices, Resources, SignedOffer
from core.quote import Aims, Quote, Request, Shortfall

Case = Callable[[Random], tuple[str, Sequence[str]]]
"""Makes one case by chance, tries it, and gives the outcome in a word and what is wrong with it, as sentences."""

NOW: Final = 1_000_000
_ADDRESSES: Final = [Address(f"0x{number:040x}") for number in range(13)]
_SEAL_KEY: Final = "0x" + "11" * 32
_CORES: Final = (0, 1, 100, 500, 1000, 1000, 2000, 2000, 4000, 8000, 64_000, MAX_RESOURCE)
_MEMORY: Final = (0, 511, 512, 1024, 1024, 2048, 4096, 4096, 8192, 65_536, MAX_RESOURCE)
_DISK: Final = (0, 0, 1, 8192, 16_384, 65_536, MAX_RESOURCE)
_PRICES: Final = (0, 1, 10, 10, 10, 11, 1000, 10**9, 10**15, 10**30)
_EXPIRY: Final = (-10, 0, 4, 5, 60, 60, 60, 60, 60, 3600)
_DURATIONS: Final = (60, 600, 600, 3600, 3600, 86_400, 30 * 86_400)


def a_quote(chance: Random) -> tuple[str, Sequence[str]]:
    """The product's own question: which donors host a cluster."""
    tame = chance.random() < 0.75
    offers = [_offer(chance, tame) for _ in range(chance.choice((0, 1, 2, 3, 5, 8, 12, 12)))]
    while offers and chance.random() < 0.2:
        offers.append(chance.choice(offers))
    request, known = _request(chance, tame), _known(chance)
    answer = pack(request, offers, NOW, known)
    if isinstance(answer, Quote):
        problems = check(
            request,
            offers,
            answer,
            NOW,
            survival=known.survival,
            latency_ms=known.latency_ms,
            usual_survival=known.usual_survival,
        )
        return "answered", problems
    return "shortfall", _about_shortfall(request, offers, answer)


def a_whole_donor(chance: Random) -> tuple[str, Sequence[str]]:
    """The cheapest donor for one worker."""
    capacities, costs = _donors(chance)
    shape = _shape(chance, len(capacities[0]))
    row = scan.best(Fleet.of(capacities, costs), shape)
    able = [cost for capacity, cost in zip(capacities, costs, strict=True) if _rooms(capacity, shape)]
    if row is None:
        return "shortfall", ["a donor could host it"] if able else []
    if not _rooms(capacities[row], shape):
        return "answered", ["the donor cannot host it"]
    return "answered", [] if costs[row] == min(able) else ["another donor is cheaper"]


def workers_alike(chance: Random) -> tuple[str, Sequence[str]]:
    """The cheapest donors for workers of one shape, against a table of plain Python."""
    capacities, costs = _donors(chance)
    shape, workers = _shape(chance, len(capacities[0])), chance.choice((1, 2, 3, 5, 8, 40))
    spread = chance.choice((None, None, 1, 2))
    answer = identical.pack(Fleet.of(capacities, costs), shape, workers, spread)
    most = workers if spread is None else spread
    rooms = [min(_rooms(capacity, shape), most) for capacity in capacities]
    if not isinstance(answer, Plan):
        return "shortfall", ["there is room for all"] if sum(rooms) >= workers else []
    problems = _about_plan(capacities, costs, [shape], [workers], answer)
    least = _least(rooms, costs, workers)
    if abs(answer.cost - least) > 1e-9 * (1 + least):
        problems.append(f"it costs {answer.cost}, the least is {least}")
    if max(row[0] for row in answer.workers.tolist()) > most:
        problems.append("a donor hosts more than one may")
    return "answered", problems


def workers_mixed(chance: Random) -> tuple[str, Sequence[str]]:
    """Donors for workers of several shapes."""
    capacities, costs = _donors(chance)
    shapes = [_shape(chance, len(capacities[0])) for _ in range(chance.randint(1, 4))]
    counts = [chance.choice((0, 1, 2, 3, 8)) for _ in shapes]
    if not sum(counts):
        counts[0] = 1
    effort = Effort(time.monotonic, 5.0, chance.randrange(2**31))
    answer = batch.pack(Fleet.of(capacities, costs), np.array(shapes), np.array(counts), effort)
    if isinstance(answer, Plan):
        return "answered", _about_plan(capacities, costs, shapes, counts, answer)
    together = [sum(n * need for n, need in zip(counts, column, strict=True)) for column in zip(*shapes, strict=True)]
    roomy = any(_rooms(capacity, together) for capacity in capacities)
    return "shortfall", ["one donor alone could host all"] if roomy else []


def _about_plan(
    capacities: Sequence[Sequence[int]],
    costs: Sequence[float],
    shapes: Sequence[Sequence[int]],
    counts: Sequence[int],
    plan: Plan,
) -> list[str]:
    problems = []
    donors = plan.donors.tolist()
    try:
        judge.cover(dict(enumerate(capacities)), shapes, counts, donors, plan.workers.tolist())
    except judge.Broken as broken:
        problems.append(str(broken))
    if abs(sum(costs[donor] for donor in donors) - plan.cost) > 1e-9 * (1 + plan.cost):
        problems.append("the cost is not the sum of the donors' costs")
    if plan.bound > plan.cost * (1 + 1e-9):
        problems.append("the bound is above the cost")
    return problems


def _about_shortfall(request: Request, offers: Sequence[SignedOffer], answer: Shortfall) -> list[str]:
    """Whether seats or coin are too few indeed; with a wish for confidence that cannot be said so simply."""
    if not answer.sentence:
        return ["the shortfall has no sentence"]
    if request.confidence_per_mille:
        return []
    best: dict[Address, SignedOffer] = {}
    for signed in offers:
        held = best.get(signed.offer.donor)
        if held is None or _rank(held) < _rank(signed):
            best[signed.offer.donor] = signed
    shape = [value for _, value in request.shape.dimensions()]
    seats: list[int] = []
    for offer in (signed.offer for signed in best.values()):
        if offer.expires_at < NOW + 5 or offer.longest_lease_s < request.duration_s or offer.donor in request.excluded:
            continue
        room = _rooms([value for _, value in offer.capacity.dimensions()], shape)
        taken = min(room, request.most_per_donor or request.workers, request.workers)
        seats += [offer.prices.per_second(request.shape)] * taken
    cheapest = sorted(seats)[: request.workers]
    most = MAX_AMOUNT if request.ceiling is None else request.ceiling
    if len(cheapest) == request.workers and sum(cheapest) * request.duration_s <= most:
        return ["there are seats that can be paid"]
    return []


def _rank(signed: SignedOffer) -> tuple[int, int, str, str]:
    return signed.offer.sequence, signed.offer.expires_at, signed.signature, repr(signed.offer)


def _least(rooms: Sequence[int], costs: Sequence[float], workers: int) -> float:
    """The least cost of donors with so many seats: every donor taken or left, workers covered so far as the state."""
    least = [0.0] + [float("inf")] * workers
    for room, cost in zip(rooms, costs, strict=True):
        for covered in range(workers, 0, -1):
            least[covered] = min(least[covered], least[max(0, covered - room)] + cost)
    return least[workers]


def _rooms(capacity: Sequence[int], shape: Sequence[int]) -> int:
    return min(has // need for has, need in zip(capacity, shape, strict=True) if need)


def _offer(chance: Random, tame: bool) -> SignedOffer:
    """An offer; a tame one is what a laptop could say, or nearly."""
    pick, start = chance.choice, 4 if tame else 0
    number = chance.randrange(13)
    prices = _PRICES[2:6] if tame else _PRICES
    offer = Offer(
        donor=_ADDRESSES[number],
        name="laptop",
        capacity=Resources(
            pick(_CORES[start:]), pick(_MEMORY[start:]), pick(_DISK), pick((0, 0, 0, 1, 2)), pick((0, 0, 8192))
        ),
        prices=Prices(Amount(pick(prices)), Amount(pick(prices)), Amount(pick(prices)), Amount(pick(prices))),
        kinds=(Kind.SPARK,),
        seal_key=_SEAL_KEY,
        sequence=pick((1, 1, 1, 2, 2**63 - 1)),
        expires_at=NOW + pick(_EXPIRY[start - 1 :] if tame else _EXPIRY),
        longest_lease_s=MAX_RESOURCE if tame else pick((1, 3600, 86_400, MAX_RESOURCE)),
        shortest_grace_s=60,
    )
    return SignedOffer(offer, f"0x{number:064x}{chance.randrange(2**64):066x}")


def _request(chance: Random, tame: bool) -> Request:
    pick = chance.choice
    disk, gpus, gpu_memory = (0, 0, 0) if tame else (pick((0, 0, 1, 8192)), pick((0, 0, 0, 1)), pick((0, 0, 0, 4096)))
    return Request(
        shape=Resources(pick((100, 500, 1000, 1000, 2000)), pick((512, 1024, 2048)), disk, gpus, gpu_memory),
        # The independent check of the largest clusters takes a hundred times longer.
        workers=chance.randint(1, 8) if chance.random() < 0.999 else 256,
        duration_s=pick(_DURATIONS),
        ceiling=pick((None, None, None, None, None, Amount(1), Amount(10**8), Amount(10**15), Amount(MAX_AMOUNT))),
        most_per_donor=pick((None, None, None, 1, 2, 256)),
        excluded=frozenset(chance.sample(_ADDRESSES, pick((0, 0, 0, 1, 3)))),
        tightness_percent=pick((0, 10, 10, 50, 100)),
        confidence_per_mille=pick((0, 0, 0, 0, 0, 0, 0, 0, 900, 999)),
        aims=pick((Aims(), Aims(), Aims(0, 0, 0, 0), Aims(chance.randint(0, 10_000), 1, 0, 10_000))),
    )


def _known(chance: Random) -> Known:
    if chance.random() < 0.7:
        return Known()
    some = chance.sample(_ADDRESSES, 6)
    return Known(
        {donor: chance.choice((0, 1, 500, 999, 1000)) for donor in some},
        {donor: chance.choice((0, 5, 80, 3_600_000)) for donor in some[3:]},
        chance.choice((0, 950, 1000)),
    )


def _donors(chance: Random) -> tuple[list[list[int]], list[float]]:
    """Capacities and costs of 1 to 12 donors in 1 to 4 dimensions."""
    d = chance.randint(1, 4)
    most = chance.choice((1, 4, 12, 12, 2**31))
    capacities = [[chance.randint(0, most) for _ in range(d)] for _ in range(chance.randint(1, 12))]
    if chance.random() < 0.2:
        capacities = [capacities[0]] * len(capacities)
    worth = [chance.choice((0.0, 1.0, 0.25, 1e-9)) for _ in range(d)]
    same = chance.random() < 0.2
    costs = [
        1.0 if same else sum(has * unit for has, unit in zip(capacity, worth, strict=True)) for capacity in capacities
    ]
    return capacities, costs


def _shape(chance: Random, d: int) -> list[int]:
    shape = [chance.choice((0, 1, 1, 2, 3, 7)) for _ in range(d)]
    if not any(shape):
        shape[chance.randrange(d)] = 1
    return shape


KINDS: Final[Sequence[Case]] = (*[a_quote] * 24, *[workers_alike] * 10, *[a_whole_donor] * 5, workers_mixed)
"""Case n is of kind n modulo their number."""
