"""A made-up market of laptops, for measuring: kinds of machines whose parts go together, lent in part."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Kind(NamedTuple):
    """One kind of machine: how common it is, what it comes with, and how often it has a GPU that can be lent."""

    part: float
    cores: tuple[int, ...]
    memory_gib: tuple[int, ...]
    disk_gib: tuple[int, ...]
    gpus: float


KINDS: Final = (
    Kind(0.25, (2, 4), (4, 8), (128, 256), 0.0),
    Kind(0.45, (4, 6, 8), (8, 16), (256, 512), 0.05),
    Kind(0.2, (8, 10, 12), (16, 32), (512, 1024), 0.5),
    Kind(0.1, (12, 16, 24), (32, 64), (1024, 2048), 0.8),
)
"""Guesses, not measurements."""

SHAPES: Final[dict[str, tuple[int, int, int, int]]] = {
    "small": (1, 2048, 8192, 0),
    "medium": (2, 4096, 16384, 0),
    "large": (4, 8192, 32768, 0),
    "memory": (2, 12288, 16384, 0),
    "cores": (6, 6144, 16384, 0),
    "gpu": (2, 6144, 24576, 1),
}
"""Workers: cores, MiB of memory, MiB of disk, GPUs."""

MIX: Final = (0.15, 0.3, 0.3, 0.12, 0.08, 0.05)
"""How often each of SHAPES is asked for in a mixed request."""


def market(donors: int, seed: int) -> tuple[Integers, Floats]:
    """capacity[n, 4] in the units of SHAPES, and cost[n]: the mean of the donor's parts of an average donor."""
    chance = np.random.default_rng(seed)
    kinds = chance.choice(len(KINDS), donors, p=[kind.part for kind in KINDS])
    capacity = np.empty((donors, 4), dtype=np.int64)
    for number, kind in enumerate(KINDS):
        of_kind = np.flatnonzero(kinds == number)
        count = len(of_kind)
        # The owner keeps a core or more, the system's memory, and most of the disk.
        capacity[of_kind, 0] = np.maximum(1, chance.choice(kind.cores, count) * chance.uniform(0.5, 0.95, count))
        memory = (chance.choice(kind.memory_gib, count) - 2) * chance.uniform(0.4, 0.95, count)
        capacity[of_kind, 1] = (memory * 4).astype(np.int64) * 256
        capacity[of_kind, 2] = chance.choice(kind.disk_gib, count) * 1024 * chance.beta(1.5, 5.0, count)
        capacity[of_kind, 3] = chance.random(count) < kind.gpus
    # A market so small that nobody lends a GPU still has a price for one.
    average = np.maximum(capacity.mean(axis=0), 1e-3)
    return capacity, (capacity / average).mean(axis=1)
