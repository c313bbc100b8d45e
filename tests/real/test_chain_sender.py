"""Sending from one wallet: many processes, stuck and lost transactions, fees; on every kind of chain there is here."""

import asyncio
import json
import math
import multiprocessing
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from core.chain import sender as sender_module
from core.chain.devchain import Ready
from core.chain.keystore import OwnerFiles, Passphrase
from core.chain.node import FeeTooLow, Node, Receipt, Underbid
from core.chain.nonces import Attempt, Busy, Outbox
from core.chain.sender import Sender
from core.chain.transaction import LegacyFee, MarketFee, Transaction
from core.chain.wallet import Key, Wallet, wallet_in
from core.errors import ChainUnavailable, NotEnoughCoin, TransactionFailed
from core.model import Address
from tests.real.chains import KINDS, started

GWEI = 10**9
PROCESSES, EACH = 4, 10
EMBEDDED, CLASSIC, ANVIL_LEGACY, ANVIL = KINDS


only_embedded = pytest.mark.parametrize("lab", [EMBEDDED, CLASSIC], indirect=True, scope="module")
only_anvil = pytest.mark.parametrize("lab", [ANVIL, ANVIL_LEGACY], indirect=True, scope="module")


@dataclass(frozen=True)
class Lab:
    """A running chain. `hold` keeps what is sent from being mined, `release` mines it."""

    kind: str
    ready: Ready
    folder: Path

    @property
    def url(self) -> str:
        return self.ready.rpc_url

    def rpc(self, method: str, *params: Any) -> Any:
        call = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, call, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            document = json.load(answer)
        assert "error" not in document, document
        return document["result"]

    def hold(self) -> None:
        if self.kind.startswith("anvil"):
            self.rpc("evm_setIntervalMining", 0)
            self.rpc("evm_setAutomine", False)
        else:
            self.rpc("sparecloud_setLeastTip", hex(10**18))

    def release(self) -> None:
        if self.kind.startswith("anvil"):
            self.rpc("evm_mine")
            self.rpc("evm_setAutomine", True)
        else:
            self.rpc("sparecloud_setLeastTip", "0x0")

    def balance(self, account: Address) -> int:
        return int(self.rpc("eth_getBalance", account, "latest"), 16)

    def nonce(self, account: Address, block: str = "latest") -> int:
        return int(self.rpc("eth_getTransactionCount", account, block), 16)

    def wallet(self, name: str, wei: int = 10**20) -> Wallet:
        """A funded wallet in a folder of its own."""
        wallet = _wallet(self.folder / name)
        rich = Wallet(OwnerFiles(self.folder / "rich"), OwnerFiles(self.folder / "rich"), self.folder / "rich")
        rich.import_key(self.ready.funded_key)
        asyncio.run(_send(self.url, rich, wallet.address, wei))
        return wallet

    @contextmanager
    def sender(self, wallet: Wallet, **options: Any) -> Iterator[Sender]:
        node = Node(self.url)
        try:
            yield Sender(node, wallet, self.ready.chain_id, **options)
        finally:
            node.close()


def _wallet(folder: Path) -> Wallet:
    wallet = wallet_in(folder, Passphrase("a passphrase"), scrypt_n=2)
    wallet.open()
    return wallet


async def _send(url: str, wallet: Wallet, to: Address, wei: int) -> Receipt:
    node = Node(url)
    try:
        return await Sender(node, wallet, node.chain_id()).send(to, value=wei)
    finally:
        node.close()


@contextmanager
def running(kind: str, folder: Path) -> Iterator[Lab]:
    with started(kind, folder) as (ready, _):
        yield Lab(kind, ready, folder)


@pytest.fixture(scope="module", params=KINDS)
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running(request.param, tmp_path_factory.mktemp("chain")) as lab:
        yield lab


@pytest.fixture
def held(lab: Lab, request: pytest.FixtureRequest) -> Iterator[tuple[Lab, Wallet]]:
    """A chain that mines nothing until released, and a funded wallet."""
    wallet = lab.wallet(request.node.name)
    lab.hold()
    try:
        yield lab, wallet
    finally:
        lab.release()


def _target() -> Address:
    return Key.random().address


def _sent(folder: Path) -> list[Attempt]:
    [path] = folder.glob("sent-*.sqlite3")
    deadline = time.monotonic() + 10
    while True:
        try:
            with Outbox(path).held() as sent:
                return [attempt for nonce in sent.nonces(0) for attempt in sent.at(nonce)]
        except Busy:
            assert time.monotonic() < deadline
            time.sleep(0.01)


