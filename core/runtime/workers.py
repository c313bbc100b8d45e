"""Workers on a donor's machine: core.ports.WorkerRuntime, on Docker and Spark."""

import threading
import time
from collections.abc import Callable
from typing import Final

from docker.models.containers import Container

from core.model import Agreement, LeaseId, Resources, Share
from core.observed import WorkerReport, WorkerState
from core.runtime.archive import put_files
from core.runtime.container_engine import ContainerEngine, gone_is_fine
from core.runtime.images import Images
from core.runtime.labels import LEASE, OWNER, ROLE, SHARE, Label, Role, share_of
from core.runtime.launch import Launch, fate, start
from core.runtime.network import LeaseNetwork
from core.runtime.sandbox import SCRATCH
from core.runtime.spark_settings import SETTINGS_FILE, worker_command, worker_settings

_DECOMMISSION_S: Final = 15
_TERMINATE_S: Final = 5


class DockerWorkers:
    """Sandboxed Spark workers of one donor agent.

    `owner` tells this agent's containers from those of others on the same engine; it must be the same after a
    restart. All state is the engine's: nothing is lost when the agent is killed.
    """

    def __init__(self, engine: ContainerEngine, network: LeaseNetwork, images: Images, owner: str) -> None:
        self._engine = engine
        self._network = network
        self._images = images
        self._owner = owner
        self._starting = threading.Lock()

    async def prepare(self, progress: Callable[[str], None]) -> None:
        await self._images.ensure(progress)

    async def start_worker(self, agreement: Agreement, share: Share, master: str, secret: str) -> WorkerReport:
        """Start the share's worker, or adopt the one already there; one that ended is started again."""
        label = self._label(agreement.lease, share.index)
        command = worker_command(label.member, master, share.resources)
        settings = worker_settings(secret).encode()
        return await self._engine.call(self._start, label, share.resources, master, command, settings)

    async def worker(self, lease: LeaseId, index: int) -> WorkerReport:
        return await self._engine.call(self._report, self._label(lease, index))

    async def stop_worker(self, lease: LeaseId, index: int, *, handing_over: bool) -> WorkerReport:
        return await self._engine.call(self._stop, self._label(lease, index), handing_over)

    async def forget(self, lease: LeaseId, index: int) -> None:
        label = self._label(lease, index)
        await self._engine.call(self._engine.remove, {LEASE: lease, SHARE: str(index), OWNER: self._owner})
        await self._engine.call(self._network.leave, label.lease)

    async def held(self) -> frozenset[tuple[LeaseId, int]]:
        """Every share with a container or volume of this agent; also drops its networks that nobody uses."""
        return await self._engine.call(self._held)

    def _label(self, lease: LeaseId, index: int) -> Label:
        return Label(lease=lease, role=Role.WORKER, owner=self._owner, share=index)

    def _start(
        self, label: Label, resources: Resources, master: str, command: list[str], settings: bytes
    ) -> WorkerReport:
        def prepare(container: Container, host: str) -> None:
            put_files(container, SCRATCH, {SETTINGS_FILE: settings})

        launch = Launch(
            label=label,
            image=self._images.allowed(),
            resources=resources,
            folders=(SCRATCH,),
            command=lambda host: worker_command(host, master, resources),
            prepare=prepare,
            environment={"SPARK_LOCAL_DIRS": SCRATCH},
        )
        with self._starting:
            return _report(start(self._engine, self._network, launch).container)

    def _report(self, label: Label) -> WorkerReport:
        container = self._own(label)
        return _report(container) if container is not None else WorkerReport(WorkerState.ABSENT)

    def _stop(self, label: Label, handing_over: bool) -> WorkerReport:
        container = self._own(label)
        if container is None:
            return WorkerReport(WorkerState.ABSENT)
        with gone_is_fine():
            if handing_over and container.status == "running":
                _decommission(container)
            container.stop(timeout=_TERMINATE_S)
        return self._report(label)

    def _own(self, label: Label) -> Container | None:
        container = self._engine.named(label.name)
        return container if container is not None and container.labels.get(OWNER) == self._owner else None

    def _held(self) -> frozenset[tuple[LeaseId, int]]:
        wanted = {OWNER: self._owner, ROLE: Role.WORKER.value}
        found = [container.labels for container in self._engine.labelled(wanted)]
        found += [volume.attrs.get("Labels") or {} for volume in self._engine.volumes(wanted)]
        shares = frozenset(share for labels in found if (share := share_of(labels)) is not None)
        for lease in self._network.held(self._owner) - {lease for lease, _ in shares}:
            self._network.leave(lease)
        return shares


def _decommission(container: Container) -> None:
    """Ask Spark to move shuffle data off this worker, and give it until its executors are gone or the deadline."""
    if not _executing(container):
        return
    container.kill(signal="SIGPWR")
    deadline = time.monotonic() + _DECOMMISSION_S
    while time.monotonic() < deadline and _executing(container):
        time.sleep(0.3)


def _executing(container: Container) -> bool:
    processes = container.top(ps_args="-eo pid,args").get("Processes") or []
    return any("CoarseGrainedExecutorBackend" in " ".join(map(str, line)) for line in processes)


def _report(container: Container) -> WorkerReport:
    found = fate(container)
    if found is None:
        return WorkerReport(WorkerState.ABSENT)
    state = WorkerState.RUNNING if found.running else WorkerState.EXITED
    return WorkerReport(state, found.started_at, found.ended_at, found.cause())
