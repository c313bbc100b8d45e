"""The multiple-choice multidimensional knapsack: one item of every group, profit greatest, every capacity held.

Built like `knapsack`: the linear relaxation's prices, a core of the items that they do not decide, a tabu walk over it
again and again from the best choice so far, what the prices alone decide fixed without loss, HiGHS for a small rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from core.allocator.problems import verify
from core.allocator.problems.choice_moves import Core, Walk, mend, wander
from core.allocator.problems.choice_prices import Infeasible, Prices, Problem, relaxation
from core.allocator.problems.effort import Answer, Effort, Integers
from core.allocator.problems.knapsack_moves import BEST
from core.allocator.problems.linear import Status

__all__ = ["Infeasible", "NotFound", "solve", "warm"]

SHARE: Final = (0.8, 1.0)
"""The range of the share of an item's cost at the relaxation's prices that its score gives up."""
EXTRA: Final = (0.75, 2.25)
"""The range of a core's size in items a group, besides the one chosen."""
PATIENCE: Final = 1000
"""Moves without a new best value that end a walk."""
KICKS: Final = 5
"""Groups that get another item before a walk."""
MENDING: Final = 200
"""Moves to make everything fit again, after which the walk is given up."""
SLICE_S: Final = 0.005
"""Time between two looks at the clock."""
SMALL: Final = 60
"""As many undecided items are left to HiGHS."""
ROUNDS_BEFORE: Final = 20
"""Walks before HiGHS: they often close the gap first, and a better value leaves it less."""
NODES: Final = 20_000
"""HiGHS gives up after as many nodes, so that the same seed gives the same answer."""


class NotFound(ValueError):
    """The deadline came before any choice that fits; there may be one."""


def solve(groups: Sequence[tuple[ArrayLike, ArrayLike]], capacities: ArrayLike, effort: Effort) -> Answer:
    """The most profitable choice found: groups of (profits[k], weights[k, m]), capacities[m], from 0 to LARGEST.

    `picks[g]` is the index of group g's item. Raises `Infeasible` if it is proven that no choice fits, `NotFound` if
    none was found in time, ValueError with what is wrong with the input.
    """
    problem = Problem.read(groups, capacities)
    able = np.flatnonzero((problem.weights <= problem.capacities).all(axis=1))
    if len(np.unique(problem.group[able])) < len(groups):
        raise Infeasible("No choice fits: in some group every item alone is above a capacity.")
    search = Search.start(problem.part(able), effort)
    proven = search.run(effort)
    picks = able[search.best] - problem.starts()
    value = verify.choice(groups, problem.capacities, picks)
    return Answer(picks, value, value if proven else float(np.floor(search.prices.bound)), not proven)


