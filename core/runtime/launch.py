"""Starting a container once, however often it is asked for, and saying how it fares."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from docker.errors import NotFound
from docker.models.containers import Container

from core.errors import SandboxFailed
from core.model import Resources
from core.runtime.container_engine import ContainerEngine, gone_is_fine
from core.runtime.labels import HOST, OWNER, Label
from core.runtime.network import LeaseNetwork, Place
from core.runtime.sandbox import sandbox
from core.ticket import Ticket

_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Launch:
    """One container to be: `prepare` fills its volumes before it runs."""

    label: Label
    ticket: Ticket
    image: str
    resources: Resources
    folders: tuple[str, ...]
    command: Callable[[str], Sequence[str]]
    prepare: Callable[[Container, str], None]
    environment: Mapping[str, str]
    disk: str = ""
    runtime: str = ""


def start(engine: ContainerEngine, network: LeaseNetwork, launch: Launch) -> Container:
    """Start the container, or adopt the one of that name; a stopped one is started again. Blocks.

    A lease's network may vanish while it is being joined (the last one left): then the start is tried again.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _start(engine, network, launch)
        except NotFound:
            if attempt == _ATTEMPTS:
                raise
            if (stranded := engine.named(launch.label.name)) is not None:
                with gone_is_fine():
                    stranded.remove(v=True, force=True)
    raise AssertionError("the last attempt returns or raises")


def _start(engine: ContainerEngine, network: LeaseNetwork, launch: Launch) -> Container:
    container = engine.named(launch.label.name)
    if container is not None and container.labels.get(OWNER) != launch.label.owner:
        raise SandboxFailed(
            "Another agent on this machine already serves this share.", "Stop that agent, or refuse the lease."
        )
    place = network.ensure(launch.label, launch.ticket)
    if container is not None and container.status in ("running", "paused"):
        return container
    if container is None:
        container = _create(engine, launch, place)
    network.finish(container, launch.label)
    # Also where it exists: the agent may have died before it filled the volumes.
    launch.prepare(container, place.host)
    container.start()
    container.reload()
    return container


def _create(engine: ContainerEngine, launch: Launch, place: Place) -> Container:
    labels = launch.label.labels() | {HOST: place.host}
    arguments: dict[str, Any] = {
        **place.arguments,
        **sandbox(launch.resources, labels, *launch.folders, disk=launch.disk, runtime=launch.runtime),
        "name": launch.label.name,
        "command": list(launch.command(place.host)),
        "environment": {**place.environment, **launch.environment},
    }
    return engine.client.containers.create(launch.image, **arguments)


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a container; instants are Unix seconds."""

    running: bool
    started_at: int
    ended_at: int
    exit_code: int
    out_of_memory: bool

    def cause(self) -> str:
        """Why it ended, as a sentence; empty while it runs."""
        if self.running:
            return ""
        if self.out_of_memory:
            return "It needed more memory than its limit."
        if self.exit_code in (137, 143):
            return "It was stopped."
        return "It finished." if self.exit_code == 0 else f"It failed with exit code {self.exit_code}."


def fate(container: Container) -> Fate | None:
    """How a container fares, None where it never ran."""
    state: dict[str, Any] = container.attrs["State"]
    started_at = _instant(str(state["StartedAt"]))
    if not started_at:
        return None
    running = bool(state["Running"])
    return Fate(
        running=running,
        started_at=started_at,
        ended_at=0 if running else _instant(str(state["FinishedAt"])),
        exit_code=int(state["ExitCode"]),
        out_of_memory=bool(state["OOMKilled"]),
    )


def _instant(text: str) -> int:
    found = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)", text)
    if found is None or text.startswith("0001-"):
        return 0
    return int(datetime.fromisoformat(found[1]).replace(tzinfo=UTC).timestamp())
