"""Linux's way to keep a child from outliving its parent, however the parent ends: PR_SET_PDEATHSIG (prctl(2)).

Other systems have no like for a program that does not help: there, a parent that is killed outright leaves the child.
The signal is bound to the thread that starts the child, so that must be one that lives as long as the process.
"""

import ctypes
import signal
import sys
from collections.abc import Callable
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def die_with_parent(*, at_once: bool = False) -> Callable[[], None] | None:
    """What to run in the child between fork and exec, or None where the platform has nothing of the kind.

    `at_once` is for a child that has nothing to put in order, and may not heed a request to end.
    """
    if not sys.platform.startswith("linux"):
        return None
    # Looked up before the fork: little is safe after it.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    how = signal.SIGKILL if at_once else signal.SIGTERM
    return lambda: prctl(_PR_SET_PDEATHSIG, how, 0, 0, 0)
