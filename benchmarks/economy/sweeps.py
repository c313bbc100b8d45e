"""One parameter at a time: from which value on an attack no longer pays, all else as recommended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from benchmarks.economy import donors, jurors, renters
from benchmarks.economy.attack import Attack, Result, Setting, tried
from benchmarks.economy.parameters import DAY_S, HOUR_S, SHIPPED, Parameters, World
from benchmarks.economy.plays import Plays
from core.chain.deployment import CourtRules
from core.model import COIN_UNIT

_GWEI_OF_CLASSIC: Final = World().gas_price

ALL: Final[Sequence[Attack]] = (*renters.ATTACKS, *donors.ATTACKS, *jurors.ATTACKS)
_NAMED: Final = {attack.name: attack for attack in (*ALL, jurors.HONEST)}


@dataclass(frozen=True)
class Sweep:
    """Values of one parameter, each with its label and where it leads, and the attacks that it decides."""

    parameter: str
    attacks: tuple[str, ...]
    values: tuple[tuple[str, Parameters, World], ...]
    hostile: float = 1 / 3


def _rules(label: str, changed: Parameters) -> tuple[str, Parameters, World]:
    return label, changed, World()


def _court(label: str, court: CourtRules, base: Parameters = SHIPPED) -> tuple[str, Parameters, World]:
    return _rules(label, replace(base, court=court))


_COURT: Final = SHIPPED.court
_WEEK: Final = replace(SHIPPED, lease_s=7 * DAY_S)
PENALTIES: Final = (20, 50, 100, 175, 250)
FRAUDS: Final = (
    "fake machine",
    "inflated capacity",
    "oversold seats",
    "vanishes",
    "never starts, retires",
    "leaves for more",
)

SWEEPS: Final = (
    Sweep(
        "penalty, percent of the cap",
        FRAUDS,
        tuple(_rules(f"{percent}", replace(SHIPPED, penalty_percent=percent)) for percent in PENALTIES),
    ),
    Sweep(
        "`trials.bond_percent`",
        ("challenge to a sleeper", "challenge spam", "bait"),
        tuple(
            _rules(f"{percent}", replace(SHIPPED, trials=replace(SHIPPED.trials, bond_percent=percent)))
            for percent in (0, 2, 10, 50)
        ),
    ),
    Sweep(
        "time to contest, a lease of a week",
        ("accusing the absent",),
        tuple(_court(f"{days} d", replace(_COURT, contest_s=days * DAY_S), _WEEK) for days in (3, 14)),
        hostile=0.0,
    ),
    Sweep(
        "`court.bond_percent`, a lease of a week",
        ("false accusation",),
        tuple(_court(f"{percent}", replace(_COURT, bond_percent=percent), _WEEK) for percent in (1, 20)),
    ),
    Sweep(
        "fine of the minority, percent of a seat",
        ("honest juror", "coin flip", "always acquits"),
        tuple(
            _court(f"{percent}", replace(_COURT, minority_percent=percent, no_show_percent=2 * percent))
            for percent in (2, 20)
        ),
    ),
    Sweep(
        "grace",
        ("close on a sleeper",),
        tuple(
            _rules(label, replace(SHIPPED, grace_s=grace_s))
            for label, grace_s in (("15 min", 900), ("12 h", 12 * HOUR_S), ("2 d", 2 * DAY_S), ("7 d", 7 * DAY_S))
        ),
    ),
    Sweep(
        "length of the lease",
        ("challenge to a sleeper", "false accusation", "never starts, retires"),
        tuple(
            _rules(label, replace(SHIPPED, lease_s=lease_s))
            for label, lease_s in (("2 h", 2 * HOUR_S), ("1 d", DAY_S), ("7 d", 7 * DAY_S))
        ),
    ),
    Sweep(
        "price of gas, coin for a million",
        ("fake machine", "never starts, retires", "free ride", "early close"),
        tuple(
            (
                f"{times * _GWEI_OF_CLASSIC / COIN_UNIT * 10**6:g}",
                SHIPPED,
                World(gas_price=_GWEI_OF_CLASSIC * times),
            )
            for times in (0, 1, 10, 100, 300)
        ),
    ),
    Sweep(
        "how many wronged renters accuse",
        ("fake machine", "never starts, retires", "leaves for more"),
        tuple((f"{accuses:.0%}", SHIPPED, World(accuses=accuses)) for accuses in (0.05, 0.1, 0.25, 0.5, 1.0)),
    ),
)


@dataclass(frozen=True)
class Swept:
    """What a sweep found: for each value and attack, in the order of `sweep`."""

    sweep: Sweep
    results: tuple[tuple[Result, ...], ...]


def swept(sweep: Sweep, plays: Callable[[Parameters], Plays], *, runs: int, seed: int) -> Swept:
    """Plays each attack of `sweep` at each value."""
    results = []
    for _, parameters, world in sweep.values:
        setting = Setting(plays(parameters), world, sweep.hostile)
        results.append(tuple(tried(_NAMED[name], setting, runs=runs, seed=seed) for name in sweep.attacks))
    return Swept(sweep, tuple(results))
