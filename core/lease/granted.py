"""What a worker was granted of its share's processor time, since when, and what that makes of the seconds it served."""

from typing import Final

WHOLE: Final = 1000
"""All of a share's processor time, in thousandths."""

Grants = tuple[tuple[int, int], ...]
"""(since, permille) of each change, in order; before the first a worker has all of its share."""


def in_force(grants: Grants) -> int:
    """The thousandths granted last."""
    return grants[-1][1] if grants else WHOLE


def served_ms(grants: Grants, start: int, until: int) -> int:
    """Milliseconds served between two instants, each second counted as the thousandths granted in it.

    A function of the whole history: when a worker ended is learnt late, after changes that came too late for it.
    """
    total, permille, at = 0, WHOLE, start
    for since, granted in (*grants, (until, 0)):
        edge = max(at, min(since, until))
        total += permille * (edge - at)
        permille, at = granted, edge
    return total
