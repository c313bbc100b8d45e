"""A whole market on this machine: a chain, a bus, donors as processes of their own, and a funded renter's home."""

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from core import settings as settings_file
from core.chain.account import VaultAccount
from core.chain.client import EscrowChain
from core.chain.deployment import DAY_S, Periods, Plan, TrialRules, deploy
from core.chain.devchain import read_ready
from core.chain.keystore import Passphrase, write_for_owner
from core.chain.suite import NOBODY, Connection
from core.chain.wallet import Wallet, wallet_in
from core.errors import SparecloudError
from core.membership import PASSPHRASE_FILE
from core.model import COIN_UNIT, Address, Amount
from core.owner import Asking, Donor, Limits, When
from core.settings import Network, Relay, Renter, Settings
from renter_tui.demo.children import Child, ready_file, start

SUPPLY: Final = Amount(1_000_000 * COIN_UNIT)
DONOR_STAKE: Final = Amount(5 * COIN_UNIT)
RENTER_COIN: Final = Amount(100 * COIN_UNIT)
NATIVE: Final = Amount(10 * COIN_UNIT)

PLAN: Final = Plan(
    supply=SUPPLY,
    # Seconds for what takes days: whoever watches sees stakes released, and tests can wait for it.
    periods=Periods(trial_window_s=25, thaw_s=45 * DAY_S),
    trials=TrialRules(answer_s=12),
)
"""The same rules as a real market's, with short times."""

_WORTHLESS_SCRYPT_N: Final = 2**12
"""These keys live for minutes on a chain of one machine, beside their passphrase: a strong one would only cost time."""


_RELAY_WITHIN_S: Final = 300
"""The first start builds the relay's Nebula."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Intervals short enough to watch. A real market's are minutes (core/settings.py)."""

    interval_s: int = 5
    grace_s: int = 5
    accept_within_s: int = 10
    start_within_s: int = 60


@dataclass(slots=True)
class LocalMarket:
    """Where everything is; made by `local_market`."""

    folder: Path
    timing: Timing
    donor_names: tuple[str, ...]
    chain: Child
    bus: Child
    network: Network
    bank: EscrowChain
    accounts: dict[str, Address] = field(default_factory=dict)
    donors: dict[str, Child] = field(default_factory=dict)

    @property
    def renter_home(self) -> Path:
        """The home folder to give to `sparecloud --home`."""
        return self.home("renter")

    def home(self, name: str) -> Path:
        """A party's home folder."""
        return self.folder / name

    async def start_donor(self, name: str, environment: Mapping[str, str] = MappingProxyType({})) -> Child:
        """Start (or start again) a donor's agent; `environment` adds to ours."""
        log = self.folder / f"{name}.log"
        child = await start(
            f"donor {name}",
            "donor_app",
            ["--headless", "--home", str(self.home(name)), "--log", str(self.folder / f"{name}.agent.log")],
            log,
            environment,
        )
        self.donors[name] = child
        return child

    async def start_bus(self) -> None:
        """Start the bus, or the relay, again, on the port that everybody knows."""
        if self.network.relays:
            self.bus, _ = await _start_relay(self.folder, self.network, _port(self.network.relays[0]))
        else:
            self.bus, _ = await _start_bus(self.folder, _port(self.network.bus_url))

    def logs(self) -> str:
        """The last words of every agent, for a failure that a person must understand."""
        said = []
        for path in sorted(self.folder.glob("**/*.log")):
            lines = path.read_text("utf-8", errors="replace").strip().splitlines()
            said += [f"\n  {path.name}: {line[:300]}" for line in lines[-2:]]
        return "".join(said) or "none"

    async def coin_by_holder(self) -> dict[str, Amount]:
        """What the bank and every party own, in their wallets and in the vault, what was burned, and what the vault
        holds beside that (deposits of leases, bonds): together the supply, to the last unit."""
        vault = await self.bank.coin_of(self.bank.suite.escrow)
        held: dict[str, Amount] = {}
        for name, owner in {"bank": self.bank.address, **self.accounts, "burned": NOBODY}.items():
            account = await self.bank.account_of(owner)
            held[name] = Amount(await self.bank.coin_of(owner) + account.total)
            vault = Amount(vault - account.total)
        return {**held, "escrow": vault}

    async def create_wallet(self, name: str, *, coin: Amount = Amount(0), stake: Amount = Amount(0)) -> None:
        """Make a party's home: settings, a wallet, and what it starts with; `stake` is bonded for it."""
        home = self.home(name)
        home.mkdir(mode=0o700, exist_ok=True)
        secret = secrets.token_urlsafe(24)
        write_for_owner(home / PASSPHRASE_FILE, secret.encode())
        wallet = await asyncio.to_thread(_fresh, home, Passphrase(secret))
        self.accounts[name] = wallet.address
        (home / settings_file.FILE_NAME).write_text(settings_file.text(self._settings(name)), "utf-8")
        await self.bank.send_native(wallet.address, NATIVE)
        if coin or stake:
            await self.bank.send_coin(wallet.address, Amount(coin + stake))
        if stake:
            connection = await Connection.connect(self.network, wallet)
            try:
                await VaultAccount(connection).stake(stake)
            finally:
                connection.close()

    def _settings(self, name: str) -> Settings:
        timing = self.timing
        place = self.donor_names.index(name) if name in self.donor_names else 0
        asking = Asking()
        return Settings(
            network=self.network,
            donor=Donor(
                name=name,
                limits=Limits(cpu_millis=1000, memory_mib=1536 + 512 * place, disk_mib=4096),
                # Each asks a little more than the one before, so that the quote has something to choose.
                asking=Asking(
                    cpu_milli=asking.cpu_milli * (100 + 5 * place) // 100,
                    memory_mib=asking.memory_mib * (100 + 5 * place) // 100,
                ),
                when=When(on_battery=True, hottest_celsius=0),
                offer_every_s=2,
                shortest_grace_s=timing.grace_s,
                shortest_interval_s=1,
                reclaim_notice_s=20,
            ),
            renter=Renter(
                interval_s=timing.interval_s,
                grace_s=timing.grace_s,
                accept_within_s=timing.accept_within_s,
                start_within_s=timing.start_within_s,
            ),
        )


