"""Workers on a donor's machine: core.ports.WorkerRuntime, on Docker and Spark."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from docker.errors import APIError
from docker.models.containers import Container

from core.errors import InvalidInput
from core.model import Agreement, LeaseId, Resources, Share
from core.observed import Usage, WorkerReport, WorkerState
from core.runtime.archive import put_files
from core.runtime.bounds import Bounds, NetworkBounds
from core.runtime.container_engine import ContainerEngine, gone_is_fine
from core.runtime.disks import DISK, Disks, disk_of
from core.runtime.images import Images
from core.runtime.isolation import CONTAINER, isolation
from core.runtime.labels import LEASE, OWNER, ROLE, SHARE, Label, Role, network_of, share_of
from core.runtime.launch import Launch, fate, start
from core.runtime.limits import grant
from core.runtime.network import LeaseNetwork
from core.runtime.sandbox import SCRATCH
from core.runtime.spark_settings import SETTINGS_FILE, master_address, worker_command, worker_settings
from core.runtime.usage import Reading, read, usage
from core.ticket import MASTER, Ticket

_LOOK_EVERY_S: Final = 0.5
_TERMINATE_S: Final = 5
_FIRST_USAGE_S: Final = 0.5
"""The rate that a worker works at takes two readings, so far apart where there is none yet."""


class DockerWorkers:
    """Sandboxed Spark workers of one donor agent.

    `owner` tells this agent's containers from those of others on the same engine; it must be the same after a
    restart. All state is the engine's: nothing is lost when the agent is killed. `choice` is the isolation that the
    donor's settings ask for.
    """

    def __init__(
        self, engine: ContainerEngine, network: LeaseNetwork, images: Images, owner: str, choice: str = CONTAINER
    ) -> None:
        self._engine = engine
        self._network = network
        self._images = images
        self._owner = owner
        self._choice = choice
        self._disks = Disks(engine, images)
        self._bounds = NetworkBounds(engine, images)
        self._read: dict[str, Reading] = {}
        self._disks_work = False
        self._image = ""
        self._starting = threading.Lock()

    @property
    def image(self) -> str:
        """The digest of the one image that workers start from; empty before `prepare` had it at hand. Asks nobody."""
        return self._image

    async def prepare(self, progress: Callable[[str], None]) -> None:
        spark, *_ = await self._images.ensure(progress)
        self._image = spark.digest
        if not self._disks_work:
            await self._engine.call(self._disks.try_out, self._owner)
            self._disks_work = True

    async def enroll(self, lease: LeaseId, index: int) -> str:
        return await self._engine.call(self._enroll, self._label(lease, index))

    async def start_worker(
        self, agreement: Agreement, share: Share, master: str, secret: str, ticket: Ticket
    ) -> WorkerReport:
        """Start the share's worker, or adopt the one already there; one that ended is started again."""
        if ticket.overlay is not None and master != master_address(MASTER):
            raise InvalidInput(f"The master of a cluster with an overlay is at {master_address(MASTER)}, not {master}.")
        label = replace(self._label(agreement.lease, share.index), network=ticket.network)
        command = worker_command(ticket.host, master, share.resources)
        settings = worker_settings(secret).encode()
        resources = agreement.kind.occupied(share.resources)
        return await self._engine.call(self._start, label, ticket, resources, command, settings)

    async def renew(self, lease: LeaseId, index: int, ticket: Ticket) -> None:
        label = replace(self._label(lease, index), network=ticket.network)
        await self._engine.call(self._renew, label, ticket)

    async def worker(self, lease: LeaseId, index: int) -> WorkerReport:
        return await self._engine.call(self._report, self._label(lease, index))

    async def stop_worker(self, lease: LeaseId, index: int, *, within_s: int) -> WorkerReport:
        """Stop it, after Spark moved its data to others, or `within_s` seconds. Spark's executors end when they have.

        The wait holds no thread: a call with 0 beside it takes effect at once.
        """
        label, deadline = self._label(lease, index), time.monotonic() + within_s
        if within_s > 0 and await self._engine.call(self._executing, label):
            await self._engine.call(self._decommission, label)
            while time.monotonic() < deadline and await self._engine.call(self._executing, label):
                await asyncio.sleep(_LOOK_EVERY_S)
        return await self._engine.call(self._stop, label)

    async def grant_worker(self, lease: LeaseId, index: int, resources: Resources, permille: int) -> WorkerReport:
        """Let the worker have `permille` thousandths of its processor time, and pause it at 0. Its memory stays."""
        return await self._engine.call(self._grant, self._label(lease, index), resources, permille)

    async def bound_network(self, lease: LeaseId, index: int, up_kib_s: int, down_kib_s: int) -> None:
        await self._engine.call(self._bound, self._label(lease, index), Bounds(up_kib_s, down_kib_s))

    async def usage(self, lease: LeaseId, index: int) -> Usage | None:
        """What the worker used since the last call; the first call waits for a second reading.

        Idle waiting, mostly: see `read` for how long. One worker after the other is asked, beside what must be quick.
        """
        label = self._label(lease, index)
        found = await self._engine.call(self._usage, label)
        if found is None and label.name in self._read:
            await asyncio.sleep(_FIRST_USAGE_S)
            found = await self._engine.call(self._usage, label)
        return found

    async def forget(self, lease: LeaseId, index: int) -> None:
        label = await self._engine.call(self._joined, self._label(lease, index))
        await self._engine.call(self._forget, label)
        await self._engine.call(self._network.leave, label)

    async def held(self) -> frozenset[tuple[LeaseId, int]]:
        """Every share with a container, volume or node of this agent; also drops its networks that nobody uses."""
        return await self._engine.call(self._held)

    def _label(self, lease: LeaseId, index: int) -> Label:
        return Label(lease=lease, role=Role.WORKER, owner=self._owner, share=index)

    def _enroll(self, label: Label) -> str:
        with self._starting:
            return self._network.enroll(label)

    def _renew(self, label: Label, ticket: Ticket) -> None:
        with self._starting:
            self._network.renew(label, ticket)

    def _joined(self, label: Label) -> Label:
        """The label with the network that the share's worker joined."""
        container = self._own(label)
        return replace(label, network=network_of(container.labels)) if container is not None else label

    def _start(
        self, label: Label, ticket: Ticket, resources: Resources, command: list[str], settings: bytes
    ) -> WorkerReport:
        def prepare(container: Container, host: str) -> None:
            put_files(container, SCRATCH, {SETTINGS_FILE: settings})

        launch = Launch(
            label=label,
            ticket=ticket,
            image=self._images.allowed(),
            resources=resources,
            folders=(SCRATCH,),
            command=lambda _: command,
            prepare=prepare,
            environment={"SPARK_LOCAL_DIRS": SCRATCH},
            disk=disk_of(label),
            runtime=isolation(self._engine.client.info(), self._choice).runtime,
        )
        with self._starting:
            if not self._running(label):
                self._disks.attach(label, resources.disk_mib)
            return _report(start(self._engine, self._network, launch))

    def _report(self, label: Label) -> WorkerReport:
        container = self._own(label)
        return _report(container) if container is not None else WorkerReport(WorkerState.ABSENT)

    def _executing(self, label: Label) -> bool:
        container = self._own(label)
        if container is None or container.status not in ("running", "paused"):
            return False
        try:
            processes = container.top(ps_args="-eo pid,args").get("Processes") or []
        except APIError:
            # It ended between the two questions; where it did not, there is nothing better to do than to stop it.
            return False
        return any("CoarseGrainedExecutorBackend" in " ".join(map(str, line)) for line in processes)

    def _decommission(self, label: Label) -> None:
        """Have Spark move what the worker holds to others. A paused one runs again for it: its owner gave notice."""
        container = self._own(label)
        with gone_is_fine():
            if container is not None and container.status == "paused":
                container.unpause()
            if container is not None:
                container.kill(signal="SIGPWR")

    def _stop(self, label: Label) -> WorkerReport:
        container = self._own(label)
        if container is None:
            return WorkerReport(WorkerState.ABSENT)
        with gone_is_fine():
            if container.status == "paused":
                container.unpause()
            container.stop(timeout=_TERMINATE_S)
        return self._report(label)

    def _grant(self, label: Label, resources: Resources, permille: int) -> WorkerReport:
        container = self._own(label)
        if container is not None:
            grant(container, resources, permille)
        return self._report(label)

    def _bound(self, label: Label, bounds: Bounds) -> None:
        with self._starting:
            if self._running(label) and (face := self._network.face(label)) is not None:
                self._bounds.ensure(label, face, bounds)

    def _usage(self, label: Label) -> Usage | None:
        """What was used since the last reading; None where this is the first."""
        container = self._own(label)
        now = read(container) if container is not None else None
        before = self._read.pop(label.name, None)
        if container is None or now is None:
            return None
        self._read[label.name] = now
        if before is None or now.cpu_ns < before.cpu_ns:
            return None
        face = self._network.face(label)
        return usage(before, now, read(face) if face is not None and face.id != container.id else now)

    def _forget(self, label: Label) -> None:
        self._bounds.drop(label)
        self._read.pop(label.name, None)
        everything = {LEASE: str(label.lease), SHARE: str(label.share), OWNER: self._owner}
        if self._engine.labelled(everything) or self._engine.volumes(everything):
            self._engine.remove({**everything, ROLE: Role.WORKER.value})
            self._disks.drop(label)
            self._engine.remove(everything)

    def _running(self, label: Label) -> bool:
        container = self._own(label)
        return container is not None and container.status in ("running", "paused")

    def _own(self, label: Label) -> Container | None:
        container = self._engine.named(label.name)
        return container if container is not None and container.labels.get(OWNER) == self._owner else None

    def _held(self) -> frozenset[tuple[LeaseId, int]]:
        wanted = {OWNER: self._owner, ROLE: Role.WORKER.value}
        found = [container.labels for container in self._engine.labelled(wanted)]
        found += [volume.attrs.get("Labels") or {} for volume in self._engine.volumes(wanted)]
        found += [volume.attrs.get("Labels") or {} for volume in self._engine.volumes({**wanted, ROLE: DISK})]
        shares = frozenset(share for labels in found if (share := share_of(labels)) is not None)
        standing = self._network.held(self._owner)
        joined = {network_of(labels) for labels in found}
        for network in {lease for lease, share in standing if share is None} - joined:
            self._network.leave(self._label(network, 0))
        return shares | {(lease, share) for lease, share in standing if share is not None}


def _report(container: Container) -> WorkerReport:
    found = fate(container)
    if found is None:
        return WorkerReport(WorkerState.ABSENT)
    state = WorkerState.RUNNING if found.running else WorkerState.EXITED
    return WorkerReport(state, found.started_at, found.ended_at, found.cause())
