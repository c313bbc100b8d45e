"""Refused messages leave one line at debug level, without content, and no more than a line a second."""

import logging
import time
from typing import Final

_BETWEEN_LINES_S: Final = 1.0


class Refusals:
    """Counts what was refused, and says so now and then: a flood must not fill a disk with log lines."""

    def __init__(self, log: logging.Logger, what: str) -> None:
        self._log = log
        self._what = what
        self._unsaid = 0
        self._said_at = float("-inf")

    def note(self, why: str) -> None:
        """One more was refused; `why` is ours, never a stranger's words."""
        self._unsaid += 1
        now = time.monotonic()
        if now - self._said_at >= _BETWEEN_LINES_S:
            self._log.debug("%s was refused: %s (%d since the last line)", self._what, why, self._unsaid)
            self._unsaid, self._said_at = 0, now
