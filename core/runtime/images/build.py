"""Building an image from its recipe, through the engine's classic builder."""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import docker

from core.errors import SandboxFailed
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import nebula
from core.runtime.images.distribution import prepare
from core.runtime.images.recipe import SPARK, Recipe

_STAGE_LABEL: Final = "sparecloud.stage"
_SILENCE_S: Final = 1800


def build(engine: ContainerEngine, recipe: Recipe, below: str, cache: Path, progress: Callable[[str], None]) -> str:
    """Build a recipe's image on the image `below` and return its id. Blocks for minutes. Raises SandboxFailed."""
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.resolve(), prefix="context-") as folder:
        context = Path(folder)
        _add_ingredients(engine, recipe, context, cache.resolve(), progress)
        recipe.set_down(context)
        image = _built(engine, recipe, context, below, progress)
    engine.client.images.prune(filters={"dangling": True, "label": _STAGE_LABEL})
    return image


def _add_ingredients(
    engine: ContainerEngine, recipe: Recipe, context: Path, cache: Path, progress: Callable[[str], None]
) -> None:
    if recipe is SPARK:
        progress("Fetching Spark (about 460 MB, once).")
        shutil.copytree(prepare(cache), context / "spark", copy_function=_link)
    else:
        architecture = str(engine.client.version()["Arch"])
        _link(str(nebula.binary(cache, progress, f"linux/{architecture}")), str(context / "nebula"))


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _built(engine: ContainerEngine, recipe: Recipe, context: Path, below: str, progress: Callable[[str], None]) -> str:
    # A client of its own: a step may stay silent for minutes on a slow connection.
    patient = docker.from_env(timeout=_SILENCE_S)
    lines = patient.api.build(
        path=str(context), tag=recipe.tag, buildargs={"BASE": below}, rm=True, forcerm=True, decode=True
    )
    for line in lines:
        if isinstance(line, Mapping):
            if "error" in line:
                raise SandboxFailed(
                    f"The image {recipe.repository} could not be built: {str(line['error'])[:300]}",
                    "Check the connection and the free disk space, then try again.",
                )
            step = str(line.get("stream", "")).strip()
            if step.startswith("Step "):
                progress(f"Building {recipe.repository}: {step.partition(' : ')[0].lower()}.")
    patient.close()
    return str(engine.client.images.get(recipe.tag).id)
