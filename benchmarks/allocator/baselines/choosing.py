"""Greedy rules for the multiple-choice knapsack: from the lightest item of each group upwards."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.allocator.instances import Choice, Floats, Integers


@dataclass(slots=True)
class _Picked:
    """Picks under way: groups padded to one size, a missing item outweighing everything."""

    profits: Integers
    weights: Integers
    share: Floats
    capacities: Integers
    picks: Integers
    used: Integers

    @classmethod
    def lightest(cls, problem: Choice) -> "_Picked":
        """The item of each group whose weights are least, as parts of the capacities."""
        most = max(len(profits) for profits, _ in problem.groups)
        count, m = len(problem.groups), len(problem.capacities)
        profits = np.full((count, most), -1, dtype=np.int64)
        weights = np.full((count, most, m), 2 * int(problem.capacities.max()) + 1, dtype=np.int64)
        for number, (gains, rows) in enumerate(problem.groups):
            profits[number, : len(gains)], weights[number, : len(gains)] = gains, rows
        share = weights / np.maximum(problem.capacities, 1)
        picks = share.sum(axis=2).argmin(axis=1)
        used = weights[np.arange(count), picks].sum(axis=0)
        return cls(profits, weights, share, problem.capacities, picks, used)

    def feasible(self) -> bool:
        return bool((self.used <= self.capacities).all())

    def loads(self) -> Integers:
        """What each capacity would hold after each single change: [group, item, dimension]."""
        now = self.weights[np.arange(len(self.picks)), self.picks]
        after: Integers = self.used + self.weights - now[:, None, :]
        return after

    def change(self, group: int, item: int) -> None:
        self.used = self.used - self.weights[group, self.picks[group]] + self.weights[group, item]
        self.picks[group] = item


def by_density(problem: Choice, seed: int) -> Integers | None:
    """The change that gains most per weight, as long as one fits; scarce capacities weigh more (Moser et al. 1997)."""
    state = _Picked.lightest(problem)
    _repair(state)
    if not state.feasible():
        return None
    groups = np.arange(len(state.picks))
    while True:
        fits = (state.loads() <= state.capacities).all(axis=2)
        gain = state.profits - state.profits[groups, state.picks][:, None]
        scarcity = state.used / np.maximum(state.capacities, 1)
        cost = (state.share - state.share[groups, state.picks][:, None, :]) @ scarcity
        score = np.where(fits & (gain > 0), gain / np.maximum(cost, 1e-9), 0.0)
        group, item = divmod(int(score.argmax()), score.shape[1])
        if score[group, item] <= 0:
            return state.picks
        state.change(group, item)


def cheapest(problem: Choice, seed: int) -> Integers | None:
    """The lightest item of each group."""
    state = _Picked.lightest(problem)
    return state.picks if state.feasible() else None


def at_random(problem: Choice, seed: int) -> Integers | None:
    """Groups in random order: from the lightest items, each changes to a random one that fits."""
    chance = np.random.default_rng(seed)
    state = _Picked.lightest(problem)
    _repair(state)
    if not state.feasible():
        return None
    for group in chance.permutation(len(state.picks)):
        after = state.used - state.weights[group, state.picks[group]] + state.weights[group]
        state.change(group, int(chance.choice(np.flatnonzero((after <= state.capacities).all(axis=1)))))
    return state.picks


def _repair(state: _Picked) -> None:
    """Makes the change that lowers the sum of the overloads most, until none is left or none helps."""
    while not state.feasible():
        excess = np.maximum(0.0, state.loads() / np.maximum(state.capacities, 1) - 1.0).sum(axis=2)
        group, item = divmod(int(excess.argmin()), excess.shape[1])
        now = np.maximum(0.0, state.used / np.maximum(state.capacities, 1) - 1.0).sum()
        if excess[group, item] >= now:
            return
        state.change(group, item)


RULES: Final[Mapping[str, Callable[[Choice, int], Integers | None]]] = {
    "greedy by density": by_density,
    "cheapest": cheapest,
    "random": at_random,
}
