"""The client of the contracts over a development chain in a process of its own, with a base fee and without."""

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
from collections.abc import AsyncGenerator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec import structs

from core.chain.client import EscrowChain
from core.chain.devchain import read_ready
from core.chain.keystore import OwnerFiles
from core.chain.node import Node
from core.chain.suite import Connection
from core.chain.typed_data import DomainNotary
from core.chain.wallet import Key, Wallet
from core.errors import ChainUnavailable, InvalidInput, NotEnoughCoin, TransactionFailed, WalletUnavailable
from core.model import Address, Amount, LeaseId, Voucher
from tests.real.chains import COIN, STARTS_WITHIN_S, Deal, Market, running, started

NOBODY_HERE = Address("0x" + "4e" * 20)


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=["embedded", "embedded with Ethereum Classic's rules"]
)
async def market(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Market]:
    with running(request.param, tmp_path_factory.mktemp("chain")) as chain:
        market = await Market.founded(chain)
        try:
            yield market
        finally:
            market.dissolve()


on_the_market = pytest.mark.asyncio(loop_scope="module")


async def agreed(market: Market, renter: EscrowChain, *, shares: int = 4, **wishes: int) -> Deal:
    donors = [DomainNotary(renter.connection.domain, Key.random()) for _ in range(shares)]
    return await market.agree(renter, donors, **wishes)


@on_the_market
async def test_every_step_of_a_lease_may_be_repeated(market: Market) -> None:
    [renter] = await market.join(coin=10 * COIN)
    deal = await agreed(market, renter)
    renter.check(deal.agreement)
    assert await renter.lease(deal.lease) is None

    for _ in range(2):
        await renter.open_lease(deal.agreement, deal.accepted)
    opened = await renter.lease(deal.lease)
    for _ in range(2):
        await renter.claim(deal.agreement, [deal.redemption(index, 100 + index) for index in range(4)])
    await renter.claim(deal.agreement, [deal.redemption(0, 50), deal.redemption(0, 150), deal.redemption(0, 120)])
    for _ in range(2):
        await renter.close(deal.agreement.terms)
    closed = await renter.lease(deal.lease)
    await market.forward(61)
    refunds = [await renter.sweep(deal.agreement) for _ in range(2)]
    swept = await renter.lease(deal.lease)

    paid = 150 + 101 + 102 + 103
    assert opened is not None and not opened.closed and opened.remaining == 4 * COIN
    assert closed is not None and closed.closed and not closed.swept and closed.remaining == 4 * COIN - paid
    assert swept is not None and swept.swept and swept.remaining == 0
    assert refunds == [4 * COIN - paid] * 2
    assert (await renter.balances()).coin == 10 * COIN - paid
    assert [await renter.paid(deal.lease, index) for index in range(4)] == [150, 101, 102, 103]


@on_the_market
async def test_a_share_is_retired_once_however_often_it_is_asked_for(market: Market) -> None:
    [renter], [donor] = await market.join(free=2 * COIN), await market.join()
    deal = await market.opened(renter, [donor.notary])
    share = deal.agreement.shares[0]

    for _ in range(2):
        await donor.claim(deal.agreement, [deal.redemption(0, 100)], retiring=share)
    await donor.claim(deal.agreement, [deal.redemption(0, 300)], retiring=share)
    await donor.claim(deal.agreement, [], retiring=share)

    assert await donor.paid(deal.lease, 0) == 300


@on_the_market
async def test_a_quoted_lease_needs_every_donors_acceptance_and_stake(market: Market) -> None:
    [renter], donors = await market.join(coin=5 * COIN), await market.join(2, stake=COIN)
    deal = await market.agree(renter, [donor.notary for donor in donors], penalty=COIN)
    greedy = await market.agree(renter, [donor.notary for donor in donors], penalty=COIN + 1)
    swapped = tuple(
        replace(one, signature=other.signature) for one, other in zip(deal.accepted, deal.accepted[::-1], strict=True)
    )

    with pytest.raises(InvalidInput, match="Not every donor's acceptance"):
        await renter.open_lease(deal.agreement, deal.accepted[:1])
    with pytest.raises(InvalidInput, match="Not every donor's acceptance"):
        await renter.open_lease(deal.agreement, greedy.accepted)
    with pytest.raises(TransactionFailed, match="acceptance of share 0 is not signed by its donor"):
        await renter.open_lease(deal.agreement, swapped)
    with pytest.raises(TransactionFailed, match="too little unreserved stake"):
        await renter.open_lease(greedy.agreement, greedy.accepted)
    await renter.open_lease(deal.agreement, deal.accepted[::-1])

    assert [(await donor.account_of(donor.address)).reserved for donor in donors] == [COIN, COIN]
    assert (await renter.balances()).coin == 3 * COIN


@on_the_market
async def test_a_contracts_refusal_is_a_sentence(market: Market) -> None:
    [renter] = await market.join(free=5 * COIN)
    deal = await agreed(market, renter)
    await renter.open_lease(deal.agreement, deal.accepted)

    with pytest.raises(TransactionFailed, match="more than its cap"):
        await renter.claim(deal.agreement, [deal.redemption(1, COIN + 1)])
    forged = replace(deal.redemption(1, 5), voucher=Voucher(deal.lease, 1, Amount(6)))
    with pytest.raises(TransactionFailed, match="not signed by the renter's session key"):
        await renter.claim(deal.agreement, [forged])


