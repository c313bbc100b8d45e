"""What `doctor` looks at: everything between a renter and a cluster, each by itself, with what to do where it fails."""

import asyncio
import shutil
import socket
from pathlib import Path
from typing import Final

from core import settings as settings_file
from core.clock import SystemClock
from core.errors import InvalidInput, SandboxFailed
from core.gateway import presence
from core.membership import BUS_WITHIN_S, images_folder
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.selftest import Check, State, Tell, chain_check, checked
from core.settings import Settings
from core.updates import own_version
from core.view import spare
from core.wire.board import NatsBoard
from core.wire.buses import Buses
from renter_tui.holder import Holder

LEAST_FREE_GIB: Final = 4
"""Building both images takes some 3 GiB for a while."""

OFFERS_WITHIN_S: Final = 5


async def examine(home: Path, tell: Tell) -> None:
    """Check all that a cluster of `home`'s owner needs; `tell` hears of each check. Nothing is started or changed."""
    engine = ContainerEngine()
    try:
        if await checked(tell, "Container engine", "Asking the container engine.", _engine(engine)):
            await checked(tell, "Images", "Looking for the images.", _images(engine))
    finally:
        engine.close()
    await checked(tell, "Disk", "Looking for room.", _disk(home))
    if await checked(tell, "Settings", "Reading the settings.", _settings(home)):
        await checked(tell, "Chain and wallet", "Asking the chain.", _chain(home))
        await checked(tell, "Market", "Asking the market for offers.", _market(home))
    await checked(tell, "Background agent", "Looking for the agent.", _agent(home))


async def _engine(engine: ContainerEngine) -> Check:
    version = await engine.call(engine.version)
    return Check("Container engine", State.PASSED, f"It answers: version {version}.")


async def _images(engine: ContainerEngine) -> Check:
    images = Images(engine, images_folder())
    try:
        await engine.call(images.allowed)
        await engine.call(images.overlay)
    except SandboxFailed:
        return Check(
            "Images", State.WARNED, "They are not here yet.", "The first launch builds them: some two minutes."
        )
    return Check("Images", State.PASSED, "They were built on this machine, and are here.")


async def _disk(home: Path) -> Check:
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    free_gib = shutil.disk_usage(there).free / 2**30
    sentence = f"{free_gib:.1f} GiB are free where Sparecloud keeps its files."
    if free_gib < LEAST_FREE_GIB:
        return Check(
            "Disk", State.WARNED, sentence, f"Free some: building the images takes up to {LEAST_FREE_GIB} GiB."
        )
    return Check("Disk", State.PASSED, sentence)


async def _settings(home: Path) -> Check:
    network = _read(home).network
    if not (network.rpc_url and network.coin and network.escrow and network.bus_urls):
        return Check(
            "Settings",
            State.FAILED,
            f"No market is chosen in {home / settings_file.FILE_NAME}.",
            "Fill in rpc_url, coin, escrow and relays under [network], as the market publishes them.",
        )
    return Check("Settings", State.PASSED, f"{home / settings_file.FILE_NAME} names a market.")


async def _chain(home: Path) -> Check:
    async with Holder.at(home) as holder:
        clock = chain_check(await holder.chain.now(), SystemClock().now())
        held = await holder.chain.balances()
    if clock.state is not State.PASSED:
        return Check("Chain and wallet", clock.state, clock.sentence, clock.hint)
    said = f"{clock.sentence} {holder.address} has {spare(held.coin)} to spend."
    if not held.native:
        hint = "Send a little of the chain's own coin there: fees are paid in it."
        return Check("Chain and wallet", State.FAILED, f"{said} It cannot pay fees.", hint)
    if not held.coin:
        return Check(
            "Chain and wallet", State.WARNED, said, "`sparecloud sale buy` buys the coin that donors are paid in."
        )
    return Check("Chain and wallet", State.PASSED, said)


async def _market(home: Path) -> Check:
    network, clock = _read(home).network, SystemClock()
    async with Holder.at(home) as holder, Buses(network.bus_urls, name="sparecloud-doctor") as buses:
        await buses.ready(BUS_WITHIN_S)
        board = NatsBoard(buses, holder.chain.notary, clock)
        await board.open()
        await board.ask()
        try:
            async with asyncio.timeout(OFFERS_WITHIN_S):
                await board.changed()
                # Donors answer within a second of each other.
                await asyncio.sleep(1)
        except TimeoutError:
            pass
        offers = len(board.offers(clock.now()))
    if not offers:
        sentence = f"Its bus answers, and no donor offered anything within {OFFERS_WITHIN_S} s."
        return Check("Market", State.WARNED, sentence, "Wait for donors; `sparecloud market --watch` shows them come.")
    return Check("Market", State.PASSED, f"Its bus answers, and donors do: {offers} offered at once.")


async def _agent(home: Path) -> Check:
    found = await presence.find(home)
    if found is None:
        port = _port(home)
        if port and not _free(port):
            return Check(
                "Background agent",
                State.FAILED,
                f"None runs, and port {port}, which it is to use, is taken by another program.",
                "Set agent_port under [renter] in settings.toml to another port, or to 0 for any free one.",
            )
        return Check("Background agent", State.PASSED, "None runs; the first verb that needs one starts it.")
    if found.version != own_version():
        sentence = f"It is of version {found.version}, and this is {own_version()}."
        return Check("Background agent", State.WARNED, sentence, "It is replaced once no cluster needs it.")
    return Check("Background agent", State.PASSED, f"It answers: version {found.version}.")


def _port(home: Path) -> int:
    """The port that the settings name for the agent; 0 is any, also where they cannot be read."""
    try:
        return _read(home).renter.agent_port
    except InvalidInput:
        return 0


def _free(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False


def _read(home: Path) -> Settings:
    return settings_file.read(home)
