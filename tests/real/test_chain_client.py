"""The escrow client over a development chain in a process of its own, with a base fee and without."""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from core.chain.client import EscrowChain, Market, deploy
from core.chain.devchain import Ready, read_ready
from core.chain.keystore import OwnerFiles
from core.chain.node import Node
from core.chain.wallet import Key, Wallet
from core.errors import ChainUnavailable, InvalidInput, NotEnoughCoin, TransactionFailed, WalletUnavailable
from core.model import Address, Agreement, Amount, Kind, LeaseId, Redemption, Resources, Share, Voucher

COIN = 10**18
STARTS_WITHIN_S = 60


@contextmanager
def devchain(folder: Path, *options: str) -> Iterator[tuple[Ready, "subprocess.Popen[bytes]"]]:
    ready_file = folder / "ready.json"
    command = [sys.executable, "-m", "core.chain.devchain", "--ready-file", str(ready_file), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + STARTS_WITHIN_S
            while not ready_file.exists():
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)
            yield read_ready(ready_file), process
        finally:
            process.kill()


@dataclass(frozen=True)
class Lab:
    """A running chain with a market, whose funds are in `rich`."""

    ready: Ready
    market: Market
    folder: Path

    def wallet(self, name: str) -> Wallet:
        files = OwnerFiles(self.folder / name)
        wallet = Wallet(files, files)
        wallet.open()
        return wallet

    def rich(self) -> Wallet:
        files = OwnerFiles(self.folder / "rich")
        wallet = Wallet(files, files)
        wallet.import_key(self.ready.funded_key)
        return wallet

    @asynccontextmanager
    async def chain(self, wallet: Wallet) -> AsyncIterator[EscrowChain]:
        chain = await EscrowChain.connect(
            self.ready.rpc_url, coin=self.market.coin, escrow=self.market.escrow, wallet=wallet
        )
        try:
            yield chain
        finally:
            chain.disconnect()


@pytest.fixture(scope="module", params=["base-fee", "legacy-fee"])
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("chain")
    options = ["--legacy-fees"] if request.param == "legacy-fee" else []
    with devchain(folder, *options) as (ready, _):
        bare = Lab(ready, Market(0, Address(""), Address("")), folder)
        market = asyncio.run(deploy(ready.rpc_url, bare.rich(), supply=Amount(10**9 * COIN)))
        yield replace(bare, market=market)


DONORS = [Key.random().address for _ in range(4)]


async def _agreed(
    chain: EscrowChain, *, cap: int = COIN, shares: int = 4, grace_s: int = 1, salt: int = 0
) -> Agreement:
    session = chain.new_session()
    made = tuple(Share(i, DONORS[i % 4], Resources(1000, 1024), Amount(10**12), Amount(cap)) for i in range(shares))
    word = "0x" + (salt or time.monotonic_ns()).to_bytes(32, "big").hex()
    ends_at = await chain.now() + 3600
    lease, terms = chain.draft(made, session=session.address, ends_at=ends_at, grace_s=grace_s, salt=word)
    return Agreement(lease, terms, made, 20, Kind.SPARK, "0x" + "22" * 32)


def _redemption(chain: EscrowChain, agreement: Agreement, index: int, amount: int) -> Redemption:
    voucher = Voucher(agreement.lease, index, Amount(amount))
    signature = chain.session(agreement.terms.session).sign(voucher)
    return Redemption(voucher, signature, agreement.shares[index])


async def _until_past(chain: EscrowChain, instant: int) -> None:
    async with asyncio.timeout(30):
        while await chain.now() <= instant:  # nobody but the chain knows its time
            await asyncio.sleep(0.3)


async def test_a_lease_is_opened_claimed_closed_and_refunded_and_every_step_may_be_repeated(lab: Lab) -> None:
    async with lab.chain(lab.rich()) as chain:
        agreement = await _agreed(chain)
        chain.check(agreement)
        start = (await chain.balances()).coin
        first_block = (await chain.payments(DONORS[0], 0))[1]
        assert await chain.lease(agreement.lease) is None

        for _ in range(2):
            await chain.open_lease(agreement.terms)
        opened = await chain.lease(agreement.lease)
        for _ in range(2):
            await chain.claim(agreement, [_redemption(chain, agreement, i, 100 + i) for i in range(4)])
        await chain.claim(agreement, [_redemption(chain, agreement, 0, 50), _redemption(chain, agreement, 0, 150)])
        for _ in range(2):
            await chain.close(agreement.terms)
        closed = await chain.lease(agreement.lease)
        with pytest.raises(TransactionFailed, match="Donors may still claim"):
            await chain.sweep(agreement.terms)
        assert closed is not None
        await _until_past(chain, closed.claimable_until)
        refunds = [await chain.sweep(agreement.terms) for _ in range(2)]
        swept = await chain.lease(agreement.lease)
        payments, _ = await chain.payments(DONORS[0], first_block)

        paid = 150 + 101 + 102 + 103
        assert opened is not None and not opened.closed and opened.remaining == 4 * COIN
        assert closed.closed and not closed.swept and closed.remaining == 4 * COIN - paid
        assert swept is not None and swept.swept and swept.remaining == 0
        assert refunds == [4 * COIN - paid] * 2
        assert (await chain.balances()).coin == start - paid
        assert [(p.lease, p.index, p.amount, p.total) for p in payments] == [
            (agreement.lease, 0, 100, 100),
            (agreement.lease, 0, 50, 150),
        ]
        assert await chain.paid(agreement.lease, 3) == 103


