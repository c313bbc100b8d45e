"""Recipes: the files an image is made from, and the tag that changes whenever one of them does."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Recipe:
    """An image's files: `context` goes into its build; `ingredients` say how what else goes there is made."""

    repository: str
    folder: Path
    context: tuple[Path, ...]
    ingredients: tuple[Path, ...]

    @property
    def tag(self) -> str:
        """The image's name and tag: a hash of every file of the recipe."""
        return f"{self.repository}:{digest(*self.context, *self.ingredients)}"

    def set_down(self, context: Path) -> None:
        """Put the recipe's own files into a build context, with the line ends that a Linux shell needs."""
        for path in self.context:
            target = context / path.name
            target.write_bytes(_content(path))
            target.chmod(0o755 if path.suffix == ".sh" else 0o644)


def digest(*paths: Path) -> str:
    """Sixteen hexadecimal digits that stand for the content of `paths` in this order, whatever the line ends."""
    state = hashlib.sha256()
    for path in paths:
        state.update(hashlib.sha256(_content(path)).digest())
    return state.hexdigest()[:16]


def _content(path: Path) -> bytes:
    return path.read_bytes().replace(b"\r\n", b"\n")


def _recipe(repository: str, folder: Path, context: tuple[str, ...], ingredients: tuple[str, ...]) -> Recipe:
    return Recipe(
        repository, folder, tuple(folder / name for name in context), tuple(folder / name for name in ingredients)
    )


SPARK: Final = _recipe(
    "sparecloud-spark",
    _HERE / "spark",
    ("Dockerfile", "entrypoint.sh", "await_port.py", "meter.py", "progress.py"),
    ("requirements.txt", "trim.txt"),
)
OVERLAY: Final = _recipe(
    "sparecloud-overlay",
    _HERE / "overlay",
    ("Dockerfile", "entrypoint.sh"),
    (
        "requirements.txt",
        "nebula/go.mod",
        "nebula/go.sum",
        "nebula/dnsconfig/go.mod",
        "nebula/dnsconfig/dnsconfig.go",
        "nebula/netlink/go.mod",
        "nebula/netlink/netlink_linux.go",
    ),
)
RECIPES: Final = (SPARK, OVERLAY)