@asynccontextmanager
async def local_market(
    folder: Path, donors: tuple[str, ...], timing: Timing = Timing(), *, engine: str = "auto", relay: bool = False
) -> AsyncGenerator[LocalMarket]:
    """Chain, bus, contracts and funded homes in `folder`; donors are not started yet. All is ended on the way out.

    With a `relay` every cluster gets an encrypted network of its own, else the engine's bridges.
    """
    chain_ready = folder / "chain.json"
    started: list[Child] = []
    market: LocalMarket | None = None
    try:
        chain = await start(
            "chain", "core.chain.devchain", ["--engine", engine, "--ready-file", str(chain_ready)], folder / "chain.log"
        )
        started.append(chain)
        await ready_file(chain, chain_ready, 30)
        bank, network = await _open_bank(folder, chain_ready)
        try:
            if relay:
                bus, url = await _start_relay(folder, network)
                network = msgspec.structs.replace(network, relays=(url,))
            else:
                bus, url = await _start_bus(folder)
                network = msgspec.structs.replace(network, bus_url=url)
            started.append(bus)
            market = LocalMarket(folder, timing, donors, chain, bus, network, bank)
            await market.create_wallet("renter", coin=RENTER_COIN)
            # All but the last have stake, so that both kinds of shares are seen: with a penalty, and without.
            for name in donors:
                await market.create_wallet(name, stake=Amount(0) if name == donors[-1] else DONOR_STAKE)
            yield market
        finally:
            if market is not None:
                await asyncio.gather(*(child.end() for child in market.donors.values()))
                started[1] = market.bus
            bank.disconnect()
    finally:
        for child in reversed(started):
            await child.end()


async def _start_bus(folder: Path, port: int = 0) -> tuple[Child, str]:
    ready = folder / "bus.json"
    ready.unlink(missing_ok=True)
    words = ["--port", str(port), "--ready-file", str(ready)]
    bus = await start("bus", "core.wire.embedded", words, folder / "bus.log")
    await ready_file(bus, ready, 20)
    return bus, str(json.loads(ready.read_text("utf-8"))["url"])


async def _start_relay(folder: Path, network: Network, port: int = 0) -> tuple[Child, str]:
    """A relay that this machine's containers reach at their bridges' gateways."""
    home = folder / "relay"
    home.mkdir(mode=0o700, exist_ok=True)
    place = Relay(public_host="127.0.0.1", port=port, first_udp_port=secrets.randbelow(20_000) + 40_000, metrics_port=0)
    if not (home / settings_file.FILE_NAME).exists():
        (home / settings_file.FILE_NAME).write_text(settings_file.text(Settings(network=network, relay=place)), "utf-8")
    log = folder / "relay.log"
    log.unlink(missing_ok=True)
    relay = await start("relay", "renter_tui", ["--home", str(home), "relay", "--json", "--port", str(port)], log)
    async with asyncio.timeout(_RELAY_WITHIN_S):
        while True:
            relay.check()
            with suppress(msgspec.DecodeError):
                return relay, str(msgspec.json.decode(log.read_bytes())["url"])
            await asyncio.sleep(0.05)


def _port(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


async def _open_bank(folder: Path, chain_ready: Path) -> tuple[EscrowChain, Network]:
    ready = read_ready(chain_ready)
    wallet = await asyncio.to_thread(_fresh, folder / "bank", Passphrase(secrets.token_urlsafe(24)), ready.funded_key)
    network = Network(name="development", rpc_url=ready.rpc_url)
    found = await deploy(network, wallet, PLAN, note=lambda _: None)
    network = msgspec.structs.replace(network, coin=found.coin, escrow=found.escrow)
    bank = EscrowChain(await Connection.connect(network, wallet))
    if await bank.coin_of(bank.address) != SUPPLY:
        raise SparecloudError("The coin's supply is not what was asked for.", "Look into the chain's log.")
    return bank, network


def _fresh(home: Path, passphrase: Passphrase, key: str | None = None) -> Wallet:
    wallet = wallet_in(home / "wallet", passphrase, scrypt_n=_WORTHLESS_SCRYPT_N)
    if key is None:
        wallet.create()
    else:
        wallet.import_key(key)
    return wallet
