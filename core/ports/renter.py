"""What only a renter needs: the networks of its clusters, their masters and drivers, and a machine that stays awake."""

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Protocol

from core.model import Agreement, LeaseId
from core.observed import Endpoint, Job, Pace, Progress, Ran, Way
from core.submission import NO_EXTRAS, Extras
from core.ticket import Ticket


class Fabric(Protocol):
    """The private networks of a renter's clusters: their authority, their relays, and who sits where."""

    @property
    def has_overlay(self) -> bool:
        """Whether members need node keys; without, all of them share one engine's bridge."""
        ...

    async def ready(self) -> None:
        """Raise RelayUnavailable where nobody could carry a network now: before anything is paid."""
        ...

    async def open(self, agreement: Agreement, network: LeaseId) -> None:
        """Make `network` where it is missing, and have the relays serve it for as long as this lease is open.

        Raises RelayUnavailable where none does.
        """
        ...

    async def ticket(self, network: LeaseId, host: str, node_key: str) -> Ticket:
        """The ticket of the member at `host` (MASTER, or one that `place` gave), its certificate good for a day.

        The same certificate again until half of its time is over.
        """
        ...

    def place(self, network: LeaseId, lease: LeaseId, index: int) -> str:
        """The host of a share's worker in `network`: the same again for the same share, and never another's."""
        ...

    def at(self, network: LeaseId, host: str) -> tuple[LeaseId, int] | None:
        """The share whose worker sits at `host`."""
        ...

    def revoke(self, network: LeaseId, host: str) -> bool:
        """From the next seats on, nobody talks to the member at `host`; True where that is news for the relays."""
        ...

    async def close(self, network: LeaseId) -> None:
        """Forget the network, its authority's key included, and tell the relays."""
        ...


class ClusterRuntime(Protocol):
    """A cluster's master and drivers on the renter's own machine.

    A cluster is named by its network: the first lease that was opened for it.
    """

    async def prepare(self, progress: Callable[[str], None]) -> None:
        """Have engine and images at hand; the first time, images are built while `progress` gets sentences.

        Raises EngineUnavailable with what to install or start, SandboxFailed where an image cannot be built.
        """
        ...

    async def enroll(self, network: LeaseId) -> str:
        """The public key of the master's node, made when first asked for; empty where there is no overlay."""
        ...

    async def start_master(self, network: LeaseId, secret: str, ticket: Ticket) -> str:
        """Start the cluster's master, or adopt the one already there; returns the address workers join."""
        ...

    async def renew(self, network: LeaseId, ticket: Ticket) -> None:
        """Give the master's node a newer certificate, or a longer list of revoked ones."""
        ...

    async def secret(self, lease: LeaseId) -> str | None:
        """The secret that a running master was started with, None where there is no master."""
        ...

    async def screen(self, lease: LeaseId) -> str | None:
        """A loopback address of the cluster's own web screen, None where there is none."""
        ...

    async def registered(self, network: LeaseId) -> frozenset[str]:
        """The hosts (`Ticket.host`) of the workers that are registered and alive, as they say themselves."""
        ...

    async def measure(self, network: LeaseId, one: str, other: str) -> Way | None:
        """What the worker at host `one` measures of the way to `other`; None where it does not say."""
        ...

    async def pace(self, network: LeaseId, host: str) -> Pace | None:
        """How fast the worker at `host` computes, timed and checked here; None where it does not answer."""
        ...

    async def submit(
        self,
        lease: LeaseId,
        job: str,
        program: Path,
        arguments: Sequence[str],
        inputs: Path | None,
        extras: Extras = NO_EXTRAS,
    ) -> Job:
        """Run `program` (one file) as job `job`; `inputs` (a file or folder) appears to it under /job/input.

        Raises NotFound where a path does not exist, InvalidInput where one cannot travel, SandboxFailed where the
        cluster has no master.
        """
        ...

    async def progress(self, lease: LeaseId, job: str) -> Progress | None:
        """How far a job is, as its driver says; None where it does not run, or not yet. Raises NotFound."""
        ...

    async def execute(self, lease: LeaseId, job: str, words: Sequence[str], within_s: int) -> Ran:
        """Run a command in the job's driver, for so long at most (then it ends with 124).

        Raises NotFound, InvalidInput where the job does not run.
        """
        ...

    async def connect(self, lease: LeaseId) -> Job:
        """Start the cluster's Spark Connect server, or adopt it. Raises SandboxFailed where there is no master."""
        ...

    async def endpoint(self, lease: LeaseId) -> Endpoint | None:
        """Where the Spark Connect server answers; None where it does not, or not yet."""
        ...

    async def jobs(self, lease: LeaseId) -> tuple[Job, ...]: ...

    def logs(self, lease: LeaseId, job: str, *, follow: bool) -> AsyncIterator[bytes]:
        """The job's output so far, and with `follow` until it ends. Raises NotFound."""
        ...

    async def outputs(self, lease: LeaseId, job: str, target: Path) -> tuple[Path, ...]:
        """Copy what the job wrote under /job/output into `target`; the files written. Raises NotFound."""
        ...

    async def stop_job(self, lease: LeaseId, job: str) -> None: ...

    async def forget(self, lease: LeaseId) -> None:
        """Remove the lease's master, drivers, volumes and, where nobody else uses it, its network."""
        ...

    async def held(self) -> frozenset[LeaseId]:
        """Every lease of which this agent still has a container, volume or network."""
        ...


class Wakefulness(Protocol):
    """Whether this machine may fall asleep."""

    def hold(self, on: bool) -> None:
        """Keep it awake from now on where the platform allows that, or no more."""
        ...
