"""What a renter asks the market, and what the allocator answers (docs/allocation.md)."""

from dataclasses import dataclass
from enum import StrEnum

from core.model import MAX_AMOUNT, MAX_RESOURCE, MAX_SHARES, Address, Amount, Kind, Resources, Share, Traits


def _need_between(value: int, low: int, high: int, name: str) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must be between {low} and {high}")


class LossPolicy(StrEnum):
    """What becomes of a cluster when one of its workers is lost: another is leased, it shrinks, or it stops."""

    REPLACE = "replace"
    SHRINK = "shrink"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Aims:
    """How much a renter cares for each aim beside a low price, in percent of the definitions in docs/allocation.md."""

    waste_percent: int = 100
    spread_percent: int = 300
    reliability_percent: int = 400
    closeness_percent: int = 100

    def __post_init__(self) -> None:
        for name in ("waste_percent", "spread_percent", "reliability_percent", "closeness_percent"):
            _need_between(getattr(self, name), 0, 10_000, name)


@dataclass(frozen=True, slots=True)
class SpendingLimits:
    """The most that a renter's clusters may cost in any hour, in any day and in all; None is without a limit."""

    per_hour: Amount | None = None
    per_day: Amount | None = None
    in_all: Amount | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What a renter wants: `workers` of `shape`, for `duration_s`, for at most `ceiling` in all.

    `tightness_percent` slides between cheapest (0: the aims only break ties) and tightest (100: only the price does).
    `confidence_per_mille` is the wanted probability that as many workers as asked for live to the end; spare ones are
    leased to reach it (0: none). `on_loss` says what to do about a worker that is lost all the same.
    """

    shape: Resources
    workers: int
    duration_s: int
    kind: Kind = Kind.SPARK
    ceiling: Amount | None = None
    most_per_donor: int | None = None
    excluded: frozenset[Address] = frozenset()
    tightness_percent: int = 10
    confidence_per_mille: int = 0
    aims: Aims = Aims()
    on_loss: LossPolicy = LossPolicy.REPLACE

    def __post_init__(self) -> None:
        _need_between(self.workers, 1, MAX_SHARES, "workers")
        _need_between(self.duration_s, 60, 30 * 86_400, "duration_s")
        _need_between(self.shape.cpu_millis, 100, MAX_RESOURCE, "the shape's cpu_millis")
        _need_between(self.shape.memory_mib, 512, MAX_RESOURCE, "the shape's memory_mib")
        if self.ceiling is not None:
            _need_between(self.ceiling, 1, MAX_AMOUNT, "ceiling")
        if self.most_per_donor is not None:
            _need_between(self.most_per_donor, 1, MAX_SHARES, "most_per_donor")
        _need_between(self.tightness_percent, 0, 100, "tightness_percent")
        _need_between(self.confidence_per_mille, 0, 999, "confidence_per_mille")

    def most_coin(self) -> Amount:
        """The most that the cluster may cost: the ceiling, or what an escrow can hold."""
        return Amount(MAX_AMOUNT) if self.ceiling is None else self.ceiling


@dataclass(frozen=True, slots=True)
class Waste:
    """What a plan makes useless, at the market's worth of each unit for one second (docs/allocation.md).

    `fragmentation` is the change in what donors' leftovers can no longer host: below 0 where the plan fills oddments.
    `spares` is the worth of workers leased beyond those asked for. `least` is a proven lower bound on the
    fragmentation of any plan of as many workers; `leased` is the worth of what this one leases, `supply` of the market.
    """

    fragmentation: int
    spares: Amount
    least: int
    leased: Amount
    supply: Amount

    def total(self) -> int:
        """Fragmentation and spares together."""
        return self.fragmentation + self.spares

    def percent(self) -> float:
        """The waste in percent of what is leased."""
        return 100 * self.total() / self.leased if self.leased else 0.0

    def least_percent(self) -> float:
        """The least waste that any plan for the request could have, likewise."""
        return 100 * self.least / self.leased if self.leased else 0.0


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The figures that decided: with them and the same offers, anybody can reckon the plan again.

    `tightness_percent` is the one answered with: below the one asked for where a price ceiling binds. `worth` is what
    the market asks for one unit of each dimension and second. `score` is the plan's (the least is best), `bound` a
    proven lower bound on the score of any plan: the same, unless a deadline came first (`cut_short`).
    `survival_per_mille` is the probability that as many workers as asked for live to the end.
    """

    at: int
    tightness_percent: int
    worth: tuple[int, ...]
    score: float
    bound: float
    cut_short: bool
    survival_per_mille: int


@dataclass(frozen=True, slots=True)
class Link:
    """What the renter's earlier clusters measured between two donors."""

    one: Address
    other: Address
    rtt_us: int
    kbit_s: int


@dataclass(frozen=True, slots=True)
class DonorSpeed:
    """How fast a donor signed that its machine is, and what came of it.

    `turned_out` is the `cpu_score` that this renter's workers there reached, where that is so much less that it counts
    against the donor (core/paces.py); None where nothing is held against it.
    """

    donor: Address
    signed: Traits
    turned_out: int | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """The allocator's answer: which donor hosts which worker, who could step in, the price, the waste, and why.

    `links` is what is known of the network between the donors chosen, `speeds` of the machine of each; the allocator
    leaves both empty.
    """

    request: Request
    shares: tuple[Share, ...]
    alternates: tuple[Address, ...]
    waste: Waste
    reckoning: Reckoning
    valid_until: int
    market: str
    links: tuple[Link, ...] = ()
    speeds: tuple[DonorSpeed, ...] = ()

    def rate(self) -> Amount:
        """What the whole cluster costs for one second."""
        return Amount(sum(share.rate for share in self.shares))

    def total(self) -> Amount:
        """The most it can cost: the sum of the caps."""
        return Amount(sum(share.cap for share in self.shares))

    def spare_workers(self) -> int:
        """How many workers it leases beyond those asked for."""
        return len(self.shares) - self.request.workers


@dataclass(frozen=True, slots=True)
class Shortfall:
    """The allocator's other answer: what is missing, in which dimension, and the most that would fit."""

    binding: str
    sentence: str
    largest_workers: int
    largest_shape: Resources | None


@dataclass(frozen=True, slots=True)
class Why:
    """What decided about one donor.

    `workers` is how many the plan gives it. `regret` is by how much the plan's score would be worse had it been the
    other way round: used though it was not, or left out though it was used; None where that is impossible. `speed` is
    left to the renter to fill in: None where the donor had no offer.
    """

    donor: Address
    workers: int
    regret: float | None
    sentence: str
    speed: DonorSpeed | None = None
