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


def die_with_parent() -> Callable[[], None] | None:
    """What to run in the child between fork and exec, or None where the platform has nothing of the kind."""
    if not sys.platform.startswith("linux"):
        return None
    # Looked up before the fork: little is safe after it.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
