"""Development chains of four kinds, each in a process of its own, and the members of a market on one of them."""

import asyncio
import itertools
import json
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec import structs

from core.chain.account import VaultAccount
from core.chain.client import EscrowChain
from core.chain.deployment import CourtRules, Periods, Plan, TrialRules, deploy
from core.chain.devchain import Ready, anvil_program, read_ready
from core.chain.keystore import OwnerFiles
from core.chain.node import checksummed
from core.chain.suite import NOBODY, Connection, Suite, encoded
from core.chain.typed_data import DomainNotary
from core.chain.wallet import Wallet
from core.journal import SqliteJournal, open_journal
from core.model import (
    COIN_UNIT,
    Acceptance,
    Address,
    Agreement,
    Amount,
    Kind,
    LeaseId,
    Redemption,
    Resources,
    Share,
    SignedAcceptance,
    Voucher,
)
from core.settings import Network

KINDS: Final = {
    "embedded": (),
    "embedded with Ethereum Classic's rules": ("--legacy-fees",),
    "anvil with legacy fees": ("--engine", "anvil", "--legacy-fees"),
    "anvil": ("--engine", "anvil"),
}
COIN: Final = COIN_UNIT
STARTS_WITHIN_S: Final = 60
PLAN: Final = Plan(
    periods=Periods(longest_lease_s=3600, longest_grace_s=600, trial_window_s=900, thaw_s=5200, hold_period_s=3600),
    trials=TrialRules(min_bond=Amount(2 * COIN), answer_s=120, burn_percent=25, challenger_percent=10),
    court=CourtRules(
        seat_stake=Amount(100 * COIN),
        min_bond=Amount(2 * COIN),
        bond_percent=20,
        appeal_factor=3,
        jury_size=5,
        minority_percent=20,
        no_show_percent=40,
        burn_percent=25,
        donor_percent=30,
        contest_s=60,
        commit_s=60,
        reveal_s=60,
        appeal_s=60,
    ),
)
"""Periods that a test can wait for, where time is moved on, and parts that it can reckon with."""


@dataclass(frozen=True)
class DevChain:
    """A running chain, and a folder for wallets."""

    ready: Ready
    folder: Path

    @property
    def url(self) -> str:
        return self.ready.rpc_url

    @property
    def network(self) -> Network:
        """The chain, and no market on it."""
        return Network(name="development", rpc_url=self.url)

    def market(self, suite: Suite) -> Network:
        """The chain, and that market on it."""
        return structs.replace(self.network, coin=suite.coin, escrow=suite.escrow, sale=suite.sale or "")

    def rpc(self, method: str, *params: Any) -> Any:
        call = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, call, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            document = json.load(answer)
        assert "error" not in document, document
        return document["result"]

    def forward(self, seconds: int) -> None:
        """Let so much time pass, and a block come."""
        self.rpc("evm_increaseTime", hex(seconds))
        self.rpc("evm_mine")

    def mine(self, blocks: int) -> None:
        for _ in range(blocks):
            self.rpc("evm_mine")

    def gas_used(self, block: int) -> int:
        """What all transactions of a block used together."""
        return int(self.rpc("eth_getBlockByNumber", hex(block), False)["gasUsed"], 16)

    def wallet(self, name: str) -> Wallet:
        files = OwnerFiles(self.folder / name)
        wallet = Wallet(files, files, self.folder / name)
        wallet.open()
        return wallet

    def rich(self) -> Wallet:
        files = OwnerFiles(self.folder / "rich")
        wallet = Wallet(files, files, self.folder / "rich")
        wallet.import_key(self.ready.funded_key)
        return wallet


@contextmanager
def running(kind: str, folder: Path) -> Iterator[DevChain]:
    with started(kind, folder) as (ready, _):
        yield DevChain(ready, folder)


@contextmanager
def started(kind: str, folder: Path) -> Iterator[tuple[Ready, "subprocess.Popen[bytes]"]]:
    """What a chain wrote into its ready file, and its process."""
    if kind.startswith("anvil") and anvil_program() is None:
        pytest.fail("anvil is not installed. Run tools/node.sh, which installs it.")
    ready_file = folder / "ready.json"
    command = [sys.executable, "-m", "core.chain.devchain", "--ready-file", str(ready_file), *KINDS[kind]]
    with subprocess.Popen(command) as process:
        try:
            deadline = time.monotonic() + STARTS_WITHIN_S
            while not ready_file.exists():
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.02)
            yield read_ready(ready_file), process
        finally:
            process.terminate()


@dataclass(frozen=True)
class Deal:
    """An agreement with all that its donors and its renter's session sign for it."""

    agreement: Agreement
    accepted: tuple[SignedAcceptance, ...]
    session: DomainNotary

    @property
    def lease(self) -> LeaseId:
        return self.agreement.lease

    def redemption(self, index: int, amount: int) -> Redemption:
        voucher = Voucher(self.lease, index, Amount(amount))
        return Redemption(voucher, self.session.sign(voucher), self.agreement.shares[index])

    def redemptions(self, amount: int) -> list[Redemption]:
        """The same amount for every share."""
        return [self.redemption(share.index, amount) for share in self.agreement.shares]


