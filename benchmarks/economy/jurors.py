"""What jurors can try, and those who would buy them."""

from collections.abc import Callable
from random import Random
from typing import Final

from benchmarks.economy.attack import Attack, Episode, Move, Setting
from benchmarks.economy.courtroom import Courtroom, fine, reward
from benchmarks.economy.parameters import Parameters
from benchmarks.economy.plays import Plays


def sits(vote: Callable[[Courtroom, Random], bool | None]) -> Move:
    """One juror that votes so, against its own honest vote in the same case, beside a jury like any other."""

    def episode(at: Setting, chance: Random) -> Episode:
        guilty = chance.random() < at.world.contested_guilty
        room = at.courtroom(guilty=guilty, hostile_guilty=not guilty)
        others = room.votes(chance, at.rules.court.jury_size)[1:]
        coin, gas = _earned(at, vote(room, chance), others)
        honest_coin, honest_gas = _earned(at, chance.random() < room.honest_guilty, others)
        return Episode(coin - honest_coin, gas - honest_gas, 0)

    return episode


def sits_honestly(at: Setting, chance: Random) -> Episode:
    """One juror that looks at what it is shown, against not having a seat."""
    guilty = chance.random() < at.world.contested_guilty
    room = at.courtroom(guilty=guilty, hostile_guilty=not guilty)
    others = room.votes(chance, at.rules.court.jury_size)[1:]
    return Episode(*_earned(at, chance.random() < room.honest_guilty, others), 0)


def _earned(at: Setting, mine: bool | None, others: list[bool]) -> tuple[float, float]:
    """Coin and gas of a juror that voted `mine`, the verdict of its jury being final."""
    votes = [mine, *others]
    verdict = votes.count(True) > votes.count(False)
    split = (True,) * votes.count(True) + (False,) * votes.count(False) + (None,) * votes.count(None)
    outcome = at.plays.tried(split)
    if mine is None:
        return -no_show_fine(at.rules), 0
    gas = outcome.gas["jurors"] / (len(split) - votes.count(None))
    if mine != verdict:
        return -fine(at.plays), gas
    return reward(at.plays, outcome.coin["jurors"], votes.count(verdict), votes.count(not verdict)), gas


def _flips(_: Courtroom, chance: Random) -> bool:
    return chance.random() < 0.5


def _always_acquits(_room: Courtroom, _: Random) -> bool:
    return False


def _stays_away(_room: Courtroom, _: Random) -> None:
    return None


def no_show_fine(rules: Parameters) -> float:
    """What a juror loses that reveals no vote."""
    return rules.court.seat_stake * rules.court.no_show_percent / 100


def _bribes(at: Setting, _: Random) -> Episode:
    outcome = at.plays.accused()
    contested = at.plays.tried((True,) * 3 + (False,) * 2)
    return Episode(outcome.coin["renter"], contested.gas["renter"], -contested.coin["donor0"])


def bribe_at_risk(plays: Plays) -> float:
    """What a briber must be able to pay: to each juror of both rounds, what honesty would bring it, and its fine."""
    size = plays.parameters.court.jury_size
    pot = plays.tried((False,) * size).coin["jurors"]
    return (size + 2 * size + 1) * (pot / size + fine(plays))


ATTACKS: Final = (
    Attack(
        "coin flip",
        "juror",
        "votes without looking",
        "who votes against the final verdict is fined",
        "`minority_percent`",
        sits(_flips),
    ),
    Attack(
        "always acquits",
        "juror",
        "votes for whom most contested cases end",
        "the same, as long as enough contested cases are of guilty donors",
        "`minority_percent`, the mix of cases",
        sits(_always_acquits),
    ),
    Attack(
        "no-show",
        "juror",
        "has a seat and does nothing",
        "a larger fine",
        "`no_show_percent`",
        sits(_stays_away),
    ),
    Attack(
        "p + epsilon",
        "anyone",
        "promises jurors their fine and reward back if a false accusation fails; all believe it, so it costs nothing",
        "nothing but how much must be shown to be at risk",
        "`seat_stake`, `minority_percent`",
        _bribes,
        verdict="not stopped",
    ),
)

HONEST: Final = Attack(
    "honest juror", "juror", "looks at the evidence", "", "`court.min_bond`, `court.bond_percent`", sits_honestly
)
