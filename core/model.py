"""The nouns of docs/glossary.md: frozen, checked when made, no input or output.

Units: milli-cores, MiB, seconds (Unix time for instants), and `Amount` in the coin's smallest unit.
Everything here decodes from JSON through msgspec, which runs the same checks on a peer's bytes.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NewType, Self

Amount = NewType("Amount", int)
"""A sum of coin in its smallest unit (10^-18); never a float."""

Address = NewType("Address", str)
"""An Ethereum account, `0x` and forty hexadecimal digits in lower case."""

LeaseId = NewType("LeaseId", str)
"""A lease, `0x` and sixty-four hexadecimal digits in lower case: the escrow contract's own key for it."""

COIN_UNIT: Final = 10**18
MAX_AMOUNT: Final = 2**96 - 1
"""The contracts keep amounts in 96 bits, and take no coin whose whole supply needs more."""

MAX_DEPOSIT: Final = 2**80 - 1
"""What one lease can escrow: some 1.2 million coin."""

MAX_INSTANT: Final = 2**40
MAX_RESOURCE: Final = 2**31 - 1
MAX_SHARES: Final = 256

_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_WORD = re.compile(r"0x[0-9a-f]{64}")


def address(text: str) -> Address:
    """`text` as an Address in lower case. Raises ValueError."""
    lowered = text.lower()
    if not _ADDRESS.fullmatch(lowered):
        raise ValueError("an address is 0x and forty hexadecimal digits")
    return Address(lowered)


def _need(condition: bool, sentence: str) -> None:
    if not condition:
        raise ValueError(sentence)


def _need_word(value: str, name: str) -> None:
    _need(_WORD.fullmatch(value) is not None, f"{name} must be 0x and sixty-four lower-case hexadecimal digits")


def _need_address(value: str, name: str) -> None:
    _need(_ADDRESS.fullmatch(value) is not None, f"{name} must be 0x and forty lower-case hexadecimal digits")


def _need_between(value: int, low: int, high: int, name: str) -> None:
    _need(low <= value <= high, f"{name} must be between {low} and {high}")


@dataclass(frozen=True, slots=True)
class Resources:
    """A vector of what a machine has, offers, or is asked for."""

    cpu_millis: int = 0
    memory_mib: int = 0
    disk_mib: int = 0
    gpu_count: int = 0
    gpu_memory_mib: int = 0

    def __post_init__(self) -> None:
        for name, value in self.dimensions():
            _need_between(value, 0, MAX_RESOURCE, name)

    def dimensions(self) -> tuple[tuple[str, int], ...]:
        """(name, value) of every dimension, in a fixed order."""
        return (
            ("cpu_millis", self.cpu_millis),
            ("memory_mib", self.memory_mib),
            ("disk_mib", self.disk_mib),
            ("gpu_count", self.gpu_count),
            ("gpu_memory_mib", self.gpu_memory_mib),
        )

    def fits(self, room: Self) -> bool:
        """True where every dimension is at most that of `room`."""
        return all(mine <= theirs for (_, mine), (_, theirs) in zip(self.dimensions(), room.dimensions(), strict=True))

    def times(self, count: int) -> "Resources":
        """`count` of these side by side."""
        return Resources(*(value * count for _, value in self.dimensions()))

    def plus(self, other: Self) -> "Resources":
        """The sum, dimension by dimension."""
        return Resources(*(a + b for (_, a), (_, b) in zip(self.dimensions(), other.dimensions(), strict=True)))

    def minus(self, other: Self) -> "Resources":
        """What is left of these after `other`; a dimension that runs short is 0."""
        pairs = zip(self.dimensions(), other.dimensions(), strict=True)
        return Resources(*(max(0, a - b) for (_, a), (_, b) in pairs))

    def capped(self, limit: Self) -> "Resources":
        """The smaller of both, dimension by dimension."""
        pairs = zip(self.dimensions(), limit.dimensions(), strict=True)
        return Resources(*(min(a, b) for (_, a), (_, b) in pairs))


@dataclass(frozen=True, slots=True)
class Prices:
    """What one unit of each dimension costs for one second, in the smallest unit of the coin."""

    cpu_milli: Amount
    memory_mib: Amount
    disk_mib: Amount
    gpu: Amount

    def __post_init__(self) -> None:
        for name in ("cpu_milli", "memory_mib", "disk_mib", "gpu"):
            _need_between(getattr(self, name), 0, 10**30, f"price of {name}")

    def per_second(self, resources: Resources) -> Amount:
        """What `resources` cost for one second."""
        return Amount(
            self.cpu_milli * resources.cpu_millis
            + self.memory_mib * resources.memory_mib
            + self.disk_mib * resources.disk_mib
            + self.gpu * resources.gpu_count
        )


