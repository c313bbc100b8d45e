"""Spark itself: fetched by pip against the lock's hashes, unpacked, and trimmed to what a cluster loads."""

import importlib.util
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from core.runtime.images.fetch import fetch
from core.runtime.images.recipe import SPARK, digest

_LOCK: Final = SPARK.folder / "requirements.txt"
_TRIM: Final = SPARK.folder / "trim.txt"


def prepare(cache: Path) -> Path:
    """A folder with bin, jars, licenses and python, ready to be copied into the image; made once. Blocks.

    About 460 MB are fetched and 280 MB kept. Raises SandboxFailed.
    """
    done = cache / f"spark-{digest(_LOCK, _TRIM)}"
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
    # pip reads an sdist's metadata with setuptools: the locked one that is here, rather than whatever is newest.
    local = ["--no-build-isolation"] if importlib.util.find_spec("setuptools") else []
    fetch("Spark", _LOCK, target, "--no-binary", "pyspark", "--ignore-requires-python", *local)
    return target


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
    for glob in _trimmed_away():
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


def _trimmed_away() -> list[str]:
    lines = (line.strip() for line in _TRIM.read_text("utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]
