"""Where one worker fits, several smaller ones do: most patterns of a net say no more than that, and can go."""

from dataclasses import dataclass

import numpy as np

from core.allocator.problems.effort import Integers
from core.allocator.whole.fleet import Floats


@dataclass(frozen=True, slots=True)
class Swaps:
    """In the room of one worker of shape large[j] fit count[j] of shape small[j]."""

    large: Integers
    small: Integers
    count: Integers

    def __len__(self) -> int:
        return len(self.count)

    def made(self, patterns: Integers, times: Integers) -> Integers:
        """patterns[k, s] after swap j was made times[j] times, or as often as there are workers left to be swapped."""
        patterns, times = patterns.copy(), times.copy()
        moved = True
        while moved:
            moved = False
            for j in np.flatnonzero(times):
                column = patterns[:, self.large[j]]
                gone = np.clip(times[j] - (np.cumsum(column) - column), 0, column)
                patterns[:, self.small[j]] += gone * self.count[j]
                patterns[:, self.large[j]] -= gone
                times[j] -= gone.sum()
                moved = moved or bool(gone.any())
        return patterns


def between(needs: Integers, worth: Floats, width: float) -> Swaps:
    """The swaps between shapes needs[s, d] that lose at most `width`: others lead out of a net so wide."""
    times = needs[:, None, :] // np.maximum(needs, 1)
    count = np.where(needs > 0, times, np.iinfo(np.int64).max).min(axis=2)
    # Shapes that a coarse grid makes equal swap one way only.
    equal = (needs[:, None, :] == needs).all(axis=2)
    count[np.tril(equal)] = 0
    useful = (count > 0) & (worth[:, None] - np.minimum(count, 2**31) * worth <= width)
    large, small = np.nonzero(useful)
    return Swaps(large, small, count[large, small])


def without_swapped(own: Integers, patterns: Integers, swaps: Swaps) -> Integers:
    """The places of those patterns[j, s] of class own[j] that no swap makes out of another one of the same class.

    A swap frees room, or makes more workers, or goes up in the order of shapes: so every chain of swaps ends.
    """
    radix = np.cumprod(np.append(1.0, patterns.max(axis=0, initial=0) + 2.0))
    if radix[-1] * (own.max(initial=0) + 1) >= 2**62:
        return np.arange(len(own))
    step = radix[:-1].astype(np.int64)
    code = own * int(radix[-1]) + patterns @ step
    swapped = np.zeros(len(own), dtype=np.bool_)
    for large, small, count in zip(swaps.large, swaps.small, swaps.count, strict=True):
        could = np.flatnonzero((patterns[:, small] >= count) & ~swapped)
        swapped[could] = np.isin(code[could] - count * step[small] + step[large], code)
    return np.flatnonzero(~swapped)
