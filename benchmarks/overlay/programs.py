"""The programs measured: the product's own Nebula, Debian's, and the newest wireguard-go, built by the same Go."""

import shutil
import tempfile
from pathlib import Path
from typing import Final

from core.errors import NotFound
from core.membership import images_folder
from core.relay.program import program
from core.runtime.images import nebula
from core.runtime.images.recipe import digest

_WIREGUARD: Final = Path(__file__).parent / "wireguard"


def shipped_nebula() -> str:
    """What the product runs."""
    return str(nebula.binary(images_folder(), print))


def relay_nebula() -> str:
    """What a relay runs."""
    return str(program(images_folder(), print))


def installed(name: str, package: str) -> str:
    """A program that Debian ships. Raises NotFound with the package to install."""
    found = shutil.which(name)
    if found is None:
        raise NotFound(f"{name} is not installed.", f"Install it with `apt install {package}`.")
    return found


def wireguard() -> str:
    """wireguard-go of benchmarks/overlay/wireguard/go.mod, built once and kept beside the images."""
    kept = images_folder() / f"wireguard-{digest(_WIREGUARD / 'go.mod', _WIREGUARD / 'go.sum')}"
    if not kept.is_file():
        print("Building wireguard-go.")
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent, prefix="making-") as scratch:
            target = nebula.here()
            nebula.compile_module(_WIREGUARD, "golang.zx2c4.com/wireguard", target, Path(scratch)).replace(kept)
    return str(kept)
