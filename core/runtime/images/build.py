"""Building the Spark image from its recipe, through the engine's classic builder."""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import docker

from core.errors import SandboxFailed
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import recipe
from core.runtime.images.base import BOOTSTRAPPED, base
from core.runtime.images.distribution import prepare

_STAGE_LABEL: Final = "sparecloud.stage"
_SILENCE_S: Final = 1800


def build(engine: ContainerEngine, cache: Path, progress: Callable[[str], None]) -> str:
    """Build the image and return its id. Blocks for minutes. Raises SandboxFailed."""
    cache = cache.resolve()
    progress("Fetching Spark (about 460 MB, once).")
    spark = prepare(cache)
    below = base(engine, progress)
    with tempfile.TemporaryDirectory(dir=cache, prefix="context-") as folder:
        context = Path(folder)
        shutil.copytree(spark, context / "spark", copy_function=_link)
        recipe.set_down(context)
        image = _built(engine, context, below, progress)
    engine.client.images.prune(filters={"dangling": True, "label": _STAGE_LABEL})
    if below == BOOTSTRAPPED:
        engine.client.images.remove(BOOTSTRAPPED)
    return image


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _built(engine: ContainerEngine, context: Path, below: str, progress: Callable[[str], None]) -> str:
    # A client of its own: a step may stay silent for minutes on a slow connection.
    patient = docker.from_env(timeout=_SILENCE_S)
    lines = patient.api.build(
        path=str(context), tag=recipe.tag(), buildargs={"BASE": below}, rm=True, forcerm=True, decode=True
    )
    for line in lines:
        if isinstance(line, Mapping):
            if "error" in line:
                raise SandboxFailed(
                    f"The Spark image could not be built: {str(line['error'])[:300]}",
                    "Check the connection and the free disk space, then try again.",
                )
            step = str(line.get("stream", "")).strip()
            if step.startswith("Step "):
                progress(f"Building the image: {step.partition(' : ')[0].lower()}.")
    patient.close()
    return str(engine.client.images.get(recipe.tag()).id)
