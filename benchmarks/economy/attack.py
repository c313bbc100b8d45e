"""Who can cheat whom, how, and what comes of it: an episode each, to be played many times.

Profit is what the attacker has more than if it had been honest in the same place: coin in smallest units, and gas
apart. Loss is what its victims have less than with an honest attacker, their gas included.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import sqrt
from random import Random
from typing import NamedTuple

from benchmarks.economy.courtroom import Courtroom
from benchmarks.economy.parameters import Parameters, World
from benchmarks.economy.plays import Plays
from benchmarks.economy.stage import Outcome


class Episode(NamedTuple):
    """One time that an attack was tried. Smallest units of the coin; gas of the attacker."""

    profit: float
    gas: float
    loss: float


@dataclass(frozen=True)
class Setting:
    """Where an attack takes place: under which rules, in which world, with which part of the stake hostile."""

    plays: Plays
    world: World
    hostile: float

    @property
    def rules(self) -> Parameters:
        """The rules and the typical lease."""
        return self.plays.parameters

    def courtroom(self, *, guilty: bool, hostile_guilty: bool) -> Courtroom:
        """A court before which the donor is `guilty` or not, and which the hostile stake tries to sway."""
        return _courtroom(self, guilty, hostile_guilty)


@cache
def _courtroom(setting: Setting, guilty: bool, hostile_guilty: bool) -> Courtroom:
    return Courtroom(setting.plays, setting.world, guilty, setting.hostile, hostile_guilty)


Move = Callable[[Setting, Random], Episode]


@dataclass(frozen=True)
class Attack:
    """What is tried, by whom, what stands against it, and which parameter decides."""

    name: str
    by: str
    what: str
    against: str
    decides: str
    episode: Move
    verdict: str = ""
    """Said where profit is not the measure."""


@dataclass(frozen=True)
class Result:
    """Means over many episodes, in smallest units; `profit` is net of gas, `error` its standard error."""

    profit: float
    error: float
    gas: float
    loss: float

    @property
    def pays(self) -> bool:
        """Whether the attacker comes out ahead, as far as chance lets us tell."""
        return self.profit > 3 * self.error


def tried(attack: Attack, setting: Setting, *, runs: int, seed: int) -> Result:
    """`attack` played `runs` times; the same seed gives the same result."""
    chance = Random(f"{seed} {attack.name} {setting.hostile}")
    untouched = chance.getstate()
    episodes = [attack.episode(setting, chance)]
    if chance.getstate() == untouched:
        # What leaves nothing to chance need not be tried twice.
        runs = 1
    episodes += [attack.episode(setting, chance) for _ in range(runs - 1)]
    net = [one.profit - one.gas * setting.world.gas_price for one in episodes]
    profit = sum(net) / runs
    spread = sum((value - profit) ** 2 for value in net) / max(1, runs - 1)
    gas, loss = sum(one.gas for one in episodes) / runs, sum(one.loss for one in episodes) / runs
    # Rounding of floats is no chance: half a millionth of a share counts as nothing.
    return Result(profit, max(sqrt(spread / runs), setting.rules.cap * 1e-7), gas, loss)


def differs(bad: Outcome, good: Outcome, who: str) -> tuple[float, float]:
    """By how much coin and gas of `who` differ from those of an honest play."""
    return bad.coin[who] - good.coin.get(who, 0), bad.gas[who] - good.gas.get(who, 0)
