"""The container engine: one lazy connection, calls off the event loop, and its errors as sentences."""

import asyncio
import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, ParamSpec, TypeVar

import docker
import requests
from docker.errors import APIError, DockerException
from docker.models.containers import Container
from docker.models.volumes import Volume

from core.errors import EngineUnavailable, PortInUse, SandboxFailed, SparecloudError

P = ParamSpec("P")
T = TypeVar("T")

DEADLINE_S: Final = 60

_ADVICE: Final = {
    "linux": "Install Docker (the package docker.io or docker-ce), start it with `sudo systemctl start docker`, and "
    "add yourself to the group `docker`.",
    "darwin": "Install Docker Desktop or Colima, start it, and wait until its whale stops moving.",
    "win32": "Install Docker Desktop with its WSL 2 engine, start it, and wait until its whale stops moving.",
}


class ContainerEngine:
    """The engine that DOCKER_HOST, or else the platform's usual socket, names.

    Connects on first use. Every method blocks except `call`, which runs a blocking function in a thread; all raise
    EngineUnavailable, SandboxFailed or PortInUse instead of docker's own errors.
    """

    def __init__(self) -> None:
        self._client: docker.DockerClient | None = None

    @property
    def client(self) -> docker.DockerClient:
        """The connection; docker's own object, which must not leave core/runtime."""
        if self._client is None:
            with translated():
                self._client = docker.from_env(timeout=DEADLINE_S)
        return self._client

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `function` returns, run in a thread."""
        return await asyncio.to_thread(_translating, functools.partial(function, *args, **kwargs))

    def version(self) -> str:
        """The engine's version."""
        return str(self.client.version()["Version"])

    def cpu_millis(self) -> int:
        """What the engine itself may use: a virtual machine's share on macOS and Windows."""
        return int(self.client.info()["NCPU"]) * 1000

    def named(self, name: str) -> Container | None:
        """The container called `name`, stopped or not."""
        try:
            return self.client.containers.get(name)
        except docker.errors.NotFound:
            return None

    def labelled(self, labels: dict[str, str]) -> list[Container]:
        """Every container, stopped or not, that carries all of `labels`."""
        return self.client.containers.list(all=True, filters={"label": _filter(labels)}, ignore_removed=True)

    def volumes(self, labels: dict[str, str]) -> list[Volume]:
        """Every volume that carries all of `labels`."""
        return self.client.volumes.list(filters={"label": _filter(labels)})

    def remove(self, labels: dict[str, str]) -> None:
        """Remove every container and volume that carries all of `labels`; already gone is success."""
        for container in self.labelled(labels):
            with gone_is_fine():
                container.remove(v=True, force=True)
        for volume in self.volumes(labels):
            with gone_is_fine():
                volume.remove(force=True)

    def close(self) -> None:
        """Drop the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None


@contextmanager
def gone_is_fine() -> Iterator[None]:
    """Swallow the engine's "no such thing", and its "already being removed"."""
    try:
        yield
    except docker.errors.NotFound:
        pass
    except APIError as refusal:
        if refusal.status_code != 409 or "already in progress" not in str(refusal.explanation):
            raise


@contextmanager
def translated() -> Iterator[None]:
    """Turn docker's and requests' errors into this project's, once."""
    try:
        yield
    except APIError as refusal:
        raise _refusal(str(refusal.explanation or refusal)) from refusal
    except requests.exceptions.ReadTimeout as slow:
        raise EngineUnavailable(
            f"The container engine did not answer within {DEADLINE_S} seconds.", "Wait a minute, or restart it."
        ) from slow
    except (DockerException, requests.exceptions.RequestException) as absent:
        raise EngineUnavailable(
            "No container engine answers on this machine.", _ADVICE.get(sys.platform, _ADVICE["linux"])
        ) from absent


def _translating(function: Callable[[], T]) -> T:
    with translated():
        return function()


def _filter(labels: dict[str, str]) -> list[str]:
    return [f"{key}={value}" if value else key for key, value in labels.items()]


def _refusal(explanation: str) -> SparecloudError:
    said = explanation.lower()
    if "no space left" in said:
        return SandboxFailed("The container engine's disk is full.", "Free some space, or run `docker system prune`.")
    if "port is already allocated" in said or "address already in use" in said:
        return PortInUse("A port that the cluster's screen needs is taken.", "Try again; another one will be picked.")
    if "is already in use by container" in said:
        return SandboxFailed(
            "Another container already has this name.", "Another agent on this machine serves the same share; stop it."
        )
    if "no such image" in said:
        return SandboxFailed(
            "The Spark image is not on this machine.", "Build it with `python -m core.runtime.images`."
        )
    if "could not find an available" in said and "address pool" in said:
        return SandboxFailed(
            "The container engine has no network address range left.", "Remove unused ones with `docker network prune`."
        )
    return SandboxFailed(f"The container engine refused: {explanation[:300]}", "See `docker info` and its log.")
