"""Spark itself: fetched by pip against the lock's hashes, unpacked, and trimmed to what a cluster loads."""

import importlib.util
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from core.errors import SandboxFailed
from core.runtime.images import recipe

_FETCH_DEADLINE_S: Final = 1800


def prepare(cache: Path) -> Path:
    """A folder with bin, jars, licenses and python, ready to be copied into the image; made once. Blocks.

    About 460 MB are fetched and 225 MB kept. Raises SandboxFailed.
    """
    done = cache / f"spark-{recipe.digest(recipe.REQUIREMENTS, recipe.TRIM)}"
    if not done.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="making-") as scratch:
            made = _assembled(_unpacked(_fetched(Path(scratch)), Path(scratch)), Path(scratch) / "spark")
            try:
                made.rename(done)
            except OSError:
                # Another agent was quicker; what it made is the same.
                if not done.is_dir():
                    raise
    return done


def _fetched(scratch: Path) -> Path:
    target = scratch / "fetched"
    command = [
        *(*_pip(), "download", "--require-hashes", "--no-deps", "--no-binary", "pyspark"),
        *("--ignore-requires-python", "--disable-pip-version-check", "--quiet"),
        # pip reads an sdist's metadata with setuptools: the locked one that is here, rather than whatever is newest.
        *(["--no-build-isolation"] if importlib.util.find_spec("setuptools") else []),
        *("--dest", str(target), "--requirement", str(recipe.REQUIREMENTS)),
    ]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_FETCH_DEADLINE_S, cwd=scratch)
    except subprocess.CalledProcessError as failed:
        lines: list[str] = failed.stderr.decode(errors="replace").strip().splitlines() or ["it gave no reason"]
        raise SandboxFailed(
            f"Spark could not be downloaded: {lines[-1][:300]}", "Check the connection and the free disk space."
        ) from failed
    except subprocess.TimeoutExpired as slow:
        raise SandboxFailed("Spark's download took too long.", "Try again on a faster connection.") from slow
    return target


def _pip() -> list[str]:
    if not getattr(sys, "frozen", False) and importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    for name in ("pip3", "pip"):
        if (found := shutil.which(name)) is not None:
            return [found]
    if (found := shutil.which("uvx")) is not None:
        return [found, "pip"]
    raise SandboxFailed("Spark cannot be downloaded without pip.", "Install it, for example `apt install python3-pip`.")


def _unpacked(fetched: Path, scratch: Path) -> Path:
    whole = scratch / "whole"
    for path in fetched.iterdir():
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                wheel.extractall(whole, [name for name in wheel.namelist() if name.startswith("py4j/")])
        else:
            with tarfile.open(path) as sdist:
                for entry in sdist:
                    _, _, inside = entry.name.partition("/")
                    if inside:
                        entry.name = inside
                        sdist.extract(entry, whole, filter="data")
        path.unlink()
    return whole


def _assembled(whole: Path, spark: Path) -> Path:
    for glob in recipe.trimmed_away():
        for path in list(whole.glob(glob)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    (spark / "python").mkdir(parents=True)
    for name in ("bin", "jars", "licenses"):
        (whole / "deps" / name).rename(spark / name)
    for name in ("pyspark", "py4j"):
        (whole / name).rename(spark / "python" / name)
    return spark
