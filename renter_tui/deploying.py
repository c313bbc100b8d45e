"""Putting the suite on a chain: what it will be and cost, asked first; then core/chain/deployment.py does it."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from core import parsing
from core.chain.artifact import load
from core.chain.deployment import DAY_S, AddressBook, Plan, SalePlan, created_address, deploy, read_book
from core.chain.networks import Chain, chain_of
from core.chain.node import Node
from core.chain.sender import GWEI
from core.chain.suite import Suite
from core.chain.transaction import LegacyFee
from core.chain.wallet import Wallet
from core.errors import InvalidInput
from core.membership import wallet_at
from core.model import Address, Amount, address
from core.settings import Network

_BASE_GAS: Final = 53_000
_GAS_A_BYTE: Final = 216  # 200 to store a byte of code, 16 to send it; what constructors store comes on top
_SETTING_UP_GAS: Final = 150_000
_LONGEST_SALE_S: Final = 366 * DAY_S

_Text = Annotated[str, Meta(max_length=60)]


class SaleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A sale as a person writes it down (TOML); sums are text, of the chain's own coin or of coin, never floats."""

    rate: Annotated[int, Meta(ge=1, le=10**12)]
    goal: _Text
    cap: _Text
    opens: datetime
    closes: datetime
    beneficiary: _Text
    treasury: _Text
    team: _Text
    team_coins: _Text = "0"
    cliff_days: Annotated[int, Meta(ge=0, le=3650)] = 365
    vesting_days: Annotated[int, Meta(ge=365, le=3650)] = 1460


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be deployed, and where."""

    network: Network
    book: Path
    name: str
    symbol: str
    supply: Amount
    sale: Path | None


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a deployment would create and cost at most, in wei, and what the deployer has. `complete`: it is there."""

    chain: Chain
    chain_id: int
    deployer: Address
    plan: Plan
    coin: Address
    gas: int
    fee: Amount
    held: Amount
    complete: bool


class Deployer:
    """A deployment by `home`'s wallet. Raises InvalidInput, WalletUnavailable, ChainUnavailable."""

    def __init__(self, home: Path, order: Order) -> None:
        self._order = order
        self._plan = plan_of(order)
        self._wallet: Wallet = wallet_at(home)

    async def look(self) -> Prospect:
        """What it would be. Nothing is sent."""
        await asyncio.to_thread(self._wallet.unlock)
        return await asyncio.to_thread(self._look)

    async def go(self, note: Callable[[str], None]) -> Suite:
        """Create what is not there yet; may be repeated after an interruption."""
        order = self._order
        return await deploy(order.network, self._wallet, self._plan, book=order.book, note=note)

    def _look(self) -> Prospect:
        with closing(Node(self._order.network.rpc_url)) as node:
            chain_id = node.chain_id()
            deployer = self._wallet.address
            known = read_book(self._order.book)
            names = ["Coin", "Leases", "Trials", "Court"] + (["Sale"] if self._plan.sale else [])
            left = [name for place, name in enumerate(names) if not _is_there(node, known, place)]
            sale = self._plan.sale
            if sale is not None and "Sale" in left and sale.opens_at <= node.head()[1]:
                raise InvalidInput("The sale opens in the past.", "Choose an opening time that is still to come.")
            gas = sum(_creation_gas(name) for name in left)
            price = node.fee(self._order.network.highest_gas_gwei * GWEI)
            at = known.first_nonce if known else node.next_nonce(deployer)
            return Prospect(
                chain=chain_of(self._order.network, chain_id),
                chain_id=chain_id,
                deployer=deployer,
                plan=self._plan,
                coin=created_address(deployer, at),
                gas=gas,
                fee=Amount(gas * (price.gas_price if isinstance(price, LegacyFee) else price.highest)),
                held=node.native_balance(deployer),
                complete=known is not None and known.complete,
            )


def plan_of(order: Order) -> Plan:
    """The plan; periods and rules are the ones that docs/contracts.md gives reasons for. Raises InvalidInput."""
    sale = _sale(order.sale) if order.sale is not None else None
    return Plan(name=order.name, symbol=order.symbol, supply=order.supply, sale=sale)


def _sale(path: Path) -> SalePlan:
    try:
        told = msgspec.toml.decode(path.read_bytes(), type=SaleFile)
        if told.opens.tzinfo is None or told.closes.tzinfo is None:
            raise ValueError("opens and closes need a time zone, as in 2027-01-01T12:00:00Z")
        goal, cap = parsing.some_native(told.goal), parsing.some_native(told.cap)
        # What the contract would refuse, after the others were paid for.
        if cap < goal:
            raise ValueError("the cap is below the goal")
        if not 0 < (told.closes - told.opens).total_seconds() <= _LONGEST_SALE_S:
            raise ValueError("it must close after it opens, and within 366 days")
        return SalePlan(
            rate=told.rate,
            goal=goal,
            cap=cap,
            opens_at=int(told.opens.timestamp()),
            closes_at=int(told.closes.timestamp()),
            beneficiary=address(told.beneficiary),
            treasury=address(told.treasury),
            team=address(told.team),
            team_coins=parsing.coin(told.team_coins),
            cliff_s=told.cliff_days * DAY_S,
            vesting_s=told.vesting_days * DAY_S,
        )
    except (OSError, ValueError, msgspec.MsgspecError) as broken:
        raise InvalidInput(f"{path} does not describe a sale: {broken}.", "docs/cli.md has an example.") from broken


def _is_there(node: Node, known: AddressBook | None, place: int) -> bool:
    return known is not None and node.has_code(created_address(known.deployer, known.first_nonce + place))


def _creation_gas(contract: str) -> int:
    # Nodes cannot estimate it: each contract's constructor looks at one that is not there yet.
    return _BASE_GAS + _SETTING_UP_GAS + _GAS_A_BYTE * (len(load(contract).bytecode) // 2 - 1)
