"""What is on trial and before the court of late, read from the chain's events.

Contracts keep hashes and parties; what a call needs beside them stands in the event that opened the trial or the case.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.chain.deployment import CourtRules, TrialRules
from core.chain.events import decoded
from core.chain.suite import Connection, address, odd, uint, uints
from core.chain.trials import FIELDS, LOOK_BACK_BLOCKS, Trial
from core.errors import InvalidInput, NotFound
from core.model import Address, Amount, LeaseId, Terms

_BLOCKS_A_QUERY: Final = 5000
_OUTCOMES: Final = ("answered", "proven", "convicted")
_TERMS: Final = ("renter", "session", "root", "deposit", "endsAt", "graceS", "salt")


@dataclass(frozen=True, slots=True)
class OpenedTrial:
    """A trial: its name, what it is about, and `state`: "open", "answered", "proven" or "convicted".

    The donor can answer until `until`, inclusive; 0 where it is over, or its time has not begun.
    """

    trial: str
    lease: LeaseId
    index: int
    donor: Address
    renter: Address
    challenger: Address
    seized: Amount
    opened_at: int
    stored: bool
    state: str
    until: int


@dataclass(frozen=True, slots=True)
class Accusation:
    """A case as it was opened: the terms and the share it is about, the accused, and the hash of the evidence."""

    case: str
    terms: Terms
    index: int
    donor: Address
    seized: Amount
    evidence: str


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat of ours in the pool of jurors; `duties` is how many open cases it sits on."""

    seat: int
    leaving: bool
    duties: int


class Docket:
    """Trials and cases of the last hundred thousand blocks. Every method raises ChainUnavailable."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def trial_rules(self) -> TrialRules:
        """What trials go by."""
        rules = uints(await self._connection.view(self._connection.trials, "rules"), 6)
        names = TrialRules.__dataclass_fields__
        return TrialRules(**dict(zip(names, rules, strict=True)))  # type: ignore[arg-type]  # Amount is an int

    async def court_rules(self) -> CourtRules:
        """What the court goes by."""
        rules = uints(await self._connection.view(self._connection.court, "rules"), 13)
        names = CourtRules.__dataclass_fields__
        return CourtRules(**dict(zip(names, rules, strict=True)))  # type: ignore[arg-type]  # Amount is an int

    async def trials(self) -> tuple[OpenedTrial, ...]:
        """Every trial that we are a party of, the oldest first."""
        me, found = self._connection.address, []
        async for name, trial in self._opened():
            one = await self._drawn(name, trial)
            if me in (one.donor, one.renter, one.challenger):
                found.append(one)
        return tuple(found)

    async def trial(self, name: str) -> tuple[OpenedTrial, Trial]:
        """The trial that `name` is the name of, or alone begins so, and what calls bring.

        Raises NotFound, InvalidInput.
        """
        found = [(one, trial) async for one, trial in self._opened() if one.startswith(name)]
        if not found:
            raise NotFound(f"There is no trial {name}.", "See them with `sparecloud trial list`.")
        if len(found) > 1:
            raise InvalidInput(f"Several trials begin with {name}.", "Name more of it.")
        return await self._drawn(*found[0]), found[0][1]

    async def described(self, trial: Trial) -> OpenedTrial:
        """The trial that calls bring, as it stands. Raises NotFound."""
        async for name, opened in self._opened():
            if opened == trial:
                return await self._drawn(name, opened)
        raise NotFound("There is no such trial.", "See them with `sparecloud trial list`.")

    async def accusations(self) -> tuple[Accusation, ...]:
        """Every accusation, the oldest first."""
        event = self._connection.court.events.Accused()
        return tuple([_accusation(fields) async for fields in self._fields(event, [], self._connection.court)])

    async def accusation(self, name: str) -> Accusation:
        """How the case began that `name` is the name of, or alone begins so. Raises NotFound, InvalidInput."""
        found = [one for one in await self.accusations() if one.case.startswith(name)]
        if not found:
            raise NotFound(f"The court knows no case {name}.", "See them with `sparecloud court show`.")
        if len(found) > 1:
            raise InvalidInput(f"Several cases begin with {name}.", "Name more of it.")
        return found[0]

    async def seats(self) -> tuple[Seat, ...]:
        """Our seats in the pool of jurors, whenever they were taken."""
        me, contract = self._connection.address, self._connection.court
        pool, _ = uints(await self._connection.view(contract, "pool"), 2)
        found = []
        for number in range(pool):
            match await self._connection.view(contract, "seatOf", number):
                case [juror, _, leaving_at, duties, *_]:
                    if address(juror) == me:
                        found.append(Seat(number, uint(leaving_at) > 0, uint(duties)))
                case _:
                    raise odd()
        return tuple(found)

    async def _opened(self) -> AsyncIterator[tuple[str, Trial]]:
        event = self._connection.trials.events.TrialOpened()
        async for fields in self._fields(event, [], self._connection.trials):
            yield _name(fields["trialId"]), tuple(fields["trial"][name] for name in FIELDS)

    async def _drawn(self, name: str, trial: Trial) -> OpenedTrial:
        lease, index, donor, renter, challenger, seized, opened_at, _, chunks = trial
        contract, state, until = self._connection.trials, "open", 0
        if await self._connection.view(contract, "isOpen", trial):
            until = uint(await self._connection.view(contract, "answerableUntil", trial))
        else:
            state = await self._outcome(name)
        return OpenedTrial(
            name,
            LeaseId("0x" + bytes(lease).hex()),
            uint(index),
            Address(str(donor).lower()),
            Address(str(renter).lower()),
            Address(str(challenger).lower()),
            Amount(uint(seized)),
            uint(opened_at),
            bool(chunks),
            state,
            until,
        )

    async def _outcome(self, name: str) -> str:
        event = self._connection.trials.events.TrialEnded()
        async for fields in self._fields(event, [name], self._connection.trials):
            outcome = uint(fields["outcome"])
            if outcome < len(_OUTCOMES):
                return _OUTCOMES[outcome]
        raise odd()

    async def _fields(self, event: Any, topics: Sequence[str], contract: Any) -> AsyncIterator[Any]:
        """The arguments of `event` in the latest blocks, the oldest first."""
        head, _ = await asyncio.to_thread(self._connection.node.head)
        at = Address(str(contract.address).lower())
        for first in range(max(self._connection.suite.first_block, head - LOOK_BACK_BLOCKS), head + 1, _BLOCKS_A_QUERY):
            last = min(head, first + _BLOCKS_A_QUERY - 1)
            wanted = [str(event.topic), *topics]
            for log in await asyncio.to_thread(self._connection.node.logs, contract, wanted, first, last):
                yield decoded(event, log, at)


def _name(trial_id: int) -> str:
    return f"0x{uint(trial_id):064x}"


def _accusation(fields: Any) -> Accusation:
    renter, session, root, deposit, ends_at, grace_s, salt = (fields["terms"][name] for name in _TERMS)
    terms = Terms(
        renter=Address(str(renter).lower()),
        session=Address(str(session).lower()),
        root="0x" + bytes(root).hex(),
        deposit=Amount(uint(deposit)),
        ends_at=uint(ends_at),
        grace_s=uint(grace_s),
        salt="0x" + bytes(salt).hex(),
    )
    return Accusation(
        case="0x" + bytes(fields["caseId"]).hex(),
        terms=terms,
        index=uint(fields["index"]),
        donor=Address(str(fields["donor"]).lower()),
        seized=Amount(uint(fields["seized"])),
        evidence="0x" + bytes(fields["evidence"]).hex(),
    )
