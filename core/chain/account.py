"""What a person does with their own coin: deposit, stake, thaw, withdraw, and buy in the sale."""

from dataclasses import dataclass
from typing import Any, Final

from core.chain.artifact import load
from core.chain.purse import Purse
from core.chain.suite import Connection, checksummed, encoded, odd, uint
from core.errors import InvalidInput, NotEnoughCoin, NotFound
from core.model import Address, Amount
from core.observed import Account

_PHASES: Final = ("pending", "open", "succeeded", "failed")


class VaultAccount:
    """The wallet's account in the vault. Nothing here is idempotent: asked for twice, it is done twice."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._purse = Purse(connection)
        self._leases = connection.leases

    async def read(self) -> Account:
        """The account as it is."""
        return await self._purse.account_of(self._connection.address)

    async def deposit(self, amount: Amount) -> None:
        """Bring `amount` from the wallet into the vault. Raises NotEnoughCoin."""
        account = await self.read()
        await self._purse.spend(Amount(account.free + amount))

    async def stake(self, amount: Amount) -> None:
        """Bond `amount`: of what is free in the vault first, of what the wallet holds then. Raises NotEnoughCoin."""
        await self._purse.spend(amount, encoded(self._leases, "bond", amount))

    async def thaw(self, amount: Amount) -> None:
        """Let `amount` of the unreserved stake thaw. All that thaws waits the whole time from now on.

        Raises NotEnoughCoin.
        """
        account = await self.read()
        if amount > account.unreserved:
            raise NotEnoughCoin(
                "So much of the stake is not free to thaw.", "What is pledged to leases is freed once they are over."
            )
        await self._transact(encoded(self._leases, "thaw", amount))

    async def withdraw(self, to: Address, amount: Amount) -> None:
        """Pay `amount` out of the vault to `to`, with what has thawed by now. Raises NotEnoughCoin."""
        account, now = await self.read(), await self._connection.now()
        thawed = account.thawing if account.thaws_at <= now else 0
        if amount > account.free + thawed:
            raise NotEnoughCoin(
                "So much is not free in the vault.", "Stake must thaw first; `sparecloud wallet` shows until when."
            )
        collect = [encoded(self._leases, "collect")] if thawed else []
        await self._transact(*collect, encoded(self._leases, "withdraw", checksummed(to), amount))

    async def thaw_s(self) -> int:
        """How many seconds stake takes to thaw."""
        match await self._connection.view(self._leases, "periods"):
            case [_, _, _, thaw_s, _]:
                return uint(thaw_s)
            case _:
                raise odd()

    async def _transact(self, *calls: bytes) -> None:
        await self._connection.transact(self._leases, *calls)


@dataclass(frozen=True, slots=True)
class SaleState:
    """The sale: amounts of coin for one wei (`rate`), wei raised of goal and cap, Unix seconds, and what we paid."""

    phase: str
    rate: int
    goal: Amount
    cap: Amount
    raised: Amount
    opens_at: int
    closes_at: int
    paid: Amount

    @property
    def left(self) -> Amount:
        """Wei that can still be paid in."""
        return Amount(self.cap - self.raised)


class Sale:
    """The coin's sale. Raises NotFound where the market has none."""

    def __init__(self, connection: Connection) -> None:
        if connection.suite.sale is None:
            raise NotFound("This market has no sale.", "Get the coin from somebody who has it.")
        self._connection = connection
        self._at = connection.suite.sale
        self._contract: Any = connection.node.contract(load("Sale"), self._at)

    async def state(self) -> SaleState:
        """Where the sale stands."""
        plan = await self._connection.view(self._contract, "plan")
        phase = uint(await self._connection.view(self._contract, "phase"))
        raised = uint(await self._connection.view(self._contract, "raised"))
        paid = uint(await self._connection.view(self._contract, "paid", checksummed(self._connection.address)))
        match plan:
            case [_, rate, goal, cap, opens_at, closes_at, *_] if phase < len(_PHASES):
                return SaleState(
                    _PHASES[phase],
                    uint(rate),
                    Amount(uint(goal)),
                    Amount(uint(cap)),
                    Amount(raised),
                    uint(opens_at),
                    uint(closes_at),
                    Amount(paid),
                )
            case _:
                raise odd()

    async def buy(self, wei: Amount) -> Amount:
        """Pay `wei` of the chain's own coin; the coin it buys, delivered once the sale has succeeded.

        Raises InvalidInput where the sale is not open or less is left, NotEnoughCoin, TransactionFailed.
        """
        state = await self.state()
        if state.phase != "open":
            raise InvalidInput(f"The sale is {state.phase}.", "Coin is sold only while it is open.")
        if not 0 < wei <= state.left:
            raise InvalidInput(f"The sale takes 1 to {state.left} wei more.", "Ask for less; nothing was paid.")
        await self._connection.transact(self._contract, encoded(self._contract, "buy"), value=wei)
        return Amount(wei * state.rate)

    async def collect(self) -> Amount:
        """Take what is due to us: the coin that was bought, or what was paid where the sale failed. In its unit."""
        state = await self.state()
        if not state.paid:
            raise NotFound("Nothing is due to this wallet from the sale.", "It bought nothing, or has it already.")
        if state.phase == "succeeded":
            me = checksummed(self._connection.address)
            await self._connection.transact(self._contract, encoded(self._contract, "collect", me))
            return Amount(state.paid * state.rate)
        if state.phase == "failed":
            await self._connection.transact(self._contract, encoded(self._contract, "refund"))
            return state.paid
        raise InvalidInput("The sale is not over yet.", "Coin is delivered, or the price refunded, once it is.")
