"""Puts the suite on a chain, and writes where it is.

The contracts name one another in their constructors, and nobody can change that afterwards. So their addresses must be
known before they exist: they follow from the deployer's account and nonce. A deployer's key that was never used gives
the same addresses on every chain.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

import msgspec
import rlp  # type: ignore[import-untyped]  # it ships no types
from eth_hash.auto import keccak

from core.chain.artifact import load
from core.chain.networks import chain_of, confirmations
from core.chain.node import Node, checksummed
from core.chain.sender import GWEI, Sender
from core.chain.suite import Suite, encoded
from core.chain.wallet import Wallet
from core.errors import InvalidInput, NotEnoughCoin, SparecloudError, TransactionFailed
from core.model import COIN_UNIT, Address, Amount
from core.settings import Network

DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """IVault.Periods, in seconds: how long leases, graces, trial windows, thaws and periods of hold-back last."""

    longest_lease_s: int = 30 * DAY_S
    longest_grace_s: int = 7 * DAY_S
    trial_window_s: int = 7 * DAY_S
    thaw_s: int = 45 * DAY_S
    hold_period_s: int = 90 * DAY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRules:
    """ITrials.Rules: the least bond in smallest units, seconds to answer, samples, and percentages of a penalty."""

    min_bond: Amount = Amount(COIN_UNIT // 100)
    bond_percent: int = 10
    answer_s: int = 3 * DAY_S
    samples: int = 8
    burn_percent: int = 25
    challenger_percent: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CourtRules:
    """ICourt.Rules: smallest units, percentages, the odd size of a first jury, and seconds."""

    seat_stake: Amount = Amount(100 * COIN_UNIT)
    min_bond: Amount = Amount(COIN_UNIT // 10)
    bond_percent: int = 20
    appeal_factor: int = 3
    jury_size: int = 5
    minority_percent: int = 2
    no_show_percent: int = 5
    burn_percent: int = 25
    donor_percent: int = 30
    contest_s: int = 14 * DAY_S
    commit_s: int = DAY_S
    reveal_s: int = DAY_S
    appeal_s: int = DAY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class SalePlan:
    """ISale.Plan without the coin: smallest units for one wei, wei, Unix seconds, accounts, and the team's share.

    That vests to `team` in proportion to time, `vesting_s` seconds from the close, and nothing before `cliff_s`.
    """

    rate: int
    goal: Amount
    cap: Amount
    opens_at: int
    closes_at: int
    beneficiary: Address
    treasury: Address
    team: Address
    team_coins: Amount = Amount(0)
    cliff_s: int = 365 * DAY_S
    vesting_s: int = 4 * 365 * DAY_S

    @property
    def coins(self) -> Amount:
        """What the sale must be given before it opens."""
        return Amount(self.cap * self.rate + self.team_coins)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that is chosen once and never changes. The whole supply goes to the deployer, who funds the sale with it."""

    name: str = "Spare"
    symbol: str = "SPARE"
    supply: Amount = Amount(1_000_000_000 * COIN_UNIT)
    periods: Periods = Periods()
    trials: TrialRules = TrialRules()
    court: CourtRules = CourtRules()
    sale: SalePlan | None = None

    def __post_init__(self) -> None:
        if self.sale is not None and self.sale.coins > self.supply:
            raise InvalidInput("The sale sells more coin than there is.", "Lower its cap, rate or team's share.")


class AddressBook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a suite is; kept as JSON. `first_nonce` is the deployer's nonce that the coin was created with, and
    nothing of the suite is older than `first_block`.
    """

    chain_id: int
    deployer: Address
    first_nonce: int
    first_block: int
    plan: Plan
    coin: Address
    escrow: Address
    trials: Address
    court: Address
    sale: Address | None
    complete: bool = False

    @property
    def suite(self) -> Suite:
        """The contracts."""
        return Suite(self.chain_id, self.coin, self.escrow, self.trials, self.court, self.sale, self.first_block)


def read_book(path: Path) -> AddressBook | None:
    """The book at `path`, None where there is none. Raises InvalidInput where it is not one."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=AddressBook)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as broken:
        raise InvalidInput(f"{path} is no address book: {broken}.", "Name another file.") from broken


async def deploy(
    network: Network, wallet: Wallet, plan: Plan, *, book: Path | None = None, note: Callable[[str], None]
) -> Suite:
    """Create coin, leases, trials and court, and the sale where one is planned; what is there already is kept.

    Of `network` its name, node and limits count. `book` is written before the first transaction and again after the
    last, so that an interrupted deployment goes on where it stopped. Raises ChainUnavailable, NotEnoughCoin,
    TransactionFailed, InvalidInput (a book of another plan, another chain).
    """
    node = Node(network.rpc_url)
    try:
        chain_id = await asyncio.to_thread(node.chain_id)
        chain = chain_of(network, chain_id)
        highest = network.highest_gas_gwei * GWEI
        sender = Sender(node, wallet, chain_id, confirmations=confirmations(network, chain), highest_gas_price=highest)
        return await _Deployment(node, wallet, sender, chain_id, plan, book, note).run()
    finally:
        node.close()


