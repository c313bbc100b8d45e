"""What travels with a job beside its program: Python packages, files, and settings of Spark. Pure, but for looking."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.errors import InvalidInput, NotFound

MOST_FILES: Final = 64
MOST_CONF: Final = 200
_KEY: Final = re.compile(r"spark\.[A-Za-z0-9._-]{1,200}")
_VALUE: Final = re.compile(r"[^\x00-\x1f\x7f]{0,2000}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,150}")
_PURE: Final = re.compile(r"[^-]+-[^-]+(-[^-]+)?-[^-]*py3[^-]*-none-any\.whl")

_OURS: Final = (
    ("spark.authenticate", "the cluster's secret"),
    ("spark.network.", "how members encrypt what they say, and when one counts as lost"),
    ("spark.io.encryption", "the encryption of what is spilled to donors' disks"),
    ("spark.ssl", "how members encrypt what they say"),
    ("spark.master", "which cluster the job runs on"),
    ("spark.submit.deployMode", "where the driver runs"),
    ("spark.driver.", "the driver's container, whose size and address are set for it"),
    ("spark.executor.memory", "the size of an executor, which the worker's share of a donor's machine gives"),
    ("spark.executor.extraJavaOptions", "how executors start"),
    ("spark.executor.extraClassPath", "how executors start"),
    ("spark.executor.extraLibraryPath", "how executors start"),
    ("spark.blockManager.port", "the ports that the cluster's network lets through"),
    ("spark.port.maxRetries", "the ports that the cluster's network lets through"),
    ("spark.ui.", "the driver's screen, which progress is read from"),
    ("spark.decommission", "how a worker hands its data over"),
    ("spark.storage.decommission", "how a worker hands its data over"),
    ("spark.jars.packages", "downloads from the internet, which no member of a cluster reaches"),
    ("spark.jars.ivy", "downloads from the internet, which no member of a cluster reaches"),
    ("spark.jars.repositories", "downloads from the internet, which no member of a cluster reaches"),
)
"""What a job's settings may not begin with, and what Sparecloud sets there itself."""

PACKAGES: Final = (".whl", ".zip", ".egg", ".py")


@dataclass(frozen=True, slots=True)
class Extras:
    """`packages` (pure Python: wheels, zips, modules) can be imported by the program and its workers.

    `files` lie in the folder that pyspark.SparkFiles names, everywhere. Both are absolute paths of this machine.
    `conf` are settings of Spark. Raises InvalidInput.
    """

    packages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    conf: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.packages) + len(self.files) > MOST_FILES:
            raise InvalidInput(f"A job takes {MOST_FILES} packages and files at most.", "Put them into one zip.")
        if len(self.conf) > MOST_CONF:
            raise InvalidInput(f"A job takes {MOST_CONF} settings at most.", "Set the others in the program.")
        for key, value in self.conf.items():
            _check(key, value)


NO_EXTRAS: Final = Extras()


def packages(extras: Extras) -> dict[str, Path]:
    """The packages by the names that Spark is told: wheels are zips. Raises InvalidInput, NotFound."""
    found: dict[str, Path] = {}
    for path in map(Path, extras.packages):
        if path.suffix not in PACKAGES:
            raise InvalidInput(
                f"{path.name} is no Python package that can travel with a job.",
                f"Name a file that ends in one of {', '.join(PACKAGES)}; `pip wheel NAME` makes the first.",
            )
        if path.suffix == ".whl" and not _PURE.fullmatch(path.name):
            raise InvalidInput(
                f"{path.name} is built for one kind of machine.",
                "Only pure Python travels with a job: wheels whose names end in py3-none-any.whl.",
            )
        _keep(found, path, path.stem + ".zip" if path.suffix == ".whl" else path.name)
    return found


def files(extras: Extras) -> dict[str, Path]:
    """The files by their names. Raises InvalidInput, NotFound."""
    found: dict[str, Path] = {}
    for path in map(Path, extras.files):
        _keep(found, path, path.name)
    return found


def _keep(found: dict[str, Path], path: Path, name: str) -> None:
    if not path.exists():
        raise NotFound(f"{path} does not exist.", "Check the spelling.")
    if not path.is_file():
        raise InvalidInput(f"{path} is not a file.", "Name single files; put a folder into a zip.")
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{path.name!r} is not a name that can travel with a job.",
            "Use letters, digits, dots, dashes, underscores and plus signs.",
        )
    if name in found:
        raise InvalidInput(f"Two of the files are called {name}.", "Rename one of them.")
    found[name] = path


def _check(key: str, value: str) -> None:
    if not _KEY.fullmatch(key):
        raise InvalidInput(
            f"{key!r} is not a setting of Spark.", "Settings begin with spark., as spark.sql.shuffle.partitions."
        )
    if not _VALUE.fullmatch(value):
        raise InvalidInput(f"The value of {key} is too long, or has a line break.", "Write it on one line.")
    for prefix, what in _OURS:
        if key.startswith(prefix):
            raise InvalidInput(f"{key} is not yours to set: Sparecloud sets {what}.", "Leave it out.")
