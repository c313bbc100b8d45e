"""core.ports.Chain over a real chain: the coin and the lease escrow, seen from one wallet.

web3 blocks, so every call runs in a thread. Calls that change something first look whether it has happened already,
so that each may be repeated after a crash, a lost answer or a deadline.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from web3.contract import Contract
from web3.types import LogReceipt

from core.chain import merkle
from core.chain.artifact import load
from core.chain.node import Node, checksummed
from core.chain.sender import Sender
from core.chain.typed_data import Domain, DomainNotary, lease_id, permit_digest, signature_bytes
from core.chain.wallet import Wallet
from core.errors import ChainUnavailable, InvalidInput, NotEnoughCoin, TransactionFailed
from core.model import Address, Agreement, Amount, LeaseId, Redemption, Share, Terms, total_cap
from core.observed import Balances, LeaseRecord

_PERMIT_VALID_S: Final = 3600
_CLAIMS_A_TRANSACTION: Final = 64
_BLOCKS_A_QUERY: Final = 5000
_NONE, _OPEN, _CLOSING, _ENDED = range(4)


@dataclass(frozen=True, slots=True)
class Market:
    """One deployment: the chain, its coin and its escrow."""

    chain_id: int
    coin: Address
    escrow: Address


@dataclass(frozen=True, slots=True)
class Payment:
    """A share was paid `amount`, `total` so far, in block `block`."""

    lease: LeaseId
    index: int
    donor: Address
    amount: Amount
    total: Amount
    block: int


class EscrowChain:
    """Make one with `connect` or `deploy`; `disconnect` when done."""

    def __init__(self, node: Node, market: Market, coin_name: str, wallet: Wallet, sender: Sender) -> None:
        self.market = market
        self.sender = sender
        self._node = node
        self._wallet = wallet
        self._domain = Domain(market.chain_id, market.escrow)
        self._coin_domain = Domain(market.chain_id, market.coin, coin_name)
        self._coin = node.contract(load("Coin"), market.coin)
        self._escrow = node.contract(load("LeaseEscrow"), market.escrow)
        self._one_permit_at_a_time = asyncio.Lock()

    @classmethod
    async def connect(
        cls, rpc_url: str, *, coin: Address, escrow: Address, wallet: Wallet, confirmations: int = 0
    ) -> Self:
        """Join the market of `coin` and `escrow`. Raises ChainUnavailable, or InvalidInput where they do not match."""
        node = Node(rpc_url)
        try:
            return await asyncio.to_thread(cls._joined, node, coin, escrow, wallet, confirmations)
        except BaseException:
            node.close()
            raise

    @classmethod
    def _joined(cls, node: Node, coin: Address, escrow: Address, wallet: Wallet, confirmations: int) -> Self:
        chain_id = node.chain_id()
        for name, account in (("coin", coin), ("escrow", escrow)):
            if not node.has_code(account):
                raise InvalidInput(f"The {name} {account} does not exist on chain {chain_id}.", "Check the settings.")
        held = node.call(node.contract(load("LeaseEscrow"), escrow), "coin")
        if str(held).lower() != coin:
            raise InvalidInput(f"The escrow {escrow} holds another coin than {coin}.", "Check the settings.")
        coin_name = node.call(node.contract(load("Coin"), coin), "name")
        sender = Sender(node, wallet, chain_id, confirmations=confirmations)
        return cls(node, Market(chain_id, coin, escrow), str(coin_name), wallet, sender)

    def disconnect(self) -> None:
        """Drop the connections to the node."""
        self._node.close()

    @property
    def address(self) -> Address:
        """The wallet's account."""
        return self._wallet.address

    @property
    def notary(self) -> DomainNotary:
        """Signs statements with the wallet's own key: offers, acceptances, heartbeats. Needs it unlocked."""
        return DomainNotary(self._domain, self._wallet.key)

    def new_session(self) -> DomainNotary:
        """A fresh session key, already kept."""
        return DomainNotary(self._domain, self._wallet.new_session())

    def session(self, address: Address) -> DomainNotary:
        """The session key made earlier. Raises WalletUnavailable."""
        return DomainNotary(self._domain, self._wallet.session(address))

    def draft(
        self, shares: Sequence[Share], *, session: Address, ends_at: int, grace_s: int, salt: str
    ) -> tuple[LeaseId, Terms]:
        """Terms over `shares` (root, sum of caps) and the id that the escrow will know them by."""
        terms = Terms(
            renter=self.address,
            session=session,
            root=_root(shares),
            share_count=len(shares),
            deposit=total_cap(shares),
            ends_at=ends_at,
            grace_s=grace_s,
            salt=salt,
        )
        return lease_id(self._domain, terms), terms

    def check(self, agreement: Agreement) -> None:
        """Raise InvalidInput unless the agreement's root and lease id follow from its shares and terms."""
        if _root(agreement.shares) != agreement.terms.root:
            raise InvalidInput("The agreement's shares are not those behind its root.", "Refuse it.")
        if lease_id(self._domain, agreement.terms) != agreement.lease:
            raise InvalidInput("The agreement's lease id does not follow from its terms.", "Refuse it.")

    async def balances(self) -> Balances:
        """What the wallet holds."""
        coin = await self._view(self._coin, "balanceOf", checksummed(self.address))
        native = await asyncio.to_thread(self._node.native_balance, self.address)
        return Balances(Amount(_uint(coin)), native)

    async def coin_of(self, holder: Address) -> Amount:
        """What any account, or the escrow itself, holds of the coin."""
        return Amount(_uint(await self._view(self._coin, "balanceOf", checksummed(holder))))

    async def supply(self) -> Amount:
        """How much of the coin there is."""
        return Amount(_uint(await self._view(self._coin, "totalSupply")))

    async def now(self) -> int:
        """The time of the chain's latest block."""
        _, seconds = await asyncio.to_thread(self._node.head)
        return seconds

    async def open_lease(self, terms: Terms) -> None:
        """Pay the deposit into escrow, in one transaction with the coin's permit. Returns once it is mined."""
        # A permit uses up a nonce of the coin: two at once would sign the same one, and one lease would fail.
        async with self._one_permit_at_a_time:
            await self._open(terms)

    async def lease(self, lease: LeaseId) -> LeaseRecord | None:
        """What the escrow holds, None where it knows no such lease."""
        status, remaining, claimable_until = await self._word(lease)
        if status == _NONE:
            return None
        left = Amount(0) if status == _ENDED else remaining
        return LeaseRecord(lease, left, claimable_until, closed=status != _OPEN, swept=status == _ENDED)

    async def paid(self, lease: LeaseId, index: int) -> Amount:
        """What a share has been paid so far."""
        return Amount(_uint(await self._view(self._escrow, "paid", _bytes(lease), index)))

    async def claim(self, agreement: Agreement, redemptions: Sequence[Redemption]) -> None:
        """Redeem vouchers, 64 in a transaction. A voucher already redeemed pays nothing and is no error."""
        leaves = [merkle.leaf(share) for share in agreement.shares]
        highest = {one.share.index: one for one in sorted(redemptions, key=lambda one: one.voucher.amount)}
        paid = await asyncio.gather(*(self.paid(agreement.lease, index) for index in highest))
        new = [one for one, so_far in zip(highest.values(), paid, strict=True) if one.voucher.amount > so_far]
        claims = [_claim(one, leaves) for one in new]
        for first in range(0, len(claims), _CLAIMS_A_TRANSACTION):
            batch = claims[first : first + _CLAIMS_A_TRANSACTION]
            await self._transact("claim", _terms(agreement.terms), batch)

    async def close(self, terms: Terms) -> None:
        """End the lease early: claims stay possible for the terms' grace."""
        lease = lease_id(self._domain, terms)
        status, _, _ = await self._word(lease)
        if status in (_CLOSING, _ENDED):
            return
        try:
            await self._transact("close", _terms(terms))
        except TransactionFailed:
            status, _, _ = await self._word(lease)
            if status not in (_CLOSING, _ENDED):
                raise

    async def sweep(self, terms: Terms) -> Amount:
        """Refund what nobody claimed, once the grace is over; returns the refund (also when already swept)."""
        lease = lease_id(self._domain, terms)
        status, refund, _ = await self._word(lease)
        if status != _ENDED:
            try:
                await self._transact("sweep", _terms(terms))
            except TransactionFailed:
                status, refund, _ = await self._word(lease)
                if status != _ENDED:
                    raise
            _, refund, _ = await self._word(lease)
        return refund

    async def payments(self, donor: Address, first_block: int) -> tuple[tuple[Payment, ...], int]:
        """What `donor` was paid from `first_block` on, in order, and the block to go on from next time."""
        head, _ = await asyncio.to_thread(self._node.head)
        event = self._escrow.events.SharePaid()
        topics = [str(event.topic), None, "0x" + donor[2:].rjust(64, "0")]
        found: list[Payment] = []
        for first in range(first_block, head + 1, _BLOCKS_A_QUERY):
            last = min(head, first + _BLOCKS_A_QUERY - 1)
            logs = await asyncio.to_thread(self._node.logs, self._escrow, topics, first, last)
            found += [_payment(event, log, donor, self.market.escrow) for log in logs]
        return tuple(found), head + 1

    async def send_coin(self, to: Address, amount: Amount) -> None:
        """Transfer coin out of the wallet. Not idempotent: what is sent twice is paid twice."""
        await self._send(self._coin, self.market.coin, "transfer", checksummed(to), amount)

    async def send_native(self, to: Address, wei: Amount) -> None:
        """Transfer the chain's own coin out of the wallet. Not idempotent either."""
        await self.sender.send(to, value=wei)

    async def _open(self, terms: Terms) -> None:
        lease = lease_id(self._domain, terms)
        if await self.lease(lease) is not None:
            return
        held = (await self.balances()).coin
        if held < terms.deposit:
            raise NotEnoughCoin(
                f"The deposit is {_coins(terms.deposit)} coin, the wallet holds {_coins(held)}.",
                "Add coin to the wallet, or ask for less.",
            )
        # The chain's clock and not ours, which may be wrong.
        deadline = await self.now() + _PERMIT_VALID_S
        signature = await self._permit(terms.deposit, deadline)
        r, s, v = signature[:32], signature[32:64], signature[64]
        try:
            await self._transact("openWithPermit", _terms(terms), deadline, v, r, s)
        except TransactionFailed:
            if await self.lease(lease) is None:
                raise

    async def _word(self, lease: LeaseId) -> tuple[int, Amount, int]:
        match await self._view(self._escrow, "lease", _bytes(lease)):
            case [status, remaining, claimable_until]:
                return _uint(status), Amount(_uint(remaining)), _uint(claimable_until)
            case _:
                raise _odd()

    async def _permit(self, deposit: Amount, deadline: int) -> bytes:
        nonce = _uint(await self._view(self._coin, "nonces", checksummed(self.address)))
        digest = permit_digest(self._coin_domain, self.address, self.market.escrow, deposit, nonce, deadline)
        return self._wallet.key.sign_digest(digest)

    async def _view(self, contract: Contract, function: str, *arguments: object) -> object:
        return await asyncio.to_thread(self._node.call, contract, function, arguments)

    async def _transact(self, function: str, *arguments: object) -> None:
        await self._send(self._escrow, self.market.escrow, function, *arguments)

    async def _send(self, contract: Contract, to: Address, function: str, *arguments: object) -> None:
        data = bytes.fromhex(contract.encode_abi(function, args=list(arguments)).removeprefix("0x"))
        await self.sender.send(to, data)


