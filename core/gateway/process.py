"""What the agent needs of the operating system: to outlive the terminal that started it, and to be alone in its folder.

Named adapters, one a system: nothing else here asks which one it runs on.
"""

import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _detached(command: Sequence[str], folder: Path, errors: BinaryIO) -> subprocess.Popen[bytes]:
        # An own invisible console: closing the starter's window then ends neither the agent nor what it starts.
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        nowhere = subprocess.DEVNULL
        return subprocess.Popen(
            command, stdin=nowhere, stdout=nowhere, stderr=errors, cwd=folder, creationflags=flags, close_fds=True
        )

else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _detached(command: Sequence[str], folder: Path, errors: BinaryIO) -> subprocess.Popen[bytes]:
        nowhere = subprocess.DEVNULL
        return subprocess.Popen(
            command, stdin=nowhere, stdout=nowhere, stderr=errors, cwd=folder, start_new_session=True
        )


def start_detached(command: Sequence[str], folder: Path, errors: BinaryIO) -> subprocess.Popen[bytes]:
    """Run `command` in `folder`, apart from this terminal's signals and life. Raises OSError."""
    return _detached(command, folder, errors)


@contextmanager
def held(path: Path) -> Generator[bool]:
    """True where this process alone holds the lock file `path`; the system frees it however the process ends."""
    with path.open("ab") as file:
        try:
            _lock(file)
        except OSError:
            yield False
        else:
            yield True
