"""What happened to a lease. Every fact carries the instant `now` (Unix seconds) at which it was learnt."""

from dataclasses import dataclass, field

from core.model import Amount
from core.reason import Reason
from core.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed."""

    now: int


@dataclass(frozen=True, slots=True)
class Restarted:
    """The agent came back after a stop or a crash: effects under way before are lost, the journal is not."""

    now: int


@dataclass(frozen=True, slots=True)
class DonorAccepted:
    """To the renter: a share's donor holds its room until `expires_at`."""

    now: int
    index: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class DonorRefused:
    """To the renter: a share's donor will not serve it."""

    now: int
    index: int


@dataclass(frozen=True, slots=True)
class LeaseOpened:
    """The escrow holds the deposit."""

    now: int


@dataclass(frozen=True, slots=True)
class OpeningFailed:
    """The escrow refused; nothing was paid. `why` is a sentence."""

    now: int
    why: str


@dataclass(frozen=True, slots=True)
class MasterStarted:
    """The cluster's master answers at `address`."""

    now: int
    address: str


@dataclass(frozen=True, slots=True)
class MasterFailed:
    """The cluster's master could not be started. `why` is a sentence."""

    now: int
    why: str


@dataclass(frozen=True, slots=True)
class WorkersSeen:
    """The master's own word: the indices of the shares whose workers are registered and alive."""

    now: int
    indices: frozenset[int]


@dataclass(frozen=True, slots=True)
class HeartbeatArrived:
    """A donor's signed statement of seconds served; with the last one, why the donor stopped.

    `leaves_at` announces a reclaim (0: none); the worker has `granted_permille` of its share's processor time.
    """

    now: int
    index: int
    served_s: int
    serving: bool
    reason: Reason | None = None
    leaves_at: int = 0
    granted_permille: int = 1000


@dataclass(frozen=True, slots=True)
class Replaced:
    """To the renter: another worker has taken a share's place, so that whatever becomes of it comes too late."""

    now: int
    index: int


@dataclass(frozen=True, slots=True)
class LetGo:
    """To the renter: a share's worker is wanted no more, and may hand its data over to the others."""

    now: int
    index: int


@dataclass(frozen=True, slots=True)
class CloseAsked:
    """Somebody with the right to do so wants the lease to end."""

    now: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class LeaseClosed:
    """The escrow takes claims until `claimable_until`, then refunds the rest."""

    now: int
    claimable_until: int


@dataclass(frozen=True, slots=True)
class LeaseSwept:
    """The escrow paid `refund` back to the renter, and each share what `paid` says; nothing is left in it."""

    now: int
    refund: Amount
    paid: tuple[Amount, ...]


@dataclass(frozen=True, slots=True)
class StartOrdered:
    """To the donor: the escrow was found good, and the renter's master waits for the worker."""

    now: int
    master: str
    secret: str = field(repr=False)
    ticket: Ticket


@dataclass(frozen=True, slots=True)
class TicketRenewed:
    """To the donor: the running worker's ticket has a newer certificate, or a longer list of revoked ones."""

    now: int
    ticket: Ticket


@dataclass(frozen=True, slots=True)
class WorkerRuns:
    """To the donor: the worker has been running since `since`."""

    now: int
    since: int


@dataclass(frozen=True, slots=True)
class WorkerEnded:
    """To the donor: the worker ended at `at`, and why in the container engine's words."""

    now: int
    at: int
    why: str


@dataclass(frozen=True, slots=True)
class StartFailed:
    """To the donor: the worker could not be started. `why` is a sentence."""

    now: int
    why: str


@dataclass(frozen=True, slots=True)
class VoucherArrived:
    """To the donor: the renter signed that the share has earned `amount` so far."""

    now: int
    amount: Amount
    signature: str


@dataclass(frozen=True, slots=True)
class EndingTold:
    """To the donor: the renter, or the chain, says that the share is over, its data handed over in `hand_over_s`."""

    now: int
    hand_over_s: int = 0


@dataclass(frozen=True, slots=True)
class ReclaimAsked:
    """To the donor: the owner wants the machine back within `notice_s` seconds, 0 at once."""

    now: int
    notice_s: int = 0


@dataclass(frozen=True, slots=True)
class Regranted:
    """To the donor: the owner leaves the worker `permille` thousandths of its share's processor time, 0 pauses it."""

    now: int
    permille: int


@dataclass(frozen=True, slots=True)
class Granted:
    """To the donor: the container engine gives the worker `permille` thousandths from now on."""

    now: int
    permille: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """To the donor: the escrow has paid the share `total` so far."""

    now: int
    total: Amount


Fact = (
    Ticked
    | Restarted
    | DonorAccepted
    | DonorRefused
    | LeaseOpened
    | OpeningFailed
    | MasterStarted
    | MasterFailed
    | WorkersSeen
    | HeartbeatArrived
    | Replaced
    | LetGo
    | CloseAsked
    | LeaseClosed
    | LeaseSwept
    | StartOrdered
    | TicketRenewed
    | WorkerRuns
    | WorkerEnded
    | StartFailed
    | VoucherArrived
    | EndingTold
    | ReclaimAsked
    | Regranted
    | Granted
    | Claimed
)
