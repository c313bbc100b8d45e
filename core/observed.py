"""What adapters report of the world: the escrow, an account, a machine, a worker, a job. Nothing is decided here."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from core.model import MAX_RESOURCE, Amount, LeaseId, Resources


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """What the escrow holds of a lease."""

    lease: LeaseId
    remaining: Amount
    claimable_until: int
    closed: bool
    swept: bool


@dataclass(frozen=True, slots=True)
class Account:
    """An account in the vault, in smallest units of the coin.

    `bonded` is stake, of which `reserved` is pledged; `thawing` is on its way from bonded to free, which it is at
    `thaws_at` (Unix seconds). `since` is when the owner first earned: the hold-back counts its age from there.
    """

    free: Amount = Amount(0)
    bonded: Amount = Amount(0)
    reserved: Amount = Amount(0)
    thawing: Amount = Amount(0)
    thaws_at: int = 0
    since: int = 0

    @property
    def unreserved(self) -> Amount:
        """Stake that can be pledged, or thawed."""
        return Amount(self.bonded - self.reserved)

    @property
    def total(self) -> Amount:
        """All that is the owner's in the vault."""
        return Amount(self.free + self.bonded + self.thawing)


@dataclass(frozen=True, slots=True)
class Balances:
    """What a wallet can spend of the coin (in its own hands and free in the vault), what it has of the chain's native
    coin that fees are paid in, and its account in the vault. Smallest units."""

    coin: Amount
    native: Amount
    account: Account = Account()


@dataclass(frozen=True, slots=True)
class Measured:
    """What a probe read of the machine: all it has, what is free now, and what it may not know (None).

    `isolation` is the level that workers run at; `gpu_note` why GPUs that are here, or should be, are not offered.
    """

    total: Resources
    free: Resources
    cpu_model: str = ""
    on_battery: bool | None = None
    engine_version: str = ""
    isolation: str = "container"
    gpu_note: str = ""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the owner and the surroundings of a machine do now; None is what nothing here can tell.

    `idle_s` is how long no key or pointer moved; `battery_percent` is None where there is no battery, too. `programs`
    are those of the names asked for that run outside our own containers, as they were asked for.
    """

    idle_s: int | None = None
    on_battery: bool | None = None
    battery_percent: int | None = None
    metered: bool | None = None
    full_screen: bool | None = None
    celsius: int | None = None
    programs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Usage:
    """What a worker uses now, and what it moved over the network since it started."""

    cpu_millis: int
    memory_mib: int
    sent_bytes: int = 0
    received_bytes: int = 0


_Rate = Annotated[int, Meta(ge=0, le=MAX_RESOURCE)]


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a machine is, as core.model.Traits names it; 0 is what was not measured."""

    cpu_score: _Rate = 0
    memory_mib_s: _Rate = 0
    disk_mib_s: _Rate = 0
    up_kib_s: _Rate = 0
    down_kib_s: _Rate = 0
    measured_at: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a worker hashed what its renter asked for, as `Speed.cpu_score`; 0 where its answer was wrong."""

    cpu_score: _Rate


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


@dataclass(frozen=True, slots=True)
class Way:
    """What was measured between two workers: the least round trip, and how fast data went (kilobits a second)."""

    rtt_us: Annotated[int, Meta(ge=1, le=60_000_000)]
    kbit_s: Annotated[int, Meta(ge=1, le=10**9)]


_Count = Annotated[int, Meta(ge=0, le=2**62)]
_Word = Annotated[str, Meta(max_length=300)]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a job that runs now: `tasks` in all, of which so many are `done`, `running`, and `failed` so often."""

    number: _Count
    name: _Word
    tasks: _Count
    done: _Count
    running: _Count
    failed: _Count
    input_bytes: _Count = 0
    shuffle_read_bytes: _Count = 0
    shuffle_written_bytes: _Count = 0


@dataclass(frozen=True, slots=True)
class Executor:
    """What one worker does for a job: tasks it is at, and what it stores and moved. `host` is what it says itself."""

    name: _Word
    host: _Word
    cores: _Count
    running: _Count
    done: _Count
    failed: _Count
    memory_used_bytes: _Count
    memory_bytes: _Count
    disk_bytes: _Count
    shuffle_read_bytes: _Count
    shuffle_written_bytes: _Count


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is, as its driver tells: the tasks of all that it asked Spark to do so far, and what runs now."""

    tasks: _Count
    done: _Count
    running: _Count
    failed: _Count
    stages: Annotated[tuple[Stage, ...], Meta(max_length=50)] = ()
    executors: Annotated[tuple[Executor, ...], Meta(max_length=4096)] = ()


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


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where Spark Connect answers on this machine: `url` holds its token, which is a secret. `job` is its server."""

    url: str = field(repr=False)
    job: str


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command in a job's driver said on both streams, `cut` at a bound, and how it ended."""

    output: bytes
    exit_code: int
    cut: bool = False
