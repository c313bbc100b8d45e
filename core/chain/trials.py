"""The contract Trials, as a donor that answers and a renter that challenges need it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from eth_abi.abi import encode
from eth_hash.auto import keccak

from core.chain.events import decoded, topic_of
from core.chain.purse import Purse
from core.chain.suite import Connection, encoded, uint, word
from core.chain.terms import deal_tuple
from core.errors import TransactionFailed
from core.model import Address, Agreement, Amount, SignedAcceptance

_TRIAL: Final = "(bytes32,uint32,address,address,address,uint128,uint64,bytes32,uint64)"
FIELDS: Final = (
    "lease",
    "index",
    "donor",
    "renter",
    "challenger",
    "seized",
    "openedAt",
    "dataRoot",
    "chunks",
)
LOOK_BACK_BLOCKS: Final = 100_000
_OVERLAP_BLOCKS: Final = 64
_BLOCKS_A_QUERY: Final = 5000
_NO_DATA: Final = bytes(32)

Trial = tuple[Any, ...]
"""ITrials.Trial, as the contract takes it."""


class Trials:
    """Trials seen from one wallet."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._purse = Purse(connection)
        self._next_block: int | None = None
        self._waiting: dict[bytes, Trial] = {}

    async def answer_all(self) -> int:
        """Answer every open challenge to our liveness; how many there were. Raises ChainUnavailable.

        One that cannot be answered any more, or was answered meanwhile, is passed over.
        """
        for trial in await self._opened_against_us():
            self._waiting[_id(trial)] = trial
        answered = 0
        for name, trial in list(self._waiting.items()):
            if not await self._is_open(trial) or trial[FIELDS.index("dataRoot")] != _NO_DATA:
                del self._waiting[name]
                continue
            try:
                await self._connection.transact(self._contract, encoded(self._contract, "answer", trial))
                answered += 1
            except TransactionFailed:
                if await self._is_open(trial) and await self._connection.now() <= await self._until(trial):
                    raise
            del self._waiting[name]
        return answered

    async def challenge(self, agreement: Agreement, index: int, accepted: SignedAcceptance) -> Trial:
        """Demand an answer of a share's donor, against a bond; the trial, for `conclude`.

        Raises NotEnoughCoin, TransactionFailed.
        """
        deal = deal_tuple(agreement, index, accepted)
        await self._purse.spend(await self.bond(agreement.shares[index].penalty))
        block = await self._connection.transact(self._contract, encoded(self._contract, "challenge", deal))
        donor = agreement.shares[index].donor
        found = await self._opened(donor, block, block)
        return next(one for one in found if one[0] == word(agreement.lease) and one[1] == index)

    async def conclude(self, trial: Trial) -> None:
        """Convict a donor that did not answer in time. Raises TransactionFailed."""
        await self._connection.transact(self._contract, encoded(self._contract, "conclude", trial))

    @property
    def _contract(self) -> Any:
        return self._connection.trials

    async def bond(self, penalty: Amount) -> Amount:
        """What a challenge costs the challenger if it is answered."""
        return Amount(uint(await self._connection.view(self._contract, "bondOf", penalty)))

    async def _is_open(self, trial: Trial) -> bool:
        return bool(await self._connection.view(self._contract, "isOpen", trial))

    async def _until(self, trial: Trial) -> int:
        return uint(await self._connection.view(self._contract, "answerableUntil", trial))

    async def _opened_against_us(self) -> list[Trial]:
        head, _ = await asyncio.to_thread(self._connection.node.head)
        # A reorganisation may bring a trial into a block that was read already.
        first = head - LOOK_BACK_BLOCKS if self._next_block is None else self._next_block - _OVERLAP_BLOCKS
        found = await self._opened(self._connection.address, max(self._connection.suite.first_block, first), head)
        self._next_block = head + 1
        return found

    async def _opened(self, donor: Address, first: int, last: int) -> list[Trial]:
        event = self._contract.events.TrialOpened()
        topics: Sequence[str | None] = [str(event.topic), None, None, topic_of(donor)]
        found = []
        for at in range(first, last + 1, _BLOCKS_A_QUERY):
            until = min(last, at + _BLOCKS_A_QUERY - 1)
            logs = await asyncio.to_thread(self._connection.node.logs, self._contract, topics, at, until)
            found += [_trial(decoded(event, log, self._connection.suite.trials)["trial"]) for log in logs]
        return found


def _trial(fields: Mapping[str, Any]) -> Trial:
    return tuple(fields[name] for name in FIELDS)


def _id(trial: Trial) -> bytes:
    return keccak(encode([_TRIAL], [trial]))
