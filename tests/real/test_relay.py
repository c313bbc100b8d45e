"""The relay as a process of its own, on a chain with real leases: what it opens, refuses, ends, and remembers."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from msgspec import structs

from core import settings as settings_file
from core.chain.client import EscrowChain
from core.chain.typed_data import DomainNotary
from core.chain.wallet import Key
from core.clock import SystemClock
from core.errors import ChainUnavailable, InvalidInput, RelayUnavailable
from core.model import LeaseId
from core.ports import Notary
from core.relay.refusals import Refusal
from core.relay.serving import serve
from core.runtime.overlay.certificates import Authority, certify, found
from core.settings import Network, Relay, Settings
from core.wire.bus import Bus
from core.wire.buses import Buses
from core.wire.relay_letters import ASKS, subject
from core.wire.relays import NatsRelays, RelayCard
from tests.real.chains import COIN, Deal, Market, running
from tests.real.market import until
from tests.real.test_wire_bus import alive

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDRESS: Final = "10.77.3.1"
MOST_ASKS: Final = 8
FIRST_UDP_PORT: Final = 24_600


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def market(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Market]:
    with running("embedded", tmp_path_factory.mktemp("chain")) as chain:
        market = await Market.founded(chain)
        try:
            yield market
        finally:
            market.dissolve()


@dataclass
class RelayProcess:
    """`sparecloud relay` in `home`; started again it takes the same port."""

    home: Path
    port: int = 0
    url: str = ""
    metrics: str = ""
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        options = ["--port", str(self.port), "--metrics-port", "0", "--json"]
        command = [sys.executable, "-m", "renter_tui", "--home", str(self.home), "relay", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        said = json.loads(self.process.stdout.readline())
        self.url, self.metrics = said["url"], said["metrics"]
        self.port = int(self.url.rpartition(":")[2])

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None and self.process.stdout is not None
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(20)
        self.process.stdout.close()
        return code

    def children(self) -> set[int]:
        """Its Nebula processes."""
        assert self.process is not None
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {int(pid) for pid in listed if b"nats" not in Path(f"/proc/{pid}/cmdline").read_bytes()}

    async def figure(self, name: str) -> int:
        page = await asyncio.to_thread(lambda: urllib.request.urlopen(self.metrics, timeout=5).read().decode())
        [line] = [line for line in page.splitlines() if line.startswith(f"sparecloud_relay_{name} ")]
        return int(line.split()[1])


class Wire:
    """The relay's line to the chain's node, which can be cut."""

    def __init__(self, node_url: str) -> None:
        self._node_port = int(node_url.rpartition(":")[2])
        self._port = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, onwards = await asyncio.open_connection("127.0.0.1", self._node_port)
        self._open |= {writer, onwards}
        await asyncio.gather(_pour(reader, onwards), _pour(back, writer))
        self._open -= {writer, onwards}


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while some := await reader.read(65_536):
            writer.write(some)
            await writer.drain()
    writer.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def wire(market: Market) -> AsyncGenerator[Wire]:
    made = Wire(market.chain.url)
    await made.mend()
    yield made
    await made.cut()


def started(network: Network, home: Path) -> RelayProcess:
    relay = Relay(
        public_host="127.0.0.1",
        listen="127.0.0.1",
        first_udp_port=FIRST_UDP_PORT,
        most_leases=60,
        most_leases_a_renter=3,
        asks_a_minute_a_signer=MOST_ASKS,
    )
    (home / settings_file.FILE_NAME).write_text(settings_file.text(Settings(network=network, relay=relay)))
    process = RelayProcess(home)
    process.start()
    return process


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def relay(market: Market, wire: Wire, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[RelayProcess]:
    network, home = structs.replace(market.network, rpc_url=wire.url), tmp_path_factory.mktemp("relay")
    process = await asyncio.to_thread(started, network, home)
    yield process
    await asyncio.to_thread(process.end)


@asynccontextmanager
async def reached(relay: RelayProcess) -> AsyncIterator[tuple[NatsRelays, RelayCard]]:
    async with Buses([relay.url], name="test") as buses:
        await buses.ready()
        relays = NatsRelays(buses, SystemClock())
        [card] = await relays.cards()
        yield relays, card


async def opened(market: Market, renter: EscrowChain, **wishes: int) -> Deal:
    return await market.opened(renter, [DomainNotary(renter.connection.domain, Key.random())], **wishes)


@dataclass
class Asking:
    """What a renter sends to have a lease's network carried; each part may be wrong."""

    relays: NatsRelays
    card: RelayCard
    authority: Authority = field(default_factory=lambda: found("network", SystemClock().now(), 2**33))

    def certificate(
        self, *, address: str = ADDRESS, group: str = "relay", node_key: str = "", until: int = 2**33
    ) -> str:
        return certify(
            self.authority,
            name="relay",
            address=address,
            groups=(group,),
            node_key=node_key or self.card.node_key,
            now=SystemClock().now(),
            until=until,
        )

    async def open(
        self, deal: Deal, network: LeaseId | None = None, *, by: Notary | None = None, certificate: str = ""
    ) -> int:
        return await self.relays.open(
            self.card,
            network or deal.lease,
            deal.agreement.terms,
            by or deal.session,
            self.authority.certificate,
            certificate or self.certificate(),
            ADDRESS,
        )

    async def close(self, deal: Deal, network: LeaseId | None = None) -> None:
        await self.relays.close(self.card, network or deal.lease, deal.agreement.terms, deal.session)


