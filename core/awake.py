"""Keeping this machine awake while clusters need it: core.ports.Wakefulness, through the desktop's own inhibitors."""

import logging
from contextlib import ExitStack

from wakepy import keep

log = logging.getLogger(__name__)
# What it tried is told in one sentence of our own.
logging.getLogger("wakepy").setLevel(logging.WARNING)


class DesktopWakefulness:
    """Inhibits sleep where the platform lets a program do so; the screen may still turn off.

    To be used from one task alone, which must let go before it ends.
    """

    def __init__(self) -> None:
        self._held = self._told = False
        self._hold = ExitStack()

    def hold(self, on: bool) -> None:
        """Keep awake from now on, or no more. What this desktop cannot do is said in the log, once."""
        if on is self._held:
            return
        self._held = on
        if not on:
            self._hold.close()
            return
        if not self._hold.enter_context(keep.running(on_fail="pass")).active and not self._told:
            self._told = True
            log.warning("this machine cannot be kept awake from here: while it sleeps, nobody is paid and donors leave")
