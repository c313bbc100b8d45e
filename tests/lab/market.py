"""A market in the laboratory's world: a chain, relays, funded homes, and agents that run where their owners live."""

import asyncio
import http.client
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from core import settings as settings_file
from core.chain.account import VaultAccount
from core.chain.client import EscrowChain
from core.chain.deployment import deploy
from core.chain.devchain import CHAIN_ID, FUNDED_WEI, anvil_program
from core.chain.keystore import Passphrase, write_for_owner
from core.chain.suite import NOBODY, Connection
from core.chain.wallet import Key, Wallet, wallet_in
from core.membership import PASSPHRASE_FILE
from core.model import Address, Amount
from core.owner import Donor, Limits, When
from core.settings import Network, Relay, Renter, Settings
from renter_tui.demo.market import DONOR_STAKE, NATIVE, PLAN, RENTER_COIN
from tests.lab import netns, stranger
from tests.lab.images import Built
from tests.lab.inside import Inside
from tests.lab.machine import Machine, Process
from tests.lab.world import SERVERS, World

CHAIN_PORT: Final = 8545
BUS_PORT: Final = 4222
RELAYS: Final = ("relay1", "relay2")
RENTER: Final = "renter"
INTERVAL_S: Final = 3
GRACE_S: Final = 5
_STARTS_WITHIN_S: Final = 30
_WORTHLESS_SCRYPT_N: Final = 2**12
"""These keys live for minutes on a chain that nobody else sees: a strong one would only cost time."""


@dataclass(slots=True)
class Market:
    """Who has what, and which agents run. `bank` asks the chain from its own machine, whatever happens to the lines."""

    world: World
    images: Built
    network: Network
    bank: EscrowChain
    at_chain: Inside
    accounts: dict[str, Address] = field(default_factory=dict)
    agents: dict[str, Process] = field(default_factory=dict)
    relays: dict[str, Process] = field(default_factory=dict)

    def home(self, name: str) -> Path:
        """The folder of a person's settings, wallet and journal, on their laptop."""
        return self.world.folder / f"{name}-home"

    def start_relay(self, name: str) -> None:
        """Start a relay, or start it again, and return once it answers. Blocks."""
        server, home = self.world.servers[name], self.home(name)
        if not home.exists():
            home.mkdir(mode=0o700)
            settings = Settings(network=self.network, relay=Relay(public_host=SERVERS[name]))
            (home / settings_file.FILE_NAME).write_text(settings_file.text(settings), "utf-8")
        words = [sys.executable, "-m", "renter_tui", "--home", str(home), "relay"]
        self.relays[name] = server.start("relay", words, self.images.environment)
        answers(self.relays[name], server.namespace, BUS_PORT)

    def start_agent(self, name: str, *, clock_off_s: int = 0) -> None:
        """Start a person's agent, or start it again; its clock may be off by so many seconds, ahead or behind."""
        home, words = self.world.homes[name], ["--home", str(self.home(name))]
        words = ["renter_tui", *words, "agent", "--json"] if name == RENTER else ["donor_app", "--headless", *words]
        environment = {"DOCKER_HOST": home.engine.host, **self.images.environment}
        skewed = ["tests.lab.skewed", str(clock_off_s)] if clock_off_s else []
        self.agents[name] = home.laptop.start("agent", [sys.executable, "-m", *skewed, *words], environment)

    async def coin_by_holder(self) -> dict[str, Amount]:
        """What the bank and every person own, in wallet and vault, what was burned, and what leases hold: in all the
        supply, to the last unit."""
        return await self.at_chain.run(self._coin_by_holder())

    def last_words(self) -> str:
        """The ends of what agents and relays said, for a failure that a person must understand."""
        speaking = {**self.agents, **self.relays}
        return "\n".join(f"{name}: {process.said().strip()[-600:]}" for name, process in speaking.items())

    async def fund(self, name: str) -> None:
        """Give a person a home folder with settings and a wallet, and what they start with."""
        home = self.home(name)
        home.mkdir(mode=0o700)
        secret = secrets.token_urlsafe(24)
        write_for_owner(home / PASSPHRASE_FILE, secret.encode())
        wallet = await asyncio.to_thread(_fresh, home, Passphrase(secret))
        self.accounts[name] = wallet.address
        (home / settings_file.FILE_NAME).write_text(settings_file.text(_settings(name, self.network)), "utf-8")
        await self.at_chain.run(self._give(name, wallet))

    async def _give(self, name: str, wallet: Wallet) -> None:
        await self.bank.send_native(wallet.address, NATIVE)
        await self.bank.send_coin(wallet.address, RENTER_COIN if name == RENTER else DONOR_STAKE)
        if name == RENTER:
            return
        connection = await Connection.connect(_seen_locally(self.network), wallet)
        try:
            await VaultAccount(connection).stake(DONOR_STAKE)
        finally:
            connection.close()

    async def _coin_by_holder(self) -> dict[str, Amount]:
        vault = await self.bank.coin_of(self.bank.suite.escrow)
        held: dict[str, Amount] = {}
        for name, owner in {"bank": self.bank.address, **self.accounts, "burned": NOBODY}.items():
            account = await self.bank.account_of(owner)
            held[name] = Amount(await self.bank.coin_of(owner) + account.total)
            vault = Amount(vault - account.total)
        return {**held, "escrow": vault}


