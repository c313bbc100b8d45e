"""What renters, and strangers beside them, can try."""

from random import Random
from typing import Final

from benchmarks.economy.attack import Attack, Episode, Move, Setting, differs
from benchmarks.economy.parameters import DAY_S, HOUR_S
from core.donor_mail import HOLD_S
from core.lease.serving import REDEEM_EVERY_S, START_PATIENCE_S
from core.model import MAX_SHARES


def _skips_the_last_payment(at: Setting, _: Random) -> Episode:
    p = at.rules
    good = at.plays.served(workers=p.workers)
    bad = at.plays.served(workers=p.workers, unpaid_s=2 * p.interval_s)
    profit, gas = differs(bad, good, "renter")
    return Episode(profit, gas, profit)


def _rides_free(at: Setting, _: Random) -> Episode:
    opened = at.plays.served(unpaid_s=at.rules.lease_s, quoted=False)
    worth = MAX_SHARES * at.rules.rate * START_PATIENCE_S
    return Episode(worth + opened.coin["renter"], opened.gas["renter"], worth)


def _closes_at_once(at: Setting, _: Random) -> Episode:
    bad = at.plays.closed_early(60, redeemed_s=60)
    idle = at.rules.rate * at.world.idle_s + bad.gas["donor0"] * at.world.gas_price
    return Episode(bad.coin["renter"] + at.rules.rate * 60, bad.gas["renter"], idle)


def _closes_on_a_sleeper(at: Setting, chance: Random) -> Episode:
    p, world = at.rules, at.world
    sleeps = chance.expovariate(1 / world.presence_s) < p.lease_s and chance.random() < world.still_absent(p.grace_s)
    if not sleeps:
        return Episode(0, 0, 0)
    redeemed = at.plays.closed_early(HOUR_S, redeemed_s=HOUR_S).coin["donor0"]
    missed = redeemed - at.plays.closed_early(HOUR_S, redeemed_s=0).coin["donor0"]
    lost = missed * chance.uniform(0, min(REDEEM_EVERY_S, p.lease_s)) / HOUR_S
    return Episode(lost, 0, lost)


def _drains_its_escrow(at: Setting, _: Random) -> Episode:
    good, bad = at.plays.served(), at.plays.drained()
    together = bad.coin["renter"] + bad.coin["renter2"] - good.coin["renter"]
    gas = bad.gas["renter"] + bad.gas["renter2"] - good.gas["renter"]
    return Episode(together, gas, good.coin["donor0"] - bad.coin["donor0"])


def _spams_proposals(at: Setting, _: Random) -> Episode:
    return Episode(0, 0, at.rules.rate * HOLD_S)


def challenges(by: str) -> Move:
    """Somebody challenges a donor in the middle of a lease whenever the renter sees it fall silent."""

    def episode(at: Setting, chance: Random) -> Episode:
        away = at.world.still_absent(at.rules.trials.answer_s)
        outcome = at.plays.challenged(by, answered=chance.random() >= away)
        quiet = at.plays.vanished(0, retires=False)
        profit, gas = differs(outcome, quiet, by)
        lost, burdened = differs(outcome, quiet, "donor0")
        return Episode(profit, gas, burdened * at.world.gas_price - lost)

    return episode


def accuses(seen_s: float | None) -> Move:
    """A false accusation: of a donor that has been away for `seen_s`, or, with None, of one that is there."""

    def episode(at: Setting, chance: Random) -> Episode:
        away = 0.0 if seen_s is None else at.world.still_absent(at.rules.court.contest_s, seen_s=seen_s)
        result = at.courtroom(guilty=False, hostile_guilty=True).sample(chance, absent=away)
        gas = result.renter_gas + result.hostile_gas
        return Episode(result.renter + result.hostile_jurors, gas, result.donor_gas * at.world.gas_price - result.donor)

    return episode


def _accuses_the_poor(at: Setting, _: Random) -> Episode:
    outcome, quiet = at.plays.accused(), at.plays.vanished(0, retires=False)
    profit, gas = differs(outcome, quiet, "renter")
    return Episode(profit, gas, -outcome.coin["donor0"])


def _claims_first(at: Setting, _: Random) -> Episode:
    good, bad = at.plays.served(), at.plays.claimed_by_a_stranger()
    return Episode(bad.coin["stranger"], bad.gas["stranger"], good.coin["donor0"] - bad.coin["donor0"])


ATTACKS: Final = (
    Attack(
        "skipped payment",
        "renter",
        "signs nothing for the last two intervals",
        "a donor stops after two unpaid intervals",
        "`interval_s`",
        _skips_the_last_payment,
    ),
    Attack(
        "free ride",
        "renter",
        f"opens plain leases with {MAX_SHARES} donors, never signs, and starts over",
        "a donor waits 45 s for its first voucher, no longer",
        "`START_PATIENCE_S`, gas price",
        _rides_free,
    ),
    Attack(
        "early close",
        "renter",
        "closes a lease after a minute",
        "seconds served are paid; the donor's wait for the next lease is not",
        "gas price",
        _closes_at_once,
    ),
    Attack(
        "close on a sleeper",
        "renter",
        "keeps leases with donors that fall asleep, and lets the grace pass",
        "donors redeem every hour; anyone may claim for them; the grace",
        "`grace_s`",
        _closes_on_a_sleeper,
    ),
    Attack(
        "self-owned donor",
        "renter",
        "claims a share of its own first, in full",
        "each share has its cap, and donors check that the deposit covers all caps",
        "caps",
        _drains_its_escrow,
    ),
    Attack(
        "proposal spam",
        "renter",
        f"proposes from fresh keys and never opens: room is held for {HOLD_S} s",
        "nothing: a proposal costs nothing",
        "hold time",
        _spams_proposals,
        verdict="not stopped",
    ),
    Attack(
        "challenge to a sleeper",
        "renter",
        "challenges donors as soon as they fall silent, hoping for a holiday",
        "bond, lost to the donor that wakes up in time",
        "`trials.bond_percent`, `answer_s`",
        challenges("renter"),
    ),
    Attack(
        "challenge spam",
        "stranger",
        "the same, by somebody who only gets the challenger's part",
        "bond, lost to the donor that wakes up in time",
        "`trials.bond_percent`, `challenger_percent`",
        challenges("stranger"),
    ),
    Attack(
        "false accusation",
        "renter",
        "accuses an honest donor that is there; the hostile jurors are its friends",
        "bond, jury, appeal",
        "`court.bond_percent`, `min_bond`",
        accuses(None),
    ),
    Attack(
        "accusing the absent",
        "renter",
        "accuses an honest donor that has been away for three days",
        "bond, time to contest",
        "`court.contest_s`, `min_bond`",
        accuses(3 * DAY_S),
    ),
    Attack(
        "accusing the poor",
        "renter",
        "accuses an honest donor that has too little free coin for the bond of a contest",
        "nothing but a donor that keeps the bond free",
        "`court.min_bond`",
        _accuses_the_poor,
    ),
    Attack(
        "front-run claim",
        "stranger",
        "sends a claim that it saw before its donor does",
        "a claim pays the donor, whoever sends it, and is passed over the second time",
        "none",
        _claims_first,
    ),
)
