"""The contract Court, as a renter that accuses, a donor that contests and a juror need it."""

import secrets
from dataclasses import dataclass, replace
from typing import Final

import msgspec
from eth_abi.abi import encode
from eth_hash.auto import keccak

from core.chain.purse import Purse
from core.chain.suite import Connection, address, encoded, odd, uint, uints, word
from core.chain.terms import deal_tuple, terms_tuple
from core.chain.typed_data import lease_id
from core.errors import InvalidInput, NotFound
from core.model import Address, Agreement, Amount, LeaseId, SignedAcceptance, Terms
from core.ports import Journal

PHASES: Final = (
    "none",
    "accused",
    "uncontested",
    "drawing",
    "committing",
    "revealing",
    "appealable",
    "decided",
    "closed",
)
OUTCOMES: Final = ("open", "guilty", "not guilty", "dismissed")
_VOTES: Final = "votes"
_APPEAL_PLACES: Final = 16


@dataclass(frozen=True, slots=True)
class CaseState:
    """A case as it stands now: words of PHASES and OUTCOMES, who is accused, and how much was seized.

    `appealed` says that the appeal's jury was drawn.
    """

    phase: str
    outcome: str
    donor: Address
    seized: Amount
    appealed: bool
    until: int
    draw_block: int


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote that was committed to; the salt is what reveals it."""

    place: int
    guilty: bool
    salt: str


class Court:
    """The court seen from one wallet. The journal keeps ballots: who loses one cannot reveal it, and is fined."""

    def __init__(self, connection: Connection, journal: Journal) -> None:
        self._connection = connection
        self._contract = connection.court
        self._journal = journal
        self._purse = Purse(connection)

    @staticmethod
    def case_id(lease: LeaseId, index: int) -> str:
        """The name of the case over a share."""
        return "0x" + keccak(encode(["bytes32", "uint32"], [word(lease), index])).hex()

    async def case(self, case_id: str) -> CaseState:
        """Where a case stands. Raises NotFound."""
        phase = uint(await self._connection.view(self._contract, "phaseOf", word(case_id)))
        if not 0 < phase < len(PHASES):
            raise NotFound(f"The court knows no case {case_id}.", "Its name is printed where it was opened.")
        match await self._connection.view(self._contract, "caseOf", word(case_id)):
            case [donor, seized, _, outcome, juries, until, _, draw_block, *_]:
                return CaseState(
                    PHASES[phase],
                    OUTCOMES[uint(outcome)],
                    address(donor),
                    Amount(uint(seized)),
                    uint(juries) > 1,
                    uint(until),
                    uint(draw_block),
                )
            case _:
                raise odd()

    async def bonds(self, seized: Amount) -> tuple[Amount, Amount]:
        """What an accusation or a contest over `seized` costs as a bond, and an appeal."""
        bond, appeal = uints(await self._connection.view(self._contract, "bondsOf", seized), 2)
        return Amount(bond), Amount(appeal)

    async def accuse(self, agreement: Agreement, index: int, accepted: SignedAcceptance, evidence: bytes) -> str:
        """Accuse a share's donor, against a bond; the case's name.

        `evidence` is what jurors will be shown: its hash goes on chain. Raises NotEnoughCoin, TransactionFailed.
        """
        bond, _ = await self.bonds(agreement.shares[index].penalty)
        await self._purse.spend(bond)
        await self._transact("accuse", *deal_tuple(agreement, index, accepted), keccak(evidence))
        return self.case_id(agreement.lease, index)

    async def contest(self, case_id: str) -> None:
        """Call for a jury, as the accused donor, against an equal bond."""
        bond, _ = await self.bonds((await self.case(case_id)).seized)
        await self._purse.spend(bond)
        await self._transact("contest", word(case_id))

    async def uphold(self, terms: Terms, index: int) -> None:
        """Convict a donor that did not contest in time."""
        await self._transact("uphold", terms_tuple(terms), index)

    async def draw(self, terms: Terms, index: int) -> None:
        """Draw the jury once its block is known."""
        await self._transact("draw", terms_tuple(terms), index)

    async def appeal(self, terms: Terms, index: int) -> None:
        """Call for a larger jury, as the party that lost, against a larger bond."""
        case_id = self.case_id(lease_id(self._connection.domain, terms), index)
        _, bond = await self.bonds((await self.case(case_id)).seized)
        await self._purse.spend(bond)
        await self._transact("appeal", terms_tuple(terms), index)

    async def settle(self, terms: Terms, index: int) -> None:
        """Close a decided case."""
        await self._transact("settle", terms_tuple(terms), index)

    async def enroll(self, count: int) -> None:
        """Take seats in the pool that juries are drawn from, out of the wallet's bonded stake."""
        await self._transact("enroll", count)

    async def resign(self, seat: int) -> None:
        """Ask to leave the pool."""
        await self._transact("resign", seat)

    async def vacate(self, seat: int) -> None:
        """Free the stake of a seat that left the pool."""
        await self._transact("vacate", seat)

    async def places(self, case_id: str) -> tuple[int, ...]:
        """Our places on the jury that votes now; empty where we do not sit on it."""
        appealed = (await self.case(case_id)).appealed
        seats = await self._connection.view(self._contract, "juryOf", word(case_id), int(appealed))
        ours = []
        if not isinstance(seats, list | tuple):
            raise odd()
        for place, seat in enumerate(seats):
            match await self._connection.view(self._contract, "seatOf", uint(seat)):
                case [juror, *_] if address(juror) == self._connection.address:
                    ours.append(place + (_APPEAL_PLACES if appealed else 0))
                case [_, *_]:
                    pass
                case _:
                    raise odd()
        return tuple(ours)

    async def commit(self, case_id: str, *, guilty: bool) -> int:
        """Commit to a vote at each of our places; how many. The ballots are kept before anything is sent.

        Raises InvalidInput where we do not sit on the jury.
        """
        places = await self.places(case_id)
        if not places:
            raise InvalidInput("This wallet does not sit on the jury.", "Only jurors that were drawn may vote.")
        for place in places:
            # One salt a place, whatever the vote: where this is sent twice, or not at all, the ballot that is kept
            # still fits what the chain has, and can be revealed.
            kept = self._kept(case_id, place)
            ballot = Ballot(place, guilty, kept.salt if kept is not None else "0x" + secrets.token_hex(32))
            self._journal.put(_VOTES, f"{case_id}/{place}", msgspec.json.encode(ballot))
            await self._transact("commit", word(case_id), place, commitment(case_id, ballot))
        return len(places)

    async def reveal(self, case_id: str) -> int:
        """Reveal the ballots kept for the jury that votes now; how many. May be repeated.

        Raises NotFound where none is kept.
        """
        ballots = [self._kept(case_id, place) for place in await self.places(case_id)]
        if not any(ballots):
            raise NotFound("No ballot for this case is kept here.", "Reveal where the vote was committed to.")
        votes = [await self._vote(case_id, ballot) for ballot in ballots if ballot is not None]
        open_votes = [vote for vote in votes if vote is not None]
        if open_votes:
            await self._transact("reveal", word(case_id), open_votes)
        return len(open_votes)

    def _kept(self, case_id: str, place: int) -> Ballot | None:
        row = self._journal.get(_VOTES, f"{case_id}/{place}")
        return None if row is None else msgspec.json.decode(row, type=Ballot)

    async def _vote(self, case_id: str, ballot: Ballot) -> tuple[int, bool, bytes] | None:
        """The vote that the chain has a commitment to; None where it was revealed already, or never got there."""
        known = await self._connection.view(self._contract, "commitmentAt", word(case_id), ballot.place)
        for guilty in (ballot.guilty, not ballot.guilty):
            if commitment(case_id, replace(ballot, guilty=guilty)) == known:
                return ballot.place, guilty, word(ballot.salt)
        return None

    async def _transact(self, function: str, *arguments: object) -> None:
        await self._connection.transact(self._contract, encoded(self._contract, function, *arguments))


def commitment(case_id: str, ballot: Ballot) -> bytes:
    """What a juror commits to."""
    values = (word(case_id), ballot.place, ballot.guilty, word(ballot.salt))
    return keccak(encode(["bytes32", "uint8", "bool", "bytes32"], values))
