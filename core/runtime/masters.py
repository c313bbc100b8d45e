"""A cluster's master: started once, found again, asked who has joined."""

import threading
from typing import Final

from docker.models.containers import Container

from core.model import LeaseId, Resources
from core.runtime.archive import put_files, read_file
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.runtime.labels import LEASE, OWNER, ROLE, Label, Role
from core.runtime.launch import Launch, start
from core.runtime.network import LeaseNetwork
from core.runtime.sandbox import SCRATCH
from core.runtime.screen import Registered, registered
from core.runtime.spark_settings import (
    SCREEN_PORT,
    SETTINGS_FILE,
    master_address,
    master_command,
    master_settings,
    secret_in,
)

_MASTER: Final = Resources(cpu_millis=2000, memory_mib=512)


class Masters:
    """The masters of one renter's agent. Every method blocks."""

    def __init__(self, engine: ContainerEngine, network: LeaseNetwork, images: Images, owner: str) -> None:
        self._engine = engine
        self._network = network
        self._images = images
        self._owner = owner
        self._starting = threading.Lock()

    def start(self, lease: LeaseId, secret: str) -> str:
        """The address that workers join. A master already there keeps its own secret."""
        settings = master_settings(secret).encode()
        launch = Launch(
            label=self._label(lease),
            image=self._images.allowed(),
            resources=_MASTER.capped(Resources(self._engine.cpu_millis(), _MASTER.memory_mib)),
            folders=(SCRATCH,),
            command=master_command,
            prepare=lambda container, _: put_files(container, SCRATCH, {SETTINGS_FILE: settings}),
            environment={},
            published=SCREEN_PORT,
        )
        with self._starting:
            return master_address(start(self._engine, self._network, launch).host)

    def running(self, lease: LeaseId) -> Container | None:
        """The master's container while it runs."""
        container = self._engine.named(self._label(lease).name)
        if container is None or container.status != "running" or container.labels.get(OWNER) != self._owner:
            return None
        return container

    def secret(self, lease: LeaseId) -> str | None:
        """The secret that the running master was started with."""
        container = self.running(lease)
        if container is None:
            return None
        return secret_in(read_file(container, f"{SCRATCH}/{SETTINGS_FILE}").decode())

    def workers(self, lease: LeaseId) -> tuple[Registered, ...]:
        """The workers registered and alive."""
        container = self.running(lease)
        return registered(container) if container is not None else ()

    def remove(self, lease: LeaseId) -> None:
        """Remove the master and its volume."""
        self._engine.remove({LEASE: str(lease), ROLE: Role.MASTER.value, OWNER: self._owner})

    def _label(self, lease: LeaseId) -> Label:
        return Label(lease=lease, role=Role.MASTER, owner=self._owner)
