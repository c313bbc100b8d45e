"""Variable-size vector bin packing: items into bins that are all different, so that the bins used cost least.

The bins come from covering the items' total needs, plus some margin, at least cost: a small integer program. The
margin shrinks while ejection search still packs what is chosen; then bins are closed or exchanged for cheaper ones.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.allocator.problems import verify
from core.allocator.problems.bins_ejection import eject
from core.allocator.problems.effort import Answer, Effort, Integers
from core.allocator.problems.jit import COMPILED
from core.allocator.problems.linear import Columns, Program, Status

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LOOKS: Final = 200_000 if COMPILED else 2_000
"""Looks at items that ejection takes between two looks at the clock: some milliseconds."""
FIRST_ROUNDS: Final = 1_000
MARGIN_ROUNDS: Final = 200
EXCHANGE_ROUNDS: Final = 40
"""Rounds of so many looks to pack all bins, the bins of a margin, and the bins after an exchange."""
EXCHANGES: Final = 20_000
"""Exchanges tried before `solve` gives up even if there is time left."""
SAMPLE: Final = 8
"""Exchanges drawn for each that is tried: the one that leaves the most room."""
MARGINS: Final = 8
WIDEST: Final = 0.32
"""Halvings of the margin between packed and not packed, and the first margin looked at, a part of the needs."""
MOST_PAIRS: Final = 2**25
"""More pairs of an item and a bin are refused rather than tried."""
COVER_NODES: Final = 200


def solve(items: ArrayLike, capacities: ArrayLike, costs: ArrayLike, effort: Effort) -> Answer:
    """Packs items[n, d] into bins of capacities[m, d] so that the sum of costs[m] of those used is small.

    `picks` are bin indices; every bin exists once. ValueError where the arrays are not whole numbers (costs: finite
    and not negative) of the right shape, where it is certain that the bins cannot hold the items, or where no packing
    was found in time: the sentence says which.
    """
    needs, rooms, prices = _problem(items, capacities, costs)
    search = _Search(needs, rooms, prices, effort)
    search.open_all()
    search.narrow()
    search.exchange()
    value = verify.fleet(needs, rooms, prices, search.place)
    bound = min(value, _bound(needs, rooms, prices))
    return Answer(search.place, value, bound, cut_short=value > bound and effort.over())


def _problem(items: ArrayLike, capacities: ArrayLike, costs: ArrayLike) -> tuple[Integers, Integers, Floats]:
    """The arrays of an instance that may have a solution; ValueError for any other."""
    needs, rooms = verify.figures("items", items, 2), verify.figures("capacities", capacities, 2)
    prices = np.asarray(costs)
    if prices.dtype.kind not in "iuf" or not np.isfinite(prices).all() or (prices < 0).any():
        raise ValueError("costs must be finite numbers and not negative.")
    if prices.shape != (len(rooms),):
        raise ValueError(f"costs must be {len(rooms)} figures, one for each bin.")
    if needs.shape[1] != rooms.shape[1]:
        raise ValueError(f"items must have {rooms.shape[1]} columns, one for each column of the capacities.")
    if len(needs) * len(rooms) > MOST_PAIRS:
        raise ValueError(f"There must not be more than {MOST_PAIRS} pairs of an item and a bin.")
    if (needs.sum(axis=0) > rooms.sum(axis=0)).any():
        raise ValueError("There is no packing: the items need more than all bins hold together.")
    if not all((need <= rooms).all(axis=1).any() for need in needs):
        raise ValueError("There is no packing: an item fits no bin.")
    return needs, rooms, prices.astype(np.float64)


def _cover(needs: Integers, rooms: Integers, prices: Floats, margin: float) -> Program:
    """The program that buys room for all items together and a margin, at least cost."""
    wanted = np.minimum(needs.sum(axis=0) * (1.0 + margin), rooms.sum(axis=0)).astype(np.float64)
    scale = 1.0 / np.maximum(1.0, rooms.max(axis=0))
    bounds = (np.zeros(len(rooms)), np.ones(len(rooms)))
    return Program(
        prices, Columns.dense(rooms.T * scale[:, np.newaxis]), (wanted * scale, np.full(len(scale), np.inf)), bounds
    )


def _bound(needs: Integers, rooms: Integers, prices: Floats) -> float:
    """What room for all items together costs at least, bins being divisible: rebuilt from the program's duals."""
    relaxed = _cover(needs, rooms, prices, 0.0).relax()
    if relaxed.status is not Status.OPTIMAL:
        return 0.0
    rates = np.maximum(relaxed.duals, 0.0) / np.maximum(1.0, rooms.max(axis=0))
    worth = float(rates @ needs.sum(axis=0)) - float(np.maximum(rooms @ rates - prices, 0.0).sum())
    return max(0.0, worth * (1.0 - 1e-9))


