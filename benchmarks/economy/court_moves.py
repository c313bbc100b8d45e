"""What people do at the court, each a transaction on the stage."""

from collections.abc import Sequence
from typing import Final

from eth_abi.abi import encode
from eth_hash.auto import keccak

from benchmarks.economy.stage import Lease, Person, Stage
from core.chain import merkle
from core.chain.terms import share_tuple, terms_tuple

_EVIDENCE: Final = bytes(32)
_SALT: Final = b"\1" * 32
_BLOCKS_TO_DRAW: Final = 6
_APPEAL_PLACES_FROM: Final = 16


def seat(stage: Stage, pool: Person, count: int) -> None:
    """`pool` takes `count` more seats, bought with new coin."""
    stage.endow(pool, stake=count * stage.parameters.court.seat_stake)
    stage.do(pool, stage.court, "enroll", count)
    pool.gas = 0
    stage.wait(60, blocks=1)


def case_id(lease: Lease, index: int = 0) -> bytes:
    """The name of the case over a share."""
    return keccak(encode(["bytes32", "uint32"], [lease.word, index]))


def accuse(stage: Stage, renter: Person, lease: Lease, index: int = 0) -> None:
    """The renter says that the donor did not do what it sold."""
    proof = merkle.proof([merkle.leaf(share) for share in lease.shares], index)
    share = (share_tuple(lease.shares[index]), proof, lease.acceptances[index])
    stage.do(renter, stage.court, "accuse", terms_tuple(lease.terms), *share, _EVIDENCE)


def contest(stage: Stage, donor: Person, lease: Lease, index: int = 0) -> None:
    """The donor wants a jury."""
    stage.do(donor, stage.court, "contest", case_id(lease, index))


def uphold(stage: Stage, person: Person, lease: Lease, index: int = 0) -> None:
    """The donor lets the time to contest pass, and somebody says so."""
    stage.wait(stage.parameters.court.contest_s + 1)
    stage.do(person, stage.court, "uphold", terms_tuple(lease.terms), index)


def appeal(stage: Stage, person: Person, lease: Lease, index: int = 0) -> None:
    """The loser wants a larger jury."""
    stage.do(person, stage.court, "appeal", terms_tuple(lease.terms), index)


def vote(
    stage: Stage, clerk: Person, pool: Person, lease: Lease, votes: Sequence[bool | None], *, appealed: bool = False
) -> None:
    """A jury is drawn by `clerk` out of the seats of `pool`, and votes, place by place; None stays away."""
    case, terms = case_id(lease), terms_tuple(lease.terms)
    stage.wait(60, blocks=_BLOCKS_TO_DRAW)
    stage.do(clerk, stage.court, "draw", terms, 0)
    first = _APPEAL_PLACES_FROM if appealed else 0
    cast = [(first + place, said, _SALT) for place, said in enumerate(votes) if said is not None]
    for place, said, salt in cast:
        sealed = keccak(encode(["bytes32", "uint8", "bool", "bytes32"], [case, place, said, salt]))
        stage.do(pool, stage.court, "commit", case, place, sealed)
    stage.wait(stage.parameters.court.commit_s + 1)
    if cast:
        stage.do(pool, stage.court, "reveal", case, cast)
    stage.wait(stage.parameters.court.reveal_s + 1)


def settle(stage: Stage, person: Person, lease: Lease) -> None:
    """Nobody appeals any more, and everybody gets what is due."""
    stage.wait(stage.parameters.court.appeal_s + 1)
    stage.do(person, stage.court, "settle", terms_tuple(lease.terms), 0)
