"""The recipe: the files an image is made from, and the tag that changes whenever one of them does."""

import hashlib
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "spark"
DOCKERFILE: Final = FOLDER / "Dockerfile"
ENTRYPOINT: Final = FOLDER / "entrypoint.sh"
AWAIT_PORT: Final = FOLDER / "await_port.py"
REQUIREMENTS: Final = FOLDER / "requirements.txt"
TRIM: Final = FOLDER / "trim.txt"

REPOSITORY: Final = "sparecloud-spark"


def tag() -> str:
    """The image's name and tag: a hash of every file of the recipe."""
    return f"{REPOSITORY}:{digest(DOCKERFILE, ENTRYPOINT, AWAIT_PORT, REQUIREMENTS, TRIM)}"


def digest(*paths: Path) -> str:
    """Sixteen hexadecimal digits that stand for the content of `paths` in this order, whatever the line ends."""
    state = hashlib.sha256()
    for path in paths:
        state.update(hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).digest())
    return state.hexdigest()[:16]


def trimmed_away() -> tuple[str, ...]:
    """Globs of what is left out of the image, relative to the unpacked distribution."""
    lines = (line.strip() for line in TRIM.read_text("utf-8").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def set_down(context: Path) -> None:
    """Put the recipe's own files into a build context, with the line ends that a Linux shell needs."""
    for path in (DOCKERFILE, ENTRYPOINT, AWAIT_PORT):
        (context / path.name).write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))
    (context / ENTRYPOINT.name).chmod(0o755)
