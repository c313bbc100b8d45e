"""What adapters report of the world: the escrow, an account, a machine, a worker, a job. Nothing is decided here."""

from dataclasses import dataclass
from enum import StrEnum

from core.model import Amount, LeaseId, Resources


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """What the escrow holds of a lease."""

    lease: LeaseId
    remaining: Amount
    claimable_until: int
    closed: bool
    swept: bool


@dataclass(frozen=True, slots=True)
class Balances:
    """What an account holds: the coin, and the chain's native coin that fees are paid in (both smallest units)."""

    coin: Amount
    native: Amount


@dataclass(frozen=True, slots=True)
class Measured:
    """What a probe read of the machine: all it has, what is free now, and what it may not know (None)."""

    total: Resources
    free: Resources
    cpu_model: str = ""
    on_battery: bool | None = None
    engine_version: str = ""


class WorkerState(StrEnum):
    """What the container engine says of a worker."""

    ABSENT = "absent"
    RUNNING = "running"
    EXITED = "exited"


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """A worker as the container engine sees it; instants are Unix seconds, 0 where not yet known."""

    state: WorkerState
    started_at: int = 0
    ended_at: int = 0
    cause: str = ""


class JobState(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Job:
    """A program submitted to a cluster: `job` names it within the lease."""

    job: str
    lease: LeaseId
    state: JobState
    started_at: int
    ended_at: int = 0
    cause: str = ""
