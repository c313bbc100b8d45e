"""How long workers live, learnt from those that ended and from those that have not ended yet.

An actuarial life table (Cutler and Ederer, 1958; with bins of one death each it is Kaplan and Meier's estimator): per
bin of age, how many were at risk and how many ended there. A worker that still runs counts as at risk in the bins it
outlived and in no other, so that long lives are not underrated. Tables of particular traits (a shape, a deployment)
lean on the more general ones where they know little, and a running worker is predicted again from the age it has
reached (reprediction: Barbalho et al., MLSys 2023; Ling et al., "LAVA", 2024).
"""

from collections.abc import Hashable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.allocator.problems.effort import Integers

Floats = NDArray[np.float64]

EDGES_S: Final = np.concatenate([[0.0], 60 * 2.0 ** (np.arange(41) / 2)])
"""The bins of age: half an octave each, from a minute to two years."""
BINS: Final = len(EDGES_S) - 1

_FIRST_GUESS: Final = 0.12
"""The part that ends in a bin before anything was seen: as many in each octave of age, as lives in clouds do."""


class Lifetimes:
    """Life tables by trait; `levels` traits a worker, from the most general to the most particular.

    A prediction is the age that a worker outlives with a chance of 1 - `quantile`. `strength` is the number of lives
    that a table needs to weigh as much as the one above it. At most `most_tables` are kept: the one unused for the
    longest is forgotten first.
    """

    def __init__(self, levels: int, quantile: float, strength: float = 4.0, most_tables: int = 65_536) -> None:
        if levels < 1 or not 0 < quantile < 1 or strength <= 0 or most_tables < levels:
            raise ValueError("a predictor needs a level, a quantile within 0 and 1, a strength, and a table a level")
        self.levels = levels
        self._quantile, self._strength, self._most = quantile, strength, most_tables
        self._rows: dict[Hashable, int] = {}
        self._deaths = np.zeros((levels, BINS))
        self._risk = np.zeros((levels, BINS))

    def rows(self, traits: Sequence[Hashable]) -> Integers:
        """The tables of a worker with these traits, one a level, new ones empty. Raises ValueError on a wrong count."""
        if len(traits) != self.levels:
            raise ValueError(f"a worker has {self.levels} traits here, not {len(traits)}")
        return np.array([self._row((level, trait)) for level, trait in enumerate(traits)], dtype=np.int64)

    def outlived(self, rows: Integers, first: Integers, last: Integers) -> None:
        """Workers of rows[k, levels] lived through their bins first[k] to last[k] - 1."""
        for step in range(int((last - first).max(initial=0))):
            still = first + step < last
            np.add.at(self._risk, (rows[still], (first + step)[still, None]), 1)

    def ended(self, rows: Integers, first: Integers, age_s: Floats) -> None:
        """Workers of rows[k, levels], counted up to bin first[k], ended at age_s[k]."""
        last = bins(age_s)
        self.outlived(rows, first, last + 1)
        np.add.at(self._deaths, (rows, last[:, None]), 1)

    def life_s(self, rows: Integers, age_s: Floats) -> Floats:
        """The predicted whole life of workers of rows[k, levels] that have reached age_s[k] seconds."""
        part = np.full((len(rows), BINS), _FIRST_GUESS)
        for level in range(self.levels):
            table = rows[:, level]
            part *= self._strength
            part += self._deaths[table]
            part /= self._risk[table] + self._strength
        # A bin that all leave would make every later one unreachable.
        survived = np.concatenate(
            [np.zeros((len(rows), 1)), np.cumsum(np.log1p(-np.minimum(part, 0.999)), axis=1)], axis=1
        )
        each = np.arange(len(rows))
        target = _between(survived, each, bins(age_s), age_s) + np.log1p(-self._quantile)
        reached = np.minimum((survived > target[:, None]).sum(axis=1), BINS) - 1
        high, low = survived[each, reached], survived[each, reached + 1]
        share = np.clip((high - target) / (high - low), 0.0, 1.0)
        life_s = EDGES_S[reached] + share * (EDGES_S[reached + 1] - EDGES_S[reached])
        return np.asarray(np.maximum(age_s, life_s), dtype=np.float64)

    def _row(self, key: Hashable) -> int:
        row = self._rows.pop(key, None)
        if row is None:
            row = len(self._rows)
            if row >= self._most:
                row = self._rows.pop(next(iter(self._rows)))
                self._deaths[row] = self._risk[row] = 0
            elif row >= len(self._risk):
                self._deaths, self._risk = (np.pad(table, ((0, row), (0, 0))) for table in (self._deaths, self._risk))
        self._rows[key] = row
        return row


def bins(age_s: Floats) -> Integers:
    """The bin of each age."""
    return np.clip(np.searchsorted(EDGES_S, age_s, side="right") - 1, 0, BINS - 1).astype(np.int64)


def _between(survived: Floats, each: Integers, bin_of: Integers, age_s: Floats) -> Floats:
    """The logarithm of the chance to reach age_s, straight within a bin."""
    share = np.clip((age_s - EDGES_S[bin_of]) / (EDGES_S[bin_of + 1] - EDGES_S[bin_of]), 0.0, 1.0)
    start, stop = survived[each, bin_of], survived[each, bin_of + 1]
    return np.asarray(start + share * (stop - start), dtype=np.float64)
