"""A case between people who know what they do: who accuses, contests and appeals, and what it comes to.

Each decides by what it can expect, going backwards from the final verdict. The hostile part of the stake sees who is on
a jury: where it has the majority it votes as one, elsewhere as an honest juror would, so as not to be fined. What the
parties win and lose on each path is read off the plays.
"""

from dataclasses import dataclass
from functools import cached_property
from math import comb
from random import Random

from benchmarks.economy.parameters import World
from benchmarks.economy.plays import Plays
from benchmarks.economy.stage import Outcome


@dataclass(frozen=True, slots=True)
class Result:
    """What a case came to, gas not counted in: smallest units, of the hostile jurors together."""

    renter: float
    donor: float
    hostile_jurors: float
    renter_gas: float
    donor_gas: float
    hostile_gas: float


@dataclass(frozen=True)
class Courtroom:
    """A case whose donor is `guilty` or not, before a pool of which the part `hostile` votes `hostile_guilty`."""

    plays: Plays
    world: World
    guilty: bool
    hostile: float
    hostile_guilty: bool

    @property
    def honest_guilty(self) -> float:
        """How often an honest juror votes guilty."""
        accuracy = self.world.juror_accuracy
        return accuracy if self.guilty else 1 - accuracy

    @cached_property
    def first(self) -> float:
        """How likely the first jury says guilty."""
        return self._majority(self._sizes[0])

    @cached_property
    def second(self) -> float:
        """How likely the jury of the appeal says guilty."""
        return self._majority(self._sizes[1])

    @cached_property
    def donor_appeals(self) -> bool:
        """Whether a donor that was found guilty goes on."""
        return self._mixed("donor", self._path(True, True), self._path(True, False)) > self._net(
            "donor", self._path(True)
        )

    @cached_property
    def renter_appeals(self) -> bool:
        """Whether a renter that lost goes on."""
        found = self._mixed("renter", self._path(False, True), self._path(False, False))
        return found > self._net("renter", self._path(False))

    @cached_property
    def contests(self) -> bool:
        """Whether a donor that is there calls for a jury."""
        return self.expected("donor") > self._net("donor", self.plays.accused())

    def expected(self, party: str) -> float:
        """What a contested case comes to for "renter" or "donor", gas included."""
        guilty = self._after(party, True, self.donor_appeals)
        return self.first * guilty + (1 - self.first) * self._after(party, False, self.renter_appeals)

    def accusation(self, absent: float) -> float:
        """What accusing comes to for the renter, gas included, where the donor is `absent` too long to contest."""
        unheard = self._net("renter", self.plays.accused())
        heard = self.expected("renter") if self.contests else unheard
        return absent * unheard + (1 - absent) * heard

    def sample(self, chance: Random, *, absent: float = 0.0) -> Result:
        """One accusation."""
        if chance.random() < absent or not self.contests:
            outcome = self.plays.accused()
            return Result(outcome.coin["renter"], outcome.coin["donor0"], 0, *self._gas(outcome), 0)
        juries = [self._jury(chance, self._sizes[0])]
        verdict = _says_guilty(juries[0])
        if self.donor_appeals if verdict else self.renter_appeals:
            juries.append(self._jury(chance, self._sizes[1]))
            outcome = self._path(verdict, _says_guilty(juries[1]))
        else:
            outcome = self._path(verdict)
        profit, seats = self._hostile_share(
            outcome, [vote for jury in juries for vote in jury], _says_guilty(juries[-1])
        )
        a_seat = outcome.gas["jurors"] / sum(len(jury) for jury in juries)
        return Result(outcome.coin["renter"], outcome.coin["donor0"], profit, *self._gas(outcome), seats * a_seat)

    @property
    def _sizes(self) -> tuple[int, int]:
        size = self.plays.parameters.court.jury_size
        return size, 2 * size + 1

    def _majority(self, size: int) -> float:
        swayed = _more_than_half(size, self.hostile)
        return swayed * self.hostile_guilty + (1 - swayed) * _more_than_half(size, self.honest_guilty)

    def _jury(self, chance: Random, size: int) -> list[tuple[bool, bool]]:
        """(hostile, votes guilty) of each juror."""
        hostile = [chance.random() < self.hostile for _ in range(size)]
        swayed = 2 * sum(hostile) > size
        return [
            (enemy, self.hostile_guilty if enemy and swayed else chance.random() < self.honest_guilty)
            for enemy in hostile
        ]

    def votes(self, chance: Random, size: int) -> list[bool]:
        """The votes of a jury drawn at random."""
        return [guilty for _, guilty in self._jury(chance, size)]

    def _path(self, first: bool, second: bool | None = None) -> Outcome:
        small, large = self._sizes
        return self.plays.tried(_split(small, first), () if second is None else _split(large, second))

    def _after(self, party: str, verdict: bool, appealed: bool) -> float:
        if not appealed:
            return self._net(party, self._path(verdict))
        return self._mixed(party, self._path(verdict, True), self._path(verdict, False))

    def _mixed(self, party: str, guilty: Outcome, acquitted: Outcome) -> float:
        return self.second * self._net(party, guilty) + (1 - self.second) * self._net(party, acquitted)

    def _net(self, party: str, outcome: Outcome) -> float:
        gas = self._gas(outcome)[party == "donor"]
        return outcome.coin["donor0" if party == "donor" else party] - gas * self.world.gas_price

    def _gas(self, outcome: Outcome) -> tuple[float, float]:
        """What the case added to the gas of renter and donor."""
        quiet = self.plays.vanished(0, retires=False)
        return outcome.gas["renter"] - quiet.gas["renter"], outcome.gas["donor0"] - quiet.gas["donor0"]

    def _hostile_share(self, outcome: Outcome, votes: list[tuple[bool, bool]], verdict: bool) -> tuple[float, int]:
        winners = sum(vote == verdict for _, vote in votes)
        hostile = [vote for enemy, vote in votes if enemy]
        right = hostile.count(verdict)
        gained = right * reward(self.plays, outcome.coin["jurors"], winners, len(votes) - winners) if winners else 0.0
        return gained - (len(hostile) - right) * fine(self.plays), len(hostile)


def _more_than_half(size: int, each: float) -> float:
    return sum(comb(size, k) * each**k * (1 - each) ** (size - k) for k in range(size // 2 + 1, size + 1))


def fine(plays: Plays) -> float:
    """What a juror loses that voted against the final verdict."""
    rules = plays.parameters.court
    return rules.seat_stake * rules.minority_percent / 100


def reward(plays: Plays, pot: float, winners: int, losers: int) -> float:
    """What each of `winners` gets: the losing party's `pot` and the fines of `losers`."""
    return (pot + losers * fine(plays)) / winners


def _says_guilty(jury: list[tuple[bool, bool]]) -> bool:
    return 2 * sum(vote for _, vote in jury) > len(jury)


def _split(size: int, guilty: bool) -> tuple[bool, ...]:
    most = size // 2 + 1
    return (guilty,) * most + (not guilty,) * (size - most)
