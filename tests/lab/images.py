"""What every engine of the laboratory holds: the product's images, built once on this machine's own engine."""

import asyncio
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.membership import images_folder
from core.relay.program import program
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images


@dataclass(frozen=True, slots=True)
class Built:
    """The images' ids, and the cache folder in which agents find them listed, and relays their Nebula."""

    ids: tuple[str, ...]
    cache: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes a process look there."""
        return {"XDG_CACHE_HOME": str(self.cache)}


async def built(cache: Path) -> Built:
    """Have them built where they are missing, and keep the list in `cache`, which no later build changes."""
    engine, folder = ContainerEngine(), images_folder()
    try:
        images = await Images(engine, folder).ensure()
    finally:
        engine.close()
    nebula = await asyncio.to_thread(program, folder, lambda _: None)
    listed = cache / "sparecloud" / "images"
    listed.mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / "images.json", listed)
    (listed / nebula.name).symlink_to(nebula)
    return Built(tuple(image.digest for image in images), cache)
