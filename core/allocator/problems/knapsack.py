"""The 0/1 multidimensional knapsack: which items to take so that profit is greatest and every capacity holds.

The linear relaxation prices each row; at those prices an item is plainly in, plainly out or in the small core between
(Puchinger, Raidl, Pferschy 2010). A tabu walk searches the core, over and over from the best selection so far, each
time shaken by a short walk with more room than there is. What the prices alone decide is fixed without loss; once
little is left, HiGHS finishes it.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.allocator.problems import verify
from core.allocator.problems.effort import Answer, Effort, Integers
from core.allocator.problems.knapsack_moves import BEST, VALUE, Core, Walk, settle, wander
from core.allocator.problems.linear import EXACT, Columns, Floats, Program, Status

SHARE: Final = (0.8, 1.0)
"""The range of the share of an item's cost at the relaxation's prices that its score gives up."""
PATIENCE: Final = 1000
"""Moves without a new best value that end a walk."""
SHAKE: Final = 50
"""Moves of a walk with more room than there is."""
WALKERS: Final = 2
"""Searches side by side, each from its own seed: a walk that is caught rarely catches the other."""
SLICE_S: Final = 0.005
"""Time between two looks at the clock."""
SMALL: Final = 40
"""As many undecided items are left to HiGHS."""
ROUNDS_BEFORE: Final = 20
"""Walks before HiGHS: they often close the gap first, and a better value leaves it less."""
NODES: Final = 20_000
"""HiGHS gives up after as many nodes, so that the same seed gives the same answer."""


@dataclass(frozen=True, slots=True)
class Problem:
    """profits[items], weights[items, rows] and capacities[rows], checked."""

    profits: Integers
    weights: Integers
    capacities: Integers

    @classmethod
    def read(cls, profits: ArrayLike, weights: ArrayLike, capacities: ArrayLike) -> "Problem":
        """Takes weights[rows, items]; ValueError where the arrays are not what they must be."""
        profit, room = verify.figures("profits", profits, 1), verify.figures("capacities", capacities, 1)
        weight = verify.figures("weights", verify.figures("weights", weights, 2).T, 2)
        if weight.shape != (len(profit), len(room)):
            raise ValueError(f"weights must be {len(room)} rows of {len(profit)} figures, one row for each capacity.")
        return cls(profit, weight, room)

    def exact(self) -> bool:
        """Whether HiGHS can be believed when it says that nothing is better."""
        return max(int(self.profits.max()), int(self.weights.max())) <= EXACT

    def program(self) -> tuple[Program, Floats]:
        """The relaxation, rows and profits scaled down where large, and what makes a scaled dual a price."""
        count = len(self.profits)
        unit = max(1.0, self.profits.max() / EXACT)
        units = np.maximum(1.0, self.weights.max(axis=0) / EXACT)
        rows = np.full(len(units), -np.inf), self.capacities / units
        bounds = np.zeros(count), np.ones(count)
        matrix = Columns.dense((self.weights / units).T)
        return Program(self.profits / unit, matrix, rows, bounds, maximise=True), unit / units

    def possible(self) -> NDArray[np.bool_]:
        """The items that fit alone."""
        return np.asarray((self.weights <= self.capacities).all(axis=1))


@dataclass(frozen=True, slots=True)
class Prices:
    """What a unit of each row costs, what each item earns beyond its cost, and the bound that follows.

    For any prices >= 0 no selection is worth more than prices @ capacities + the sum of positive earnings (weak
    duality); one that leaves an item out that earns e > 0, or takes one that earns e < 0, is worth |e| less.
    """

    row: Floats
    earning: Floats
    bound: float

    @classmethod
    def of(cls, problem: Problem, row: Floats) -> "Prices":
        """The bound of any prices; a rounding error's worth is added."""
        earning = problem.profits - problem.weights @ row
        bound = float(row @ problem.capacities + np.maximum(earning, 0.0).sum())
        return cls(row, earning, bound + 1e-9 * (1.0 + bound))


