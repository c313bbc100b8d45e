"""The market at one instant as columns: the offers that count, one a donor, read once for any number of requests."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import numpy as np

from core.allocator.columns import Flags, Floats, Integers
from core.allocator.waste import fragmentation
from core.model import Address, Amount, Kind, Offer, Resources, SignedOffer
from core.quote import Request

MARGIN_S: Final = 5
"""An offer is used only where it holds for so many seconds more: accepting takes time."""

_PRICED: Final = 4
"""Prices name cores, memory, disk and GPUs; the memory of a GPU goes with it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the renter knows of donors beside their offers: nothing, by default.

    `survival` is the probability, in thousandths, that a worker there lives through an hour (`usual_survival` where
    nothing is known); `latency_ms` the measured round trip between that donor and the rest of the cluster.
    """

    survival: Mapping[Address, int] = field(default_factory=dict)
    latency_ms: Mapping[Address, int] = field(default_factory=dict)
    usual_survival: int = 950

    def __post_init__(self) -> None:
        if not all(0 <= chance <= 1000 for chance in (*self.survival.values(), self.usual_survival)):
            raise ValueError("a survival must be between 0 and 1000 thousandths")
        if not all(0 <= delay <= 3_600_000 for delay in self.latency_ms.values()):
            raise ValueError("a latency must be between 0 and 3600000 ms")


NOTHING_KNOWN: Final = Known()


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """The newest live offer of each of n donors, in order of their addresses.

    `capacity` is (5, n) in the order of `Resources.dimensions`, `prices` (4, n) in units of the coin for one second,
    `worth` what the market asks for one unit of each dimension: the median over the donors that have any, which no
    minority of absurd offers moves. `fragments` (n,) is what each donor could not host anyway, `supply` the worth of
    all there is, `digest` a SHA-256 over every offer read.
    """

    at: int
    signed: tuple[SignedOffer, ...]
    donors: tuple[Address, ...]
    capacity: Integers
    prices: Floats
    longest_s: Integers
    kinds: Mapping[Kind, Flags]
    worth: tuple[int, ...]
    fragments: Floats
    supply: Amount
    digest: str

    @classmethod
    def read(cls, offers: Sequence[SignedOffer], now: int) -> "Market":
        """The market of `offers` at `now`: of each donor the newest counts, and only if it holds `MARGIN_S` more."""
        live = [signed for signed in newest(offers) if signed.offer.expires_at >= now + MARGIN_S]
        live.sort(key=lambda signed: signed.offer.donor)
        there = [signed.offer for signed in live]
        capacity, prices = _capacities(there), _prices(there)
        worth = _worth(capacity, prices)
        supply = sum(int(column.sum()) * unit for column, unit in zip(capacity, worth, strict=True))
        return cls(
            now,
            tuple(live),
            tuple(offer.donor for offer in there),
            capacity,
            prices,
            np.array([offer.longest_lease_s for offer in there], np.int64),
            {kind: np.array([kind in offer.kinds for offer in there], np.bool_) for kind in Kind},
            worth,
            fragmentation(capacity, worth),
            Amount(supply),
            fingerprint(offers),
        )

    def worth_of(self, resources: Resources) -> int:
        """What the market asks for `resources` for one second."""
        return sum(value * unit for (_, value), unit in zip(resources.dimensions(), self.worth, strict=True))

    def open_to(self, request: Request) -> Flags:
        """Which donors' rules admit the request, its duration apart: (n,)."""
        admitted = self.kinds[request.kind].copy()
        if request.excluded:
            admitted &= np.array([donor not in request.excluded for donor in self.donors], np.bool_)
        return admitted

    def rates(self, shape: Resources) -> Floats:
        """What one worker of `shape` costs on each donor for one second: (n,), to a float's 53 bits."""
        rates = np.zeros(len(self.donors))
        for price, (_, need) in zip(self.prices, shape.dimensions(), strict=False):
            rates += price * need
        return rates

    def rooms(self, shape: Resources, leave_out: Sequence[str] = (), only: Sequence[str] = ()) -> Integers:
        """How many workers of `shape` fit into each donor, (n,), going by all its dimensions or some."""
        rooms = np.full(len(self.donors), np.iinfo(np.int64).max)
        for column, (name, need) in zip(self.capacity, shape.dimensions(), strict=True):
            if need and name not in leave_out and (not only or name in only):
                np.minimum(rooms, column // need, out=rooms)
        return rooms


def newest(offers: Iterable[SignedOffer]) -> list[SignedOffer]:
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


def fingerprint(offers: Iterable[SignedOffer]) -> str:
    """SHA-256 over every offer, once each, in order of donor and signature, whatever order they came in.

    A signature stands for an offer's whole content, which is what it was made over.
    """
    # A dict keeps the board's order, which is nearly sorted already; a set would shuffle it.
    lines = dict.fromkeys([f"{signed.offer.donor} {signed.signature}" for signed in offers])
    return sha256("\n".join(sorted(lines)).encode()).hexdigest()


def inputs_digest(request: Request, market: str, now: int, known: Known) -> str:
    """SHA-256 over all that decides a quote: the request, the instant, the market's digest, what was known."""
    asked = (
        [value for _, value in request.shape.dimensions()],
        request.workers,
        request.duration_s,
        request.kind.value,
        request.ceiling,
        request.most_per_donor,
        sorted(request.excluded),
        request.tightness_percent,
        request.confidence_per_mille,
        repr(request.aims),
        now,
        sorted(known.survival.items()),
        sorted(known.latency_ms.items()),
        known.usual_survival,
        market,
    )
    return sha256(repr(asked).encode()).hexdigest()


def _capacities(offers: Sequence[Offer]) -> Integers:
    rows = [
        (one.cpu_millis, one.memory_mib, one.disk_mib, one.gpu_count, one.gpu_memory_mib)
        for one in (offer.capacity for offer in offers)
    ]
    return np.ascontiguousarray(np.array(rows, np.int64).reshape(len(rows), 5).T)


def _prices(offers: Sequence[Offer]) -> Floats:
    rows = [(one.cpu_milli, one.memory_mib, one.disk_mib, one.gpu) for one in (offer.prices for offer in offers)]
    return np.ascontiguousarray(np.array(rows, np.float64).reshape(len(rows), _PRICED).T)


def _worth(capacity: Integers, prices: Floats) -> tuple[int, ...]:
    units = []
    for column, price in zip(capacity, prices, strict=False):
        asked = price[column > 0]
        middle = (len(asked) - 1) // 2
        units.append(int(np.partition(asked, middle)[middle]) if len(asked) else 0)
    return (*units, 0)
