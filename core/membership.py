"""A place in a market: what donors and renters wire alike (settings, wallet, chain, bus, journal), opened and closed.

One home folder serves both roles: settings and wallet are the person's, journal and seal key the role's.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from core import settings as settings_file
from core.chain.client import EscrowChain
from core.chain.keystore import Passphrase
from core.chain.suite import Connection
from core.chain.wallet import Wallet, opened, wallet_in
from core.clock import SystemClock
from core.errors import InvalidInput, SparecloudError
from core.journal import SqliteJournal, open_journal
from core.model import address
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.runtime.network import BridgeNetwork, LeaseNetwork
from core.runtime.overlay.network import OverlayNetwork
from core.runtime.overlay.nodes import NodeKeys
from core.settings import Settings
from core.updates import NOTHING_NEW, ReleaseNews, Updates, own_version
from core.wire.board import NatsBoard
from core.wire.buses import Buses
from core.wire.peers import NatsPeers
from core.wire.relays import NatsRelays
from core.wire.seal import load_or_create

PASSPHRASE_FILE = "passphrase"
"""Unlocks an encrypted wallet without a person: for servers and tests. On a desktop the keyring does."""

BUS_WITHIN_S = 15.0

Waiting = Callable[[SparecloudError], None]


@dataclass(frozen=True, slots=True)
class Membership:
    """The adapters of one agent. `folder` is the role's own."""

    settings: Settings
    folder: Path
    chain: EscrowChain
    buses: Buses
    board: NatsBoard
    peers: NatsPeers
    journal: SqliteJournal
    clock: SystemClock


def images_folder() -> Path:
    """The machine's own list of images, shared by every home: they can be built again."""
    return platformdirs.user_cache_path("sparecloud") / "images"


def lease_network(member: Membership, engine: ContainerEngine, images: Images) -> LeaseNetwork:
    """How containers join their leases here: over the relays of the settings, or on this engine's bridges alone."""
    hosts = frozenset(urlsplit(url).hostname or "" for url in member.settings.network.relays)
    if not hosts:
        return BridgeNetwork(engine)
    return OverlayNetwork(engine, images, NodeKeys(member.folder / "nodes"), hosts)


def updates(member: Membership) -> Updates:
    """What is told of new versions here: nothing where the market's settings name no release key."""
    key = member.settings.network.release_key
    if not key:
        return NOTHING_NEW
    relays = NatsRelays(member.buses, member.clock)
    return ReleaseNews(relays.news, address(key), member.chain.notary, member.clock, own_version())


def wallet_at(home: Path, waiting: Waiting | None = None) -> Wallet:
    """The wallet of `home`, still locked; `waiting` is told where the keyring is.

    Raises WalletUnavailable where a passphrase is needed and none is there.
    """
    secret = home / PASSPHRASE_FILE
    passphrase = Passphrase.from_file(secret) if secret.exists() else None
    return wallet_in(home / "wallet", passphrase, waiting=waiting)


@asynccontextmanager
async def join(home: Path, role: str, waiting: Waiting | None = None) -> AsyncGenerator[Membership]:
    """Take the place that `home`'s settings describe, as `role` ("donor" or "renter").

    `waiting` is told, in another thread, what only the owner can end: a keyring that is locked.
    Raises InvalidInput (settings), WalletUnavailable, ChainUnavailable, BusUnavailable; nothing is left open then.
    """
    settings = settings_file.read(home)
    network = settings.network
    if not (network.rpc_url and network.coin and network.escrow and network.bus_urls):
        raise InvalidInput(
            f"No market is chosen in {home / settings_file.FILE_NAME}.",
            "Fill in rpc_url, coin, escrow and relays (or bus_url) under [network], as the market publishes them.",
        )
    folder = home / role
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    clock = SystemClock()
    with closing(open_journal(folder)) as journal:
        wallet = await opened(lambda: wallet_at(home, waiting))
        chain = EscrowChain(await Connection.connect(network, wallet), journal)
        try:
            async with Buses(network.bus_urls, name=f"sparecloud-{role}") as buses:
                await buses.ready(BUS_WITHIN_S)
                board = NatsBoard(buses, chain.notary, clock)
                await board.open()
                peers = NatsPeers(buses, chain.notary, clock, load_or_create(folder))
                yield Membership(settings, folder, chain, buses, board, peers, journal, clock)
        finally:
            chain.disconnect()