class Kind(StrEnum):
    """What a cluster runs."""

    SPARK = "spark"

    @property
    def least_memory_mib(self) -> int:
        """What a worker of this kind needs to start at all."""
        return 1024

    @property
    def least_disk_mib(self) -> int:
        """What a worker of this kind writes its logs and its shuffled data to, where a share names less."""
        return 1024

    def occupied(self, resources: Resources) -> Resources:
        """What a worker with a share of `resources` takes of its machine."""
        return replace(resources, disk_mib=max(resources.disk_mib, self.least_disk_mib))


@dataclass(frozen=True, slots=True)
class Traits:
    """What a donor measured of its machine beside its capacity; shown to renters, never trusted with money.

    `cpu_score` is MiB of BLAKE2b that one core hashes in a second, inside the sandbox; memory is copied and disk
    written so fast; `up_kib_s` and `down_kib_s` are the most that workers here have moved. What was not measured is 0;
    `measured_at` is when processor, memory and disk were.
    """

    cpu_model: str = ""
    cpu_score: int = 0
    isolation: str = "container"
    on_battery: bool | None = None
    memory_mib_s: int = 0
    disk_mib_s: int = 0
    up_kib_s: int = 0
    down_kib_s: int = 0
    measured_at: int = 0

    def __post_init__(self) -> None:
        _need(len(self.cpu_model) <= 100, "cpu_model must be at most 100 characters")
        _need(self.cpu_model.isprintable(), "cpu_model must be printable")
        _need(len(self.isolation) <= 20, "isolation must be at most 20 characters")
        _need(self.isolation.isprintable(), "isolation must be printable")
        for name in ("cpu_score", "memory_mib_s", "disk_mib_s", "up_kib_s", "down_kib_s"):
            _need_between(getattr(self, name), 0, MAX_RESOURCE, name)
        _need_between(self.measured_at, 0, MAX_INSTANT, "measured_at")


@dataclass(frozen=True, slots=True)
class Offer:
    """A donor's statement: capacity free now, its prices, its rules. Binding until `expires_at` once signed.

    `stake` is what it can still pledge as penalties; `machine_mib` the memory that its 256 seats divide.
    """

    donor: Address
    name: str
    capacity: Resources
    prices: Prices
    kinds: tuple[Kind, ...]
    seal_key: str
    sequence: int
    expires_at: int
    longest_lease_s: int
    shortest_grace_s: int
    traits: Traits = Traits()
    stake: Amount = Amount(0)
    machine_mib: int = 0

    def __post_init__(self) -> None:
        _need_address(self.donor, "donor")
        _need_between(self.stake, 0, MAX_AMOUNT, "stake")
        _need_between(self.machine_mib, 0, MAX_RESOURCE, "machine_mib")
        _need(0 < len(self.name) <= 40, "name must have 1 to 40 characters")
        _need(self.name.isprintable(), "name must be printable")
        _need(0 < len(self.kinds) <= 8, "kinds must name 1 to 8 kinds")
        _need_word(self.seal_key, "seal_key")
        _need_between(self.sequence, 0, 2**63 - 1, "sequence")
        _need_between(self.expires_at, 0, MAX_INSTANT, "expires_at")
        _need_between(self.longest_lease_s, 1, MAX_RESOURCE, "longest_lease_s")
        _need_between(self.shortest_grace_s, 0, MAX_RESOURCE, "shortest_grace_s")


@dataclass(frozen=True, slots=True)
class Share:
    """One donor's slice of a lease, which one worker serves: paid `rate` a second served, `cap` at most.

    `penalty` is the stake that the donor loses if the trials or the court convict it over this share.
    """

    index: int
    donor: Address
    resources: Resources
    rate: Amount
    cap: Amount
    penalty: Amount = Amount(0)

    def __post_init__(self) -> None:
        _need_between(self.index, 0, MAX_SHARES - 1, "index")
        _need_address(self.donor, "donor")
        _need_between(self.rate, 0, MAX_AMOUNT, "rate")
        _need_between(self.cap, 0, MAX_AMOUNT, "cap")
        _need_between(self.penalty, 0, MAX_AMOUNT, "penalty")

    def earned(self, served_s: int) -> Amount:
        """What `served_s` seconds earn: a function of rate and seconds, never a sum of rounded parts."""
        return Amount(min(self.cap, self.rate * max(0, served_s)))


