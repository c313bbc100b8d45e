"""Keeps an application that nobody looks at from waking up each second."""

from typing import Final

from core.view import DonorView
from donor_app.status import Status, status

_AT_LEAST_EVERY_S: Final = 60


class Sieve:
    """Passes every view while `looked_at`; else those alone that change what the tray shows, and one a minute.

    Asked on the agent's thread and told on Qt's: each field is written on one of the two alone.
    """

    def __init__(self) -> None:
        self.looked_at = False
        self.newest: DonorView | None = None
        self._passed: Status | None = None
        self._passed_at = 0

    def passes(self, view: DonorView) -> bool:
        """Whether `view` is worth drawing."""
        self.newest = view
        shown = status(view)
        waited = not 0 <= view.now - self._passed_at < _AT_LEAST_EVERY_S
        if not (self.looked_at or waited or shown != self._passed):
            return False
        self._passed, self._passed_at = shown, view.now
        return True

    def forget(self) -> None:
        """Begin anew, with another agent."""
        self.newest = self._passed = None
