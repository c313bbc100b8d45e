"""The base: Debian 12, pulled where a registry can be reached, bootstrapped on the spot where not."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import docker
import requests

from core.errors import SandboxFailed
from core.runtime.container_engine import ContainerEngine, gone_is_fine

PULLED: Final = "debian:bookworm-slim"
BOOTSTRAPPED: Final = "sparecloud-base:bookworm"

_PULL_SILENCE_S: Final = 15
_BOOTSTRAP_DEADLINE_S: Final = 600


@contextmanager
def base(engine: ContainerEngine, progress: Callable[[str], None]) -> Iterator[str]:
    """The name of a Debian 12 image that this engine holds, for as long as images are built on it.

    Blocks. Raises SandboxFailed with what to do.
    """
    name = _ready(engine, progress)
    yield name
    if name == BOOTSTRAPPED:
        # Another agent may have built beside us, and removed it.
        with gone_is_fine():
            engine.client.images.remove(BOOTSTRAPPED)


def _ready(engine: ContainerEngine, progress: Callable[[str], None]) -> str:
    for name in (PULLED, BOOTSTRAPPED):
        if _held(engine, name):
            return name
    progress("Pulling the base image.")
    if _pull():
        return PULLED
    progress("No registry answers; bootstrapping the base image from Debian packages.")
    _bootstrap(engine)
    return BOOTSTRAPPED


def _held(engine: ContainerEngine, name: str) -> bool:
    try:
        engine.client.images.get(name)
    except docker.errors.ImageNotFound:
        return False
    return True


def _pull() -> bool:
    # A client of its own: its timeout is how long the registry may stay silent.
    client = docker.from_env(timeout=_PULL_SILENCE_S)
    try:
        client.images.pull(PULLED)
    except (docker.errors.APIError, requests.exceptions.RequestException):
        return False
    finally:
        client.close()
    return True


def _bootstrap(engine: ContainerEngine) -> None:
    # Only root can, and only with Debian's own tool; elsewhere a registry is the way.
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        raise _impossible("this agent does not run as root")
    if shutil.which("mmdebstrap") is None:
        _install()
    with tempfile.TemporaryDirectory() as scratch:
        tar = Path(scratch) / "base.tar"
        _run(["mmdebstrap", "--quiet", "--variant=minbase", "bookworm", str(tar)])
        repository, _, tag = BOOTSTRAPPED.partition(":")
        engine.client.api.import_image_from_file(str(tar), repository=repository, tag=tag)


def _install() -> None:
    if shutil.which("apt-get") is None:
        raise _impossible("mmdebstrap is not installed")
    _run(["apt-get", "update", "-qq"])
    _run(["apt-get", "install", "-y", "-qq", "mmdebstrap"])


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_BOOTSTRAP_DEADLINE_S)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as failed:
        raise _impossible(f"`{command[0]}` failed") from failed


def _impossible(reason: str) -> SandboxFailed:
    return SandboxFailed(
        f"The base image {PULLED} cannot be pulled, and cannot be bootstrapped either: {reason}.",
        f"Connect to the internet and run `docker pull {PULLED}`, or install mmdebstrap and build as root.",
    )
