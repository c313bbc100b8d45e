"""What only a donor needs: its workers, its owner's wishes, and what is known of its machine."""

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from core.model import Agreement, LeaseId, Resources, Share
from core.observed import Conditions, Measured, Speed, Usage, WorkerReport
from core.owner import Donor
from core.ticket import Ticket


class WorkerRuntime(Protocol):
    """Sandboxed workers on a donor's machine. The donor's own limits fix the sandbox, the renter has no say."""

    @property
    def image(self) -> str:
        """The digest of the one image that workers start from; empty before `prepare` had it at hand. Asks nobody."""
        ...

    async def prepare(self, progress: Callable[[str], None]) -> None:
        """Have engine and images at hand; the first time, images are built while `progress` gets sentences.

        Raises EngineUnavailable with what to install or start, SandboxFailed where an image cannot be built.
        """
        ...

    async def enroll(self, lease: LeaseId, index: int) -> str:
        """The public key (sixty-four hexadecimal digits) of the share's node, made when first asked for.

        Empty where workers join over this engine's own bridge.
        """
        ...

    async def start_worker(
        self, agreement: Agreement, share: Share, master: str, secret: str, ticket: Ticket
    ) -> WorkerReport:
        """Start the share's worker, or adopt the one already there. `master`, `secret`, `ticket` come from the renter.

        Raises InvalidInput where the ticket is not one for this node, or leads to a relay that is not ours to use.
        """
        ...

    async def renew(self, lease: LeaseId, index: int, ticket: Ticket) -> None:
        """Give a running worker's node a newer certificate, or a longer list of revoked ones."""
        ...

    async def worker(self, lease: LeaseId, index: int) -> WorkerReport: ...

    async def grant_worker(self, lease: LeaseId, index: int, resources: Resources, permille: int) -> WorkerReport:
        """Give a running worker `permille` thousandths of the processor time in `resources`; 0 pauses it.

        Its memory stays: a running Spark worker cannot give any back.
        """
        ...

    async def bound_network(self, lease: LeaseId, index: int, up_kib_s: int, down_kib_s: int) -> None:
        """Let a running worker send and receive so many KiB a second at most; 0 does not bound it.

        The bounds end with the worker: whoever starts or adopts one says them again. The same again costs next to
        nothing, and a worker that does not run is left alone. Raises SandboxFailed where this kernel cannot.
        """
        ...

    async def usage(self, lease: LeaseId, index: int) -> Usage | None:
        """What a running worker uses now; None where there is none, or the engine does not say."""
        ...

    async def stop_worker(self, lease: LeaseId, index: int, *, within_s: int) -> WorkerReport:
        """Stop it and report when it ended; `forget` removes the rest.

        It may first move its data to the cluster's other workers, for `within_s` seconds at most; 0 stops it at once,
        also where an earlier call still waits for it.
        """
        ...

    async def forget(self, lease: LeaseId, index: int) -> None:
        """Remove the share's container, volume and, where nobody else uses it, the lease's network."""
        ...

    async def held(self) -> frozenset[tuple[LeaseId, int]]:
        """Every share of which this agent still has a container, volume or network."""
        ...


class Sensors(Protocol):
    """What the owner does with this machine, and what surrounds it."""

    async def read(self, programs: Collection[str]) -> Conditions:
        """The conditions now, cheap enough for once a second; `programs` are the names looked for.

        What no provider on this platform can tell is None; nothing is raised.
        """
        ...

    def providers(self) -> Mapping[str, str]:
        """For each field of Conditions, who tells it here, or why nobody can: a sentence each."""
        ...


class OwnerFile(Protocol):
    """The owner's settings, as kept in a file that the owner may also edit by hand."""

    def read(self) -> Donor:
        """The settings now. Raises InvalidInput where the file cannot be understood."""
        ...

    def write(self, donor: Donor) -> None:
        """Keep `donor`, whole or not at all; other tables of the file stay. Raises InvalidInput."""
        ...


class Benchmark(Protocol):
    """How fast this machine is where workers run."""

    async def run(self) -> Speed:
        """Measure processor, memory and disk: six seconds of one core at most, and 64 MiB written.

        `measured_at` and the network's figures are left 0. Raises SandboxFailed, EngineUnavailable.
        """
        ...


class Probe(Protocol):
    """What the machine has, and what of it is free now."""

    async def measure(self) -> Measured: ...
