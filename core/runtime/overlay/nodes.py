"""The private keys of this machine's nodes: made here, one a member, and never anywhere else."""

import os
import re
from pathlib import Path
from typing import Final

from core.model import LeaseId
from core.runtime.labels import Label
from core.runtime.overlay.certificates import make_key, public_key

_NAME: Final = re.compile(r"([0-9a-f]{64})-(?:master|worker-(\d{1,3}))\.key")


class NodeKeys:
    """Keys in `folder`, readable by its owner alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def enroll(self, label: Label) -> str:
        """The public key of the member's node, made when first asked for."""
        return public_key(self.private(label))

    def private(self, label: Label) -> str:
        """The PEM of the member's key, made when first asked for."""
        path = self._path(label)
        if not path.exists():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = path.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(make_key()[0])
            fresh.replace(path)
        return path.read_text("ascii")

    def drop(self, label: Label) -> None:
        """Forget the member's key; already gone is success."""
        self._path(label).unlink(missing_ok=True)

    def held(self) -> frozenset[tuple[LeaseId, int | None]]:
        """The lease and share (None for a master) of every key."""
        names = (_NAME.fullmatch(path.name) for path in self._folder.glob("*.key"))
        return frozenset((LeaseId("0x" + name[1]), int(name[2]) if name[2] else None) for name in names if name)

    def _path(self, label: Label) -> Path:
        return self._folder / f"{label.lease[2:]}-{label.member}.key"