def refused(why: Refusal) -> Any:
    return pytest.raises(RelayUnavailable, match=why.sentence.replace("(", ".").replace(")", "."))


async def test_a_network_is_up_from_the_first_lease_that_is_open_to_the_last(
    market: Market, relay: RelayProcess
) -> None:
    [renter] = await market.join(coin=10 * COIN)
    first, second = await opened(market, renter), await opened(market, renter)
    async with reached(relay) as (relays, card):
        asking, others = Asking(relays, card), relay.children()

        port = await asking.open(first)
        again = await asking.open(first)
        with_another = await asking.open(second, first.lease)
        renewed = await asking.open(first, certificate=asking.certificate(until=2**33 - 1))
        processes = relay.children() - others
        await asking.close(first)
        still = relay.children() - others
        await asking.close(second, first.lease)
        await asking.close(second, first.lease)

        assert port == again == with_another == renewed and port >= FIRST_UDP_PORT
        assert len(processes) == 1 and still == processes
        assert relay.children() == others


async def test_what_another_renter_calls_by_the_same_name_is_another_network(
    market: Market, relay: RelayProcess
) -> None:
    ada, bob = await market.join(2, coin=10 * COIN)
    hers, his = await opened(market, ada), await opened(market, bob)
    async with reached(relay) as (relays, card):
        squatted = await Asking(relays, card).open(his, hers.lease)

        port = await Asking(relays, card).open(hers)

        assert port != squatted


async def test_a_lease_is_carried_only_while_the_chain_says_that_it_is_open(
    market: Market, relay: RelayProcess
) -> None:
    [renter] = await market.join(coin=10 * COIN)
    donor = DomainNotary(renter.connection.domain, Key.random())
    never, closed = await market.agree(renter, [donor]), await opened(market, renter)
    await renter.close(closed.agreement.terms)
    over = replace(never.agreement, terms=replace(never.agreement.terms, ends_at=SystemClock().now() - 1))
    async with reached(relay) as (relays, card):
        asking, others = Asking(relays, card), relay.children()

        with refused(Refusal.UNKNOWN_LEASE):
            await asking.open(never)
        with refused(Refusal.CLOSED_LEASE):
            await asking.open(closed)
        with refused(Refusal.OVER):
            await asking.open(replace(never, agreement=over))

        assert relay.children() == others


async def test_only_the_leases_own_session_may_ask_and_only_now(market: Market, relay: RelayProcess) -> None:
    [renter] = await market.join(coin=10 * COIN)
    deal = await opened(market, renter)
    stranger = DomainNotary(renter.connection.domain, Key.random())
    session = renter.connection.wallet.session(deal.session.address)
    on_another_market = DomainNotary(replace(renter.connection.domain, chain_id=1), session)
    async with reached(relay) as (relays, card), Buses([relay.url], name="late") as buses:
        await buses.ready()
        late = NatsRelays(buses, _Behind())
        other_relay = RelayCard(card.url, card.host, "ab" * 32)

        with refused(Refusal.FORGED):
            await Asking(relays, card).open(deal, by=stranger)
        with refused(Refusal.FORGED):
            await Asking(relays, card).open(deal, by=on_another_market)
        with refused(Refusal.STALE):
            await Asking(late, card).open(deal)
        with refused(Refusal.STALE):
            await Asking(relays, other_relay).open(deal)

        assert await Asking(relays, card).open(deal)


async def test_the_certificate_must_be_for_this_relay_and_for_no_more(market: Market, relay: RelayProcess) -> None:
    [renter] = await market.join(coin=10 * COIN)
    deal = await opened(market, renter)
    async with reached(relay) as (relays, card):
        asking, others = Asking(relays, card), relay.children()
        wrong = [
            asking.certificate(node_key="cd" * 32),
            asking.certificate(group="master"),
            asking.certificate(address="10.77.3.2"),
            asking.certificate(until=SystemClock().now() - 1),
            Asking(relays, card).certificate(),
        ]

        for certificate in wrong:
            with refused(Refusal.WRONG_CERTIFICATE):
                await asking.open(deal, certificate=certificate)

        assert relay.children() == others


async def test_a_renter_has_room_for_so_many_leases(market: Market, relay: RelayProcess) -> None:
    [renter] = await market.join(coin=10 * COIN)
    deals = [await opened(market, renter) for _ in range(4)]
    async with reached(relay) as (relays, card):
        for deal in deals[:3]:
            await Asking(relays, card).open(deal)

        with refused(Refusal.TOO_MANY_OF_RENTER):
            await Asking(relays, card).open(deals[3])

        await Asking(relays, card).close(deals[0])
        assert await Asking(relays, card).open(deals[3])


