"""A wallet's coin, in its own hands and in the vault, and how it gets from the one into the other."""

import asyncio
from typing import Final

from core.chain.suite import Connection, checksummed, encoded, uint, uints
from core.chain.typed_data import permit_digest
from core.errors import NotEnoughCoin
from core.model import COIN_UNIT, Address, Amount
from core.observed import Account

_PERMIT_VALID_S: Final = 3600


class Purse:
    """Coin of the connection's wallet, and anybody's balances."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def coin_of(self, holder: Address) -> Amount:
        """What any account, or the escrow itself, holds of the coin outside the vault."""
        return Amount(uint(await self._connection.view(self._connection.coin, "balanceOf", checksummed(holder))))

    async def account_of(self, owner: Address) -> Account:
        """Anybody's account in the vault."""
        free, bonded, reserved, thawing, thaws_at, since = uints(
            await self._connection.view(self._connection.leases, "accountOf", checksummed(owner)), 6
        )
        return Account(Amount(free), Amount(bonded), Amount(reserved), Amount(thawing), thaws_at, since)

    async def spend(self, needed: Amount, *calls: bytes) -> None:
        """Make calls to the vault that need so much free coin, in one transaction with the deposit of what is missing.

        Without calls it is the deposit alone, and nothing at all where nothing is missing. Raises NotEnoughCoin,
        TransactionFailed.
        """
        leases = self._connection.leases
        # A permit uses up a nonce of the coin: two at once would sign the same one, and one of them would fail.
        async with self._connection.one_permit_at_a_time:
            every = [*await self._deposit(needed), *calls]
            if every:
                await self._connection.transact(leases, *every)

    async def _deposit(self, needed: Amount) -> list[bytes]:
        me = self._connection.address
        held, account = await asyncio.gather(self.coin_of(me), self.account_of(me))
        missing = Amount(max(0, needed - account.free))
        if missing > held:
            raise NotEnoughCoin(
                f"{_coins(needed)} coin are needed, the wallet has {_coins(Amount(held + account.free))} to spend.",
                "Add coin to the wallet, or ask for less.",
            )
        if not missing:
            return []
        # The chain's clock and not ours, which may be wrong.
        deadline = await self._connection.now() + _PERMIT_VALID_S
        signature = await self._permit(missing, deadline)
        r, s, v = signature[:32], signature[32:64], signature[64]
        return [encoded(self._connection.leases, "depositWithPermit", missing, deadline, v, r, s)]

    async def _permit(self, amount: Amount, deadline: int) -> bytes:
        me, escrow = self._connection.address, self._connection.suite.escrow
        nonce = uint(await self._connection.view(self._connection.coin, "nonces", checksummed(me)))
        digest = permit_digest(self._connection.coin_domain, me, escrow, amount, nonce, deadline)
        return self._connection.wallet.key.sign_digest(digest)


def _coins(amount: Amount) -> str:
    return f"{amount // COIN_UNIT}.{amount % COIN_UNIT // 10**14:04d}"
