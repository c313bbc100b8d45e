"""How many workers each donor takes, at the least score: a small-integer min-knapsack, solved exactly.

A donor with k workers scores as a whole (waste and spread are not sums of single workers), so this is a
multiple-choice knapsack over donors; its capacity, the number of workers, is small, and a table over it is exact.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.allocator.columns import Floats, Integers

Score = Callable[[int, Integers], Floats]
"""(count, donors) to the score of that many workers on each of those donors."""

_NEVER: Final = np.inf


@dataclass(frozen=True, slots=True)
class Option:
    """So many workers on one donor: what that scores, and what decides between equals."""

    count: int
    score: float
    tie: float


@dataclass(frozen=True, slots=True)
class Shortlist:
    """The options of each donor (by its place in `Seats`) that a best plan could need, donors and counts ascending.

    `whole` is False where the deadline came first: then options with many workers on one donor are missing.
    """

    options: dict[int, list[Option]]
    whole: bool


def shortlist(seats: Integers, most: int, score: Score, tie: Score, over: Callable[[], bool]) -> Shortlist:
    """The options that some best plan of up to `most` workers consists of; all others lose nothing by leaving.

    A plan in which a donor takes k workers uses at most `most` - k others. So of the options "k workers here" only
    the best `most` - k + 1 can be needed: of those at least one donor is unused, and taking it instead is no worse.
    One more of each is kept, so that the same holds where one donor is left out.
    """
    kept: dict[int, list[Option]] = {}
    where: Integers = np.arange(len(seats))
    largest = min(most, int(seats.max(initial=0)))
    for count in range(1, largest + 1):
        # With one worker on each donor looked at, there are plans at all.
        if count > 1 and over():
            return Shortlist(dict(sorted(kept.items())), False)
        where = where[seats[where] >= count]
        scores = score(count, where)
        best = _best(scores, most - count + 2, tie, count, where)
        ties = tie(count, where[best])
        for place, one, other in zip(where[best].tolist(), scores[best].tolist(), ties.tolist(), strict=True):
            kept.setdefault(place, []).append(Option(count, one, other))
    return Shortlist(dict(sorted(kept.items())), True)


def _best(scores: Floats, wanted: int, tie: Score, count: int, where: Integers) -> Integers:
    """The places in `where` of the `wanted` lowest scores; equals go by `tie`, then by place."""
    below, equal = _around(scores, wanted)
    return np.concatenate((below, equal[lowest(tie(count, where[equal]), wanted - len(below))]))


def lowest(values: Floats, wanted: int) -> Integers:
    """The places of the `wanted` lowest values, ascending; equals go by place."""
    below, equal = _around(values, wanted)
    return np.sort(np.concatenate((below, equal[: wanted - len(below)])))


def _around(values: Floats, wanted: int) -> tuple[Integers, Integers]:
    """Where the values are that are surely among the `wanted` lowest, and those that tie for the last of them."""
    if len(values) <= wanted:
        return np.arange(len(values)), np.arange(0)
    limit = np.partition(values, wanted - 1)[wanted - 1]
    return np.flatnonzero(values < limit), np.flatnonzero(values == limit)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The best plan for every number of workers up to `most`: `scores[w]`, infinite where there is none.

    `single` is the least that a worker scores in any option listed; `whole` is the list's.
    """

    places: tuple[int, ...]
    scores: Floats
    ties: Floats
    taken: NDArray[np.int16]
    single: float
    whole: bool

    def plan(self, workers: int) -> dict[int, int]:
        """How many of `workers` each donor (by its place in `Seats`) takes; there must be a plan."""
        plan = {}
        for row in range(len(self.places) - 1, -1, -1):
            count = int(self.taken[row, workers])
            if count:
                plan[self.places[row]] = count
                workers -= count
        return dict(sorted(plan.items()))


def tabulate(listed: Shortlist, most: int, without: int | None = None) -> Table:
    """The table over what is listed, leaving the donor `without` out; equals go to the earlier donors."""
    chosen = [(place, some) for place, some in listed.options.items() if place != without]
    scores, ties = np.full(most + 1, _NEVER), np.full(most + 1, _NEVER)
    scores[0] = ties[0] = 0.0
    taken = np.zeros((len(chosen), most + 1), np.int16)
    for row, (_, some) in enumerate(chosen):
        before, before_tie = scores.copy(), ties.copy()
        for option in some:
            count = option.count
            ahead, ahead_tie = before[: most + 1 - count] + option.score, before_tie[: most + 1 - count] + option.tie
            better = (ahead < scores[count:]) | ((ahead == scores[count:]) & (ahead_tie < ties[count:]))
            scores[count:][better] = ahead[better]
            ties[count:][better] = ahead_tie[better]
            taken[row, count:][better] = count
    single = min((one.score / one.count for _, some in chosen for one in some), default=0.0)
    return Table(tuple(place for place, _ in chosen), scores, ties, taken, single, listed.whole)
