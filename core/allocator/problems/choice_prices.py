"""A multiple-choice knapsack as data, and what its linear relaxation says: prices, and each item's loss at them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.allocator.problems import verify
from core.allocator.problems.effort import Integers
from core.allocator.problems.linear import EXACT, Columns, Floats, Program, Status


class Infeasible(ValueError):
    """It is proven that no choice fits."""


@dataclass(frozen=True, slots=True)
class Problem:
    """profits[items], weights[items, rows], group[items] (ascending) and capacities[rows], checked."""

    profits: Integers
    weights: Integers
    group: Integers
    capacities: Integers

    @classmethod
    def read(cls, groups: Sequence[tuple[ArrayLike, ArrayLike]], capacities: ArrayLike) -> "Problem":
        """Lays the groups end to end; ValueError where the arrays are not what they must be."""
        room = verify.figures("capacities", capacities, 1)
        if not len(groups):
            raise ValueError("There must be at least one group.")
        profits = [verify.figures(f"profits of group {g}", profit, 1) for g, (profit, _) in enumerate(groups)]
        weights = [verify.figures(f"weights of group {g}", weight, 2) for g, (_, weight) in enumerate(groups)]
        for g, (profit, weight) in enumerate(zip(profits, weights, strict=True)):
            if weight.shape != (len(profit), len(room)):
                raise ValueError(f"weights of group {g} must be {len(profit)} rows of {len(room)} figures.")
        return cls(
            verify.figures("profits", np.concatenate(profits), 1),
            verify.figures("weights", np.concatenate(weights), 2),
            np.repeat(np.arange(len(groups)), [len(profit) for profit in profits]),
            room,
        )

    def starts(self) -> Integers:
        """The first item of every group."""
        return np.flatnonzero(np.diff(self.group, prepend=-1))

    def part(self, items: Integers) -> "Problem":
        """The same groups with some of their items only, at least one of each."""
        return Problem(self.profits[items], self.weights[items], self.group[items], self.capacities)

    def exact(self) -> bool:
        """Whether HiGHS can be believed when it says that nothing is better."""
        return max(int(self.profits.max()), int(self.weights.max())) <= EXACT

    def program(self) -> tuple[Program, Floats]:
        """A row for each capacity, then one for each group, scaled down where large; what makes a dual a price."""
        items, rows = self.weights.shape
        groups = int(self.group[-1]) + 1
        unit = max(1.0, self.profits.max() / EXACT)
        units = np.maximum(1.0, self.weights.max(axis=0) / EXACT)
        across = np.hstack([np.tile(np.arange(rows), (items, 1)), rows + self.group[:, None]])
        values = np.hstack([self.weights / units, np.ones((items, 1))])
        matrix = Columns(
            np.arange(items + 1, dtype=np.int32) * np.int32(rows + 1), across.astype(np.int32).ravel(), values.ravel()
        )
        low = np.concatenate([np.full(rows, -np.inf), np.ones(groups)])
        high = np.concatenate([self.capacities / units, np.ones(groups)])
        bounds = np.zeros(items), np.ones(items)
        return Program(self.profits / unit, matrix, (low, high), bounds, maximise=True), unit / units


@dataclass(frozen=True, slots=True)
class Prices:
    """What a unit of each row costs, what each item earns less than its group's best at that, and the bound.

    For any prices >= 0 no choice is worth more than prices @ capacities + the best earning of every group (weak
    duality); one with an item that earns l less is worth l less.
    """

    row: Floats
    loss: Floats
    bound: float

    @classmethod
    def of(cls, problem: Problem, row: Floats) -> "Prices":
        """The bound of any prices; a rounding error's worth is added."""
        earning = problem.profits - problem.weights @ row
        best = np.maximum.reduceat(earning, problem.starts())
        bound = float(row @ problem.capacities + best.sum())
        return cls(row, best[problem.group] - earning, bound + 1e-9 * (1.0 + abs(bound)))


def relaxation(problem: Problem, seconds: float) -> tuple[Prices, Integers]:
    """The relaxation's prices and each group's largest item in it; crude ones if time runs out."""
    program, price = problem.program()
    relaxed = program.relax(seconds)
    starts, rows = problem.starts(), len(problem.capacities)
    if relaxed.status is Status.INFEASIBLE:
        raise Infeasible("No choice fits, not even with fractions of items.")
    if relaxed.status is Status.OPTIMAL:
        prices = Prices.of(problem, np.maximum(relaxed.duals[:rows], 0.0) * price)
        order = np.lexsort((-relaxed.values, problem.group))
    else:
        # Each row costs the same in all, and everything together what all items earn.
        prices = Prices.of(problem, problem.profits.sum() / np.maximum(problem.weights.sum(axis=0), 1) / rows)
        order = np.lexsort((prices.loss, problem.group))
    return prices, order[starts]
