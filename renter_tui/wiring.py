"""Picks the adapters of a renter's agent."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from core.chain.keystore import Passphrase, write_for_owner
from core.errors import first_problem
from core.membership import PASSPHRASE_FILE, images_folder, join, wallet_at
from core.model import Address
from core.renter import Renter
from core.renter_work import RenterPorts
from core.runtime.clusters import DockerClusters
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.runtime.network import BridgeNetwork


@asynccontextmanager
async def build_renter(home: Path) -> AsyncGenerator[Renter]:
    """The agent of `home`'s owner, at work while the context lasts. Raises SparecloudError."""
    async with join(home, "renter") as member:
        engine = ContainerEngine()
        try:
            images = Images(engine, images_folder())
            ports = RenterPorts(
                chain=member.chain,
                runtime=DockerClusters(engine, BridgeNetwork(engine), images, f"renter-{member.chain.address}"),
                board=member.board,
                peers=member.peers,
                journal=member.journal,
                clock=member.clock,
                folder=member.folder,
            )
            renter = Renter(member.settings.renter, ports)
            async with asyncio.TaskGroup() as tasks:
                working = tasks.create_task(renter.run())
                yield renter
                await renter.shutdown()
                await working
        except BaseExceptionGroup as group:
            raise first_problem(group) from group
        finally:
            engine.close()


def wallet_create(home: Path, passphrase_file: Path | None) -> Address:
    """Make a key and keep it in `home`: in the keyring, or encrypted under the passphrase in `passphrase_file`."""
    _keep_passphrase(home, passphrase_file)
    return wallet_at(home).create()


def wallet_import(home: Path, key: str, passphrase_file: Path | None) -> Address:
    """Keep the private key `key`, 64 hexadecimal digits, like `wallet_create` does."""
    _keep_passphrase(home, passphrase_file)
    return wallet_at(home).import_key(key)


def _keep_passphrase(home: Path, passphrase_file: Path | None) -> None:
    # The background agent signs while nobody is there, so it must be able to unlock the wallet by itself.
    if passphrase_file is not None:
        write_for_owner(home / PASSPHRASE_FILE, Passphrase.from_file(passphrase_file).reveal().encode())
