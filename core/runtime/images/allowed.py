"""The allow-list: which images this machine built, by recipe and id, kept in a small file."""

import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import docker

from core.errors import SandboxFailed
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import recipe
from core.runtime.images.build import build


@dataclass(frozen=True, slots=True)
class ImageRef:
    """An image: the recipe's tag for people, the id (a digest of its content) for the engine."""

    tag: str
    digest: str


class Images:
    """Images built on this machine. `folder` keeps the allow-list and the fetched Spark; agents may share one."""

    def __init__(self, engine: ContainerEngine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder
        self._building = threading.Lock()

    async def ensure(self, progress: Callable[[str], None] = lambda sentence: None) -> ImageRef:
        """The recipe's image, built where it is missing (a minute or two). Raises SandboxFailed.

        `progress` is called with sentences, from another thread.
        """
        return await self._engine.call(self._ensure, progress)

    def allowed(self) -> str:
        """The id of the one image that may run. Blocks. Raises SandboxFailed where it was not built here."""
        digest = self._recorded().get(recipe.tag())
        if digest is None or not self._present(digest):
            raise SandboxFailed(
                "The Spark image has not been built on this machine.", "Build it with `python -m core.runtime.images`."
            )
        return digest

    def _ensure(self, progress: Callable[[str], None]) -> ImageRef:
        with self._building:
            digest = self._recorded().get(recipe.tag())
            if digest is None or not self._present(digest):
                digest = build(self._engine, self._folder, progress)
                self._record(digest)
            return ImageRef(recipe.tag(), digest)

    def _present(self, digest: str) -> bool:
        try:
            self._engine.client.images.get(digest)
        except docker.errors.ImageNotFound:
            return False
        return True

    @property
    def _file(self) -> Path:
        return self._folder / "images.json"

    def _recorded(self) -> dict[str, str]:
        try:
            found = json.loads(self._file.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as broken:
            raise SandboxFailed(
                f"{self._file} cannot be read.", "Delete it; the image will be built again."
            ) from broken
        if not isinstance(found, dict):
            raise SandboxFailed(f"{self._file} holds no list of images.", "Delete it; the image will be built again.")
        return {str(tag): str(digest) for tag, digest in found.items()}

    def _record(self, digest: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(self._recorded() | {recipe.tag(): digest}, indent=1), "utf-8")
        fresh.replace(self._file)
