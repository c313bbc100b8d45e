"""How long and with which seed a search may run, and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
"""Whole numbers in 64 bits; every capacity, weight and profit is one."""

LARGEST: Final = 2**52
"""No figure of a problem, and no sum of its column, may be larger: so far floats hold whole numbers exactly."""


@dataclass(frozen=True, slots=True)
class Effort:
    """A deadline on the caller's clock (seconds, monotonic) and the seed of every random choice.

    A search that ends before its deadline gives the same answer for the same seed on every machine; one that the
    deadline cuts short says so in its answer.
    """

    clock: Callable[[], float]
    seconds: float
    seed: int = 0
    began: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "began", self.clock())

    def left(self) -> float:
        """Seconds until the deadline, never below 0."""
        return max(0.0, self.seconds - (self.clock() - self.began))

    def over(self) -> bool:
        """True once the deadline has passed."""
        return self.left() == 0.0

    def part(self, fraction: float, seed: int | None = None) -> "Effort":
        """A fraction of what is left, from now on."""
        return Effort(self.clock, self.left() * fraction, self.seed if seed is None else seed)


@dataclass(frozen=True, slots=True)
class Answer:
    """A verified solution: `picks` as the problem's module defines them, its exact value, and a proven bound.

    `value` is rebuilt from `picks`, never a solver's word. `bound` is an upper one where the problem maximises and a
    lower one where it minimises. `cut_short` says that the deadline ended the search.
    """

    picks: Integers
    value: float
    bound: float
    cut_short: bool

    def gap(self) -> float:
        """The distance to the bound as a part of the bound; 0 means proven best."""
        return abs(self.value - self.bound) / abs(self.bound) if self.bound else float(self.value != self.bound)
