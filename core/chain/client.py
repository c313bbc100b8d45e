"""core.ports.Chain over a real chain: the coin, the vault and the leases, seen from one wallet.

Calls that change something first look whether it has happened already, so that each may be repeated after a crash, a
lost answer or a deadline.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from core.chain import merkle
from core.chain.account import VaultAccount
from core.chain.history import EarningsHistory
from core.chain.purse import Purse
from core.chain.suite import NOBODY, Connection, Suite, checksummed, encoded, odd, uint, uints, word
from core.chain.terms import acceptance_tuple, claim_tuple, proof_of, root_of, share_tuple, terms_tuple
from core.chain.trials import Trials
from core.chain.typed_data import DomainNotary, lease_id
from core.errors import InvalidInput, NotEnoughCoin, SparecloudError, TransactionFailed
from core.model import (
    Address,
    Agreement,
    Amount,
    LeaseId,
    Redemption,
    Share,
    SignedAcceptance,
    Terms,
    total_cap,
)
from core.observed import Account, Balances, LeaseRecord
from core.ports import Journal
from core.view import spare

_CLAIMS_A_TRANSACTION: Final = 64
_RELEASES_A_TRANSACTION: Final = 64
_NONE, _OPEN, _CLOSING, _ENDED = range(4)


class EscrowChain:
    """A wallet's side of its leases; `disconnect` when done."""

    def __init__(self, connection: Connection, journal: Journal | None = None) -> None:
        """`journal` keeps the history of earnings; without one there is none."""
        self.connection = connection
        self._history = EarningsHistory(connection, journal) if journal is not None else None
        self._wallet = connection.wallet
        self._domain = connection.domain
        self._leases = connection.leases
        self.purse = Purse(connection)
        self._trials = Trials(connection)

    def disconnect(self) -> None:
        """Drop the connections to the node."""
        self.connection.close()

    @property
    def suite(self) -> Suite:
        """The contracts."""
        return self.connection.suite

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
            root=root_of(shares),
            deposit=total_cap(shares),
            ends_at=ends_at,
            grace_s=grace_s,
            salt=salt,
        )
        return lease_id(self._domain, terms), terms

    def check(self, agreement: Agreement) -> None:
        """Raise InvalidInput unless the agreement's root and lease id follow from its shares and terms."""
        if root_of(agreement.shares) != agreement.terms.root:
            raise InvalidInput("The agreement's shares are not those behind its root.", "Refuse it.")
        if lease_id(self._domain, agreement.terms) != agreement.lease:
            raise InvalidInput("The agreement's lease id does not follow from its terms.", "Refuse it.")

    async def now(self) -> int:
        """The time of the chain's latest block."""
        return await self.connection.now()

    async def balances(self) -> Balances:
        """What the wallet holds, and its account in the vault."""
        # One after the other: this is asked again and again, and threads that vie for the interpreter wake each other.
        coin, account = await self.coin_of(self.address), await self.account_of(self.address)
        native = await asyncio.to_thread(self.connection.node.native_balance, self.address)
        return Balances(Amount(coin + account.free), native, account)

    async def coin_of(self, holder: Address) -> Amount:
        """What any account, or the escrow itself, holds of the coin outside the vault."""
        return await self.purse.coin_of(holder)

    async def account_of(self, owner: Address) -> Account:
        """Anybody's account in the vault."""
        return await self.purse.account_of(owner)

    async def supply(self) -> Amount:
        """How much of the coin there is."""
        return Amount(uint(await self.connection.view(self.connection.coin, "totalSupply")))

    async def open_lease(self, agreement: Agreement, accepted: Sequence[SignedAcceptance]) -> None:
        """Pay the deposit into escrow, in one transaction with the coin's permit for what the vault lacks."""
        if await self.lease(agreement.lease) is not None:
            return
        try:
            await self.purse.spend(agreement.terms.deposit, self._opening(agreement, accepted))
        except (TransactionFailed, NotEnoughCoin):
            if await self.lease(agreement.lease) is None:
                raise

    async def lease(self, lease: LeaseId) -> LeaseRecord | None:
        """What the escrow holds, None where it knows no such lease."""
        remaining, claimable_until, status = await self._word(lease)
        if status == _NONE:
            return None
        left = Amount(0) if status == _ENDED else remaining
        return LeaseRecord(lease, left, claimable_until, closed=status != _OPEN, swept=status == _ENDED)

    async def paid(self, lease: LeaseId, index: int) -> Amount:
        """What a share has been paid so far."""
        paid, _ = uints(await self.connection.view(self._leases, "shareOf", word(lease), index), 2)
        return Amount(paid)

    async def claim(
        self, agreement: Agreement, redemptions: Sequence[Redemption], *, retiring: Share | None = None
    ) -> None:
        """Redeem vouchers, 64 in a transaction. A voucher already redeemed pays nothing and is no error."""
        leaves = [merkle.leaf(share) for share in agreement.shares]
        terms = terms_tuple(agreement.terms)
        highest = {one.share.index: one for one in sorted(redemptions, key=lambda one: one.voucher.amount)}
        paid = await asyncio.gather(*(self.paid(agreement.lease, index) for index in highest))
        new = [one for one, so_far in zip(highest.values(), paid, strict=True) if one.voucher.amount > so_far]
        claims = [claim_tuple(one, leaves) for one in new]
        batches = [claims[at : at + _CLAIMS_A_TRANSACTION] for at in range(0, len(claims), _CLAIMS_A_TRANSACTION)]
        calls = [encoded(self._leases, "claim", terms, batch) for batch in batches]
        if retiring is not None and not await self.is_retired(agreement.lease, retiring.index):
            retire = encoded(self._leases, "retire", terms, share_tuple(retiring), proof_of(agreement, retiring.index))
            await self.connection.transact(self._leases, *calls[:1], retire)
            calls = calls[1:]
        for call in calls:
            await self.connection.transact(self._leases, call)

    async def close(self, terms: Terms) -> None:
        """End the lease early: claims stay possible for the terms' grace."""
        lease = lease_id(self._domain, terms)
        _, _, status = await self._word(lease)
        if status in (_CLOSING, _ENDED):
            return
        try:
            await self.connection.transact(self._leases, encoded(self._leases, "close", terms_tuple(terms)))
        except TransactionFailed:
            _, _, status = await self._word(lease)
            if status not in (_CLOSING, _ENDED):
                raise

    async def sweep(self, agreement: Agreement, *, satisfied: Sequence[int] = ()) -> Amount:
        """Refund what nobody claimed, once the grace is over; returns the refund (also when already swept)."""
        terms = terms_tuple(agreement.terms)
        refund, _, status = await self._word(agreement.lease)
        calls = [] if status == _ENDED else [encoded(self._leases, "sweep", terms)]
        leaves = [merkle.leaf(share) for share in agreement.shares]
        reserved = await asyncio.gather(*(self._is_reserved(agreement, index) for index in satisfied))
        calls += [
            self._release(agreement, leaves, index) for index, held in zip(satisfied, reserved, strict=True) if held
        ]
        try:
            for first in range(0, len(calls), _RELEASES_A_TRANSACTION):
                await self.connection.transact(self._leases, *calls[first : first + _RELEASES_A_TRANSACTION])
        except TransactionFailed:
            refund, _, status = await self._word(agreement.lease)
            if status != _ENDED:
                raise
        refund, _, _ = await self._word(agreement.lease)
        return refund

    async def is_retired(self, lease: LeaseId, index: int) -> bool:
        """Whether a share's donor said on chain that it is done with it."""
        _, retired_at = uints(await self.connection.view(self._leases, "shareOf", word(lease), index), 2)
        return retired_at > 0

    async def release(self, agreement: Agreement, index: int) -> bool:
        """Release a share's penalty once its trial window is over; True where nothing is reserved for it any more."""
        if not await self._is_reserved(agreement, index):
            return True
        _, claimable_until, _ = await self._word(agreement.lease)
        periods = uints(await self.connection.view(self._leases, "periods"), 5)
        if await self.now() <= claimable_until + periods[2]:
            return False
        leaves = [merkle.leaf(share) for share in agreement.shares]
        await self.connection.transact(self._leases, self._release(agreement, leaves, index))
        return True

    async def answer_trials(self) -> int:
        """Answer the challenges to our shares that wait for us; how many there were."""
        return await self._trials.answer_all()

    async def held_back(self) -> Amount:
        """What of this wallet's earnings went into its stake as hold-back."""
        earnings = await self._history.sync() if self._history is not None else ()
        return Amount(sum(earning.held for earning in earnings))

    def check_payee(self, to: Address) -> None:
        """Raise InvalidInput for an account out of which nobody could ever bring coin back."""
        suite = self.suite
        if to in (suite.coin, suite.escrow, suite.trials, suite.court, suite.sale, NOBODY):
            raise InvalidInput(
                f"{to} belongs to nobody; what is sent there is lost.", "Name a person's account, not a contract."
            )

    async def pay_out(self, to: Address, amount: Amount) -> None:
        """Pay out of the vault first, where earnings are, then out of the wallet. Not idempotent."""
        self.check_payee(to)
        account, coin = await self.account_of(self.address), await self.coin_of(self.address)
        if amount > account.free + coin:
            raise NotEnoughCoin(
                f"The wallet can pay {spare(account.free + coin, digits=18)}, not {spare(amount, digits=18)}.",
                "Stake that is pledged or thawing cannot be paid out yet.",
            )
        vault = Amount(min(amount, account.free))
        if vault:
            await VaultAccount(self.connection).withdraw(to, vault)
        if amount > vault:
            try:
                await self.send_coin(to, Amount(amount - vault))
            except SparecloudError as problem:
                paid = (
                    f"{spare(vault, digits=18)} was paid out of the vault already; the rest was not. " if vault else ""
                )
                raise type(problem)(f"{paid}{problem.title}", problem.hint) from problem

    async def send_coin(self, to: Address, amount: Amount) -> None:
        """Transfer coin out of the wallet. Not idempotent: what is sent twice is paid twice."""
        coin = self.connection.coin
        await self.connection.transact(coin, encoded(coin, "transfer", checksummed(to), amount))

    async def send_native(self, to: Address, wei: Amount) -> None:
        """Transfer the chain's own coin out of the wallet. Not idempotent either."""
        await self.connection.sender.send(to, value=wei)

    def _opening(self, agreement: Agreement, accepted: Sequence[SignedAcceptance]) -> bytes:
        terms = terms_tuple(agreement.terms)
        if not any(share.penalty for share in agreement.shares):
            return encoded(self._leases, "open", terms)
        signed = {one.acceptance.index: one for one in accepted if one.acceptance.lease == agreement.lease}
        if len(signed) != len(agreement.shares):
            raise InvalidInput("Not every donor's acceptance is there.", "Ask the donors again.")
        letters = [acceptance_tuple(signed[share.index]) for share in agreement.shares]
        shares = [share_tuple(share) for share in agreement.shares]
        return encoded(self._leases, "openQuoted", terms, shares, letters)

    def _release(self, agreement: Agreement, leaves: Sequence[bytes], index: int) -> bytes:
        share, proof = share_tuple(agreement.shares[index]), merkle.proof(leaves, index)
        return encoded(self._leases, "release", terms_tuple(agreement.terms), share, proof)

    async def _is_reserved(self, agreement: Agreement, index: int) -> bool:
        if not agreement.shares[index].penalty:
            return False
        *_, quoted, _, _ = uints(await self.connection.view(self._leases, "lease", word(agreement.lease)), 7)
        return bool(quoted) and not await self.connection.view(self._leases, "isFreed", word(agreement.lease), index)

    async def _word(self, lease: LeaseId) -> tuple[Amount, int, int]:
        """What remains, until when it can be claimed, and the status."""
        fields = uints(await self.connection.view(self._leases, "lease", word(lease)), 7)
        if fields[3] > _ENDED:
            raise odd()
        return Amount(fields[0]), fields[1], fields[3]
