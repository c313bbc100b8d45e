"""What people do at the trials, each a transaction on the stage."""

from typing import Any

from benchmarks.economy.stage import Lease, Person, Stage
from core.chain import merkle
from core.chain.terms import share_tuple, terms_tuple

Trial = tuple[Any, ...]


def deal(lease: Lease, index: int = 0) -> tuple[Any, ...]:
    """ITrials.Deal: a share with all that shows that its donor accepted it."""
    proof = merkle.proof([merkle.leaf(share) for share in lease.shares], index)
    return (terms_tuple(lease.terms), share_tuple(lease.shares[index]), proof, lease.acceptances[index])


def challenge(stage: Stage, challenger: Person, donor: Person, renter: Person, lease: Lease, index: int = 0) -> Trial:
    """Somebody doubts that the donor is there; the trial."""
    opened_at = stage.time
    stage.do(challenger, stage.trials, "challenge", deal(lease, index))
    seized = lease.shares[index].penalty
    parties = (donor.account, renter.account, challenger.account)
    return (lease.word, index, *parties, seized, opened_at, bytes(32), 0)


def answer(stage: Stage, donor: Person, trial: Trial) -> None:
    """The donor is there."""
    stage.do(donor, stage.trials, "answer", trial)


def conclude(stage: Stage, person: Person, trial: Trial) -> None:
    """The time to answer passes, and somebody says so."""
    stage.wait(stage.parameters.trials.answer_s + 1)
    stage.do(person, stage.trials, "conclude", trial)


def convict_double_sale(stage: Stage, challenger: Person, one: tuple[Lease, int], other: tuple[Lease, int]) -> None:
    """Two acceptances of one donor over one seat at one time are shown."""
    stage.do(challenger, stage.trials, "convictDoubleSale", deal(*one), deal(*other))
