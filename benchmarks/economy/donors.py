"""What donors can try."""

from random import Random
from typing import Final

from benchmarks.economy.attack import Attack, Episode, Setting, differs


def _judged(at: Setting, chance: Random, how_often: float) -> Episode:
    """What a guilty donor and its friends on the jury win or lose by a renter that goes to court, if it does."""
    room = at.courtroom(guilty=True, hostile_guilty=False)
    if chance.random() >= how_often or room.accusation(0) <= 0:
        return Episode(0, 0, 0)
    result = room.sample(chance)
    loss = result.renter_gas * at.world.gas_price - result.renter
    return Episode(result.donor + result.hostile_jurors, result.donor_gas + result.hostile_gas, loss)


def _after(gain: float, gas: float, loss: float, sentence: Episode) -> Episode:
    return Episode(gain + sentence.profit, gas + sentence.gas, loss + sentence.loss)


def _fakes_a_machine(at: Setting, chance: Random) -> Episode:
    paid = at.rules.rate * at.world.noticed_after_s
    return _after(paid, at.plays.served().gas["donor0"], paid, _judged(at, chance, at.world.accuses))


def _idles(at: Setting, chance: Random) -> Episode:
    p, world = at.rules, at.world
    paid = p.rate * world.noticed_after_s
    return _after(paid - p.cap * (1 - world.serving_cost), 0, paid, _judged(at, chance, world.accuses))


def _has_nothing_to_lose(at: Setting, _: Random) -> Episode:
    paid = at.rules.rate * at.world.noticed_after_s
    return Episode(paid, at.plays.served().gas["donor0"], paid)


def _inflates(at: Setting, chance: Random) -> Episode:
    one = _after(at.rules.cap, 0, at.rules.cap, _judged(at, chance, at.world.suspects))
    return _after(one.profit, one.gas, one.loss, _judged(at, chance, at.world.suspects))


def _forgets_a_tenth(at: Setting, chance: Random) -> Episode:
    saved = at.rules.cap * at.world.serving_cost / 10
    caught = chance.random() >= 0.9**at.rules.trials.samples
    if not caught or chance.random() >= at.world.suspects:
        return Episode(saved, 0, 0)
    outcome = at.plays.challenged("renter", answered=False)
    return Episode(saved + outcome.coin["donor0"], 0, -outcome.coin["renter"])


