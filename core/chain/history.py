"""What a donor earned, from the chain's events; blocks that a reorganisation took away are forgotten again.

The journal keeps every payment and the hashes of some blocks read. Each reading begins at the newest of those blocks
that is still on the chain, and drops what was read in blocks that are not.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from web3.types import LogReceipt

from core.chain.events import decoded, topic_of
from core.chain.suite import Connection, odd, uint
from core.errors import ChainUnavailable
from core.model import Address, Amount, LeaseId
from core.ports import Journal

_EARNINGS: Final = "earnings"
_BLOCKS: Final = "earnings_blocks"
_BLOCKS_A_QUERY: Final = 5000
_BLOCKS_KEPT: Final = 40


@dataclass(frozen=True, slots=True)
class Earning:
    """A share was paid `amount` in `block` at `at` (Unix seconds); `held` of it was bonded as hold-back."""

    lease: LeaseId
    index: int
    amount: Amount
    held: Amount
    block: int
    at: int


class EarningsHistory:
    """The earnings of the connection's wallet, oldest first. One at a time may `sync`."""

    def __init__(self, connection: Connection, journal: Journal) -> None:
        self._connection = connection
        self._journal = journal
        self._event: Any = connection.leases.events.SharePaid()

    def earnings(self) -> tuple[Earning, ...]:
        """All that is known, without asking the chain."""
        rows = self._journal.rows(_EARNINGS)
        return tuple(msgspec.json.decode(rows[key], type=Earning) for key in sorted(rows))

    async def sync(self) -> tuple[Earning, ...]:
        """Read what is new. May be repeated. Raises ChainUnavailable; what was read until then is kept."""
        first = await self._resume()
        head, _ = await asyncio.to_thread(self._connection.node.head)
        topics = [str(self._event.topic), None, topic_of(self._connection.address)]
        for at in range(first, head + 1, _BLOCKS_A_QUERY):
            last = min(head, at + _BLOCKS_A_QUERY - 1)
            before, _ = await asyncio.to_thread(self._connection.node.block, last)
            logs = await asyncio.to_thread(self._connection.node.logs, self._connection.leases, topics, at, last)
            for log in logs:
                await self._keep(log)
            after, _ = await asyncio.to_thread(self._connection.node.block, last)
            if before != after:
                raise _reorganised()
            self._journal.put(_BLOCKS, _key(last), after.encode())
        self._forget_old_blocks()
        return self.earnings()

    async def _resume(self) -> int:
        """The first block to read; what stands in blocks that are no longer on the chain is dropped."""
        resume = self._connection.suite.first_block
        for key, known in sorted(self._journal.rows(_BLOCKS).items(), reverse=True):
            if await self._is_on_chain(int(key), known.decode()):
                resume = int(key) + 1
                break
            self._journal.drop(_BLOCKS, key)
        for key in self._journal.rows(_EARNINGS):
            if int(key.partition("/")[0]) >= resume:
                self._journal.drop(_EARNINGS, key)
        return resume

    async def _is_on_chain(self, number: int, known: str) -> bool:
        head, _ = await asyncio.to_thread(self._connection.node.head)
        if number > head:
            return False
        block_hash, _ = await asyncio.to_thread(self._connection.node.block, number)
        return block_hash == known

    async def _keep(self, log: LogReceipt) -> None:
        fields = decoded(self._event, log, self._connection.suite.escrow)
        block, place = uint(log["blockNumber"]), uint(log["logIndex"])
        if Address(str(fields["donor"]).lower()) != self._connection.address:
            raise odd()
        block_hash, at = await asyncio.to_thread(self._connection.node.block, block)
        if block_hash != "0x" + bytes(log["blockHash"]).hex():
            raise _reorganised()
        earning = Earning(
            lease=LeaseId("0x" + bytes(fields["lease"]).hex()),
            index=uint(fields["index"]),
            amount=Amount(uint(fields["amount"])),
            held=Amount(uint(fields["held"])),
            block=block,
            at=at,
        )
        if earning.held > earning.amount:
            raise odd()
        self._journal.put(_EARNINGS, f"{_key(block)}/{place:06d}", msgspec.json.encode(earning))

    def _forget_old_blocks(self) -> None:
        for key in sorted(self._journal.rows(_BLOCKS))[:-_BLOCKS_KEPT]:
            self._journal.drop(_BLOCKS, key)


def _key(block: int) -> str:
    return f"{block:012d}"


def _reorganised() -> ChainUnavailable:
    return ChainUnavailable("The chain was reorganised while it was read.", "Read it again.")