async def _until(condition: Any, within_s: float = 20.0) -> None:
    async with asyncio.timeout(within_s):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.02)


def send_some(url: str, folder: str, to: Address, count: int) -> list[str]:
    """In a process of its own: `count` payments of 1 wei at once, from the wallet that lies in `folder`."""

    async def all_of_them() -> list[Receipt]:
        node = Node(url)
        try:
            sender = Sender(node, _wallet(Path(folder)), node.chain_id())
            return list(await asyncio.gather(*(sender.send(to, value=1) for _ in range(count))))
        finally:
            node.close()

    return [receipt.transaction for receipt in asyncio.run(all_of_them())]


def test_processes_that_share_a_wallet_leave_no_gap_and_send_nothing_twice(lab: Lab) -> None:
    wallet, to = lab.wallet("shared"), _target()
    folder = lab.folder / "shared"

    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        jobs = [pool.submit(send_some, lab.url, str(folder), to, EACH) for _ in range(PROCESSES)]
        hashes = [hash_ for job in jobs for hash_ in job.result(timeout=120)]

    count = PROCESSES * EACH
    assert len(set(hashes)) == count
    assert lab.balance(to) == count
    assert lab.nonce(wallet.address) == lab.nonce(wallet.address, "pending") == count
    assert [attempt.nonce for attempt in _sent(folder)] == list(range(count))


async def test_a_stuck_transaction_is_replaced_and_one_of_all_is_mined(held: tuple[Lab, Wallet]) -> None:
    (lab, wallet), to = held, _target()
    folder = wallet.folder
    assert folder is not None

    with lab.sender(wallet, replace_after_s=0.4) as sender:
        sending = asyncio.ensure_future(sender.send(to, value=7))
        await _until(lambda: len(list(folder.glob("sent-*"))) == 1 and len(_sent(folder)) >= 3)
        await asyncio.to_thread(lab.release)
        receipt = await sending

    attempts = _sent(folder)
    fees = [attempt.transaction.fee for attempt in attempts]
    for before, after in pairwise(fees):
        match before, after:
            case LegacyFee(), LegacyFee():
                assert 8 * after.gas_price > 9 * before.gas_price
            case MarketFee(), MarketFee():
                assert 8 * after.highest > 9 * before.highest and 8 * after.tip > 9 * before.tip
            case _:
                pytest.fail("the kind of fee has changed")
    assert {attempt.nonce for attempt in attempts} == {0}
    assert receipt.transaction in {attempt.hash for attempt in attempts}
    assert lab.balance(to) == 7
    assert lab.nonce(wallet.address, "pending") == 1
    assert isinstance(fees[0], LegacyFee) == (lab.kind in (CLASSIC, ANVIL_LEGACY))


