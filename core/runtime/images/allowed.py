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
from core.runtime.images.base import base
from core.runtime.images.build import build
from core.runtime.images.recipe import OVERLAY, RECIPES, SPARK, Recipe


@dataclass(frozen=True, slots=True)
class ImageRef:
    """An image: the recipe's tag for people, the id (a digest of its content) for the engine."""

    tag: str
    digest: str


class Images:
    """Images built on this machine. `folder` keeps the allow-list and what was fetched; agents may share one."""

    def __init__(self, engine: ContainerEngine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder
        self._building = threading.Lock()

    async def ensure(self, progress: Callable[[str], None] = lambda sentence: None) -> tuple[ImageRef, ...]:
        """Every recipe's image, Spark's first, built where it is missing (two minutes or so). Raises SandboxFailed.

        `progress` is called with sentences, from another thread.
        """
        return await self._engine.call(self._ensure, progress)

    def allowed(self) -> str:
        """The id of the one image that a renter's work may run in. Blocks. Raises SandboxFailed where it is missing."""
        return self._built_here(SPARK)

    def overlay(self) -> str:
        """The id of the image for a share's network and disk. Blocks. Raises SandboxFailed where it is missing."""
        return self._built_here(OVERLAY)

    def _built_here(self, recipe: Recipe) -> str:
        digest = self._held(recipe)
        if digest is None:
            raise SandboxFailed(
                f"The image {recipe.repository} has not been built on this machine.",
                "Build it with `python -m core.runtime.images`.",
            )
        return digest

    def _ensure(self, progress: Callable[[str], None]) -> tuple[ImageRef, ...]:
        with self._building:
            missing = [recipe for recipe in RECIPES if self._held(recipe) is None]
            if missing:
                with base(self._engine, progress) as below:
                    for recipe in missing:
                        self._record(recipe, build(self._engine, recipe, below, self._folder, progress))
            return tuple(ImageRef(recipe.tag, self._built_here(recipe)) for recipe in RECIPES)

    def _held(self, recipe: Recipe) -> str | None:
        digest = self._recorded().get(recipe.tag)
        return digest if digest is not None and self._present(digest) else None

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

    def _record(self, recipe: Recipe, digest: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(self._recorded() | {recipe.tag: digest}, indent=1), "utf-8")
        fresh.replace(self._file)
