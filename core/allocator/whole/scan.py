"""One worker: the cheapest donor that can host it, by reading the columns once at most."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from core.allocator.whole.fleet import Fleet, shape_of

_FIRST: Final = 4096
"""So many of the cheapest donors are read first, then four times as many, and so on: most requests end early."""


def best(fleet: Fleet, shape: ArrayLike) -> int | None:
    """The caller's row of the cheapest donor with room for one worker of shape[d]; None where there is none.

    Donors of equal cost go by capacity, then by row: smaller first. ValueError for a shape that is none.
    """
    needs = shape_of(fleet, shape)
    asked = np.flatnonzero(needs)
    start, step = 0, _FIRST
    while start < len(fleet):
        stop = min(start + step, len(fleet))
        fits = fleet.columns[asked[0], start:stop] >= needs[asked[0]]
        for d in asked[1:]:
            fits &= fleet.columns[d, start:stop] >= needs[d]
        first = int(fits.argmax())
        if fits[first]:
            return int(fleet.rows[start + first])
        start, step = stop, 4 * step
    return None