@on_the_market
async def test_a_wallet_without_coin_or_without_fees_is_told_so(market: Market) -> None:
    poor = EscrowChain(await Connection.connect(market.network, market.chain.wallet("poor")))
    market.members.append(poor)
    deal = await agreed(market, poor, cap=3 * COIN // 2)
    with pytest.raises(NotEnoughCoin, match=r"6\.0000 coin are needed, the wallet has 0\.0000"):
        await poor.open_lease(deal.agreement, deal.accepted)
    await market.bank.send_coin(poor.address, Amount(6 * COIN))

    with pytest.raises(NotEnoughCoin, match="fee"):
        await poor.open_lease(deal.agreement, deal.accepted)

    await market.bank.send_native(poor.address, Amount(10**17))
    await poor.open_lease(deal.agreement, deal.accepted)
    assert (await poor.balances()).coin == 0


@on_the_market
async def test_an_agreement_whose_shares_or_id_do_not_fit_is_refused(market: Market) -> None:
    agreement = (await agreed(market, market.bank)).agreement
    fewer = replace(agreement.shares[1], cap=Amount(1))
    altered = replace(agreement, shares=(agreement.shares[0], fewer, *agreement.shares[2:]))
    renamed = replace(agreement, lease=LeaseId("0x" + "00" * 32))
    cheaper = replace(agreement, terms=replace(agreement.terms, grace_s=2))

    for wrong in (altered, renamed, cheaper):
        with pytest.raises(InvalidInput):
            market.bank.check(wrong)


@on_the_market
async def test_leases_are_opened_at_once_from_one_wallet(market: Market) -> None:
    [renter] = await market.join(coin=12 * COIN)
    deals = [await agreed(market, renter) for _ in range(3)]

    await asyncio.gather(*(renter.open_lease(one.agreement, one.accepted) for one in [*deals, deals[0]]))

    records = [await renter.lease(one.lease) for one in deals]
    assert [record is not None and record.remaining for record in records] == [4 * COIN] * 3
    assert (await renter.balances()).coin == 0


@on_the_market
async def test_what_is_paid_out_comes_from_the_vault_first_and_never_goes_to_a_contract(market: Market) -> None:
    [donor] = await market.join(free=3 * COIN, coin=2 * COIN)
    receiver = Key.random().address

    await donor.pay_out(receiver, Amount(4 * COIN))
    with pytest.raises(NotEnoughCoin, match=r"can pay 1 SPARE, not 1\.000000000000000001"):
        await donor.pay_out(receiver, Amount(COIN + 1))
    with pytest.raises(InvalidInput, match="belongs to nobody"):
        await donor.pay_out(market.bank.suite.escrow, Amount(1))

    assert await market.bank.coin_of(receiver) == 4 * COIN
    assert (await donor.account_of(donor.address)).free == 0
    assert await donor.coin_of(donor.address) == COIN


@on_the_market
async def test_many_tasks_send_at_once_from_one_wallet(market: Market) -> None:
    receiver = Key.random().address

    await asyncio.gather(*(market.bank.send_coin(receiver, Amount(7)) for _ in range(12)))

    assert await market.bank.coin_of(receiver) == 84


@on_the_market
async def test_a_restarted_agent_still_signs_while_its_wallet_is_locked(market: Market) -> None:
    [renter] = await market.join(free=5 * COIN)
    deal = await agreed(market, renter)
    await renter.open_lease(deal.agreement, deal.accepted)
    folder = renter.connection.wallet.folder
    assert folder is not None
    files = OwnerFiles(folder)
    restarted = EscrowChain(await Connection.connect(market.network, Wallet(files, files, folder)))

    voucher = Voucher(deal.lease, 0, Amount(5))
    signature = restarted.session(deal.agreement.terms.session).sign(voucher)
    with pytest.raises(WalletUnavailable, match="locked"):
        await restarted.close(deal.agreement.terms)
    restarted.disconnect()

    assert signature == deal.redemption(0, 5).signature


@on_the_market
async def test_addresses_that_are_no_market_are_refused(market: Market) -> None:
    coin, escrow = market.suite.coin, market.suite.escrow
    wrong = [
        {"coin": coin, "escrow": NOBODY_HERE},
        {"coin": NOBODY_HERE, "escrow": escrow},
        {"coin": escrow, "escrow": escrow},
        {"coin": coin, "escrow": coin},
        {"sale": coin},
        {"sale": NOBODY_HERE},
    ]

    for changes in wrong:
        network = structs.replace(market.network, **changes)
        with pytest.raises((InvalidInput, TransactionFailed, ChainUnavailable)):
            await Connection.connect(network, market.bank.connection.wallet)


@on_the_market
async def test_another_chain_than_the_settings_name_is_refused(market: Market) -> None:
    network = structs.replace(market.network, name="classic")

    with pytest.raises(InvalidInput):
        await Connection.connect(network, market.bank.connection.wallet)


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
    with started("embedded", tmp_path) as (ready, process):
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


@on_the_market
async def test_block_time_follows_the_wall_clock_even_while_blocks_are_many(market: Market) -> None:
    ahead = []

    for _ in range(8):
        await market.bank.send_coin(NOBODY_HERE, Amount(1))
        ahead.append(await market.bank.now() - int(time.time()))

    assert max(ahead) - min(ahead) <= 3, ahead


@pytest.mark.parametrize("content", ["", "{}", "[]", json.dumps({"rpc_url": "x", "chain_id": "y", "funded_key": ""})])
def test_a_malformed_ready_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "ready.json"
    path.write_text(content)

    with pytest.raises(InvalidInput, match=r"ready\.json"):
        read_ready(path)