def _leaves_for_more(at: Setting, chance: Random) -> Episode:
    p, world = at.rules, at.world
    gas = differs(at.plays.vanished(p.lease_s // 2, retires=True), at.plays.served(), "donor0")[1]
    gain, lost = p.cap * world.better_offer / 2, p.rate * world.idle_s
    return _after(gain, gas, lost, _judged(at, chance, world.accuses))


def _never_starts(at: Setting, chance: Random) -> Episode:
    p, world = at.rules, at.world
    gas = differs(at.plays.vanished(0, retires=True), at.plays.served(), "donor0")[1]
    return _after(p.cap * world.better_offer, gas, p.rate * world.idle_s, _judged(at, chance, world.accuses))


def _vanishes(at: Setting, _: Random) -> Episode:
    outcome, good = at.plays.challenged("renter", answered=False), at.plays.served()
    gain, lost = at.rules.cap * at.world.better_offer, at.rules.rate * at.world.idle_s
    return Episode(gain + outcome.coin["donor0"], differs(outcome, good, "donor0")[1], lost - outcome.coin["renter"])


def _baits(at: Setting, _: Random) -> Episode:
    outcome, quiet = at.plays.challenged("renter", answered=True), at.plays.vanished(0, retires=False)
    coin, gas = differs(outcome, quiet, "donor0")
    honest = at.rules.cap * (1 - at.world.serving_cost)
    lost, burdened = differs(outcome, quiet, "renter")
    return Episode(coin - honest, gas - at.plays.served().gas["donor0"], burdened * at.world.gas_price - lost)


def _sells_twice(at: Setting, _: Random) -> Episode:
    outcome = at.plays.sold_twice("stranger")
    served_half = at.rules.cap - outcome.coin["renter"] - outcome.coin["renter2"]
    return Episode(at.rules.cap + outcome.coin["donor0"], 0, served_half)


def _slashes_itself(at: Setting, _: Random) -> Episode:
    outcome = at.plays.slashed_itself(quoted=True)
    return Episode(sum(outcome.coin.values()), sum(outcome.gas.values()), 0)


def _flees_its_victims(at: Setting, _: Random) -> Episode:
    own = at.plays.slashed_itself(quoted=False)
    victim = at.plays.challenged("renter", answered=False, quoted=False).coin["renter"]
    return Episode(at.rules.penalty + sum(own.coin.values()), sum(own.gas.values()), victim)


def _takes_its_own_bounty(at: Setting, _: Random) -> Episode:
    own, other = at.plays.challenged("donor2", answered=False), at.plays.challenged("renter", answered=False)
    gain = at.rules.cap * at.world.better_offer + own.coin["donor0"] + own.coin["donor2"]
    gas = own.gas["donor2"] - at.plays.served().gas["donor0"]
    return Episode(gain, gas, other.coin["renter"] - own.coin["renter"])


def _begins_anew(at: Setting, _: Random) -> Episode:
    return Episode(0, at.plays.dealt_with_itself().gas["donor2"], 0)


def _retires_too_late(at: Setting, _: Random) -> Episode:
    late, caught = at.plays.retired_under_challenge(), at.plays.challenged("renter", answered=False)
    return Episode(late.coin["donor0"] - caught.coin["donor0"], late.gas["donor0"], 0)


def _retires_first(at: Setting, _: Random) -> Episode:
    p = at.rules
    gas = differs(at.plays.retired_before(), at.plays.served(), "donor0")[1]
    return Episode(p.cap * at.world.better_offer, gas, p.rate * at.world.idle_s)


ATTACKS: Final = (
    Attack(
        "fake machine",
        "donor",
        "registers a worker that does nothing, and has no machine to lose by it",
        "the renter looks into it after ten minutes; the court",
        "penalty, how many accuse",
        _fakes_a_machine,
    ),
    Attack(
        "newcomer",
        "donor",
        "the same without any stake, so that its shares have no penalty",
        "nothing: renters may refuse donors without stake",
        "stake that a renter asks for",
        _has_nothing_to_lose,
    ),
    Attack(
        "lazy",
        "donor",
        "has a machine, but computes nothing",
        "the lease is closed, and the rest of its price is lost; the court",
        "price",
        _idles,
    ),
    Attack(
        "inflated capacity",
        "donor",
        "sells each seat twice over under different seat numbers; both renters get half",
        "the court, where a renter suspects it",
        "penalty, how many suspect",
        _inflates,
    ),
    Attack(
        "forgets a tenth",
        "donor",
        "keeps nine tenths of the data that it stores, challenged a quarter of the time",
        "the trial over storage",
        "`trials.samples`, penalty",
        _forgets_a_tenth,
    ),
    Attack(
        "oversold seats",
        "donor",
        "accepts two leases for the same seats",
        "two acceptances are proof, and anyone who reads the chain has a bounty",
        "penalty, `challenger_percent`, gas price",
        _sells_twice,
    ),
    Attack(
        "vanishes",
        "donor",
        "accepts, goes for a better offer, and answers nobody",
        "the trial over liveness",
        "penalty",
        _vanishes,
    ),
    Attack(
        "never starts, retires",
        "donor",
        "the same, but says on chain that it is done: no trial over liveness is possible",
        "the court alone",
        "penalty, how many accuse",
        _never_starts,
    ),
    Attack(
        "never accused",
        "donor",
        "the same, where the renter does not go to court",
        "nothing",
        "how many accuse",
        _retires_first,
        verdict="not stopped",
    ),
    Attack(
        "leaves for more",
        "donor",
        "serves half, then leaves for a better offer",
        "the court",
        "penalty, how many accuse",
        _leaves_for_more,
    ),
    Attack(
        "bait",
        "donor",
        "never starts, and answers the challenge that its renter is careless enough to make",
        "renters go to court, not to trial, against a donor that can still answer",
        "`trials.bond_percent`",
        _baits,
    ),
    Attack(
        "retires under challenge",
        "donor",
        "sees a challenge, and retires",
        "retiring is no answer",
        "none",
        _retires_too_late,
    ),
    Attack(
        "own bounty",
        "donor",
        "vanishes, and is the challenger itself",
        "the challenger's part is small; the rest is the renter's or burned",
        "`challenger_percent`",
        _takes_its_own_bounty,
    ),
    Attack(
        "self-slashing",
        "donor",
        "is its own renter and challenger, to get at its stake without thawing",
        "a quarter is burned",
        "`trials.burn_percent`",
        _slashes_itself,
    ),
    Attack(
        "flight from victims",
        "donor",
        "about to be seized over plain leases, it slashes itself first and keeps three quarters",
        "`openQuoted` reserves the penalty; plain leases do not",
        "quoted or not",
        _flees_its_victims,
    ),
    Attack(
        "whitewash, self-dealing",
        "donor",
        "pays itself one unit to start the age of a new identity, months ahead",
        "age delays earnings and is no security; what is at stake is the reserved penalty",
        "`hold_period_s`",
        _begins_anew,
        verdict="not stopped; gains only patience",
    ),
)
