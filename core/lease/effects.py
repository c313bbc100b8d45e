"""What to do about a fact. Each may be asked for, and carried out, more than once."""

from dataclasses import dataclass, field
from enum import StrEnum

from core.model import Amount
from core.reason import Reason


@dataclass(frozen=True, slots=True)
class ProposeShare:
    """Renter: send a share's donor the agreement."""

    index: int


@dataclass(frozen=True, slots=True)
class OpenLease:
    """Renter: pay the deposit into escrow, unless the donors hold their room no longer than `held_until`."""

    held_until: int


@dataclass(frozen=True, slots=True)
class StartMaster:
    """Renter: start the cluster's master."""


@dataclass(frozen=True, slots=True)
class OrderStart:
    """Renter: tell a share's donor where the master is, and the cluster's secret."""

    index: int


@dataclass(frozen=True, slots=True)
class LookAtWorkers:
    """Renter: ask the master which workers are registered."""


@dataclass(frozen=True, slots=True)
class SignVoucher:
    """Renter: sign that a share has earned `amount` so far, and send it."""

    index: int
    amount: Amount


@dataclass(frozen=True, slots=True)
class TellEnding:
    """Renter: tell a share's donor that the lease is over."""

    index: int


@dataclass(frozen=True, slots=True)
class StopCluster:
    """Renter: remove the master and every driver."""


@dataclass(frozen=True, slots=True)
class CloseLease:
    """Renter: end the lease in the escrow."""


@dataclass(frozen=True, slots=True)
class SweepLease:
    """Renter: have the escrow refund what nobody claimed."""


@dataclass(frozen=True, slots=True)
class AnswerAccepted:
    """Donor: send the signed acceptance."""


@dataclass(frozen=True, slots=True)
class StartWorker:
    """Donor: start the sandboxed worker. The secret is held in memory only and never shown."""

    master: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LookAtWorker:
    """Donor: ask the container engine how the worker does."""


@dataclass(frozen=True, slots=True)
class LookAtLease:
    """Donor: ask the escrow whether the lease is closed."""


@dataclass(frozen=True, slots=True)
class SendHeartbeat:
    """Donor: state the seconds served; with the last one, why it stopped."""

    served_s: int
    serving: bool
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class StopWorker:
    """Donor: stop the worker and remove what it left; `handing_over`: the cluster goes on without it."""

    handing_over: bool


@dataclass(frozen=True, slots=True)
class ClaimVoucher:
    """Donor: redeem the highest voucher."""

    amount: Amount
    signature: str


Effect = (
    ProposeShare
    | OpenLease
    | StartMaster
    | OrderStart
    | LookAtWorkers
    | SignVoucher
    | TellEnding
    | StopCluster
    | CloseLease
    | SweepLease
    | AnswerAccepted
    | StartWorker
    | LookAtWorker
    | LookAtLease
    | SendHeartbeat
    | StopWorker
    | ClaimVoucher
)


class Lane(StrEnum):
    """Effects of one lease in the same lane are carried out one after the other, lanes side by side."""

    RUNTIME = "runtime"
    CHAIN = "chain"
    POST = "post"


def lane(effect: Effect) -> Lane:
    """The lane that `effect` is carried out in: a worker must not be stopped while it is being started."""
    match effect:
        case StartMaster() | StopCluster() | LookAtWorkers() | StartWorker() | StopWorker() | LookAtWorker():
            return Lane.RUNTIME
        case OpenLease() | CloseLease() | SweepLease() | ClaimVoucher() | LookAtLease():
            return Lane.CHAIN
        case _:
            return Lane.POST