async def test_who_asks_too_often_or_too_much_is_turned_away(market: Market, relay: RelayProcess) -> None:
    [renter] = await market.join(coin=10 * COIN)
    deal = await opened(market, renter)
    async with reached(relay) as (relays, card), Bus(relay.url, name="flood") as bus:
        await bus.ready()

        for payload in (b"x" * 100_000, b"{}", b'{"version":2,"body":""}', b"\xff"):
            await bus.publish(ASKS, payload)
        for _ in range(MOST_ASKS):
            await Asking(relays, card).open(deal)
        with refused(Refusal.SIGNER_BUSY):
            await Asking(relays, card).open(deal)

        assert await relay.figure('refusals_total{reason="malformed"}') == 4
        assert await relay.figure('refusals_total{reason="signer_busy"}') == 1
        assert await relay.figure("bus_connections") >= 3


async def test_a_relay_that_was_killed_comes_back_with_what_it_carried(market: Market, relay: RelayProcess) -> None:
    [renter] = await market.join(coin=10 * COIN)
    kept, closed_meanwhile = await opened(market, renter), await opened(market, renter)
    async with reached(relay) as (relays, card):
        port = await Asking(relays, card).open(kept)
        await Asking(relays, card).open(closed_meanwhile)
        orphans, networks = relay.children(), await relay.figure("networks")

        relay.end(signal.SIGKILL)
        await until(lambda: not any(map(alive, orphans)))
        await renter.close(closed_meanwhile.agreement.terms)
        await asyncio.to_thread(relay.start)

        await until(lambda: len(relay.children()) == networks - 1, within_s=15)
        async with reached(relay) as (after, card_after):
            assert card_after.node_key == card.node_key
            assert await Asking(after, card_after).open(kept) == port


async def test_a_network_whose_process_died_is_started_again(market: Market, relay: RelayProcess) -> None:
    [renter] = await market.join(coin=10 * COIN)
    deal = await opened(market, renter)
    async with reached(relay) as (relays, card):
        await Asking(relays, card).open(deal)
        before, restarts = relay.children(), await relay.figure("node_restarts_total")

        os.kill(min(before), signal.SIGKILL)

        await until(lambda: len(relay.children() - before) == 1)
        assert await relay.figure("node_restarts_total") == restarts + 1


async def test_carried_leases_go_on_while_the_chain_is_away_and_new_ones_wait(
    market: Market, relay: RelayProcess, wire: Wire
) -> None:
    [renter] = await market.join(coin=10 * COIN)
    carried, new = await opened(market, renter), await opened(market, renter)
    async with reached(relay) as (relays, card):
        port = await Asking(relays, card).open(carried)
        processes = relay.children()

        await wire.cut()
        with refused(Refusal.NO_CHAIN):
            await Asking(relays, card).open(new)
        again = await Asking(relays, card).open(carried)
        meanwhile = relay.children()
        await wire.mend()

        assert again == port and meanwhile == processes
        assert await Asking(relays, card).open(new)


async def test_guests_can_neither_listen_to_asks_nor_answer_them_nor_eavesdrop_at_large(relay: RelayProcess) -> None:
    heard: list[bytes] = []

    async def hear(payload: bytes) -> None:
        heard.append(payload)

    async with reached(relay) as (relays, card), Bus(relay.url, name="guest") as guest:
        await guest.ready()
        for wanted in (">", "sparecloud.>", "sparecloud.relay.>", ASKS, "sparecloud.relay.v1.>", "_INBOX.>"):
            await guest.subscribe(wanted, hear)
        mine = subject("ab" * 16)
        await guest.subscribe(mine, hear)

        await guest.publish(mine, b"forged")
        await relays.cards()

        assert await relays.cards() == (card,)
        assert heard == []


async def test_without_its_market_or_its_chain_a_relay_does_not_start(market: Market, tmp_path: Path) -> None:
    nowhere = structs.replace(market.network, rpc_url="http://127.0.0.1:1")

    with pytest.raises(InvalidInput, match="No market is chosen"):
        await serve(tmp_path, Settings(), Path("nebula"), lambda serving: pytest.fail(serving.url))
    with pytest.raises(ChainUnavailable, match="does not answer"):
        await serve(tmp_path, Settings(network=nowhere), Path("nebula"), lambda serving: pytest.fail(serving.url))


async def test_what_it_keeps_is_for_its_owner_alone(market: Market, relay: RelayProcess) -> None:
    [renter] = await market.join(coin=10 * COIN)
    deal = await opened(market, renter)
    async with reached(relay) as (relays, card):
        await Asking(relays, card).open(deal)

        kept = [path for path in (relay.home / "relay").rglob("*") if path.is_file() and path.suffix != ".log"]

        secret = [path for path in kept if path.suffix in {".yml", ".key", ".conf"}]
        assert {path.suffix for path in secret} == {".yml", ".key", ".conf"}
        assert all(path.stat().st_mode & 0o077 == 0 for path in secret)


class _Behind:
    """A clock an hour behind."""

    def now(self) -> int:
        return SystemClock().now() - 3600

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
