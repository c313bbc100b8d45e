"""A suite is deployed to addresses known beforehand, once, and goes on where it was interrupted."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.chain.deployment import Periods, Plan, SalePlan, created_address, deploy, read_book
from core.chain.node import Node, checksummed
from core.chain.sender import Sender
from core.chain.suite import Connection
from core.chain.wallet import Wallet
from core.errors import InvalidInput, NotEnoughCoin, TransactionFailed
from core.model import Address, Amount
from tests.real.chains import COIN, PLAN, DevChain, running

SOMEBODY = Address("0x" + "5a" * 20)
CREATED = ["Coin", "Leases", "Trials", "Court", "Sale"]


@pytest.fixture(scope="module", params=["embedded", "embedded with Ethereum Classic's rules"])
def chain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevChain]:
    with running(request.param, tmp_path_factory.mktemp("chain")) as chain:
        yield chain


@pytest.fixture
def plan(chain: DevChain) -> Plan:
    """With a sale that opens in a minute."""
    now = int(chain.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    sale = SalePlan(
        rate=1000,
        goal=Amount(10**17),
        cap=Amount(10**18),
        opens_at=now + 60,
        closes_at=now + 3600,
        beneficiary=SOMEBODY,
        treasury=SOMEBODY,
        team=SOMEBODY,
        team_coins=Amount(7),
    )
    return replace(PLAN, sale=sale)


async def deployer(chain: DevChain, name: str, wei: int = 10**18) -> Wallet:
    """A wallet of its own, with so much native coin."""
    wallet = await asyncio.to_thread(chain.wallet, name)
    await pay(chain, chain.rich(), wallet.address, wei)
    return wallet


async def pay(chain: DevChain, by: Wallet, to: Address, wei: int) -> None:
    node = Node(chain.url)
    try:
        await Sender(node, by, chain.ready.chain_id).send(to, value=wei)
    finally:
        node.close()


class Interruption(Exception):
    """Stops a deployment after so many of the sentences that it says."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.said: list[str] = []
        self._after = after

    def __call__(self, sentence: str) -> None:
        self.said.append(sentence.split()[0])
        if len(self.said) == self._after:
            raise self


async def test_a_suite_is_where_its_book_said_before_anything_was_sent(
    chain: DevChain, plan: Plan, tmp_path: Path
) -> None:
    wallet, book = await deployer(chain, "whole"), tmp_path / "books" / "book.json"
    said = Interruption(after=99)

    suite = await deploy(chain.network, wallet, plan, book=book, note=said)
    connection = await Connection.connect(chain.market(suite), wallet)

    addresses = [suite.coin, suite.escrow, suite.trials, suite.court, suite.sale]
    assert addresses == [created_address(wallet.address, nonce) for nonce in range(5)]
    assert said.said == [*CREATED, "The"]
    assert connection.suite == replace(suite, first_block=0) and suite.first_block == 1
    known = read_book(book)
    assert known is not None and known.complete and known.suite == suite and known.plan == plan
    assert plan.sale is not None and suite.sale is not None
    held = [
        await connection.view(connection.coin, "balanceOf", checksummed(one)) for one in (suite.sale, wallet.address)
    ]
    assert held == [plan.sale.coins, plan.supply - plan.sale.coins]
    connection.close()


@pytest.mark.parametrize("after", range(1, 7))
async def test_a_deployment_goes_on_where_it_was_interrupted(
    chain: DevChain, plan: Plan, tmp_path: Path, after: int
) -> None:
    wallet, book = await deployer(chain, f"interrupted-{after}"), tmp_path / "book.json"

    interruption = Interruption(after)
    with pytest.raises(Interruption):
        await deploy(chain.network, wallet, plan, book=book, note=interruption)
    half = read_book(book)
    rest = Interruption(after=99)
    suite = await deploy(chain.network, wallet, plan, book=book, note=rest)
    again = await deploy(chain.network, wallet, plan, book=book, note=lambda _: None)

    assert half is not None and not half.complete
    assert half.suite == suite == again
    assert interruption.said == [*CREATED, "The"][:after]
    assert rest.said == [*CREATED, *(["The"] if after < 6 else [])]
    nonces = int(await asyncio.to_thread(chain.rpc, "eth_getTransactionCount", wallet.address, "latest"), 16)
    assert nonces == 6
    (await Connection.connect(chain.market(suite), wallet)).close()