@dataclass
class Market:
    """A suite on a chain. The bank holds all coin that nobody was given yet; members and leases are kept track of."""

    chain: DevChain
    suite: Suite
    network: Network
    bank: EscrowChain
    members: list[EscrowChain] = field(default_factory=list)
    accounts: set[Address] = field(default_factory=set)
    leases: set[LeaseId] = field(default_factory=set)
    journals: list[SqliteJournal] = field(default_factory=list)
    _names: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    async def founded(cls, chain: DevChain, plan: Plan = PLAN) -> "Market":
        suite = await deploy(chain.network, chain.rich(), plan, note=lambda _: None)
        network = chain.market(suite)
        bank = EscrowChain(await Connection.connect(network, chain.rich()))
        await VaultAccount(bank.connection).deposit(Amount(10**6 * COIN))
        return cls(chain, suite, network, bank, [bank])

    def dissolve(self) -> None:
        for member in self.members:
            member.disconnect()
        for journal in self.journals:
            journal.close()

    def journal(self) -> SqliteJournal:
        """An empty one, open as long as the market."""
        self.journals.append(open_journal(self.chain.folder / f"journal-{next(self._names)}"))
        return self.journals[-1]

    async def join(self, count: int = 1, *, free: int = 0, stake: int = 0, coin: int = 0) -> list[EscrowChain]:
        """New members with native coin, and coin: free and bonded in the vault, and in their own hands."""
        wallets = [self.chain.wallet(f"member-{next(self._names)}") for _ in range(count)]
        joined = [EscrowChain(await Connection.connect(self.network, wallet)) for wallet in wallets]
        self.members += joined
        await asyncio.gather(*(self.bank.send_native(one.address, Amount(10**18)) for one in joined))
        if free + stake:
            await self.give([one.address for one in joined], free + stake)
        if stake:
            await asyncio.gather(*(VaultAccount(one.connection).stake(Amount(stake)) for one in joined))
        if coin:
            await asyncio.gather(*(self.bank.send_coin(one.address, Amount(coin)) for one in joined))
        return joined

    async def give(self, accounts: Sequence[Address], amount: int) -> None:
        """Free coin in the vault for each."""
        leases = self.bank.connection.leases
        self.accounts.update(accounts)
        gifts = [encoded(leases, "give", checksummed(account), amount) for account in accounts]
        await self.bank.connection.transact(leases, *gifts)

    async def agree(
        self,
        renter: EscrowChain,
        donors: Sequence[DomainNotary],
        *,
        cap: int = COIN,
        penalty: int = 0,
        lasts_s: int = 600,
        grace_s: int = 60,
    ) -> Deal:
        """A share for each of `donors`, who accept with their machine's first seat."""
        session = renter.new_session()
        now = await renter.now()
        shares = tuple(
            Share(index, donor.address, Resources(1000, 1024), Amount(10**12), Amount(cap), Amount(penalty))
            for index, donor in enumerate(donors)
        )
        salt = "0x" + secrets.token_hex(32)
        lease, terms = renter.draft(shares, session=session.address, ends_at=now + lasts_s, grace_s=grace_s, salt=salt)
        accepted = []
        for share, donor in zip(shares, donors, strict=True):
            said = Acceptance(lease, share.index, donor.address, now + 300, f"0x{1:064x}")
            accepted.append(SignedAcceptance(said, donor.sign(said)))
        self.leases.add(lease)
        self.accounts.update(donor.address for donor in donors)
        return Deal(Agreement(lease, terms, shares, 20, Kind.SPARK, "0x" + "22" * 32), tuple(accepted), session)

    async def opened(self, renter: EscrowChain, donors: Sequence[DomainNotary], **wishes: int) -> Deal:
        """A lease agreed on and open."""
        deal = await self.agree(renter, donors, **wishes)
        await renter.open_lease(deal.agreement, deal.accepted)
        return deal

    async def forward(self, seconds: int) -> None:
        await asyncio.to_thread(self.chain.forward, seconds)

    async def mine(self, blocks: int) -> None:
        await asyncio.to_thread(self.chain.mine, blocks)

    async def in_accounts(self) -> int:
        """What the accounts of everybody, the judges' and nobody's own included, hold in the vault."""
        judges = (self.suite.trials, self.suite.court, NOBODY)
        everybody = {member.address for member in self.members} | self.accounts | set(judges)
        return sum([account.total for account in [await self.bank.account_of(one) for one in everybody]])

    async def in_leases(self) -> int:
        """What leases have left."""
        records = [await self.bank.lease(lease) for lease in self.leases]
        return sum(record.remaining for record in records if record is not None)

    async def outside(self, *others: Address) -> int:
        """What everybody and `others` hold outside the vault."""
        everybody = {member.address for member in self.members} | self.accounts | set(others)
        return sum([await self.bank.coin_of(one) for one in everybody])
