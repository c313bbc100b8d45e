"""How good the placer's predictor of lifetimes is on a trace, apart from any placing."""

from collections.abc import Iterator

import numpy as np

from benchmarks.allocator.traces import Floats, Trace
from core.allocator.online.lifetimes import Lifetimes, bins

_AGE_S = np.array([3600.0])
"""The age at which workers are predicted again."""
_ENDS, _GROWS, _ARRIVES = range(3)


def quality(trace: Trace) -> dict[str, float]:
    """How far medians are off at arrival, and after an hour for those that live so long, in octaves and in ranks.

    An octave off is a factor of two; the rank correlation (Spearman's) is 0 for guessing and 1 for a perfect order.
    """
    lifetimes = Lifetimes(len(trace.traits[0]), 0.5)
    life_s = (trace.end_s - trace.arrival_s).astype(np.float64)
    tables = np.zeros((len(life_s), lifetimes.levels), dtype=np.int64)
    counted = np.zeros(len(life_s), dtype=np.int64)
    said, later = life_s.copy(), life_s.copy()
    for what, worker in _events(trace):
        one = slice(worker, worker + 1)
        if what == _ENDS:
            lifetimes.ended(tables[one], counted[one], life_s[one])
        elif what == _GROWS:
            counted[one] = bins(_AGE_S)
            lifetimes.outlived(tables[one], np.zeros(1, dtype=np.int64), counted[one])
            later[one] = lifetimes.life_s(tables[one], _AGE_S)
        else:
            tables[worker] = lifetimes.rows(trace.traits[worker])
            said[one] = lifetimes.life_s(tables[one], np.zeros(1))
    old = life_s > _AGE_S
    return {
        **_compared("at_arrival", said, life_s),
        **_compared("after_an_hour", later[old] - _AGE_S, life_s[old] - _AGE_S),
    }


def _events(trace: Trace) -> Iterator[tuple[int, int]]:
    """(_ENDS, _GROWS to _AGE_S or _ARRIVES, worker) in the order of time."""
    begins, ends = trace.arrival_s, trace.end_s
    grows = begins + int(_AGE_S[0])
    events = [(when, _ENDS, worker) for worker, when in enumerate(ends.tolist())]
    events += [(int(grows[worker]), _GROWS, int(worker)) for worker in np.flatnonzero(ends > grows)]
    events += [(when, _ARRIVES, worker) for worker, when in enumerate(begins.tolist())]
    return ((what, worker) for _, what, worker in sorted(events))


def _compared(when: str, said: Floats, true: Floats) -> dict[str, float]:
    off = np.abs(np.log2(np.maximum(said, 1.0) / true))
    ranks = np.corrcoef(_ranks(said), _ranks(true))[0, 1]
    return {f"median_octaves_off_{when}": float(np.median(off)), f"rank_correlation_{when}": float(ranks)}


def _ranks(values: Floats) -> Floats:
    """The rank of each value; equal ones share the middle of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - count / 2)[place], dtype=np.float64)
