"""How likely enough workers live to the end, when donors fail as wholes."""

from collections.abc import Iterable

import numpy as np


def survival(lives: Iterable[tuple[int, int]], hours: float, wanted: int) -> int:
    """The probability in thousandths, rounded down, that at least `wanted` workers live through `hours`.

    `lives` holds (workers, thousandths of a chance to live through an hour) of every donor; donors fail independently
    of each other, and all workers of one together. The distribution is built exactly, donor by donor.
    """
    chances = np.ones(1)
    for workers, per_mille in lives:
        alive = (per_mille / 1000) ** hours
        longer = np.zeros(len(chances) + workers)
        longer[: len(chances)] += chances * (1 - alive)
        longer[workers:] += chances * alive
        chances = longer
    # A sum of rounded parts may miss certainty by its last bit.
    return int(min(1.0, float(chances[wanted:].sum()) + 1e-12) * 1000)
