"""A random walk of faults, fixed by its seed: what strikes whom, after which pause, for how long. Pure."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_LONGEST_PAUSE_S: Final = 20
_SHORTEST_S: Final = 2
_LONGEST_S: Final = 40


@dataclass(frozen=True, slots=True)
class Step:
    """After `pause_s` seconds the fault of that name strikes the target, and is over after `lasts_s`."""

    pause_s: int
    fault: str
    target: str
    lasts_s: int

    def __str__(self) -> str:
        return f"{self.fault.replace('_', ' ')} at {self.target} for {self.lasts_s} s"


def walk(seed: int, minutes: float, strikes: Sequence[tuple[str, str]]) -> Iterator[Step]:
    """Steps that take so many minutes in all, each a (fault, target) of `strikes`. The same seed, the same steps."""
    chance, left_s = random.Random(seed), minutes * 60
    while left_s > 0:
        fault, target = chance.choice(strikes)
        step = Step(chance.randint(1, _LONGEST_PAUSE_S), fault, target, chance.randint(_SHORTEST_S, _LONGEST_S))
        left_s -= step.pause_s + step.lasts_s
        yield step