@only_embedded
async def test_a_transaction_that_is_too_cheap_is_bid_up_until_the_chain_takes_it(lab: Lab) -> None:
    wallet, to = await asyncio.to_thread(lab.wallet, "cheap"), _target()
    folder = wallet.folder
    assert folder is not None
    await asyncio.to_thread(lab.rpc, "sparecloud_setLeastTip", hex(13 * GWEI // 10))

    with lab.sender(wallet, replace_after_s=0.3) as sender:
        receipt = await sender.send(to, value=7)
    await asyncio.to_thread(lab.release)

    # From 1 gwei by eighths: 1.125, 1.27, 1.42.
    attempts = _sent(folder)
    assert [attempt.nonce for attempt in attempts] == [0, 0, 0, 0]
    assert receipt.transaction == attempts[-1].hash
    assert (lab.balance(to), lab.nonce(wallet.address, "pending")) == (7, 1)


async def test_a_bid_goes_no_higher_than_the_limit_and_the_deadline_says_where_it_stands(
    held: tuple[Lab, Wallet],
) -> None:
    (lab, wallet), to = held, _target()
    node = Node(lab.url)
    market = node.fee()
    node.close()
    limit = (market.gas_price if isinstance(market, LegacyFee) else market.highest) * 12 // 10

    with lab.sender(wallet, replace_after_s=0.2, mined_within_s=2, highest_gas_price=limit) as sender:
        with pytest.raises(
            ChainUnavailable, match=r"not mined within 2 seconds \(nonce 0, attempts: 2, at most"
        ) as late:
            await sender.send(to, value=7)
        assert "may still be" in late.value.hint
        await asyncio.to_thread(lab.release)
        await sender.send(to, value=1)

    assert lab.balance(to) == 8
    assert lab.nonce(wallet.address, "pending") == 2


async def test_gas_dearer_than_the_limit_is_refused_before_anything_is_sent(lab: Lab) -> None:
    wallet = await asyncio.to_thread(lab.wallet, "thrifty")

    with lab.sender(wallet, highest_gas_price=1) as sender, pytest.raises(TransactionFailed, match="your limit is"):
        await sender.send(_target(), value=1)

    assert lab.nonce(wallet.address, "pending") == 0


async def test_what_a_crash_left_unsent_or_stuck_is_mended_by_the_next_process(held: tuple[Lab, Wallet]) -> None:
    (lab, wallet), to = held, _target()
    folder = wallet.folder
    assert folder is not None
    node = Node(lab.url)
    fee, genesis = node.fee(), node.genesis()

    def left_behind(nonce: int, wei: int, at: float) -> Attempt:
        unsigned = Transaction(lab.ready.chain_id, nonce, fee, 21_000, to, wei, b"")
        return Attempt(nonce, wallet.key.sign_transaction(unsigned), at)

    stuck, unsent = left_behind(0, 100, 0.0), left_behind(2, 400, time.time())
    with Outbox(folder / f"sent-{lab.ready.chain_id}-{genesis[2:10]}-{wallet.address}.sqlite3").held() as sent:
        sent.add(stuck)
        sent.add(unsent)
    node.send(stuck.raw)
    node.close()

    # Nonce 1 is a gap: the process that chose it died before it wrote anything down.
    with lab.sender(wallet) as sender:
        sending = asyncio.ensure_future(sender.send(to, value=200))
        await _until(lambda: lab.nonce(wallet.address, "pending") == 3)
        await asyncio.to_thread(lab.release)
        await sending
        await _until(lambda: lab.nonce(wallet.address) == 3)

    assert lab.balance(to) == 700
    assert [(one.nonce, one.transaction.value) for one in _sent(folder)] == [
        (0, 100),
        (0, 100),
        (1, 200),
        (2, 400),
    ]


def test_a_process_killed_while_it_sends_leaves_a_wallet_that_works(held: tuple[Lab, Wallet]) -> None:
    (lab, wallet), to = held, _target()
    folder = wallet.folder
    assert folder is not None
    doomed = multiprocessing.get_context("spawn").Process(target=send_some, args=(lab.url, str(folder), to, 3))
    doomed.start()
    try:
        asyncio.run(_until(lambda: lab.nonce(wallet.address, "pending") >= 1))
    finally:
        doomed.kill()
        doomed.join()
    lab.release()

    asyncio.run(_send(lab.url, wallet, to, 10))

    count = lab.nonce(wallet.address)
    assert count == lab.nonce(wallet.address, "pending")
    assert lab.balance(to) == 10 + (count - 1)


@only_anvil
async def test_what_the_node_has_dropped_is_sent_again(
    held: tuple[Lab, Wallet], monkeypatch: pytest.MonkeyPatch
) -> None:
    (lab, wallet), to = held, _target()
    monkeypatch.setattr(sender_module, "_SEND_AGAIN_AFTER_S", 0.3)
    folder = wallet.folder
    assert folder is not None

    with lab.sender(wallet) as sender:
        sending = asyncio.ensure_future(sender.send(to, value=7))
        await _until(lambda: lab.nonce(wallet.address, "pending") == 1)
        await asyncio.to_thread(lab.rpc, "anvil_dropTransaction", _sent(folder)[0].hash)
        await _until(lambda: lab.nonce(wallet.address, "pending") == 1)
        await asyncio.to_thread(lab.release)
        await sending

    assert lab.balance(to) == 7
    assert len(_sent(folder)) == 1


async def test_who_is_outbid_by_the_same_key_elsewhere_takes_another_nonce(held: tuple[Lab, Wallet]) -> None:
    (lab, wallet), ours, theirs = held, _target(), _target()
    node = Node(lab.url)

    with lab.sender(wallet) as sender:
        sending = asyncio.ensure_future(sender.send(ours, value=7))
        await _until(lambda: lab.nonce(wallet.address, "pending") == 1)
        match await asyncio.to_thread(node.fee):
            case LegacyFee(price):
                fee: LegacyFee | MarketFee = LegacyFee(3 * price)
            case MarketFee(highest, tip):
                fee = MarketFee(3 * highest, 3 * tip)
        rival = Transaction(lab.ready.chain_id, 0, fee, 21_000, theirs, 5, b"")
        await asyncio.to_thread(node.send, wallet.key.sign_transaction(rival))
        node.close()
        await asyncio.to_thread(lab.release)
        await sending

    assert (lab.balance(ours), lab.balance(theirs)) == (7, 5)
    assert lab.nonce(wallet.address, "pending") == 2


def test_the_node_tells_a_bid_too_low_from_a_nonce_that_is_used(held: tuple[Lab, Wallet]) -> None:
    lab, wallet = held
    node = Node(lab.url)
    fee = node.fee()

    def raw(value: int) -> bytes:
        return wallet.key.sign_transaction(Transaction(lab.ready.chain_id, 0, fee, 21_000, _target(), value, b""))

    first = raw(1)
    assert node.send(first) == node.send(first)
    with pytest.raises(Underbid):
        node.send(raw(2))
    lab.release()
    with pytest.raises(TransactionFailed, match="nonce too low") as used:
        node.send(raw(3))

    assert not isinstance(used.value, (Underbid, FeeTooLow))
    node.close()


async def test_the_gas_set_aside_fits_into_a_block(lab: Lab) -> None:
    wallet = await asyncio.to_thread(lab.wallet, "large")
    block_gas = int((await asyncio.to_thread(lab.rpc, "eth_getBlockByNumber", "latest", False))["gasLimit"], 16)
    # Growing memory to n words costs 3n + n * n / 512.
    words = math.isqrt(512 * min(block_gas, 8_000_000) * 86 // 100)

    with lab.sender(wallet) as sender:
        receipt = await sender.send(None, bytes.fromhex(f"600062{32 * words:06x}5200"))

    assert 10 * receipt.gas_used > 8 * min(block_gas, 8_000_000)


async def test_a_wallet_without_coin_is_told_so_and_its_next_payment_works(lab: Lab) -> None:
    wallet = await asyncio.to_thread(lab.wallet, "poor", 10**15)

    with lab.sender(wallet) as sender:
        with pytest.raises(NotEnoughCoin):
            await sender.send(_target(), value=10**16)
        receipt = await sender.send(_target(), value=1)

    assert receipt.succeeded
    assert lab.nonce(wallet.address, "pending") == 1


async def test_a_payment_counts_once_enough_blocks_stand_on_it(lab: Lab) -> None:
    wallet = await asyncio.to_thread(lab.wallet, "patient")

    with lab.sender(wallet, confirmations=3) as sender:
        sending = asyncio.ensure_future(sender.send(_target(), value=1))
        await _until(lambda: lab.nonce(wallet.address) == 1)
        block = int(await asyncio.to_thread(lab.rpc, "eth_blockNumber"), 16)
        while not sending.done():
            await asyncio.to_thread(lab.rpc, "evm_mine")
            await asyncio.sleep(0.1)
        receipt = await sending

    assert receipt.block <= block
    assert int(await asyncio.to_thread(lab.rpc, "eth_blockNumber"), 16) >= receipt.block + 3


@only_anvil
async def test_a_block_that_is_reorganised_away_takes_the_payment_with_it_only_until_it_is_sent_again(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "_SEND_AGAIN_AFTER_S", 0.3)
    wallet, to = await asyncio.to_thread(lab.wallet, "reorganised"), _target()

    with lab.sender(wallet, confirmations=4) as sender:
        sending = asyncio.ensure_future(sender.send(to, value=7))
        await _until(lambda: lab.nonce(wallet.address) == 1)
        await asyncio.to_thread(lab.rpc, "anvil_reorg", 1, [])
        undone = await asyncio.to_thread(lab.balance, to)
        while not sending.done():
            await asyncio.to_thread(lab.rpc, "evm_mine")
            await asyncio.sleep(0.1)
        await sending

    assert (undone, lab.balance(to)) == (0, 7)
    assert lab.nonce(wallet.address) == 1


async def test_a_chain_that_starts_over_with_the_same_id_is_not_sent_what_the_old_one_was(tmp_path: Path) -> None:
    folder, to = tmp_path / "wallet", _target()
    counts = []

    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        with running(EMBEDDED, tmp_path / name) as chain:
            wallet = await asyncio.to_thread(_wallet, folder)
            rich = Wallet(OwnerFiles(tmp_path / name), OwnerFiles(tmp_path / name))
            rich.import_key(chain.ready.funded_key)
            await _send(chain.url, rich, wallet.address, 10**18)
            await _send(chain.url, wallet, to, 1)
            counts.append((chain.nonce(wallet.address, "pending"), chain.balance(to)))

    assert counts == [(1, 1), (1, 1)]
