"""The market as one request sees it: offers read once, and the donors among them that could host a worker."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple

from core.model import MAX_SHARES, Address, Amount, Offer, Request, Resources, SignedOffer

MARGIN_S: Final = 5
"""An offer is used only where it holds for so many seconds more: accepting takes time."""


class Host(NamedTuple):
    """A donor that could host at least one worker: at which rate, how many fit, and how many it may take."""

    rate: Amount
    donor: Address
    room: int
    seats: int
    offer: Offer

    def stranded(self, shape: Resources, taken: int) -> Amount:
        """The price of what `taken` workers leave here and no further worker of `shape` fits into."""
        if taken < self.room:
            return Amount(0)
        return self.offer.prices.per_second(self.offer.capacity.minus(shape.times(taken)))


@dataclass(frozen=True, slots=True)
class Market:
    """What was read: the newest live offer of each donor, and those whose owners' rules admit the request."""

    live: tuple[Offer, ...]
    willing: tuple[Offer, ...]
    too_short: tuple[Offer, ...]
    supply: Amount


def read(request: Request, offers: Sequence[SignedOffer], now: int) -> Market:
    """`offers` sorted out for `request`. `too_short` would be willing if the request were for less time."""
    live = tuple(signed.offer for signed in newest(offers) if signed.offer.expires_at >= now + MARGIN_S)
    open_to = [offer for offer in live if request.kind in offer.kinds and offer.donor not in request.excluded]
    return Market(
        live,
        tuple(offer for offer in open_to if offer.longest_lease_s >= request.duration_s),
        tuple(offer for offer in open_to if offer.longest_lease_s < request.duration_s),
        Amount(sum(offer.prices.per_second(offer.capacity) for offer in live)),
    )


def newest(offers: Sequence[SignedOffer]) -> list[SignedOffer]:
    """One offer a donor, the one with the highest sequence, whatever their order (see `rank` for equals)."""
    kept: dict[Address, SignedOffer] = {}
    for signed in offers:
        other = kept.setdefault(signed.offer.donor, signed)
        if other is not signed and rank(other) < rank(signed):
            kept[signed.offer.donor] = signed
    return list(kept.values())


def rank(signed: SignedOffer) -> tuple[int, int, str, str]:
    """Which of a donor's offers counts: the highest. A donor that signs two alike in sequence gets no say in which."""
    return signed.offer.sequence, signed.offer.expires_at, signed.signature, repr(signed.offer)


def hosts(request: Request, willing: Iterable[Offer]) -> list[Host]:
    """The donors of `willing` that could host a worker, cheapest first; equals by address."""
    shape, most = request.shape, min(request.most_per_donor or MAX_SHARES, request.workers)
    # Spelt out, because this loop runs once for every donor of the market.
    cpu, memory, disk, gpus, gpu_memory = (value for _, value in shape.dimensions())
    found = []
    for offer in willing:
        capacity = offer.capacity
        if capacity.cpu_millis < cpu or capacity.memory_mib < memory or capacity.disk_mib < disk:
            continue
        room = min(capacity.cpu_millis // cpu, capacity.memory_mib // memory)
        if disk:
            room = min(room, capacity.disk_mib // disk)
        if gpus:
            room = min(room, capacity.gpu_count // gpus)
        if gpu_memory:
            room = min(room, capacity.gpu_memory_mib // gpu_memory)
        if room:
            found.append(Host(offer.prices.per_second(shape), offer.donor, room, min(room, most), offer))
    # Donors differ, so a comparison ends at the second field at the latest.
    found.sort()
    return found


def fingerprint(request: Request, offers: Sequence[SignedOffer], now: int) -> str:
    """sha256 over the request, the instant and every offer read: the same for whoever read the same offers.

    Offers count once, in order of donor and signature, whatever order they came in. A signature stands for an
    offer's whole content, which is what it was made over.
    """
    asked = (
        *(value for _, value in request.shape.dimensions()),
        request.workers,
        request.duration_s,
        request.kind.value,
        request.ceiling,
        request.most_per_donor,
        sorted(request.excluded),
        now,
    )
    # A dict keeps the board's order, which is nearly sorted already; a set would shuffle it.
    lines = dict.fromkeys([f"{signed.offer.donor} {signed.signature}" for signed in offers])
    return sha256("\n".join([repr(asked), *sorted(lines)]).encode()).hexdigest()