@asynccontextmanager
async def market(world: World, images: Built) -> AsyncIterator[Market]:
    """Chain, relays, and every home funded with its agent started.

    Agents are ended in order on the way out, so that a fault in how they end shows.
    """
    chain = world.servers["chain"]
    at_chain = Inside(chain.namespace)
    try:
        bank, network = await at_chain.run(_open_bank(world.folder, await asyncio.to_thread(_start_chain, chain)))
        try:
            standing = Market(world, images, network, bank, at_chain)
            for name in RELAYS:
                await asyncio.to_thread(standing.start_relay, name)
            for name in world.homes:
                await standing.fund(name)
                standing.start_agent(name)
            try:
                yield standing
            finally:
                await asyncio.gather(*(asyncio.to_thread(agent.end) for agent in standing.agents.values()))
        finally:
            bank.disconnect()
    finally:
        await at_chain.close()


def _start_chain(chain: Machine) -> Key:
    """Start anvil on all addresses of its machine; the key that holds its coin. Blocks."""
    program = anvil_program()
    assert program is not None, "anvil is missing: tools/node.sh installs it"
    words = [program, "--host", "0.0.0.0", "--port", str(CHAIN_PORT), "--chain-id", str(CHAIN_ID), "--accounts", "0"]
    # Blocks by the clock as well as by transaction: an idle chain's time must not stand still.
    anvil = chain.start("anvil", [*words, "--block-time", "1", "--mixed-mining"])
    key = Key.random()
    answers(anvil, chain.namespace, CHAIN_PORT)
    call = {"jsonrpc": "2.0", "id": 1, "method": "anvil_setBalance", "params": [key.address, hex(FUNDED_WEI)]}
    body = json.dumps(call)
    with netns.entered(chain.namespace):
        asking = http.client.HTTPConnection("127.0.0.1", CHAIN_PORT, timeout=_STARTS_WITHIN_S)
        asking.connect()
    with closing(asking):
        asking.request("POST", "/", body, {"Content-Type": "application/json"})
        assert asking.getresponse().status == 200, "anvil gave no coin"
    return key


def answers(server: Process, namespace: str, port: int) -> None:
    """Return once the server, which lives there, takes connections at its TCP port. Blocks. Raises CommandFailed."""
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while not stranger.connects(namespace, ("127.0.0.1", port)):
        if time.monotonic() > deadline or not server.running:
            raise netns.CommandFailed(f"nothing answers at port {port}: {server.said()[-1000:]}")
        time.sleep(0.1)


async def _open_bank(folder: Path, key: Key) -> tuple[EscrowChain, Network]:
    wallet = await asyncio.to_thread(_fresh, folder / "bank", Passphrase(secrets.token_urlsafe(24)), key)
    network = Network(
        name="development",
        rpc_url=f"http://{SERVERS['chain']}:{CHAIN_PORT}",
        relays=tuple(f"nats://{SERVERS[name]}:{BUS_PORT}" for name in RELAYS),
        allow_plain_http=True,
    )
    found = await deploy(_seen_locally(network), wallet, PLAN, note=lambda _: None)
    network = msgspec.structs.replace(network, coin=found.coin, escrow=found.escrow)
    return EscrowChain(await Connection.connect(_seen_locally(network), wallet)), network


def _seen_locally(network: Network) -> Network:
    """How the market's chain is reached on its own machine."""
    return msgspec.structs.replace(network, rpc_url=f"http://127.0.0.1:{CHAIN_PORT}")


def _fresh(home: Path, passphrase: Passphrase, key: Key | None = None) -> Wallet:
    wallet = wallet_in(home / "wallet", passphrase, scrypt_n=_WORTHLESS_SCRYPT_N)
    if key is None:
        wallet.create()
    else:
        wallet.import_key(key.export())
    return wallet


def _settings(name: str, network: Network) -> Settings:
    return Settings(
        network=network,
        donor=Donor(
            name=name,
            # Room for two leases at once, of one small worker each.
            limits=Limits(cpu_millis=2000, memory_mib=2304, disk_mib=4096),
            when=When(on_battery=True, hottest_celsius=0),
            offer_every_s=2,
            shortest_grace_s=GRACE_S,
            shortest_interval_s=1,
            # A minute, as it is where nothing was set: the interval is shorter here.
            patience_intervals=60 // INTERVAL_S,
        ),
        renter=Renter(interval_s=INTERVAL_S, grace_s=GRACE_S, accept_within_s=10, start_within_s=60),
    )