@dataclass(frozen=True, slots=True)
class Terms:
    """What the escrow commits to: calldata on chain, only `root`'s lease id and one word are stored."""

    renter: Address
    session: Address
    root: str
    deposit: Amount
    ends_at: int
    grace_s: int
    salt: str

    def __post_init__(self) -> None:
        _need_address(self.renter, "renter")
        _need_address(self.session, "session")
        _need_word(self.root, "root")
        _need_word(self.salt, "salt")
        _need_between(self.deposit, 0, MAX_DEPOSIT, "deposit")
        _need_between(self.ends_at, 0, MAX_INSTANT, "ends_at")
        _need_between(self.grace_s, 0, 2**31 - 1, "grace_s")


@dataclass(frozen=True, slots=True)
class Agreement:
    """All that both sides agreed on before anything was paid; `lease` names it on chain."""

    lease: LeaseId
    terms: Terms
    shares: tuple[Share, ...]
    interval_s: int
    kind: Kind
    seal_key: str

    def __post_init__(self) -> None:
        _need_word(self.lease, "lease")
        _need_word(self.seal_key, "seal_key")
        _need_between(self.interval_s, 1, 3600, "interval_s")
        _need_between(len(self.shares), 1, MAX_SHARES, "the number of shares")
        _need(
            [share.index for share in self.shares] == list(range(len(self.shares))),
            "shares must be numbered from 0 in order",
        )
        _need(total_cap(self.shares) <= self.terms.deposit, "the deposit must cover the sum of the shares' caps")


def total_cap(shares: Iterable[Share]) -> Amount:
    """The sum of the shares' caps."""
    return Amount(sum(share.cap for share in shares))


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A donor's signed word that it serves a share of a lease that is opened until `expires_at`.

    `seats` says which 256ths of the donor's machine are set aside for it, a bit each: 0x and sixty-four hexadecimal
    digits. Whoever signs the same seat away twice for one time can be convicted of double selling.
    """

    lease: LeaseId
    index: int
    donor: Address
    expires_at: int
    seats: str

    def __post_init__(self) -> None:
        _need_word(self.lease, "lease")
        _need_between(self.index, 0, MAX_SHARES - 1, "index")
        _need_address(self.donor, "donor")
        _need_between(self.expires_at, 0, MAX_INSTANT, "expires_at")
        _need_word(self.seats, "seats")


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A donor's signed statement of the whole seconds a share has been served so far."""

    lease: LeaseId
    index: int
    served_s: int
    serving: bool

    def __post_init__(self) -> None:
        _need_word(self.lease, "lease")
        _need_between(self.index, 0, MAX_SHARES - 1, "index")
        _need_between(self.served_s, 0, MAX_RESOURCE, "served_s")


@dataclass(frozen=True, slots=True)
class Voucher:
    """A renter's signed statement of the coin a share has earned so far; the escrow redeems the highest."""

    lease: LeaseId
    index: int
    amount: Amount

    def __post_init__(self) -> None:
        _need_word(self.lease, "lease")
        _need_between(self.index, 0, MAX_SHARES - 1, "index")
        _need_between(self.amount, 0, MAX_AMOUNT, "amount")


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What a peer message is signed over: who to whom, in which order, until when, and the sealed bytes' hash."""

    sender: Address
    recipient: Address
    sequence: int
    expires_at: int
    body_hash: str

    def __post_init__(self) -> None:
        _need_address(self.sender, "sender")
        _need_address(self.recipient, "recipient")
        _need_between(self.sequence, 0, 2**63 - 1, "sequence")
        _need_between(self.expires_at, 0, MAX_INSTANT, "expires_at")
        _need_word(self.body_hash, "body_hash")


Statement = Offer | Acceptance | Heartbeat | Voucher | Letterhead
"""What a party signs: each has its own EIP-712 type in core/chain/typed_data.py."""


@dataclass(frozen=True, slots=True)
class SignedOffer:
    """An offer and its donor's signature (0x and 130 hexadecimal digits: r, s, v)."""

    offer: Offer
    signature: str


@dataclass(frozen=True, slots=True)
class SignedAcceptance:
    """An acceptance and its donor's signature (0x and 130 hexadecimal digits: r, s, v)."""

    acceptance: Acceptance
    signature: str


@dataclass(frozen=True, slots=True)
class Redemption:
    """A voucher with its signature and the share that it pays: all that a claim needs beside the agreement."""

    voucher: Voucher
    signature: str
    share: Share
