"""A cluster as its renter's agent keeps it: a name over the leases that serve it."""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from core.errors import NotFound
from core.model import Address, Amount, LeaseId
from core.observed import Job, JobState
from core.ports import Journal
from core.quote import Request


@dataclass(frozen=True, slots=True)
class Replacement:
    """Shares that were lost, each a lease and an index, and the lease whose workers take their place.

    `swap`: they are not lost, but let go as soon as the others run.
    """

    shares: tuple[tuple[LeaseId, int], ...]
    lease: LeaseId
    swap: bool = False


@dataclass(frozen=True, slots=True)
class Growth:
    """A lease of more workers, for at most `most`, asked of the market for the `attempt`th time."""

    lease: LeaseId
    workers: int
    most: Amount
    attempt: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """`leases` are all that were asked for, in order; `network` is the first that was opened, and names the cluster.

    `most` is what it may cost in all. `donors` keeps each donor's name and seal key as offered, `machines` the memory
    that its seats divide. `stopped`: master and drivers are gone.
    `back_at` is when this machine was last back from an absence so long that donors leave. `growths` are the leases
    that added workers, `until` is when the cluster ends where it was extended beyond its leases.
    """

    name: str
    request: Request
    most: Amount
    created_at: int
    leases: tuple[LeaseId, ...] = ()
    network: LeaseId | None = None
    replacements: tuple[Replacement, ...] = ()
    refused: frozenset[Address] = frozenset()
    donors: dict[Address, tuple[str, str]] = field(default_factory=dict)
    machines: dict[Address, int] = field(default_factory=dict)
    jobs: tuple[Job, ...] = ()
    trouble: str = ""
    released: bool = False
    stopped: bool = False
    back_at: int = 0
    growths: tuple[Growth, ...] = ()
    until: int = 0

    @property
    def lease(self) -> LeaseId | None:
        """The lease that the cluster is known by: its first open one, or else the last that was asked for."""
        return self.network or (self.leases[-1] if self.leases else None)


class ClusterBook:
    """Every cluster of this renter by its name, kept in the journal; `folder` holds the logs of jobs that are over."""

    def __init__(self, journal: Journal, folder: Path) -> None:
        self._journal = journal
        self._folder = folder
        self._clusters = {
            name: msgspec.json.decode(row, type=Cluster) for name, row in journal.rows("clusters").items()
        }

    def keep(self, cluster: Cluster) -> None:
        """Durable when it returns."""
        self._journal.put("clusters", cluster.name, msgspec.json.encode(cluster))
        self._clusters[cluster.name] = cluster

    def all(self) -> tuple[Cluster, ...]:
        """Every cluster, the newest first."""
        return tuple(sorted(self._clusters.values(), key=lambda cluster: -cluster.created_at))

    def find(self, name: str) -> Cluster | None:
        """The cluster of that name, if there is one."""
        return self._clusters.get(name)

    def named(self, name: str) -> Cluster:
        """The cluster of that name. Raises NotFound."""
        cluster = self._clusters.get(name)
        if cluster is None:
            raise NotFound(f"There is no cluster named {name}.", "See them all with `sparecloud ls`.")
        return cluster

    def of(self, lease: LeaseId) -> Cluster | None:
        """The cluster that the lease was asked for."""
        return next((cluster for cluster in self._clusters.values() if lease in cluster.leases), None)

    def network_of(self, lease: LeaseId) -> LeaseId:
        """The network that the lease's workers join: its own, where it is the cluster's first that was opened."""
        cluster = self.of(lease)
        return cluster.network if cluster is not None and cluster.network is not None else lease

    def lease_of_job(self, name: str, job: str) -> LeaseId:
        """The network that a cluster's job ran in. Raises NotFound."""
        for known in self.named(name).jobs:
            if known.job == job:
                return known.lease
        raise NotFound(f"The cluster {name} has no job named {job}.", f"See them with `sparecloud status {name}`.")

    def log_file(self, lease: LeaseId, job: str) -> Path:
        """Where the output of a job is kept once its cluster is gone."""
        return self._folder / "jobs" / lease / f"{job}.log"


def next_job_name(jobs: tuple[Job, ...]) -> str:
    """The first free `job-N`."""
    return f"job-{max((int(job.job.removeprefix('job-')) for job in jobs if job.job[4:].isdigit()), default=0) + 1}"


def merge(known: tuple[Job, ...], seen: tuple[Job, ...]) -> tuple[Job, ...]:
    """`known` brought up to date with what the runtime sees now; a job that it does not list (yet) stays."""
    newest = {job.job: job for job in (*known, *seen)}
    return tuple(newest.values())


def settled(jobs: tuple[Job, ...], now: int) -> tuple[Job, ...]:
    """`jobs` once their cluster is gone: one that still ran was stopped with it."""
    return tuple(
        Job(job.job, job.lease, JobState.STOPPED, job.started_at, now, "The cluster ended.")
        if job.state is JobState.RUNNING
        else job
        for job in jobs
    )