async def test_a_contracts_refusal_is_a_sentence(lab: Lab) -> None:
    async with lab.chain(lab.rich()) as chain:
        agreement = await _agreed(chain)
        await chain.open_lease(agreement.terms)

        with pytest.raises(TransactionFailed, match="exceeds the share's cap"):
            await chain.claim(agreement, [_redemption(chain, agreement, 1, COIN + 1)])
        forged = replace(_redemption(chain, agreement, 1, 5), voucher=Voucher(agreement.lease, 1, Amount(6)))
        with pytest.raises(TransactionFailed, match="not signed by the lease's session key"):
            await chain.claim(agreement, [forged])


async def test_a_wallet_without_coin_or_without_fees_is_told_so(lab: Lab) -> None:
    async with lab.chain(lab.wallet("poor")) as poor, lab.chain(lab.rich()) as rich:
        agreement = await _agreed(poor, cap=3 * COIN // 2)
        with pytest.raises(NotEnoughCoin, match=r"deposit is 6\.0000 coin, the wallet holds 0\.0000"):
            await poor.open_lease(agreement.terms)
        await rich.send_coin(poor.address, Amount(6 * COIN))

        with pytest.raises(NotEnoughCoin, match="fee"):
            await poor.open_lease(agreement.terms)

        await rich.send_native(poor.address, Amount(10**17))
        await poor.open_lease(agreement.terms)
        assert (await poor.balances()).coin == 0


async def test_an_agreement_whose_shares_or_id_do_not_fit_is_refused(lab: Lab) -> None:
    async with lab.chain(lab.rich()) as chain:
        agreement = await _agreed(chain)
        fewer = replace(agreement.shares[1], cap=Amount(1))
        altered = replace(agreement, shares=(agreement.shares[0], fewer, *agreement.shares[2:]))
        renamed = replace(agreement, lease=LeaseId("0x" + "00" * 32))
        cheaper = replace(agreement, terms=replace(agreement.terms, grace_s=2))

        for wrong in (altered, renamed, cheaper):
            with pytest.raises(InvalidInput):
                chain.check(wrong)


async def test_two_leases_are_opened_at_once_from_one_wallet(lab: Lab) -> None:
    async with lab.chain(lab.rich()) as chain:
        agreements = [await _agreed(chain) for _ in range(3)]

        await asyncio.gather(*(chain.open_lease(one.terms) for one in [*agreements, agreements[0]]))

        records = [await chain.lease(one.lease) for one in agreements]
        assert [record is not None and record.remaining for record in records] == [4 * COIN] * 3


async def test_many_tasks_send_at_once_from_one_wallet(lab: Lab) -> None:
    receiver = Key.random().address
    async with lab.chain(lab.rich()) as chain:
        before = (await chain.balances()).coin

        await asyncio.gather(*(chain.send_coin(receiver, Amount(7)) for _ in range(12)))

        assert (await chain.balances()).coin == before - 84


async def test_two_processes_use_one_chain_at_once(lab: Lab) -> None:
    program = """
import asyncio, sys
from pathlib import Path
from core.chain.client import EscrowChain
from core.chain.keystore import OwnerFiles
from core.chain.wallet import Wallet
from core.model import Amount

async def main(url, coin, escrow, folder, to, amount):
    files = OwnerFiles(Path(folder))
    wallet = Wallet(files, files)
    wallet.unlock()
    chain = await EscrowChain.connect(url, coin=coin, escrow=escrow, wallet=wallet)
    for _ in range(6):
        await chain.send_coin(to, Amount(int(amount)))
    chain.disconnect()

asyncio.run(main(*sys.argv[1:]))
"""
    lab.rich()
    receiver = lab.wallet("receiver")
    arguments = [lab.ready.rpc_url, lab.market.coin, lab.market.escrow, str(lab.folder / "rich"), receiver.address]

    running = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, *arguments, amount, stdin=subprocess.DEVNULL
        )
        for amount in ("1", "100")
    ]
    codes = [await asyncio.wait_for(process.wait(), 60) for process in running]

    async with lab.chain(receiver) as chain:
        assert codes == [0, 0]
        assert (await chain.balances()).coin == 606


