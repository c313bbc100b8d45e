"""The method: cheapest first, spread evenly among equals, least waste last (docs/allocation.md)."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice

from core.allocator import market, shortfall
from core.allocator.check import check
from core.allocator.market import Host, Market
from core.model import MAX_AMOUNT, Address, Amount, Quote, Request, Share, Shortfall, SignedOffer, Waste


def pack(request: Request, offers: Sequence[SignedOffer], now: int) -> Quote | Shortfall:
    """The cheapest plan for `request` over `offers`, or what is missing.

    The order of `offers` does not matter. Never raises on whatever the offers say; they should be verified before
    (core/wire), because a price is only as good as its signature.
    """
    seen = market.read(request, offers, now)
    hosts = market.hosts(request, seen.willing)
    taken = _cheapest(request, hosts)
    if taken is None or _total(request, taken) > ceiling(request):
        return shortfall.explain(request, seen, hosts)
    quote = _quote(request, seen, hosts, taken, market.fingerprint(request, offers, now))
    problems = check(request, offers, quote, now)
    # A plan that breaks a rule is a fault of this module; nobody may be asked to pay for it.
    assert not problems, "; ".join(problems)
    return quote


def ceiling(request: Request) -> Amount:
    """The most the cluster may cost: the request's ceiling, or what an escrow can hold."""
    return Amount(MAX_AMOUNT) if request.ceiling is None else request.ceiling


def _cheapest(request: Request, hosts: Sequence[Host]) -> dict[Host, int] | None:
    """How many workers each host takes, None where they have too few seats.

    Whole price levels are filled from the cheapest up; any plan that does otherwise costs more. Only in the last
    level is there a choice.
    """
    taken: dict[Host, int] = {}
    wanted, start = request.workers, 0
    while wanted and start < len(hosts):
        end = start
        while end < len(hosts) and hosts[end].rate == hosts[start].rate:
            end += 1
        level = hosts[start:end]
        chosen = _spread(request, level, wanted)
        taken.update(chosen)
        wanted -= sum(chosen.values())
        start = end
    return None if wanted else taken


def _spread(request: Request, level: Sequence[Host], wanted: int) -> dict[Host, int]:
    """Up to `wanted` workers over equally priced hosts: one each, round after round.

    Even first, so that one laptop that closes takes as few workers as possible. In a round that not every host
    gets a worker in, those come first on which the worker strands least.
    """
    counts: Counter[Address] = Counter()
    while wanted:
        free = [host for host in level if counts[host.donor] < host.seats]
        if not free:
            break
        if len(free) > wanted:
            free.sort(key=lambda host: (host.stranded(request.shape, counts[host.donor] + 1), host.donor))
            free = free[:wanted]
        counts.update(host.donor for host in free)
        wanted -= len(free)
    return {host: counts[host.donor] for host in level if counts[host.donor]}


def _total(request: Request, taken: dict[Host, int]) -> int:
    return sum(host.rate * request.duration_s * count for host, count in taken.items())


def _quote(request: Request, seen: Market, hosts: Sequence[Host], taken: dict[Host, int], digest: str) -> Quote:
    workers = [host for host, count in taken.items() for _ in range(count)]
    shares = tuple(
        Share(index, host.donor, request.shape, host.rate, Amount(host.rate * request.duration_s))
        for index, host in enumerate(workers)
    )
    used = {host.donor for host in taken}
    return Quote(
        request,
        shares,
        tuple(islice((host.donor for host in hosts if host.donor not in used), request.workers)),
        Waste(Amount(sum(host.stranded(request.shape, count) for host, count in taken.items())), seen.supply),
        min(host.offer.expires_at for host in taken),
        digest,
    )
