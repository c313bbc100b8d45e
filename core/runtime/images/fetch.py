"""Fetching: pip downloads what a lock names, and refuses every other byte."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from core.errors import SandboxFailed

_DEADLINE_S: Final = 1800


def fetch(what: str, lock: Path, target: Path, *options: str) -> None:
    """Put the packages of `lock` as pip fetched them into `target`. Blocks. Raises SandboxFailed, which says `what`."""
    target.mkdir()
    command = [
        *(*_pip(what), "download", "--require-hashes", "--no-deps", "--disable-pip-version-check", "--quiet", *options),
        *("--dest", str(target), "--requirement", str(lock)),
    ]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_DEADLINE_S, cwd=target.parent)
    except subprocess.CalledProcessError as failed:
        lines: list[str] = failed.stderr.decode(errors="replace").strip().splitlines() or ["it gave no reason"]
        raise SandboxFailed(
            f"{what} could not be downloaded: {lines[-1][:300]}", "Check the connection and the free disk space."
        ) from failed
    except subprocess.TimeoutExpired as slow:
        raise SandboxFailed(f"{what}'s download took too long.", "Try again on a faster connection.") from slow


def _pip(what: str) -> list[str]:
    if not getattr(sys, "frozen", False) and importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    for name in ("pip3", "pip"):
        if (found := shutil.which(name)) is not None:
            return [found]
    if (found := shutil.which("uvx")) is not None:
        return [found, "pip"]
    raise SandboxFailed(
        f"{what} cannot be downloaded without pip.", "Install it, for example `apt install python3-pip`."
    )
