"""Shrinking a worker while it runs: the owner takes processor time back without ending what the worker does."""

import time
from typing import Final

from docker.errors import APIError
from docker.models.containers import Container

from core.model import Resources
from core.runtime.sandbox import PERIOD_US, quota_us

_PAUSE_ATTEMPTS: Final = 5
_PAUSE_AGAIN_S: Final = 0.3


def grant(container: Container, resources: Resources, permille: int) -> None:
    """Give a container `permille` thousandths (0 to 1000) of its share's processor time; 0 pauses it. Blocks.

    Memory stays as it is: to take it away would kill what it holds. The same again changes nothing, and a container
    that does not run is left alone.
    """
    container.reload()
    if container.status == "running" and permille == 0:
        _pause(container)
    elif container.status in ("running", "paused") and permille > 0:
        container.update(cpu_period=PERIOD_US, cpu_quota=quota_us(resources, permille))
        if container.status == "paused":
            container.unpause()


def _pause(container: Container) -> None:
    # On a busy machine with cgroup v1 a container now and then does not freeze in the moment that runc gives it.
    for left in reversed(range(_PAUSE_ATTEMPTS)):
        try:
            container.pause()
        except APIError as refusal:
            if not left or "unable to freeze" not in str(refusal.explanation):
                raise
            time.sleep(_PAUSE_AGAIN_S)
        else:
            return