async def deploy(rpc_url: str, wallet: Wallet, *, name: str = "Spare", symbol: str = "SPARE", supply: Amount) -> Market:
    """Create a coin, whose whole supply goes to `wallet`, and its escrow.

    Raises ChainUnavailable, NotEnoughCoin, TransactionFailed.
    """
    node = Node(rpc_url)
    try:
        chain_id = await asyncio.to_thread(node.chain_id)
        sender = Sender(node, wallet, chain_id)
        coin = await _created(node, sender, "Coin", name, symbol, supply)
        return Market(chain_id, coin, await _created(node, sender, "LeaseEscrow", checksummed(coin)))
    finally:
        node.close()


async def _created(node: Node, sender: Sender, contract: str, *arguments: object) -> Address:
    receipt = await sender.send(None, node.creation(load(contract), arguments))
    if receipt.contract is None:
        raise _odd()
    return receipt.contract


def _root(shares: Sequence[Share]) -> str:
    return "0x" + merkle.root([merkle.leaf(share) for share in shares]).hex()


def _terms(terms: Terms) -> tuple[object, ...]:
    return (
        checksummed(terms.renter),
        checksummed(terms.session),
        _bytes(terms.root),
        terms.share_count,
        terms.deposit,
        terms.ends_at,
        terms.grace_s,
        _bytes(terms.salt),
    )