def solve(profits: ArrayLike, weights: ArrayLike, capacities: ArrayLike, effort: Effort) -> Answer:
    """The most profitable items found: profits[n], weights[m, n], capacities[m], whole numbers from 0 to LARGEST.

    `picks` are the chosen items, ascending. ValueError says what is wrong with the input.
    """
    problem = Problem.read(profits, weights, capacities)
    able = np.flatnonzero(problem.possible() & (problem.profits > 0))
    if not len(able):
        return Answer(able, 0, 0, False)
    reduced = Problem(problem.profits[able], problem.weights[able], problem.capacities)
    relaxed = relaxation(reduced, effort.left() / 2)
    searches = [Search.start(reduced, relaxed, effort.seed + walker) for walker in range(WALKERS)]
    # They share nothing, so that which of them is faster changes nothing; the inner loops run without the lock.
    with ThreadPoolExecutor(WALKERS) as threads:
        proven = any(list(threads.map(lambda search: search.run(effort), searches)))
    best = max(searches, key=lambda search: search.value)
    picks = able[best.best]
    value = verify.knapsack(problem.profits, problem.weights.T, problem.capacities, picks)
    return Answer(picks, value, value if proven else float(np.floor(best.prices.bound)), not proven)


def warm() -> None:
    """Compiles the inner loops, or loads them from disk, so that no deadline pays for it: seconds the first time."""
    numbers = np.arange(1, 9)
    problem = Problem(numbers, numbers[:, None], np.array([9]))
    prices = Prices.of(problem, np.ones(1))
    search = Search(problem, prices, numbers < 2, 1, np.random.default_rng(0), np.array([1]))
    search.round(np.arange(8), shaken=True, effort=Effort(lambda: 0.0, 1.0))


def relaxation(problem: Problem, seconds: float) -> tuple[Prices, NDArray[np.bool_]]:
    """The relaxation's prices and the items that it takes wholly; crude ones if time runs out."""
    program, price = problem.program()
    relaxed = program.relax(seconds)
    if relaxed.status is Status.OPTIMAL:
        return Prices.of(problem, np.maximum(relaxed.duals, 0.0) * price), relaxed.values > 1 - 1e-6
    # Each row costs the same in all, and everything together what all items earn; the best value for cost goes first.
    row = problem.profits.sum() / np.maximum(problem.weights.sum(axis=0), 1) / len(problem.capacities)
    order = np.argsort(-problem.profits / np.maximum(problem.weights @ row, 1e-9), kind="stable")
    taken = np.zeros(len(order), dtype=np.bool_)
    taken[order] = (problem.weights[order].cumsum(axis=0) <= problem.capacities).all(axis=1)
    return Prices.of(problem, row), taken


