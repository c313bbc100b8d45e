"""A cluster's master: started once, found again, asked who has joined."""

import threading
from typing import Final, TypeVar

import msgspec
from docker.models.containers import Container

from core.model import LeaseId, Resources
from core.observed import Pace, Way
from core.runtime import screen
from core.runtime.archive import put_files, read_file
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.runtime.labels import HOST, LEASE, OWNER, ROLE, Label, Role
from core.runtime.launch import Launch, start
from core.runtime.network import LeaseNetwork
from core.runtime.sandbox import SCRATCH
from core.runtime.screen import Registered
from core.runtime.spark_settings import (
    CONNECT_PORT,
    SETTINGS_FILE,
    master_address,
    master_command,
    master_settings,
    secret_in,
)
from core.ticket import Ticket

T = TypeVar("T")

_MASTER: Final = Resources(cpu_millis=2000, memory_mib=512)


class Masters:
    """The masters of one renter's agent. Every method blocks."""

    def __init__(self, engine: ContainerEngine, network: LeaseNetwork, images: Images, owner: str) -> None:
        self._engine = engine
        self._network = network
        self._images = images
        self._owner = owner
        self._starting = threading.Lock()

    def enroll(self, network: LeaseId) -> str:
        """The public key of the node that master and drivers share."""
        with self._starting:
            return self._network.enroll(self._label(network))

    def start(self, network: LeaseId, secret: str, ticket: Ticket) -> str:
        """The address that workers join. A master already there keeps its own secret."""
        settings = master_settings(secret).encode()
        launch = Launch(
            label=self._label(network),
            ticket=ticket,
            image=self._images.allowed(),
            resources=_MASTER.capped(Resources(self._engine.cpu_millis(), _MASTER.memory_mib)),
            folders=(SCRATCH,),
            command=master_command,
            prepare=lambda container, _: put_files(container, SCRATCH, {SETTINGS_FILE: settings}),
            environment={},
        )
        with self._starting:
            return _address(start(self._engine, self._network, launch))

    def renew(self, network: LeaseId, ticket: Ticket) -> None:
        """Give the node what is new in its ticket."""
        with self._starting:
            self._network.renew(self._label(network), ticket)

    def running(self, lease: LeaseId) -> Container | None:
        """The master's container while it runs."""
        container = self._engine.named(self._label(lease).name)
        if container is None or container.status != "running" or container.labels.get(OWNER) != self._owner:
            return None
        return container

    def address(self, lease: LeaseId) -> str | None:
        """The address that workers and drivers join, None where there is no running master."""
        container = self.running(lease)
        return _address(container) if container is not None else None

    def screen(self, lease: LeaseId) -> str | None:
        """host:port on loopback of the running master's screen."""
        face = self._network.face(self._label(lease)) if self.running(lease) is not None else None
        return screen.address(face) if face is not None else None

    def door(self, lease: LeaseId) -> int | None:
        """The port of loopback that leads to Spark Connect in the running master's namespace."""
        face = self._network.face(self._label(lease)) if self.running(lease) is not None else None
        return screen.published(face, CONNECT_PORT) if face is not None else None

    def secret(self, lease: LeaseId) -> str | None:
        """The secret that the running master was started with."""
        container = self.running(lease)
        if container is None:
            return None
        return secret_in(read_file(container, f"{SCRATCH}/{SETTINGS_FILE}").decode())

    def workers(self, lease: LeaseId) -> tuple[Registered, ...]:
        """The workers registered and alive."""
        where = self.screen(lease)
        return screen.registered(where) if where is not None else ()

    def measure(self, network: LeaseId, one: str, other: str) -> Way | None:
        """What the worker at host `one` says of the way to `other`; it may say anything."""
        return self._metered(network, Way, "ask", one, other)

    def pace(self, network: LeaseId, host: str) -> Pace | None:
        """How fast the worker at `host` computes, as timed beside the master."""
        return self._metered(network, Pace, "pace", host)

    def _metered(self, network: LeaseId, noun: type[T], *words: str) -> T | None:
        container = self.running(network)
        if container is None:
            return None
        said = container.exec_run(["python3", "/opt/meter.py", *words], stderr=False).output
        try:
            return msgspec.json.decode(said, type=noun) if isinstance(said, bytes) else None
        except msgspec.MsgspecError:
            return None

    def remove(self, lease: LeaseId) -> None:
        """Remove the master, its volume, and the node that it ran at."""
        self._engine.remove({LEASE: str(lease), ROLE: Role.MASTER.value, OWNER: self._owner})
        self._network.leave(self._label(lease))

    def _label(self, lease: LeaseId) -> Label:
        return Label(lease=lease, role=Role.MASTER, owner=self._owner)


def _address(container: Container) -> str:
    return master_address(container.labels[HOST])
