"""Sends one wallet's transactions: one nonce after another, outbid where they are stuck, each waited for.

What a nonce is spent on is decided under a lock that spans processes (core/chain/nonces.py). All attempts for one
nonce are watched and whichever is mined counts, so that replacing one can never pay twice.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from core.chain.node import FeeTooLow, Node, NonceTaken, Receipt, Underbid
from core.chain.nonces import Attempt, Attempts, Busy, Outbox
from core.chain.transaction import Fee, LegacyFee, Transaction, raised
from core.chain.wallet import Key, Wallet
from core.errors import ChainUnavailable, NotEnoughCoin, TransactionFailed, WalletUnavailable
from core.model import Address

GWEI: Final = 10**9
HIGHEST_GAS_PRICE: Final = 500 * GWEI
_TRIES: Final = 6
_FIRST_POLL_S: Final = 0.05
_SLOWEST_POLL_S: Final = 2.0
_SEND_AGAIN_AFTER_S: Final = 10.0
_LOCK_WITHIN_S: Final = 120.0
_SLOW_BLOCK_S: Final = 30.0
_KEPT_S: Final = 86_400.0
_LOOKS_BEFORE_GONE: Final = 3

_T = TypeVar("_T")


class _Displaced(TransactionFailed):
    """Another transaction was mined at this nonce, so that ours never will be."""


class Sender:
    """Tasks, and processes that share the wallet's folder, may all send at once.

    `confirmations` is how many blocks must follow a transaction's own before it counts; `mined_within_s` is how long
    it may take to get its own (confirmations come on top). After `replace_after_s` without one it is sent anew for a
    higher fee, but never for more than `highest_gas_price` wei for one gas.
    """

    def __init__(
        self,
        node: Node,
        wallet: Wallet,
        chain_id: int,
        *,
        confirmations: int = 0,
        mined_within_s: float = 300.0,
        replace_after_s: float = 45.0,
        highest_gas_price: int = HIGHEST_GAS_PRICE,
    ) -> None:
        self._node = node
        self._wallet = wallet
        self._chain_id = chain_id
        self._confirmations = confirmations
        self._mined_within_s = mined_within_s
        self._replace_after_s = replace_after_s
        self._highest_gas_price = highest_gas_price
        self._outboxes: dict[Address, Outbox] = {}
        self._one_at_a_time = asyncio.Lock()

    async def send(self, to: Address | None, data: bytes = b"", value: int = 0) -> Receipt:
        """Send and wait until it is mined. `to` None creates a contract.

        Raises NotEnoughCoin, ChainUnavailable, or TransactionFailed, which says the contract's reason. After
        ChainUnavailable or a deadline it may still be mined: look at the chain before sending another.
        """
        key = self._wallet.key
        gas = await asyncio.to_thread(self._node.estimate_gas, key.address, to, value, data)
        most = await asyncio.to_thread(self._node.block_gas)
        # The state may change before the block does: others' claims on the same lease, for one.
        order = _Order(to, value, data, min(gas + gas // 4, most))
        receipt = await self._mined_at_last(key, order)
        if not receipt.succeeded:
            if to is None:
                raise TransactionFailed("The chain refused to create the contract.")
            raise await asyncio.to_thread(self._node.refusal, key.address, to, value, data, receipt.block)
        return receipt

    async def _mined_at_last(self, key: Key, order: "_Order") -> Receipt:
        desk = self._desk(key)
        # Whoever uses this key in another folder shares no lock with us; what they displaced gets another nonce.
        for _ in range(_TRIES):
            with suppress(_Displaced):
                first = await self._alone(key, lambda sent: desk.hand_over(sent, order))
                return await self._mined(key, first)
        raise TransactionFailed(
            "Other transactions of this wallet took this one's place each time.", "Use a wallet in one place only."
        )

    def _desk(self, key: Key) -> "_Desk":
        return _Desk(self._node, key, self._chain_id, self._replace_after_s, self._highest_gas_price)

    async def _alone(self, key: Key, work: Callable[[Attempts], _T]) -> _T:
        """Do `work` under the lock, in one thread call: cancelled or not, it lets go of the lock itself."""
        deadline = time.monotonic() + _LOCK_WITHIN_S
        async with self._one_at_a_time:
            while True:
                try:
                    return await asyncio.to_thread(self._within_lock, key.address, work)
                except Busy:
                    if time.monotonic() > deadline:
                        raise
                    await asyncio.sleep(random.uniform(0.005, 0.03))

    def _within_lock(self, account: Address, work: Callable[[Attempts], _T]) -> _T:
        if account not in self._outboxes:
            folder = self._wallet.folder
            # A development chain that starts over keeps its id; what the old one was sent must not reach the new one.
            name = f"sent-{self._chain_id}-{self._node.genesis()[2:10]}-{account}.sqlite3"
            self._outboxes[account] = Outbox(None if folder is None else folder / name)
        with self._outboxes[account].held() as sent:
            return work(sent)

    async def _mined(self, key: Key, first: Attempt) -> Receipt:
        """The receipt of whichever attempt for this nonce was mined. Raises ChainUnavailable, _Displaced."""
        watch = _Watch(first)
        poll_s = _FIRST_POLL_S
        try:
            async with asyncio.timeout(self._mined_within_s + self._confirmations * _SLOW_BLOCK_S):
                while True:
                    # A node that is away for a moment, or a lock that is held, says nothing about the transaction.
                    with suppress(ChainUnavailable, WalletUnavailable):
                        receipt = await asyncio.to_thread(self._look, key.address, watch)
                        if receipt is not None:
                            return receipt
                        if watch.looks_gone == _LOOKS_BEFORE_GONE:
                            watch.looks_gone = 0
                            if not watch.learn(await self._alone(key, lambda sent: sent.at(first.nonce))):
                                raise _Displaced("Another transaction was mined in its place.")
                        elif watch.block is None:
                            await self._push(key, watch)
                    await asyncio.sleep(poll_s * random.uniform(0.8, 1.2))
                    poll_s = min(_SLOWEST_POLL_S, poll_s * 1.5)
        except TimeoutError:
            # Not a TransactionFailed: nobody knows yet, and whoever takes it for a no may pay twice or lose a deposit.
            raise ChainUnavailable(
                watch.state(self._mined_within_s, self._confirmations),
                "It may still be. Look again before trying once more.",
            ) from None

    def _look(self, account: Address, watch: "_Watch") -> Receipt | None:
        for attempt in reversed(watch.attempts):
            receipt = self._node.receipt(attempt.hash)
            if receipt is not None:
                watch.block, watch.looks_gone = receipt.block, 0
                deep = self._confirmations == 0 or self._node.head()[0] - receipt.block >= self._confirmations
                return receipt if deep else None
        watch.block = None
        # Seen several times: a node may count a block before it finds the receipts in it.
        gone = self._node.nonces_used(account, self._confirmations) > watch.nonce
        watch.looks_gone = watch.looks_gone + 1 if gone else 0
        return None

    async def _push(self, key: Key, watch: "_Watch") -> None:
        """Hand over again what the node may have dropped; outbid it, and what is before it, after a long wait."""
        now = time.monotonic()
        if now - watch.mended > self._replace_after_s:
            watch.mended = watch.handed_over = now
            desk = self._desk(key)
            watch.learn(await self._alone(key, lambda sent: desk.mended(sent, watch.nonce)))
        elif now - watch.handed_over > _SEND_AGAIN_AFTER_S:
            watch.handed_over = now
            with suppress(TransactionFailed, NotEnoughCoin):
                await asyncio.to_thread(self._node.send, watch.attempts[-1].raw)


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to be sent, whatever its nonce and fee."""

    to: Address | None
    value: int
    data: bytes
    gas: int