@dataclass(slots=True)
class Search:
    """The best selection so far and what is needed to better it."""

    problem: Problem
    prices: Prices
    best: NDArray[np.bool_]
    value: int
    dice: np.random.Generator
    chance: Integers
    nearest: Integers = field(init=False)
    stride: int = field(init=False, default=1)

    def __post_init__(self) -> None:
        self.nearest = np.argsort(np.abs(self.prices.earning), kind="stable")

    @classmethod
    def start(cls, problem: Problem, relaxed: tuple[Prices, NDArray[np.bool_]], seed: int) -> "Search":
        """Begins at what the relaxation takes wholly."""
        prices, taken = relaxed[0], relaxed[1].copy()
        if (problem.weights[taken].sum(axis=0) > problem.capacities).any():
            taken[:] = False  # a solver's tolerance
        dice = np.random.default_rng(seed)
        chance = dice.integers(1, 2**31 - 1, 1)
        return cls(problem, prices, taken, int(problem.profits[taken].sum()), dice, chance)

    def run(self, effort: Effort) -> bool:
        """Searches until the deadline, or until it is proven that there is nothing better: True."""
        rounds, tried = 0, -1
        while not effort.over():
            undecided = self.undecided()
            if not len(undecided) or self.value >= np.floor(self.prices.bound):
                return True
            if rounds >= ROUNDS_BEFORE and len(undecided) <= SMALL and tried != self.value:
                tried = self.value
                if self.finish(undecided, effort):
                    return True
            self.round(undecided, shaken=rounds > 0, effort=effort)
            rounds += 1
        return False

    def undecided(self) -> Integers:
        """The items that a better selection may treat otherwise than the prices say, the least decided first."""
        slack = self.prices.bound - (self.value + 1)
        return self.nearest[np.abs(self.prices.earning[self.nearest]) <= slack]

    def round(self, undecided: Integers, shaken: bool, effort: Effort) -> None:
        """One walk over a core from the best selection."""
        problem = self.problem
        items = undecided[: 40 + 2 * len(problem.capacities)]
        score = problem.profits - problem.weights @ (self.prices.row * self.dice.uniform(*SHARE))
        items = items[np.argsort(-score[items], kind="stable")]
        weight = np.ascontiguousarray(problem.weights[items])
        scale = 1.0 / (weight.mean(axis=0) + 1e-9)
        core = Core(problem.profits[items], weight, np.ascontiguousarray(weight.T), score[items], scale)
        inside = self.best[items]
        slack = problem.capacities - problem.weights[self.best].sum(axis=0)
        value = int(core.profit[inside].sum())
        outer = self.value - value
        marks = np.array([0, value, value, 0])
        walk = Walk(inside, slack, np.zeros(len(items), np.int64), inside.copy(), marks, self.chance)
        if shaken:
            self.shake(core, walk, effort)
        self.wander(core, walk, PATIENCE, effort)
        if outer + int(marks[BEST]) > self.value:
            self.best[items], self.value = walk.best, outer + int(marks[BEST])

    def shake(self, core: Core, walk: Walk, effort: Effort) -> None:
        """Some moves as if every row had up to a mean weight more room, then items dropped until all fits."""
        extra = (self.dice.random(len(walk.slack)) / core.scale).astype(np.int64)
        walk.slack[:] += extra
        walk.marks[BEST] = np.iinfo(np.int64).max // 2
        self.wander(core, walk, SHAKE, effort)
        walk.slack[:] -= extra
        settle(core, walk)
        walk.until[:] = 0
        walk.best[:] = walk.inside
        walk.marks[:] = 0, walk.marks[VALUE], walk.marks[VALUE], 0

    def wander(self, core: Core, walk: Walk, patience: int, effort: Effort) -> None:
        """Walks in slices that keep the clock in sight; how they are cut changes nothing about the walk."""
        while not effort.over():
            began = effort.clock()
            if wander(core, walk, self.stride, patience):
                return
            self.stride = self.stride * 2 if effort.clock() - began < SLICE_S else max(1, self.stride // 2)

    def finish(self, undecided: Integers, effort: Effort) -> bool:
        """Lets HiGHS decide the undecided items; True if nothing better than `best` is left afterwards."""
        problem = self.problem
        selection = self.prices.earning > 0
        selection[undecided] = False
        room = problem.capacities - problem.weights[selection].sum(axis=0)
        rest = Problem(problem.profits[undecided], problem.weights[undecided], room)
        program, _ = rest.program()
        whole = program.whole(np.ones(len(undecided), dtype=np.bool_), effort.left() / 3, nodes=NODES)
        if not len(whole.values):
            return whole.status is Status.INFEASIBLE and problem.exact()
        selection[undecided] = whole.values > 0.5
        value = int(problem.profits[selection].sum())
        if (problem.weights[selection].sum(axis=0) > problem.capacities).any():
            return False
        if value > self.value:
            self.best, self.value = selection, value
        return whole.status is Status.OPTIMAL and problem.exact()
