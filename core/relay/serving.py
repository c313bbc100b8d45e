"""A relay's life: chain, bus and networks, opened and closed together."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from core.chain.client import EscrowChain
from core.chain.keystore import OwnerFiles
from core.chain.suite import Connection
from core.chain.typed_data import DomainNotary
from core.chain.wallet import Key, Wallet
from core.clock import SystemClock
from core.errors import BusUnavailable, InvalidInput, first_problem
from core.relay import bus as relay_bus
from core.relay import keeping
from core.relay.bus import RelayBus
from core.relay.desk import Desk
from core.relay.doorman import Doorman, Pace
from core.relay.figures import Figures, collecting, showing
from core.relay.networks import Networks, Place
from core.relay.noticeboard import Noticeboard
from core.relay.register import Limits, Register
from core.settings import FILE_NAME, Settings
from core.wire.bus import Bus

_BUS_WITHIN_S: Final = 10.0
_FIGURES_WITHIN_S: Final = 2.0
_LOOK_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Serving:
    """A relay that serves: its bus as others reach it, its node's public key, its figures' page on loopback."""

    url: str
    node_key: str
    metrics: str


async def serve(home: Path, settings: Settings, program: Path, ready: Callable[[Serving], None]) -> None:
    """Be the relay of `settings`' market until SIGTERM or SIGINT; `ready` is told once it serves.

    What it keeps is in `home`; `program` is Nebula. To be run on the main thread (core/wire/orphan.py).
    Raises InvalidInput (settings), ChainUnavailable (at the start only), PortInUse, BusUnavailable.
    """
    folder = home / "relay"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    private, public = keeping.node_key(folder)
    relay, clock = settings.relay, SystemClock()
    limits = Limits(relay.most_leases, relay.most_leases_a_renter, relay.first_udp_port)
    register, figures = Register(limits, keeping.carried(folder)), Figures()
    async with _chain(home, settings) as chain, collecting(figures) as reports_to:
        networks = Networks(Place(folder, program, private, reports_to), relay, register, figures)
        pace = Pace(relay.asks_a_minute, relay.asks_a_minute_a_signer)
        domain, release_key = chain.connection.domain, settings.network.release_key
        doorman = Doorman(domain, public, pace, clock.now())
        # A key of no account: this notary signs nothing, it says who did.
        noticeboard = Noticeboard(folder, release_key, DomainNotary(domain, Key.random()), clock.now())
        with _running_bus(folder / "bus", settings) as running:
            async with Bus(running.server.url, name="sparecloud-relay", login=running.login) as bus:
                await bus.ready(_BUS_WITHIN_S)
                desk = Desk(bus, chain, clock, public, doorman, networks, noticeboard)

                async def text() -> str:
                    return figures.text(
                        {
                            "leases": register.leases,
                            "networks": len(tuple(register)),
                            "chain_answers": int(desk.chain_answers),
                            **await _bus_figures(running.figures_url),
                        }
                    )

                async with showing(relay.metrics_port, text) as metrics:
                    port = running.server.url.rpartition(":")[2]
                    url = f"{'tls' if relay.tls_certificate else 'nats'}://{relay.public_host or relay.listen}:{port}"
                    await _until_told(desk, networks, running, lambda: ready(Serving(url, public, metrics)))


async def _until_told(desk: Desk, networks: Networks, running: RelayBus, ready: Callable[[], None]) -> None:
    try:
        async with asyncio.TaskGroup() as tasks:
            answering = tasks.create_task(desk.serve(ready))
            with _stop_signals() as stop:
                while not stop.is_set():
                    if not running.server.running:
                        raise BusUnavailable("The relay's message bus ended by itself.", "Start the relay again.")
                    await asyncio.sleep(_LOOK_S)
            answering.cancel()
    except BaseExceptionGroup as group:
        raise first_problem(group) from group
    finally:
        await networks.end()


@asynccontextmanager
async def _chain(home: Path, settings: Settings) -> AsyncGenerator[EscrowChain]:
    network = settings.network
    if not (network.rpc_url and network.coin and network.escrow):
        raise InvalidInput(
            f"No market is chosen in {home / FILE_NAME}.",
            "Fill in rpc_url, coin and escrow under [network], as the market publishes them.",
        )
    # A relay only looks at the chain: it has no key, and this wallet stays empty.
    nothing = OwnerFiles(home / "relay")
    chain = EscrowChain(await Connection.connect(network, Wallet(nothing, nothing, home / "relay")))
    try:
        yield chain
    finally:
        chain.disconnect()


@contextmanager
def _running_bus(folder: Path, settings: Settings) -> Generator[RelayBus]:
    running = relay_bus.start(folder, settings.relay)
    try:
        yield running
    finally:
        running.server.stop()


async def _bus_figures(url: str) -> dict[str, int]:
    try:
        timeout = aiohttp.ClientTimeout(total=_FIGURES_WITHIN_S)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{url}/varz") as answer:
            said = await answer.json()
        return {
            "bus_connections": int(said["connections"]),
            "bus_in_bytes": int(said["in_bytes"]),
            "bus_out_bytes": int(said["out_bytes"]),
            "bus_slow_consumers": int(said["slow_consumers"]),
        }
    except (aiohttp.ClientError, TimeoutError, KeyError, TypeError, ValueError):
        return {}


@contextmanager
def _stop_signals() -> Generator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def told(_number: int, _frame: object) -> None:
        loop.call_soon_threadsafe(stop.set)

    before = {number: signal.signal(number, told) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
