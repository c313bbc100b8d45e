"""What to do about a fact. Each may be asked for, and carried out, more than once."""

from dataclasses import dataclass, field
from enum import StrEnum

from core.model import Amount
from core.reason import Reason
from core.ticket import Ticket


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
    """Renter: tell a share's donor that the share is over; its worker may hand data over for `hand_over_s`."""

    index: int
    hand_over_s: int = 0


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
    ticket: Ticket


@dataclass(frozen=True, slots=True)
class RenewTicket:
    """Donor: give the running worker's node its newer certificate and the revoked ones."""

    ticket: Ticket


@dataclass(frozen=True, slots=True)
class LookAtWorker:
    """Donor: ask the container engine how the worker does."""


@dataclass(frozen=True, slots=True)
class LookAtLease:
    """Donor: ask the escrow whether the lease is closed."""


@dataclass(frozen=True, slots=True)
class SendHeartbeat:
    """Donor: state the seconds served, and what is granted; with the last one, why it stopped.

    `leaves_at` announces when the worker will be gone, 0 while it stays.
    """

    served_s: int
    serving: bool
    reason: Reason | None = None
    leaves_at: int = 0
    granted_permille: int = 1000


@dataclass(frozen=True, slots=True)
class StopWorker:
    """Donor: stop the worker and remove what it left. Until the instant `by` it may hand its data over; 0: at once."""

    by: int = 0


@dataclass(frozen=True, slots=True)
class CutShort:
    """Donor: give the worker that is handing its data over no more time; the `StopWorker` under way goes on."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Donor: give the worker `permille` thousandths of its share's processor time, none at 0.

    Its memory stays: a running Spark worker cannot give any back.
    """

    permille: int


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
    | RenewTicket
    | LookAtWorker
    | LookAtLease
    | SendHeartbeat
    | StopWorker
    | CutShort
    | Grant
    | ClaimVoucher
)


class Lane(StrEnum):
    """Effects of one lease in the same lane are carried out one after the other, lanes side by side."""

    RUNTIME = "runtime"
    HASTE = "haste"
    CHAIN = "chain"
    POST = "post"


def lane(effect: Effect) -> Lane:
    """The lane that `effect` is carried out in: a worker must not be stopped while it is being started."""
    match effect:
        case StartMaster() | StopCluster() | LookAtWorkers():
            return Lane.RUNTIME
        case StartWorker() | RenewTicket() | Grant() | StopWorker() | LookAtWorker():
            return Lane.RUNTIME
        case CutShort():
            return Lane.HASTE
        case OpenLease() | CloseLease() | SweepLease() | ClaimVoucher() | LookAtLease():
            return Lane.CHAIN
        case _:
            return Lane.POST
