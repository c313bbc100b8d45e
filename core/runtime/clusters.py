"""Clusters on the renter's machine: core.ports.ClusterRuntime, on Docker and Spark."""

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Final

from core.model import LeaseId, Resources
from core.observed import Endpoint, Job, Pace, Progress, Ran, Way
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.runtime.jobs import Drivers
from core.runtime.labels import OWNER, ROLE, Role, lease_of
from core.runtime.masters import Masters
from core.runtime.network import LeaseNetwork
from core.submission import NO_EXTRAS, Extras
from core.ticket import Ticket

DRIVER: Final = Resources(cpu_millis=2000, memory_mib=2048)


class DockerClusters:
    """Spark masters and drivers of one renter's agent.

    `owner` tells this agent's containers from those of others on the same engine; it must be the same after a
    restart. All state is the engine's: nothing is lost when the agent is killed. `driver` is what one job's driver
    may use on this machine.
    """

    def __init__(
        self, engine: ContainerEngine, network: LeaseNetwork, images: Images, owner: str, driver: Resources = DRIVER
    ) -> None:
        self._engine = engine
        self._network = network
        self._images = images
        self._owner = owner
        self._masters = Masters(engine, network, images, owner)
        self._drivers = Drivers(engine, network, images, self._masters, owner, driver)

    async def prepare(self, progress: Callable[[str], None]) -> None:
        await self._images.ensure(progress)

    async def enroll(self, network: LeaseId) -> str:
        return await self._engine.call(self._masters.enroll, network)

    async def start_master(self, network: LeaseId, secret: str, ticket: Ticket) -> str:
        """Start the cluster's master, or adopt the one already there (which keeps its own secret)."""
        return await self._engine.call(self._masters.start, network, secret, ticket)

    async def renew(self, network: LeaseId, ticket: Ticket) -> None:
        await self._engine.call(self._masters.renew, network, ticket)

    async def secret(self, lease: LeaseId) -> str | None:
        return await self._engine.call(self._masters.secret, lease)

    async def screen(self, lease: LeaseId) -> str | None:
        where = await self._engine.call(self._masters.screen, lease)
        return f"http://{where}" if where is not None else None

    async def registered(self, network: LeaseId) -> frozenset[str]:
        return frozenset(worker.host for worker in await self._engine.call(self._masters.workers, network))

    async def measure(self, network: LeaseId, one: str, other: str) -> Way | None:
        return await self._engine.call(self._masters.measure, network, one, other)

    async def pace(self, network: LeaseId, host: str) -> Pace | None:
        return await self._engine.call(self._masters.pace, network, host)

    async def submit(
        self,
        lease: LeaseId,
        job: str,
        program: Path,
        arguments: Sequence[str],
        inputs: Path | None,
        extras: Extras = NO_EXTRAS,
    ) -> Job:
        """Run a program as job `job` (lower-case letters, digits, dashes); the same name again is the same job.

        A folder's content, or a single file, appears under /job/input; what is written under /job/output can be
        fetched. Raises NotFound, InvalidInput, SandboxFailed.
        """
        return await self._engine.call(self._drivers.submit, lease, job, program, arguments, inputs, extras)

    async def progress(self, lease: LeaseId, job: str) -> Progress | None:
        return await self._engine.call(self._drivers.progress, lease, job)

    async def execute(self, lease: LeaseId, job: str, words: Sequence[str], within_s: int) -> Ran:
        return await self._engine.call(self._drivers.execute, lease, job, words, within_s)

    async def connect(self, lease: LeaseId) -> Job:
        return await self._engine.call(self._drivers.connect, lease)

    async def endpoint(self, lease: LeaseId) -> Endpoint | None:
        return await self._engine.call(self._drivers.endpoint, lease)

    async def jobs(self, lease: LeaseId) -> tuple[Job, ...]:
        return await self._engine.call(self._drivers.jobs, lease)

    def logs(self, lease: LeaseId, job: str, *, follow: bool) -> AsyncIterator[bytes]:
        return self._drivers.logs(lease, job, follow=follow)

    async def outputs(self, lease: LeaseId, job: str, target: Path) -> tuple[Path, ...]:
        return await self._engine.call(self._drivers.outputs, lease, job, target)

    async def stop_job(self, lease: LeaseId, job: str) -> None:
        await self._engine.call(self._drivers.stop, lease, job)

    async def forget(self, lease: LeaseId) -> None:
        await self._engine.call(self._drivers.remove, lease)
        await self._engine.call(self._masters.remove, lease)

    async def held(self) -> frozenset[LeaseId]:
        return await self._engine.call(self._held)

    def _held(self) -> frozenset[LeaseId]:
        found = []
        for role in (Role.MASTER, Role.DRIVER):
            wanted = {OWNER: self._owner, ROLE: role.value}
            found += [container.labels for container in self._engine.labelled(wanted)]
            found += [volume.attrs.get("Labels") or {} for volume in self._engine.volumes(wanted)]
        leases = frozenset(lease for labels in found if (lease := lease_of(labels)) is not None)
        return leases | {lease for lease, share in self._network.held(self._owner) if share is None}
