"""What the runtime's tests share: an engine, the image, made-up agreements, and a check that nothing is left."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from secrets import token_hex
from typing import Any, TypeVar

import pytest

from core.errors import SandboxFailed
from core.membership import images_folder
from core.model import Address, Agreement, Amount, Kind, LeaseId, Resources, Share, Terms
from core.runtime import leftovers
from core.runtime.clusters import DockerClusters
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images

T = TypeVar("T")

SECRET = "the-secret-of-this-very-cluster-0001"
SHAPE = Resources(cpu_millis=1000, memory_mib=1536)

_leases: list[LeaseId] = []
_ZERO = Address("0x" + "00" * 20)
_WORD = "0x" + "00" * 32


def run(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns, on a loop of its own."""
    return asyncio.run(work)


def new_lease() -> LeaseId:
    """A lease nobody has; `a_lab` sees to it that nothing of it is left."""
    _leases.append(LeaseId("0x" + token_hex(32)))
    return _leases[-1]


def agreement(lease: LeaseId, workers: int) -> Agreement:
    """An agreement over `workers` equal shares; its money means nothing."""
    shares = tuple(Share(index, _ZERO, SHAPE, Amount(1), Amount(100)) for index in range(workers))
    terms = Terms(_ZERO, _ZERO, _WORD, Amount(10_000), 2**35, 600, _WORD)
    return Agreement(lease, terms, shares, 10, Kind.SPARK, _WORD)


def until(deadline_s: float, true: Callable[[], bool], sentence: str) -> float:
    """Wait until `true()`; the seconds it took. Fails with `sentence`."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > deadline_s:
            pytest.fail(f"after {deadline_s} s: {sentence}")
        time.sleep(0.1)
    return time.monotonic() - began


def registered(renter: DockerClusters, network: LeaseId) -> frozenset[str]:
    """The hosts of the registered workers; none while the master is too busy to say."""
    try:
        return run(renter.registered(network))
    except SandboxFailed:
        return frozenset()


@contextmanager
def a_lab() -> Iterator[tuple[ContainerEngine, Images]]:
    """An engine that holds the image; afterwards no container, volume or network of any lease is left."""
    engine = ContainerEngine()
    images = Images(engine, images_folder())
    run(images.ensure())
    try:
        yield engine, images
        # Only of its own leases: other agents may be at work on this engine.
        assert leftovers.found(engine, _leases) == ()
    finally:
        engine.close()
