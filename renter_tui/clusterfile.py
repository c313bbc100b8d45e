"""`cluster.toml`: a cluster, and the program it is for, written down; read as strictly as a command line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from core import parsing
from core.errors import InvalidInput, NotFound
from core.quote import LossPolicy, Request
from core.view import ClusterLine, resources_text, spare
from renter_tui.widgets.words import span

FILE_NAME: Final = "cluster.toml"
MAX_BYTES: Final = 256 * 1024
LEAST_STEP_S: Final = 300
"""Clusters whose lengths differ by less are as long as each other: opening a lease takes a while."""


class JobPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `run` runs: as the options of `submit`. Paths are meant from the file's own folder."""

    program: str
    arguments: tuple[str, ...] = ()
    input: str | None = None
    output: str | None = None
    packages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    conf: dict[str, str] = {}


class ClusterPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"hours": "for"}):
    """A cluster: as the options of `launch`. Sums and times are text, so that nothing is rounded."""

    name: str
    workers: int = 1
    cores: int | str = 1
    memory: str = "2G"
    hours: int | str = "1h"
    max_price: str | None = None
    most_per_donor: int | None = None
    tightness: int = 10
    confidence: int | str = 0
    on_loss: LossPolicy = LossPolicy.REPLACE
    job: JobPart | None = None


@dataclass(frozen=True, slots=True)
class ClusterFile:
    """A file that was read: the cluster's `name` and `request`, and what it says as options of verbs.

    `options` and `job` are values by the names of click's parameters, as a person would have typed them.
    """

    path: Path
    name: str
    request: Request
    options: Mapping[str, str]
    job: Mapping[str, str | list[str]] = field(default_factory=dict)


def read(path: Path) -> ClusterFile:
    """The file at `path`. Raises NotFound, InvalidInput, which names the file and the key."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError as missing:
        raise NotFound(
            f"There is no file {path}.", "Write one (docs/cli.md shows one), or name another with --from."
        ) from missing
    except OSError as unreadable:
        raise InvalidInput(f"{path} cannot be read: {unreadable.strerror}.", "Make it readable.") from unreadable
    if len(content) > MAX_BYTES:
        raise InvalidInput(f"{path} is longer than {MAX_BYTES // 1024} KiB.", "Name a file that describes a cluster.")
    try:
        part = msgspec.toml.decode(content, type=ClusterPart)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        message, _, where = str(wrong).partition(" - at `$.")
        told = f"{where.rstrip('`')}: {message}" if where else message
        raise InvalidInput(f"{path} does not describe a cluster: {told}.", "Correct that line.") from wrong
    try:
        return _file(path, part)
    except InvalidInput as wrong:
        raise InvalidInput(f"{path}: {wrong.title}", wrong.hint) from wrong


def _file(path: Path, part: ClusterPart) -> ClusterFile:
    options = {
        "workers": part.workers,
        "cores": part.cores,
        "memory": part.memory,
        "seconds": part.hours,
        "ceiling": part.max_price,
        "most_per_donor": part.most_per_donor,
        "tightness_percent": part.tightness,
        "confidence_per_mille": part.confidence,
        "on_loss": part.on_loss.value,
    }
    request = parsing.request(
        workers=part.workers,
        cores=parsing.cpu_millis(str(part.cores)),
        memory=parsing.memory_mib(part.memory),
        seconds=parsing.duration_s(str(part.hours)),
        ceiling=parsing.coin(part.max_price) if part.max_price is not None else None,
        most_per_donor=part.most_per_donor,
        tightness_percent=part.tightness,
        confidence_per_mille=parsing.per_mille(str(part.confidence)),
        on_loss=part.on_loss,
    )
    typed = {name: str(value) for name, value in options.items() if value is not None}
    return ClusterFile(
        path, parsing.cluster_name(part.name), request, typed, _job(path.parent, part.job) if part.job else {}
    )


def _job(folder: Path, job: JobPart) -> dict[str, str | list[str]]:
    parsing.spark_settings([f"{key}={value}" for key, value in job.conf.items()])

    def there(name: str) -> str:
        return str(folder / Path(name).expanduser())

    said: dict[str, str | list[str]] = {
        "program": there(job.program),
        "arguments": list(job.arguments),
        "packages": [there(name) for name in job.packages],
        "files": [there(name) for name in job.files],
        "conf": [f"{key}={value}" for key, value in job.conf.items()],
    }
    if job.input is not None:
        said["inputs"] = there(job.input)
    if job.output is not None:
        said["target"] = there(job.output)
    return said


@dataclass(frozen=True, slots=True)
class Difference:
    """What a file wants otherwise than a cluster is: `how` is resize, extend, or replace (by another cluster)."""

    what: str
    now: str
    wanted: str
    how: str


def differences(line: ClusterLine, wanted: Request) -> tuple[Difference, ...]:
    """What would have to change about a cluster that lives for it to be as `wanted`."""
    have = line.request
    if have is None:
        return ()
    found = [Difference("workers", str(have.workers), str(wanted.workers), "resize")]
    for what, now, then in (
        ("worker", resources_text(have.shape), resources_text(wanted.shape)),
        ("max price", _price(have), _price(wanted)),
        ("most per donor", str(have.most_per_donor or "any"), str(wanted.most_per_donor or "any")),
        ("tightness", f"{have.tightness_percent} %", f"{wanted.tightness_percent} %"),
        ("confidence", f"{have.confidence_per_mille / 10:g} %", f"{wanted.confidence_per_mille / 10:g} %"),
        ("on loss", have.on_loss.value, wanted.on_loss.value),
    ):
        found.append(Difference(what, now, then, "replace"))
    lasts_s = line.ends_at - line.opened_at if line.opened_at else have.duration_s
    if abs(lasts_s - wanted.duration_s) >= LEAST_STEP_S:
        how = "extend" if wanted.duration_s > lasts_s else "replace"
        found.append(Difference("time", span(lasts_s), span(wanted.duration_s), how))
    return tuple(each for each in found if each.now != each.wanted)


def _price(request: Request) -> str:
    return spare(request.ceiling) if request.ceiling is not None else "none"
