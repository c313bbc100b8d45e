"""One deployment of the contracts, and a wallet's connection to it.

web3 blocks, so every call runs in a thread. Everything that a node answers is checked before it is believed.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from web3.contract import Contract

from core.chain.artifact import load
from core.chain.networks import chain_of, confirmations
from core.chain.node import Node, checksummed
from core.chain.sender import GWEI, Sender
from core.chain.typed_data import Domain
from core.chain.wallet import Wallet
from core.errors import ChainUnavailable, InvalidInput
from core.model import Address
from core.settings import Network

NOBODY: Final = Address("0x" + "0" * 40)


@dataclass(frozen=True, slots=True)
class Suite:
    """Where the contracts are. `escrow` is the contract Leases, which is the vault, too; without a sale, `sale` is
    None. Nothing of it is older than `first_block`."""

    chain_id: int
    coin: Address
    escrow: Address
    trials: Address
    court: Address
    sale: Address | None = None
    first_block: int = 0


class Connection:
    """A wallet at a suite's door. Make one with `connect`; `close` when done."""

    def __init__(self, node: Node, suite: Suite, coin_name: str, wallet: Wallet, sender: Sender) -> None:
        self.node = node
        self.suite = suite
        self.wallet = wallet
        self.sender = sender
        self.domain = Domain(suite.chain_id, suite.escrow)
        self.coin_domain = Domain(suite.chain_id, suite.coin, coin_name)
        self.coin = node.contract(load("Coin"), suite.coin)
        self.leases = node.contract(load("Leases"), suite.escrow)
        self.trials = node.contract(load("Trials"), suite.trials)
        self.court = node.contract(load("Court"), suite.court)
        self.one_permit_at_a_time = asyncio.Lock()

    @classmethod
    async def connect(cls, network: Network, wallet: Wallet) -> Self:
        """Join the market that `network` names. Raises ChainUnavailable, or InvalidInput where it does not fit."""
        node = Node(network.rpc_url)
        try:
            return await asyncio.to_thread(cls._joined, node, network, wallet)
        except BaseException:
            node.close()
            raise

    @classmethod
    def _joined(cls, node: Node, network: Network, wallet: Wallet) -> Self:
        chain_id = node.chain_id()
        chain = chain_of(network, chain_id)
        coin, escrow = Address(network.coin.lower()), Address(network.escrow.lower())
        sale = Address(network.sale.lower()) if network.sale else None
        for name, account in (("coin", coin), ("escrow", escrow)):
            if not node.has_code(account):
                raise InvalidInput(f"The {name} {account} does not exist on chain {chain_id}.", "Check the settings.")
        leases = node.contract(load("Leases"), escrow)
        if address(node.call(leases, "coin")) != coin:
            raise InvalidInput(f"The escrow {escrow} holds another coin than {coin}.", "Check the settings.")
        trials, court = (address(node.call(leases, judge)) for judge in ("trials", "court"))
        for name, account in (("trials", trials), ("court", court)):
            held = node.contract(load(name.capitalize()), account)
            if not node.has_code(account) or address(node.call(held, "leases")) != escrow:
                raise InvalidInput(
                    f"The escrow {escrow} was deployed without its {name}.", "Use a market that was deployed in full."
                )
        if sale is not None and _sold_by(node, sale) != coin:
            raise InvalidInput(f"The sale {sale} sells another coin than {coin}.", "Check the settings.")
        coin_name = node.call(node.contract(load("Coin"), coin), "name")
        sender = Sender(
            node,
            wallet,
            chain_id,
            confirmations=confirmations(network, chain),
            highest_gas_price=network.highest_gas_gwei * GWEI,
        )
        suite = Suite(chain_id, coin, escrow, trials, court, sale, network.first_block)
        return cls(node, suite, str(coin_name), wallet, sender)

    def close(self) -> None:
        """Drop the connections to the node."""
        self.node.close()

    @property
    def address(self) -> Address:
        """The wallet's account."""
        return self.wallet.address

    async def view(self, contract: Contract, function: str, *arguments: object) -> object:
        """What a view of `contract` answers; the caller checks its shape. Raises ChainUnavailable."""
        return await asyncio.to_thread(self.node.call, contract, function, arguments)

    async def transact(self, contract: Contract, *calls: bytes, value: int = 0) -> int:
        """Make encoded calls in one transaction and wait until it is mined; its block. Raises TransactionFailed."""
        data = calls[0] if len(calls) == 1 else encoded(contract, "multicall", list(calls))
        receipt = await self.sender.send(Address(str(contract.address).lower()), data, value)
        return receipt.block

    async def now(self) -> int:
        """The time of the chain's latest block."""
        _, seconds = await asyncio.to_thread(self.node.head)
        return seconds


def _sold_by(node: Node, sale: Address) -> Address:
    match node.call(node.contract(load("Sale"), sale), "plan"):
        case [coin, *_]:
            return address(coin)
        case _:
            raise odd()


def encoded(contract: Contract, function: str, *arguments: object) -> bytes:
    """The data of a call."""
    return bytes.fromhex(str(contract.encode_abi(function, args=list(arguments))).removeprefix("0x"))


def uint(value: object) -> int:
    """A non-negative integer that a node sent. Raises ChainUnavailable."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise odd()
    return int(value)


def uints(values: object, count: int) -> list[int]:
    """`count` non-negative integers that a node sent. Raises ChainUnavailable."""
    if not isinstance(values, Sequence) or isinstance(values, str | bytes) or len(values) != count:
        raise odd()
    return [uint(int(value) if isinstance(value, bool) else value) for value in values]


def address(value: object) -> Address:
    """An account that a node sent. Raises ChainUnavailable."""
    if not isinstance(value, str) or len(value) != 42:
        raise odd()
    return Address(value.lower())


def word(text: str) -> bytes:
    """The 32 bytes of 0x and 64 hexadecimal digits."""
    return bytes.fromhex(text[2:])


def odd() -> ChainUnavailable:
    """The error for an answer of the wrong shape."""
    return ChainUnavailable("The chain node sent an answer that makes no sense.", "Use another node.")


__all__ = [
    "NOBODY",
    "Connection",
    "Suite",
    "address",
    "checksummed",
    "encoded",
    "odd",
    "uint",
    "uints",
    "word",
]