def _claim(redemption: Redemption, leaves: Sequence[bytes]) -> tuple[object, ...]:
    share = redemption.share
    return (
        share.index,
        checksummed(share.donor),
        share.cap,
        merkle.detail(share),
        merkle.proof(leaves, share.index),
        redemption.voucher.amount,
        signature_bytes(redemption.signature),
    )


def _payment(event: Any, log: LogReceipt, donor: Address, escrow: Address) -> Payment:
    try:
        fields = event.process_log(log)["args"]
        payment = Payment(
            lease=LeaseId("0x" + bytes(fields["lease"]).hex()),
            index=_uint(fields["index"]),
            donor=Address(str(fields["donor"]).lower()),
            amount=Amount(_uint(fields["amount"])),
            total=Amount(_uint(fields["total"])),
            block=_uint(log["blockNumber"]),
        )
    except Exception as malformed:  # web3 raises a dozen kinds for a log that is not what it claims
        raise _odd() from malformed
    if payment.donor != donor or str(log["address"]).lower() != escrow or payment.amount > payment.total:
        raise _odd()
    return payment


def _uint(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _odd()
    return int(value)


def _bytes(word: str) -> bytes:
    return bytes.fromhex(word[2:])


def _coins(amount: Amount) -> str:
    return f"{amount // 10**18}.{amount % 10**18 // 10**14:04d}"


def _odd() -> ChainUnavailable:
    return ChainUnavailable("The chain node sent an answer that makes no sense.", "Use another node.")