async def test_a_deployer_that_did_something_else_meanwhile_is_told_that_the_addresses_are_lost(
    chain: DevChain, plan: Plan, tmp_path: Path
) -> None:
    wallet, book = await deployer(chain, "busy"), tmp_path / "book.json"
    with pytest.raises(Interruption):
        await deploy(chain.network, wallet, plan, book=book, note=Interruption(after=2))
    await pay(chain, wallet, SOMEBODY, 1)

    with pytest.raises(InvalidInput, match="something else before Trials"):
        await deploy(chain.network, wallet, plan, book=book, note=lambda _: None)


async def test_a_book_is_of_one_plan_one_wallet_and_one_chain(chain: DevChain, plan: Plan, tmp_path: Path) -> None:
    wallet, other = await deployer(chain, "first"), await deployer(chain, "second")
    book = tmp_path / "book.json"
    await deploy(chain.network, wallet, plan, book=book, note=lambda _: None)
    kept = book.read_bytes()

    with pytest.raises(InvalidInput, match="another deployment"):
        await deploy(chain.network, wallet, replace(plan, name="Other"), book=book, note=lambda _: None)
    with pytest.raises(InvalidInput, match="another deployment"):
        await deploy(chain.network, other, plan, book=book, note=lambda _: None)

    assert book.read_bytes() == kept


async def test_without_native_coin_nothing_is_created(chain: DevChain, plan: Plan, tmp_path: Path) -> None:
    wallet = await deployer(chain, "poor", wei=10**15)

    with pytest.raises(NotEnoughCoin, match="fee"):
        await deploy(chain.network, wallet, plan, book=tmp_path / "book.json", note=lambda _: None)

    assert int(await asyncio.to_thread(chain.rpc, "eth_getTransactionCount", wallet.address, "latest"), 16) == 0


async def test_rules_that_can_never_work_are_refused_by_name(chain: DevChain) -> None:
    wallet = await deployer(chain, "mistaken")
    hasty = replace(PLAN, periods=Periods(thaw_s=1))

    with pytest.raises(TransactionFailed, match="thawS"):
        await deploy(chain.network, wallet, hasty, note=lambda _: None)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"chain_id": "x"}', "not JSON"])
def test_a_file_that_is_no_book_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "book.json"
    path.write_text(text)

    with pytest.raises(InvalidInput, match=r"book\.json is no address book"):
        read_book(path)


def test_there_is_no_book_before_there_is_one(tmp_path: Path) -> None:
    assert read_book(tmp_path / "book.json") is None


def test_a_sale_of_more_coin_than_there_is_is_refused() -> None:
    sale = SalePlan(
        rate=10,
        goal=Amount(1),
        cap=Amount(COIN),
        opens_at=1,
        closes_at=2,
        beneficiary=SOMEBODY,
        treasury=SOMEBODY,
        team=SOMEBODY,
        team_coins=Amount(1),
    )

    with pytest.raises(InvalidInput, match="more coin than there is"):
        Plan(supply=Amount(10 * COIN), sale=sale)
    assert Plan(supply=Amount(10 * COIN + 1), sale=sale).sale == sale


def test_an_address_follows_from_the_deployer_and_its_nonce() -> None:
    # The example of many a textbook: the first contracts of one account on Ethereum.
    deployer = Address("0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0")

    assert created_address(deployer, 0) == "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d"
    assert created_address(deployer, 1) == "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8"
    assert created_address(deployer, 2) == "0xf778b86fa74e846c4f0a1fbd1335fe81c00a0c91"