def created_address(deployer: Address, nonce: int) -> Address:
    """What the deployer's transaction with `nonce` creates (Yellow Paper, section 7)."""
    return Address("0x" + keccak(rlp.encode([bytes.fromhex(deployer[2:]), nonce]))[-20:].hex())


class _Deployment:
    """One run of `deploy`."""

    def __init__(
        self,
        node: Node,
        wallet: Wallet,
        sender: Sender,
        chain_id: int,
        plan: Plan,
        book: Path | None,
        note: Callable[[str], None],
    ) -> None:
        self._node = node
        self._wallet = wallet
        self._sender = sender
        self._chain_id = chain_id
        self._plan = plan
        self._path = book
        self._note = note

    async def run(self) -> Suite:
        book = await self._begun()
        self._write(book)
        for step, (contract, at, arguments) in enumerate(self._contracts(book)):
            await self._create(book.first_nonce + step, contract, at, arguments)
        if book.sale is not None and self._plan.sale is not None:
            await self._fund(book.coin, book.sale, self._plan.sale.coins)
        self._write(msgspec.structs.replace(book, complete=True))
        return book.suite

    async def _begun(self) -> AddressBook:
        known = read_book(self._path) if self._path is not None else None
        if known is not None:
            if (known.chain_id, known.deployer, known.plan) != (self._chain_id, self._wallet.address, self._plan):
                raise InvalidInput(
                    f"{self._path} is the book of another deployment.", "Name another file, or use its plan and wallet."
                )
            return known
        deployer = self._wallet.address
        head, _ = await asyncio.to_thread(self._node.head)
        first = await asyncio.to_thread(self._node.next_nonce, deployer)
        coin, escrow, trials, court, sale = (created_address(deployer, first + step) for step in range(5))
        return AddressBook(
            chain_id=self._chain_id,
            deployer=deployer,
            first_nonce=first,
            first_block=head,
            plan=self._plan,
            coin=coin,
            escrow=escrow,
            trials=trials,
            court=court,
            sale=sale if self._plan.sale is not None else None,
        )

    def _contracts(self, book: AddressBook) -> list[tuple[str, Address, Sequence[object]]]:
        plan = self._plan
        coin, escrow = checksummed(book.coin), checksummed(book.escrow)
        trials, court = checksummed(book.trials), checksummed(book.court)
        contracts: list[tuple[str, Address, Sequence[object]]] = [
            ("Coin", book.coin, (plan.name, plan.symbol, plan.supply)),
            ("Leases", book.escrow, (coin, trials, court, _fields(plan.periods))),
            ("Trials", book.trials, (escrow, _fields(plan.trials))),
            ("Court", book.court, (escrow, _fields(plan.court))),
        ]
        if book.sale is not None and plan.sale is not None:
            sale = plan.sale
            accounts = (checksummed(sale.beneficiary), checksummed(sale.treasury))
            amounts = (sale.rate, sale.goal, sale.cap, sale.opens_at, sale.closes_at)
            terms = (coin, *amounts, *accounts, sale.team_coins)
            contracts.append(
                ("Sale", book.sale, (terms, checksummed(sale.team), sale.cliff_s, sale.vesting_s)),
            )
        return contracts

    async def _create(self, nonce: int, contract: str, at: Address, arguments: Sequence[object]) -> None:
        if await asyncio.to_thread(self._node.has_code, at):
            self._note(f"{contract} is at {at} already.")
            return
        if await asyncio.to_thread(self._node.next_nonce, self._wallet.address) != nonce:
            raise InvalidInput(
                f"The deployer sent something else before {contract} was created, so it would get another address.",
                "Deploy from an account that does nothing else; without the address book a new deployment begins.",
            )
        receipt = await self._sender.send(None, self._node.creation(load(contract), arguments))
        if receipt.contract != at:
            raise TransactionFailed(f"{contract} was created at another address than planned.", "Deploy anew.")
        self._note(f"{contract} is at {at}, for {receipt.gas_used:,} gas.")

    async def _fund(self, coin: Address, sale: Address, coins: Amount) -> None:
        contract = self._node.contract(load("Coin"), coin)
        held = await asyncio.to_thread(self._node.call, contract, "balanceOf", [checksummed(sale)])
        if not isinstance(held, int):
            raise SparecloudError("The chain node sent an answer that makes no sense.", "Use another node.")
        if held >= coins:
            return
        own = await asyncio.to_thread(self._node.call, contract, "balanceOf", [checksummed(self._wallet.address)])
        if own < coins - held:
            raise NotEnoughCoin("The deployer holds too little coin for the sale.", "Lower the sale's cap.")
        await self._sender.send(coin, encoded(contract, "transfer", checksummed(sale), coins - held))
        self._note(f"The sale holds {coins // COIN_UNIT:,} coin.")

    def _write(self, book: AddressBook) -> None:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_bytes(msgspec.json.format(msgspec.json.encode(book), indent=2) + b"\n")


def _fields(rules: Periods | TrialRules | CourtRules) -> tuple[object, ...]:
    """The fields in their order, as a struct's arguments."""
    return astuple(rules)
