"""What screens draw: immutable, complete, and made only by the use cases. A screen decides nothing.

Every state is a word beside a sentence that a person can read; amounts are whole smallest units.
"""

from dataclasses import dataclass

from core.allowance import Allowance, Orders
from core.earnings import Earnings
from core.model import Address, Amount, LeaseId, Prices, Resources, Traits
from core.observed import Balances, Conditions, Job, Measured, Usage
from core.owner import Donor
from core.quote import Request, SpendingLimits
from core.release import Release


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """A share that this donor serves or served. `state` is a ServicePhase; `sentence` says why it stands there.

    `granted_permille` is what its worker has of the share's processor time; `leaves_at` is 0 unless it is leaving.
    `usage` is what its worker uses now, None where it does not run or nobody knows yet.
    """

    lease: LeaseId
    index: int
    state: str
    sentence: str
    renter: Address
    resources: Resources
    rate: Amount
    served_s: int
    earned: Amount
    vouched: Amount
    paid: Amount
    ended: bool
    granted_permille: int = 1000
    leaves_at: int = 0
    started_at: int = 0
    ended_at: int = 0
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class DonorView:
    """All that a donor's screen shows. `headline` is one sentence; `problem` is empty while nothing is wrong.

    `problem_kind` is the name of the error (core.errors). `chosen` is whether the owner ever said to share or not.
    `allowance` says what may be shared now and every reason why it is not more, `offered` what is on the market.
    `contradictions` are sentences about the settings. `image` is the digest of what workers run, empty before it is
    built. `held_back` is what of the earnings went into the stake so far, None where the chain was not asked.
    `update` is a newer version than this one, None where none is known, or the owner wants to hear of none.
    """

    now: int
    name: str
    address: Address
    sharing: bool
    headline: str
    problem: str
    hint: str
    measured: Measured | None
    settings: Donor
    allowance: Allowance
    orders: Orders
    conditions: Conditions
    contradictions: tuple[str, ...]
    offered: Resources
    balances: Balances | None
    services: tuple[ServiceLine, ...]
    earnings: Earnings
    unredeemed: Amount
    held_back: Amount | None = None
    image: str = ""
    chosen: bool = True
    problem_kind: str = ""
    update: Release | None = None


@dataclass(frozen=True, slots=True)
class OfferLine:
    """One donor on the market. `hourly` is the price of one core and 2 GiB for an hour, to compare donors by."""

    donor: Address
    name: str
    capacity: Resources
    prices: Prices
    hourly: Amount
    expires_at: int
    traits: Traits


@dataclass(frozen=True, slots=True)
class WorkerLine:
    """One worker of a cluster, numbered over all its leases. `state` is a PartState; `sentence` says why it ended.

    `lease` is the one that pays for it, `penalty` what its donor pledged.
    """

    index: int
    lease: LeaseId
    donor: Address
    donor_name: str
    state: str
    sentence: str
    resources: Resources
    rate: Amount
    served_s: int
    vouched: Amount
    paid: Amount
    penalty: Amount = Amount(0)


@dataclass(frozen=True, slots=True)
class ClusterLine:
    """One cluster. `state` is a RentalPhase; `screen` is the Spark master's own page, empty while there is none.

    `leases` are all that were opened for it, `lease` the first of them, or the one that is asked for. Coin is summed
    over all. `changing` says what is being changed about it at its renter's wish, empty where nothing is. `request` is
    what was asked of the market, resized since.
    """

    name: str
    lease: LeaseId
    leases: tuple[LeaseId, ...]
    state: str
    sentence: str
    workers: tuple[WorkerLine, ...]
    rate: Amount
    deposit: Amount
    spent: Amount
    refund: Amount
    opened_at: int
    ends_at: int
    screen: str
    jobs: tuple[Job, ...]
    ended: bool
    changing: str = ""
    request: Request | None = None


@dataclass(frozen=True, slots=True)
class Spending:
    """What a renter's clusters cost in the last hour, in the last day and in all, as donors hold vouchers for it.

    `committed` is what the leases under way may still cost.
    """

    last_hour: Amount
    last_day: Amount
    in_all: Amount
    committed: Amount
    limits: SpendingLimits = SpendingLimits()


@dataclass(frozen=True, slots=True)
class RenterView:
    """All that a renter's screen shows. `problem` is empty while nothing is wrong, `hint` says what to do about it.

    `market` holds the cheapest of so many `offers`. `update` is a newer version than this one, where one is known;
    `spending` is None where the limits are unreadable.
    """

    now: int
    address: Address
    balances: Balances | None
    problem: str
    hint: str
    market: tuple[OfferLine, ...]
    clusters: tuple[ClusterLine, ...]
    offers: int = 0
    update: Release | None = None
    spending: Spending | None = None


def spare(amount: int, symbol: str = "SPARE", digits: int = 6) -> str:
    """`amount` smallest units for a person, rounded down to `digits` decimals: `spare(32 * 10**17)` is "3.2 SPARE"."""
    whole, rest = divmod(abs(amount), 10**18)
    decimals = f"{rest:018d}"[:digits].rstrip("0")
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole:,}{'.' + decimals if decimals else ''} {symbol}"


def resources_text(resources: Resources) -> str:
    """`resources` for a person, what is zero left out: "2 cores, 4 GiB, 1 GPU"."""
    cores = f"{resources.cpu_millis / 1000:g} core{'' if resources.cpu_millis == 1000 else 's'}"
    parts = [cores, f"{round(resources.memory_mib / 1024, 1):g} GiB"]
    if resources.disk_mib:
        parts.append(f"{round(resources.disk_mib / 1024, 1):g} GiB disk")
    if resources.gpu_count:
        parts.append(f"{resources.gpu_count} GPU{'' if resources.gpu_count == 1 else 's'}")
    return ", ".join(parts)