class _Search:
    """The best packing so far: place[n], a bin for each item."""

    def __init__(self, needs: Integers, rooms: Integers, prices: Floats, effort: Effort) -> None:
        self.place = np.full(len(needs), -1, dtype=np.int64)
        self._rooms, self._prices, self._effort = rooms, prices, effort
        self._needs = needs
        self._wanted = needs.sum(axis=0)
        # Ejection packs the last first: the large items.
        self._order = np.argsort((needs / np.maximum(1, self._wanted)).sum(axis=1), kind="stable")
        self._chance = np.random.default_rng(effort.seed)
        self.margin = WIDEST

    def open_all(self) -> None:
        """Packs into any bins; ValueError if that takes too long."""
        everything = np.ones(len(self._rooms), dtype=np.bool_)
        if not self._pack(everything, self.place, FIRST_ROUNDS):
            raise ValueError("No packing was found in the time given; there may be one.")

    def narrow(self) -> None:
        """Packs into the cheapest bins with a margin of room, as small as it will go."""
        low, high = 0.0, WIDEST
        nothing = np.full(len(self._needs), -1, dtype=np.int64)
        for _ in range(MARGINS):
            if self._effort.over():
                return
            self.margin = (low + high) / 2 if low or high < WIDEST else WIDEST / 8
            chosen = _cover(self._needs, self._rooms, self._prices, self.margin).whole(
                np.ones(len(self._rooms), dtype=np.bool_), self._effort.left() * 0.1, nodes=COVER_NODES, gap=1e-3
            )
            opened = chosen.values > 0.5
            if (
                opened.any()
                and self._prices[opened].sum() < self._cost()
                and self._pack(opened, nothing, MARGIN_ROUNDS)
            ):
                high = self.margin
            else:
                low = self.margin

    def exchange(self) -> None:
        """Closes one or two bins and opens as many or fewer, or one more, whenever that saves and can be packed."""
        for _ in range(EXCHANGES):
            used = np.zeros(len(self._rooms), dtype=np.bool_)
            used[self.place] = True
            opened = self._roomiest(used)
            if self._effort.over():
                return
            if opened is not None:
                start = np.where(opened[self.place], self.place, -1)
                self._pack(opened, start, EXCHANGE_ROUNDS)

    def _cost(self) -> float:
        return float(self._prices[np.unique(self.place)].sum())

    def _roomiest(self, used: Flags) -> Flags | None:
        """Of some random exchanges that save cost and leave room for all items, the one that leaves the most."""
        none = len(used)
        rooms, prices = np.vstack([self._rooms, np.zeros_like(self._wanted)]), np.append(self._prices, 0.0)
        closed = self._chance.choice(np.flatnonzero(used), (SAMPLE, 2))
        added = self._chance.choice(np.append(np.flatnonzero(~used), none), (SAMPLE, 2))
        closed[self._chance.random(SAMPLE) < 0.5, 1] = none
        added[self._chance.random((SAMPLE, 2)) < 0.5] = none
        sound = (closed[:, 0] != closed[:, 1]) & ((added[:, 0] != added[:, 1]) | (added[:, 1] == none))
        sound &= prices[added].sum(axis=1) < prices[closed].sum(axis=1) * (1.0 - 1e-12)
        change = rooms[added].sum(axis=1) - rooms[closed].sum(axis=1)
        room = ((self._rooms[used].sum(axis=0) + change) / np.maximum(1, self._wanted)).min(axis=1)
        best = int(np.argmax(np.where(sound, room, -1.0)))
        opened = np.append(used, False)
        opened[closed[best]], opened[added[best]] = False, True
        return opened[:none] if sound[best] and room[best] >= (self._wanted > 0).any() and opened[:none].any() else None

    def _pack(self, opened: Flags, start: Integers, rounds: int) -> bool:
        """Whether all items could be packed into the opened bins, from a partial packing; `place` is the result."""
        bins = np.flatnonzero(opened)
        number = np.full(len(opened) + 1, -1, dtype=np.int64)
        number[bins] = np.arange(len(bins))
        trial = number[start][self._order]
        needs, rooms = self._needs[self._order], self._rooms[bins]
        failures = np.ones(len(needs), dtype=np.int64)
        state = self._chance.integers(1, 2**31 - 1, size=1)
        for _ in range(rounds):
            if self._effort.over():
                return False
            if eject(needs, rooms, trial, failures, state, LOOKS) == 0:
                self.place = np.empty_like(trial)
                self.place[self._order] = bins[trial]
                return True
        return False
