"""Files into and out of containers: tar streams, made for one user, unpacked without trust."""

import io
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from docker.models.containers import Container

from core.errors import NotFound, SandboxFailed
from core.runtime.sandbox import UID


def put_files(container: Container, folder: str, files: Mapping[str, bytes], owner: int = UID) -> None:
    """Write small files, readable by the container's user alone, into one of its volumes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            entry = _owned(tarfile.TarInfo(name), owner)
            entry.mode, entry.size = 0o400, len(content)
            tar.addfile(entry, io.BytesIO(content))
    container.put_archive(folder, packed.getvalue())


def put_tree(container: Container, folder: str, tree: Mapping[str, Path]) -> None:
    """Copy files and folders under new names; `folder` is one of the container's volumes. Links are left out."""
    with tempfile.TemporaryFile() as packed:
        with tarfile.open(fileobj=packed, mode="w") as tar:
            for name, path in tree.items():
                tar.add(path, arcname=name, filter=_plain)
        packed.seek(0)
        container.put_archive(folder, packed)


def put_folders(container: Container, folder: str, names: tuple[str, ...]) -> None:
    """Make empty folders, writable by the container's user."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name in names:
            entry = _owned(tarfile.TarInfo(name))
            entry.type, entry.mode = tarfile.DIRTYPE, 0o700
            tar.addfile(entry)
    container.put_archive(folder, packed.getvalue())


def read_file(container: Container, path: str) -> bytes:
    """One small file of a container, running or not."""
    with tempfile.TemporaryFile() as packed:
        _fetch(container, path, packed)
        with tarfile.open(fileobj=packed) as tar:
            entry = tar.next()
            content = tar.extractfile(entry) if entry is not None and entry.isfile() else None
            return content.read() if content is not None else b""


def get_tree(container: Container, path: str, target: Path) -> tuple[Path, ...]:
    """Copy what lies under `path` into `target`; the files written, in order.

    Plain files and folders only, never outside `target`: the job that wrote them is not trusted with the machine.
    """
    with tempfile.TemporaryFile() as packed:
        _fetch(container, path, packed)
        try:
            target.mkdir(parents=True, exist_ok=True)
            with tarfile.open(fileobj=packed) as tar:
                return tuple(sorted(_unpack(tar, target)))
        except (OSError, tarfile.TarError) as failed:
            raise SandboxFailed(
                f"The job's output could not be copied to {target}: {failed}.",
                "Free some space, or choose another folder.",
            ) from failed


def _unpack(tar: tarfile.TarFile, target: Path) -> Iterator[Path]:
    for entry in tar:
        _, _, inside = entry.name.partition("/")
        if inside and (entry.isfile() or entry.isdir()):
            entry.name = inside
            tar.extract(entry, target, filter="data")
            if entry.isfile():
                yield target / inside


def _fetch(container: Container, path: str, packed: IO[bytes]) -> None:
    stream, _ = container.get_archive(path)
    for chunk in stream:
        packed.write(chunk)
    packed.seek(0)


def _owned(entry: tarfile.TarInfo, owner: int = UID) -> tarfile.TarInfo:
    entry.uid = entry.gid = owner
    entry.uname = entry.gname = ""
    return entry


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if not (entry.isfile() or entry.isdir()):
        return None
    entry.mode = 0o700 if entry.isdir() else 0o400
    return _owned(entry)


def existing(path: Path) -> Path:
    """`path`, once it is known to be there. Raises NotFound."""
    if not path.exists():
        raise NotFound(f"{path} does not exist.", "Check the spelling.")
    return path
