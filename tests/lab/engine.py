"""A Docker engine of a machine's own, whose images were loaded once and are shared by hard links.

The seed is a data root that holds nothing but images; a clone of it takes half a second and no disk. Images keep their
ids, so the list that agents read (core.membership.images_folder) names them on every engine.
"""

import hashlib
import os
import shutil
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import docker

from tests.lab import netns
from tests.lab.machine import Machine, Process

_STARTS_WITHIN_S: Final = 30
_LOADS_WITHIN_S: Final = 300
_POLL_S: Final = 0.05
_IMAGE_FOLDERS: Final = ("overlay2", "image")


class Engine:
    """dockerd on a machine; `client` is docker's own connection to it, over a socket that the file system shares."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._process: Process | None = None
        self._socket = machine.folder / "docker.sock"
        self.client = docker.DockerClient(base_url=f"unix://{self._socket}", version="1.41", timeout=_LOADS_WITHIN_S)

    @property
    def host(self) -> str:
        """What DOCKER_HOST must be for this machine's agents."""
        return f"unix://{self._socket}"

    def start(self) -> None:
        """Start it, and return once it answers. Blocks."""
        for stale in (self._socket, self._machine.folder / "docker.pid"):
            stale.unlink(missing_ok=True)
        self._process = self._machine.start(
            "dockerd",
            [
                *("dockerd", "--host", self.host, "--data-root", str(self._machine.folder / "docker")),
                *("--exec-root", "/run/docker", "--pidfile", "/run/docker.pid", "--storage-driver", "overlay2"),
                *("--cgroup-parent", f"/{self._machine.namespace}", "--bip", "172.31.255.1/24", "--log-level", "warn"),
            ],
        )
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while time.monotonic() < deadline and self._process.running:
            # Docker's client does not close the socket of a connection that was refused: it asks once one was taken.
            with suppress(OSError), socket.socket(socket.AF_UNIX) as knocking:
                knocking.connect(str(self._socket))
                self.client.ping()
                return
            time.sleep(_POLL_S)
        raise netns.CommandFailed(f"the engine of {self._machine.name} did not start: {self._process.said()[-500:]}")

    def stop(self) -> None:
        """End it in order: what its containers hold is written and let go."""
        if self._process is not None:
            self._process.end()

    def close(self) -> None:
        """Drop our connection."""
        self.client.close()


def clone(seed: Path, target: Path) -> None:
    """A data root with the seed's images, on the same file system. Nothing is shared that an engine writes."""
    target.mkdir(mode=0o711, exist_ok=True)
    for folder in _IMAGE_FOLDERS:
        netns.command(["cp", "-al", str(seed / folder), str(target)])


def seed(cache: Path, images: Sequence[str], loader: Machine) -> Path:
    """The seed of these images (ids on this machine's own engine), made where it is missing: some 20 s a GB.

    `loader` is a machine to run an engine on meanwhile; its folder must lie beside `cache`.
    """
    found = cache / f"seed-{hashlib.sha256(' '.join(sorted(images)).encode()).hexdigest()[:12]}"
    if found.exists():
        return found
    engine = Engine(loader)
    engine.start()
    outside = docker.from_env(timeout=_LOADS_WITHIN_S)
    try:
        for image in images:
            # Its stubs do not know that it streams what it iterates over.
            engine.client.images.load(outside.images.get(image).save())  # type: ignore[arg-type]
    finally:
        outside.close()
        engine.stop()
        engine.close()
    fresh = cache / f"fresh-{os.getpid()}"
    shutil.rmtree(fresh, ignore_errors=True)
    clone(loader.folder / "docker", fresh)
    for stale in cache.glob("seed-*"):
        shutil.rmtree(stale)
    fresh.rename(found)
    return found