class _Watch:
    """What is known of one nonce while it is waited for."""

    def __init__(self, first: Attempt) -> None:
        self.nonce = first.nonce
        self.attempts = [first]
        self.block: int | None = None
        self.looks_gone = 0
        self.mended = self.handed_over = time.monotonic()

    def learn(self, attempts: Sequence[Attempt]) -> bool:
        """Watch these too, as far as they are fees for the same thing; True where one of them is new."""
        ours = self.attempts[0].transaction
        fresh = [one for one in attempts if one not in self.attempts and replace(one.transaction, fee=ours.fee) == ours]
        self.attempts += fresh
        return bool(fresh)

    def state(self, within_s: float, confirmations: int) -> str:
        """A sentence on how far it got."""
        last = self.attempts[-1]
        if self.block is not None:
            return f"The transaction {last.hash} is in block {self.block}; {confirmations} more blocks took too long."
        fee = last.transaction.fee
        price = fee.gas_price if isinstance(fee, LegacyFee) else fee.highest
        return (
            f"The transaction {last.hash} was not mined within {within_s:.0f} seconds"
            f" (nonce {self.nonce}, attempts: {len(self.attempts)}, at most {price / GWEI:.9g} gwei for one gas)."
        )


class _Desk:
    """Hands transactions to the node, in blocking calls that need the lock's attempts."""

    def __init__(self, node: Node, key: Key, chain_id: int, replace_after_s: float, highest_gas_price: int) -> None:
        self._node = node
        self._key = key
        self._chain_id = chain_id
        self._replace_after_s = replace_after_s
        self._highest_gas_price = highest_gas_price

    def hand_over(self, sent: Attempts, order: _Order) -> Attempt:
        """Send `order` at the next free nonce, once all before it are in order."""
        self._mend(sent)
        fee = self._node.fee(self._highest_gas_price)
        for attempt in range(_TRIES):
            try:
                return self._offer(sent, self._free_nonce(sent), fee, order)
            except FeeTooLow:
                higher = raised(fee, fee, self._highest_gas_price)
                if attempt == _TRIES - 1 or higher is None:
                    raise
                fee = higher
            except NonceTaken:
                if attempt == _TRIES - 1:
                    raise
                time.sleep(random.uniform(0.05, 0.2) * 2**attempt)
        raise AssertionError("unreachable: the last try returns or raises")

    def mended(self, sent: Attempts, nonce: int) -> Sequence[Attempt]:
        """Every attempt for `nonce`, once all that waits is in order."""
        self._mend(sent)
        return sent.at(nonce)

    def _mend(self, sent: Attempts) -> None:
        """Send again what the node has lost and outbid what is stuck: nothing behind it would be mined otherwise."""
        mined = self._node.nonces_used(self._key.address)
        sent.forget(mined, time.time() - _KEPT_S)
        waiting = sent.nonces(mined)
        known_below = self._node.next_nonce(self._key.address) if waiting else mined
        for nonce in waiting:
            if nonce >= known_below:
                self._send_again(sent, nonce)
            self._outbid(sent, nonce)

    def _offer(self, sent: Attempts, nonce: int, fee: Fee, order: _Order) -> Attempt:
        transaction = Transaction(self._chain_id, nonce, fee, order.gas, order.to, order.value, order.data)
        attempt = Attempt(nonce, self._key.sign_transaction(transaction), time.time())
        sent.add(attempt)
        try:
            # A node that does not answer may have it all the same: it stays written down, and is sent again.
            with suppress(ChainUnavailable):
                self._node.send(attempt.raw)
        except (TransactionFailed, NotEnoughCoin):
            sent.remove(attempt)
            raise
        return attempt

    def _free_nonce(self, sent: Attempts) -> int:
        nonce = self._node.next_nonce(self._key.address)
        taken = sent.nonces(nonce)
        while nonce in taken:
            nonce += 1
        return nonce

    def _send_again(self, sent: Attempts, nonce: int) -> None:
        for attempt in sent.at(nonce):
            try:
                self._node.send(attempt.raw)
            except (NonceTaken, FeeTooLow):
                continue
            except (TransactionFailed, NotEnoughCoin):
                # Its nonce is free for another. Should it be mined even so, whatever is put there is not.
                sent.remove(attempt)

    def _outbid(self, sent: Attempts, nonce: int) -> None:
        """Bid again where the last attempt is old and the limit allows a higher fee."""
        attempts = sent.at(nonce)
        # What is from the future was written before the clock was set back: it has waited for who knows how long.
        if not attempts or 0 <= time.time() - attempts[-1].at < self._replace_after_s:
            return
        last = attempts[-1].transaction
        order = _Order(last.to, last.value, last.data, last.gas)
        # Mined meanwhile, too dear, or no answer: what was sent before stands.
        with suppress(TransactionFailed, NotEnoughCoin, ChainUnavailable):
            market = self._node.fee(self._highest_gas_price)
            fee = raised(last.fee, market, self._highest_gas_price)
            while fee is not None:
                try:
                    self._offer(sent, nonce, fee, order)
                    break
                except (Underbid, FeeTooLow):
                    fee = raised(fee, market, self._highest_gas_price)