def warm() -> None:
    """Compiles the inner loops, or loads them from disk, so that no deadline pays for it: seconds the first time."""
    problem = Problem(np.arange(8), np.arange(8)[:, None], np.arange(8) // 2, np.array([16]))
    search = Search(problem, Prices.of(problem, np.ones(1)), np.arange(0, 8, 2), 12, np.random.default_rng(0))
    search.round(np.arange(8), shaken=True, effort=Effort(lambda: 0.0, 1.0))


@dataclass(slots=True)
class Search:
    """The best choice so far (`value` -1: it does not fit yet) and what is needed to better it."""

    problem: Problem
    prices: Prices
    best: Integers
    value: int
    dice: np.random.Generator
    stride: int = 1

    @classmethod
    def start(cls, problem: Problem, effort: Effort) -> "Search":
        """A first choice that fits: the relaxation's, mended, else HiGHS's."""
        prices, picks = relaxation(problem, effort.left() / 2)
        search = cls(problem, prices, picks, -1, np.random.default_rng(effort.seed))
        every = np.arange(len(problem.group))
        half = effort.part(0.5)
        for _ in range(ROUNDS_BEFORE):
            if search.value < 0 and not half.over():
                search.round(every, shaken=False, effort=half)
        if search.value < 0:
            search.finish(every, effort)
        while search.value < 0 and not effort.over():
            search.round(every, shaken=True, effort=effort)
        if search.value < 0:
            raise NotFound("No choice that fits was found in time; there may be one.")
        return search

    def run(self, effort: Effort) -> bool:
        """Searches until the deadline, or until it is proven that there is nothing better: True."""
        rounds, tried = 0, -1
        while not effort.over():
            undecided = self.undecided()
            open_items = len(undecided) - len(np.unique(self.problem.group[undecided]))
            if self.value >= np.floor(self.prices.bound):
                return True
            if rounds >= ROUNDS_BEFORE and open_items <= SMALL and tried != self.value:
                tried = self.value
                if self.finish(undecided, effort):
                    return True
            self.round(undecided, shaken=rounds > 0, effort=effort)
            rounds += 1
        return False

    def undecided(self) -> Integers:
        """The items that a better choice may hold."""
        return np.flatnonzero(self.prices.loss <= self.prices.bound - (self.value + 1))

    def core(self, items: Integers) -> Integers:
        """A random number of the least decided `items`, and the best choice, ascending."""
        count = int(len(self.best) * (1 + self.dice.uniform(*EXTRA)))
        if len(items) > count:
            items = items[np.argpartition(self.prices.loss[items], count)[:count]]
        return np.union1d(items, self.best)

    def round(self, items: Integers, shaken: bool, effort: Effort) -> None:
        """One walk over a core of `items` from the best choice, mended first where it does not fit."""
        items = items if self.value < 0 else self.core(items)
        problem = self.problem
        score = problem.profits - problem.weights @ (self.prices.row * self.dice.uniform(*SHARE))
        weight = np.ascontiguousarray(problem.weights[items])
        scale = 1.0 / (weight.mean(axis=0) + 1e-9)
        group = problem.group[items]
        core = Core(problem.profits[items], weight, np.ascontiguousarray(weight.T), score[items], scale, group)
        pick = np.searchsorted(items, self.best)
        if shaken:
            kicked = self.dice.integers(0, len(items), KICKS)
            pick[group[kicked]] = kicked
        slack = problem.capacities - weight[pick].sum(axis=0)
        chance = self.dice.integers(1, 2**31 - 1, 1)
        walk = Walk(pick, slack, np.zeros(len(items), np.int64), pick.copy(), np.zeros(4, np.int64), chance)
        if not self.mend(core, walk, effort):
            return
        value = int(core.profit[walk.pick].sum())
        walk.until[:] = 0
        walk.best[:] = walk.pick
        walk.marks[:] = 0, value, value, 0
        self.wander(core, walk, effort)
        if int(walk.marks[BEST]) > self.value:
            self.best, self.value = items[walk.best], int(walk.marks[BEST])

    def mend(self, core: Core, walk: Walk, effort: Effort) -> bool:
        """Makes the walk's choice fit; False if that takes too long."""
        for _ in range(MENDING):
            if effort.over() or mend(core, walk, 1):
                break
        return bool(walk.slack.min() >= 0)

    def wander(self, core: Core, walk: Walk, effort: Effort) -> None:
        """Walks in slices that keep the clock in sight; how they are cut changes nothing about the walk."""
        while not effort.over():
            began = effort.clock()
            if wander(core, walk, self.stride, PATIENCE):
                return
            self.stride = self.stride * 2 if effort.clock() - began < SLICE_S else max(1, self.stride // 2)

    def finish(self, undecided: Integers, effort: Effort) -> bool:
        """Lets HiGHS choose among the undecided items; True if nothing better than `best` is left afterwards.

        Raises `Infeasible` if no choice fits and none was known.
        """
        problem = self.problem
        if len(np.unique(problem.group[undecided])) < len(self.best):
            return True
        program, _ = problem.part(undecided).program()
        whole = program.whole(np.ones(len(undecided), dtype=np.bool_), effort.left() / 3, nodes=NODES)
        if whole.status is Status.INFEASIBLE and problem.exact():
            if self.value < 0:
                raise Infeasible("No choice fits.")
            return True
        picks = undecided[np.flatnonzero(whole.values > 0.5)] if len(whole.values) else undecided[:0]
        value = int(problem.profits[picks].sum())
        if len(picks) != len(self.best) or (problem.weights[picks].sum(axis=0) > problem.capacities).any():
            return False
        if value > self.value:
            self.best, self.value = picks, value
        return whole.status is Status.OPTIMAL and problem.exact()