async def test_a_restarted_agent_still_signs_while_its_wallet_is_locked(lab: Lab) -> None:
    lab.rich()
    async with lab.chain(lab.rich()) as chain:
        agreement = await _agreed(chain)
        signature = _redemption(chain, agreement, 0, 5).signature
    files = OwnerFiles(lab.folder / "rich")

    async with lab.chain(Wallet(files, files)) as restarted:
        assert _redemption(restarted, agreement, 0, 5).signature == signature
        with pytest.raises(WalletUnavailable, match="locked"):
            await restarted.close(agreement.terms)


async def test_addresses_that_are_no_market_are_refused(lab: Lab) -> None:
    wallet = lab.rich()
    coin, escrow = lab.market.coin, lab.market.escrow

    for wrong_coin, wrong_escrow in ((coin, DONORS[0]), (DONORS[0], escrow), (escrow, escrow), (coin, coin)):
        with pytest.raises((InvalidInput, TransactionFailed, ChainUnavailable)):
            await EscrowChain.connect(lab.ready.rpc_url, coin=wrong_coin, escrow=wrong_escrow, wallet=wallet)


def _refused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_node_that_does_not_answer_is_named_without_its_access_key() -> None:
    node = Node(f"http://127.0.0.1:{_refused_port()}/v3/my-access-key")

    with pytest.raises(ChainUnavailable, match=r"127\.0\.0\.1") as unavailable:
        await asyncio.to_thread(node.chain_id)

    node.close()
    assert "my-access-key" not in str(unavailable.value)


@pytest.mark.parametrize("address", ["", "127.0.0.1:1", "ftp://127.0.0.1", "file:///etc/passwd"])
def test_what_is_not_a_web_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match="not a web address"):
        Node(address)


class _Lying(BaseHTTPRequestHandler):
    """Answers everything with the server's `body`."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body: bytes = self.server.body  # type: ignore[attr-defined]  # set by the test below
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b"{}",
        b'{"jsonrpc": "2.0", "id": 0, "result": null}',
        b'{"jsonrpc": "2.0", "id": 0, "result": "zz"}',
        b'{"jsonrpc": "2.0", "id": 0, "result": {"number": []}}',
        b'{"jsonrpc": "2.0", "id": 0, "error": "no"}',
        b'{"jsonrpc": "2.0", "id": 0, "error": {"code": 3, "message": 7, "data": {"x": 1}}}',
        b"\xff\xfe",
    ],
)
def test_nonsense_from_a_node_becomes_one_of_our_errors(body: bytes) -> None:
    with HTTPServer(("127.0.0.1", 0), _Lying) as server:
        server.body = body  # type: ignore[attr-defined]  # read by _Lying
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        node = Node(f"http://127.0.0.1:{server.server_address[1]}")
        try:
            for call in (node.chain_id, node.head, node.fee, lambda: node.receipt("0x" + "00" * 32)):
                with pytest.raises((ChainUnavailable, TransactionFailed)):
                    found = call()
                    assert found is None
                    raise TransactionFailed("not mined")
        finally:
            node.close()
            server.shutdown()
            serving.join()


def test_the_ready_file_is_private_and_goes_when_the_chain_is_told_to_stop(tmp_path: Path) -> None:
    other = str(tmp_path / "other.json")
    with devchain(tmp_path) as (ready, process):
        mode = stat.S_IMODE((tmp_path / "ready.json").stat().st_mode)
        port = ready.rpc_url.rsplit(":", 1)[1]
        command = [sys.executable, "-m", "core.chain.devchain", "--ready-file", other, "--port", port]
        second = subprocess.run(command, capture_output=True, text=True, timeout=STARTS_WITHIN_S, check=False)

        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=10)

    assert os.name == "nt" or mode == 0o600
    assert code == 0
    assert not (tmp_path / "ready.json").exists()
    assert second.returncode == 2
    assert f"Port {port}" in second.stderr and "Traceback" not in second.stderr


def test_block_time_follows_the_wall_clock_even_while_blocks_are_many(lab: Lab) -> None:
    async def many() -> list[int]:
        async with lab.chain(lab.rich()) as chain:
            seen = []
            for _ in range(8):
                await chain.send_coin(DONORS[0], Amount(1))
                seen.append(await chain.now() - int(time.time()))
            return seen

    drift = asyncio.run(many())

    assert all(-3 <= one <= 0 for one in drift), drift


@pytest.mark.parametrize("content", ["", "{}", "[]", json.dumps({"rpc_url": "x", "chain_id": "y", "funded_key": ""})])
def test_a_malformed_ready_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "ready.json"
    path.write_text(content)

    with pytest.raises(InvalidInput, match=r"ready\.json"):
        read_ready(path)
