"""The economy's bookkeeping: whatever is played, no unit comes from nowhere, and signs turn where they should."""

from dataclasses import replace

import pytest

from benchmarks.economy.attack import Attack, Setting, tried
from benchmarks.economy.parameters import SHIPPED, World
from benchmarks.economy.plays import Plays
from benchmarks.economy.sweeps import ALL
from core.chain.artifact import load
from core.model import Amount

G, N = True, False


@pytest.fixture(scope="module")
def plays() -> Plays:
    return Plays(SHIPPED, load)


@pytest.fixture(scope="module")
def lenient() -> Plays:
    return Plays(replace(SHIPPED, penalty_percent=10), load)


def _attack(name: str) -> Attack:
    return next(attack for attack in ALL if attack.name == name)


def test_an_honest_lease_pays_each_donor_its_cap_out_of_the_renters_coin(plays: Plays) -> None:
    cap = SHIPPED.cap

    outcome = plays.served(workers=2)

    assert outcome.coin["renter"] == -2 * cap
    assert outcome.coin["donor0"] == outcome.coin["donor1"] == cap
    assert outcome.burned == outcome.left == 0


@pytest.mark.parametrize(("by", "answered"), [("renter", True), ("donor2", False)])
def test_a_challenge_conserves_coin_to_the_unit(plays: Plays, by: str, answered: bool) -> None:
    outcome = plays.challenged(by, answered=answered)

    assert sum(outcome.coin.values()) + outcome.burned == 0
    assert outcome.left == 0
    assert outcome.coin["donor0"] == (
        max(SHIPPED.trials.min_bond, SHIPPED.penalty * SHIPPED.trials.bond_percent // 100)
        if answered
        else -SHIPPED.penalty
    )
    assert (outcome.burned == 0) == answered


@pytest.mark.parametrize(
    ("first", "second"),
    [((G, N, N, N, None), ()), ((G, G, G, N, N), (G,) * 3 + (N,) * 8)],
    ids=["acquitted, with a no-show", "acquitted on appeal"],
)
def test_a_case_conserves_coin_to_the_unit_and_pays_jurors(
    plays: Plays, first: tuple[bool | None, ...], second: tuple[bool | None, ...]
) -> None:
    outcome = plays.tried(first, second)

    assert sum(outcome.coin.values()) + outcome.burned == 0
    assert outcome.left == 0
    assert outcome.coin["jurors"] > 0


def test_whoever_slashes_itself_loses_what_is_burned(plays: Plays) -> None:
    outcome = plays.slashed_itself(quoted=True)

    burned = SHIPPED.penalty * SHIPPED.trials.burn_percent // 100
    assert sum(outcome.coin.values()) == -outcome.burned
    assert outcome.burned == pytest.approx(burned, abs=2)


def test_the_same_seed_gives_the_same_figures(plays: Plays) -> None:
    setting = Setting(plays, World(), 0.2)

    first, second, other = (tried(_attack("close on a sleeper"), setting, runs=50, seed=seed) for seed in (7, 7, 8))

    assert first == second != other


@pytest.mark.parametrize("name", ["oversold seats", "vanishes", "own bounty"])
def test_a_fraud_pays_under_a_small_penalty_and_not_under_the_recommended_one(
    plays: Plays, lenient: Plays, name: str
) -> None:
    tempted, deterred = (tried(_attack(name), Setting(one, World(), 0.0), runs=1, seed=1) for one in (lenient, plays))

    assert tempted.pays
    assert deterred.profit < 0


def test_a_bait_pays_where_the_bond_of_a_trial_is_more_than_an_honest_donor_earns(plays: Plays) -> None:
    dear = Plays(replace(SHIPPED, trials=replace(SHIPPED.trials, min_bond=Amount(2 * SHIPPED.cap))), load)

    tempted, deterred = (tried(_attack("bait"), Setting(one, World(), 0.0), runs=1, seed=1) for one in (dear, plays))

    assert tempted.pays
    assert not deterred.pays
