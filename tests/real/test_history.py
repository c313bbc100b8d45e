"""What a donor earned, read from chains that change their mind and from nodes that lie."""

from collections.abc import AsyncGenerator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio
from eth_abi.abi import encode
from eth_hash.auto import keccak
from hexbytes import HexBytes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web3 import Web3
from web3.contract import Contract
from web3.datastructures import AttributeDict
from web3.types import LogReceipt

from core.chain import history
from core.chain.artifact import load
from core.chain.history import EarningsHistory
from core.chain.node import checksummed
from core.chain.suite import NOBODY, Connection, Suite
from core.errors import ChainUnavailable
from core.journal import open_journal
from core.model import Address
from tests.real.chains import COIN, Market, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

DONOR, STRANGER, ESCROW = (Address("0x" + pair * 20) for pair in ("d0", "57", "e5"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def market(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Market]:
    with running("anvil", tmp_path_factory.mktemp("chain")) as chain:
        market = await Market.founded(chain)
        try:
            yield market
        finally:
            market.dissolve()


def amounts(earnings: tuple[history.Earning, ...]) -> list[int]:
    return [earning.amount for earning in earnings]


async def test_what_a_reorganisation_took_away_is_forgotten_and_what_it_brought_is_found(
    market: Market, tmp_path: Path
) -> None:
    [renter], [donor] = await market.join(free=9 * COIN), await market.join()
    # Two claimants: a wallet would bring its own lost transaction back.
    before, after = await market.join(2)
    deal = await market.opened(renter, [donor.notary])
    journal = open_journal(tmp_path)
    kept = EarningsHistory(donor.connection, journal)

    await before.claim(deal.agreement, [deal.redemption(0, 1000)])
    first = await kept.sync()
    snapshot = market.chain.rpc("evm_snapshot")
    await before.claim(deal.agreement, [deal.redemption(0, 3000)])
    second = await kept.sync()
    market.chain.rpc("evm_revert", snapshot)
    undone = await kept.sync()
    await after.claim(deal.agreement, [deal.redemption(0, 5000)])
    third = await kept.sync()
    journal.close()

    assert amounts(first) == amounts(undone) == [1000]
    assert amounts(second) == [1000, 2000]
    assert amounts(third) == [1000, 4000] and third[0] == first[0]
    with closing(open_journal(tmp_path)) as again:
        reopened = EarningsHistory(donor.connection, again)
        assert reopened.earnings() == third
        assert await reopened.sync() == third
    assert await EarningsHistory(donor.connection, market.journal()).sync() == third


def lying(log: LogReceipt, **changes: Any) -> LogReceipt:
    return cast(LogReceipt, AttributeDict(dict(log) | changes))


LIES = {
    "another contract": lambda log: lying(log, address=checksummed(STRANGER)),
    "another donor": lambda log: lying(
        log, topics=[*log["topics"][:2], HexBytes(bytes.fromhex(STRANGER[2:]).rjust(32, b"\0"))]
    ),
    "another event": lambda log: lying(log, topics=[HexBytes(keccak(b"Other()")), *log["topics"][1:]]),
    "too few topics": lambda log: lying(log, topics=log["topics"][:1]),
    "half the data": lambda log: lying(log, data=HexBytes(log["data"][:40])),
    "more held back than paid": lambda log: lying(
        log, data=HexBytes(encode(["uint32", "uint256", "uint256"], [0, 10, 11]))
    ),
    "a block of another chain": lambda log: lying(log, blockHash=HexBytes(b"\x01" * 32)),
    "a negative block": lambda log: lying(log, blockNumber=-1),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
async def test_a_node_that_lies_about_a_payment_is_not_believed(
    market: Market, lie: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    [renter], [donor] = await market.join(free=9 * COIN), await market.join()
    deal = await market.opened(renter, [donor.notary])
    await donor.claim(deal.agreement, [deal.redemption(0, 1000)])
    node = donor.connection.node
    truth = node.logs
    earned = EarningsHistory(donor.connection, market.journal())

    monkeypatch.setattr(node, "logs", lambda *asked: tuple(lie(log) for log in truth(*asked)))
    with pytest.raises(ChainUnavailable):
        await earned.sync()
    believed = earned.earnings()
    monkeypatch.undo()

    assert believed == ()
    assert amounts(await earned.sync()) == [1000]


@dataclass
class FakeChain:
    """A node whose chain can be cut off anywhere and grown anew. A block is the payments in it, and a hash."""

    blocks: list[tuple[bytes, tuple[int, ...]]] = field(default_factory=lambda: [(bytes(32), ())])
    grown: int = 0

    def grow(self, payments: tuple[int, ...]) -> None:
        self.grown += 1
        self.blocks.append((keccak(self.grown.to_bytes(32, "big")), payments))

    def cut(self, depth: int) -> None:
        del self.blocks[max(1, len(self.blocks) - depth) :]

    def truth(self) -> list[tuple[int, int]]:
        return [(number, paid) for number, (_, payments) in enumerate(self.blocks) for paid in payments]

    def head(self) -> tuple[int, int]:
        return len(self.blocks) - 1, len(self.blocks)

    def block(self, number: int) -> tuple[str, int]:
        return "0x" + self.blocks[number][0].hex(), number

    def logs(self, contract: Contract, topics: list[str | None], first: int, last: int) -> tuple[LogReceipt, ...]:
        return tuple(
            cast(
                LogReceipt,
                AttributeDict(
                    {
                        "address": contract.address,
                        "topics": [HexBytes(topic or b"\x01" * 32) for topic in topics],
                        "data": HexBytes(encode(["uint32", "uint256", "uint256"], [0, paid, paid // 2])),
                        "blockNumber": number,
                        "blockHash": HexBytes(self.blocks[number][0]),
                        "logIndex": place,
                        "transactionHash": HexBytes(bytes(32)),
                        "transactionIndex": 0,
                    }
                ),
            )
            for number in range(first, min(last, len(self.blocks) - 1) + 1)
            for place, paid in enumerate(self.blocks[number][1])
        )


@dataclass
class FakeConnection:
    node: FakeChain
    address: Address = DONOR
    suite: Suite = Suite(61, STRANGER, ESCROW, NOBODY, NOBODY)
    leases: Contract = field(default_factory=lambda: Web3().eth.contract(checksummed(ESCROW), abi=load("Leases").abi))


_steps = st.lists(
    st.tuples(st.integers(0, 12), st.lists(st.lists(st.integers(1, 9), max_size=2).map(tuple), max_size=9)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_steps)
async def test_after_any_reorganisations_the_history_is_what_the_chain_says(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, steps: list[Any]
) -> None:
    monkeypatch.setattr(history, "_BLOCKS_A_QUERY", 3)
    monkeypatch.setattr(history, "_BLOCKS_KEPT", 3)
    chain, journal = FakeChain(), open_journal(tmp_path_factory.mktemp("journal"))
    earned = EarningsHistory(cast(Connection, FakeConnection(chain)), journal)

    for depth, grown in steps:
        chain.cut(depth)
        for payments in grown:
            chain.grow(payments)
        read = await earned.sync()

        assert [(earning.block, earning.amount) for earning in read] == chain.truth()
        assert await earned.sync() == read
    journal.close()


async def test_a_chain_reorganised_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = FakeChain()
    for paid in range(1, 5):
        chain.grow((paid,))
    read, journal = chain.logs, open_journal(tmp_path)
    earned = EarningsHistory(cast(Connection, FakeConnection(chain)), journal)

    def reorganise(*asked: Any) -> tuple[LogReceipt, ...]:
        found = read(*asked)
        chain.cut(2)
        for paid in (8, 9):
            chain.grow((paid,))
        return found

    monkeypatch.setattr(chain, "logs", reorganise)
    with pytest.raises(ChainUnavailable, match="reorganised"):
        await earned.sync()
    monkeypatch.undo()

    assert amounts(await earned.sync()) == [1, 2, 8, 9]
    journal.close()
