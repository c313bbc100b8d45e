"""A wallet at its market's contracts: what the verbs about money work with, opened and closed. No agent is needed.

The same for renters, donors and jurors. Nonces are safe beside a running agent that uses the same wallet.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from core import settings as settings_file
from core.chain.account import Sale, VaultAccount
from core.chain.client import EscrowChain
from core.chain.court import Court
from core.chain.docket import Docket
from core.chain.history import EarningsHistory
from core.chain.networks import Chain, chain_of
from core.chain.suite import Connection
from core.chain.trials import Trials
from core.errors import InvalidInput, NotEnoughCoin
from core.journal import SqliteJournal, open_journal
from core.membership import wallet_at
from core.model import Address, Amount
from core.payee import payee
from core.sentences import exact


@dataclass(frozen=True, slots=True)
class Holder:
    """What a wallet's owner can do. `kept_in` holds what must be remembered: ballots, and the earnings read so far."""

    network: Chain
    chain: EscrowChain
    kept_in: Path

    @property
    def address(self) -> Address:
        """The wallet's account."""
        return self.chain.address

    @property
    def vault(self) -> VaultAccount:
        """Deposit, stake, thaw, withdraw."""
        return VaultAccount(self._connection)

    @property
    def trials(self) -> Trials:
        """Challenge and conclude."""
        return Trials(self._connection)

    @property
    def docket(self) -> Docket:
        """What is on trial and before the court."""
        return Docket(self._connection)

    def sale(self) -> Sale:
        """The coin's sale. Raises NotFound where the settings name none."""
        return Sale(self._connection)

    @contextmanager
    def court(self) -> Generator[Court]:
        """The court, with this wallet's ballots."""
        with self._journal() as journal:
            yield Court(self._connection, journal)

    @contextmanager
    def earnings(self) -> Generator[EarningsHistory]:
        """What this wallet earned. Raises SparecloudError where another command reads it at this moment."""
        with self._journal() as journal:
            yield EarningsHistory(self._connection, journal)

    async def head(self) -> int:
        """The number of the chain's latest block."""
        block, _ = await asyncio.to_thread(self._connection.node.head)
        return block

    def recipient(self, text: str) -> Address:
        """The account `text` as one that coin can be sent to, by the rule of core/payee.py. Raises InvalidInput."""
        account = payee(text)
        self.chain.check_payee(account)
        return account

    async def send_coin(self, to: Address, amount: Amount) -> None:
        """Transfer coin that is in the wallet itself. Raises NotEnoughCoin."""
        held = await self.chain.coin_of(self.address)
        if amount > held:
            raise NotEnoughCoin(
                f"The wallet itself holds {exact(held)}.", "`sparecloud wallet withdraw` brings more out of the vault."
            )
        await self.chain.send_coin(to, amount)

    async def send_native(self, to: Address, wei: Amount) -> None:
        """Transfer the chain's own coin. Raises NotEnoughCoin."""
        held = (await self.chain.balances()).native
        if wei >= held:
            raise NotEnoughCoin(
                f"The wallet holds {exact(held, self.network.native)}, and fees are paid from it, too.", "Send less."
            )
        await self.chain.send_native(to, wei)

    @property
    def _connection(self) -> Connection:
        return self.chain.connection

    @contextmanager
    def _journal(self) -> Generator[SqliteJournal]:
        with closing(open_journal(self.kept_in)) as journal:
            yield journal

    @classmethod
    @asynccontextmanager
    async def at(cls, home: Path) -> AsyncGenerator[Self]:
        """`home`'s wallet at the contracts of `home`'s settings.

        Raises InvalidInput (settings), WalletUnavailable, ChainUnavailable.
        """
        network = settings_file.read(home).network
        if not (network.rpc_url and network.coin and network.escrow):
            raise InvalidInput(
                f"No market is chosen in {home / settings_file.FILE_NAME}.",
                "Fill in rpc_url, coin and escrow under [network], as the market you join publishes them.",
            )
        wallet = wallet_at(home)
        await asyncio.to_thread(wallet.unlock)
        chain = EscrowChain(await Connection.connect(network, wallet))
        try:
            suite = chain.suite
            name = f"{suite.chain_id}-{suite.escrow[2:12]}-{chain.address[2:12]}"
            yield cls(chain_of(network, suite.chain_id), chain, home / "wallet" / name)
        finally:
            chain.disconnect()
