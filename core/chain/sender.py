"""Sends one wallet's transactions: one nonce after another, each waited for with a deadline."""

import asyncio
import random
from contextlib import suppress
from typing import Final

from core.chain.node import Node, NonceTaken, Receipt
from core.chain.transaction import Transaction
from core.chain.wallet import Wallet
from core.errors import ChainUnavailable, TransactionFailed
from core.model import Address

_ATTEMPTS: Final = 4
_FIRST_POLL_S: Final = 0.05
_SLOWEST_POLL_S: Final = 2.0


class Sender:
    """Tasks of one process may send at once; several processes with one wallet collide and retry.

    Two processes that send the very same thing at the same nonce have sent it once: to take "already known" for a
    collision would pay twice wherever a node's answer was lost.

    `confirmations` is how many blocks must follow a transaction's own before it counts.
    """

    def __init__(
        self, node: Node, wallet: Wallet, chain_id: int, *, mined_within_s: float = 180.0, confirmations: int = 0
    ) -> None:
        self._node = node
        self._wallet = wallet
        self._chain_id = chain_id
        self._mined_within_s = mined_within_s
        self._confirmations = confirmations
        self._one_at_a_time = asyncio.Lock()

    async def send(self, to: Address | None, data: bytes = b"", value: int = 0) -> Receipt:
        """Send and wait until it is mined. `to` None creates a contract.

        Raises NotEnoughCoin, ChainUnavailable, or TransactionFailed, which says the contract's reason. After
        ChainUnavailable or a deadline it may still be mined: look at the chain before sending another.
        """
        key = self._wallet.key
        gas = await asyncio.to_thread(self._node.estimate_gas, key.address, to, value, data)
        # The state may change before the block does: others' claims on the same lease, for one.
        hash_ = await self._submit(to, data, value, gas + gas // 4)
        receipt = await self._mined(hash_)
        if not receipt.succeeded:
            if to is None:
                raise TransactionFailed("The chain refused to create the contract.")
            raise await asyncio.to_thread(self._node.refusal, key.address, to, value, data, receipt.block)
        return receipt

    async def _submit(self, to: Address | None, data: bytes, value: int, gas: int) -> str:
        key = self._wallet.key
        async with self._one_at_a_time:
            for attempt in range(_ATTEMPTS):
                fee = await asyncio.to_thread(self._node.fee)
                nonce = await asyncio.to_thread(self._node.next_nonce, key.address)
                raw = key.sign_transaction(Transaction(self._chain_id, nonce, fee, gas, to, value, data))
                try:
                    return await asyncio.to_thread(self._node.send, raw)
                except NonceTaken:
                    if attempt == _ATTEMPTS - 1:
                        raise
                    await asyncio.sleep(random.uniform(0.05, 0.2) * 2**attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _mined(self, hash_: str) -> Receipt:
        poll_s = _FIRST_POLL_S
        try:
            async with asyncio.timeout(self._mined_within_s):
                while True:
                    # A node that is away for a moment says nothing about the transaction.
                    with suppress(ChainUnavailable):
                        receipt = await asyncio.to_thread(self._node.receipt, hash_)
                        if receipt is not None and await self._deep_enough(receipt):
                            return receipt
                    await asyncio.sleep(poll_s * random.uniform(0.8, 1.2))
                    poll_s = min(_SLOWEST_POLL_S, poll_s * 1.5)
        except TimeoutError:
            # Not a TransactionFailed: nobody knows yet, and whoever takes it for a no may pay twice or lose a deposit.
            raise ChainUnavailable(
                f"The transaction {hash_} was not mined within {self._mined_within_s:.0f} seconds.",
                "It may still be. Look again before trying once more.",
            ) from None

    async def _deep_enough(self, receipt: Receipt) -> bool:
        if self._confirmations == 0:
            return True
        number, _ = await asyncio.to_thread(self._node.head)
        return number - receipt.block >= self._confirmations
