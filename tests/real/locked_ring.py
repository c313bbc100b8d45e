"""A keyring that waits for a dialog before it answers, for programs that are started with PYTHON_KEYRING_BACKEND."""

import os
import time
from pathlib import Path

from keyring.backend import KeyringBackend

UNLOCKED = "TEST_KEYRING_UNLOCKED"
"""Names the file that stands for an answered dialog: the ring is locked until it is there."""


class Keyring(KeyringBackend):
    """Keeps everything in this process."""

    priority = 1

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        self._wait()
        return self._entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._wait()
        self._entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._wait()
        del self._entries[service, username]

    def _wait(self) -> None:
        while not Path(os.environ[UNLOCKED]).exists():
            time.sleep(0.05)
