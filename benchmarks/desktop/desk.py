"""The benchmark's desktop: that of the tests, with this application as it is where it was installed."""

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.real.desk import NEEDED, Desk
from tests.real.desk import desk as plain_desk

__all__ = ["NEEDED", "Desk", "desk"]


@contextmanager
def desk() -> Generator[Desk]:
    """The desktop, up; modules are compiled once, and everything of it is gone afterwards. Raises SparecloudError."""
    with (
        tempfile.TemporaryDirectory(prefix="compiled-") as compiled,
        plain_desk(environ=_as_installed(compiled)) as place,
    ):
        yield place


def _as_installed(compiled: str) -> dict[str, str]:
    return {
        # Empty is as good as unset.
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": compiled,
        # Images that were built are this machine's: nobody builds them anew for a home of a minute.
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"),
    }
