"""Picks the adapters of a renter's agent, and of the verbs that work with a wallet alone."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from core.awake import DesktopWakefulness
from core.chain.keystore import Passphrase, write_for_owner
from core.chain.wallet import Wallet, wallet_in
from core.errors import InvalidInput, WalletUnavailable, first_problem
from core.fabric import fabric
from core.membership import PASSPHRASE_FILE, images_folder, join, lease_network, updates, wallet_at
from core.model import Address
from core.renter import Renter
from core.renter_work import RenterPorts
from core.runtime.clusters import DockerClusters
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.selftest import Tell
from core.settings import LimitsFile
from renter_tui import doctoring
from renter_tui.deploying import Deployer, Order
from renter_tui.holder import Holder


@asynccontextmanager
async def build_renter(home: Path) -> AsyncGenerator[Renter]:
    """The agent of `home`'s owner, at work while the context lasts. Raises SparecloudError."""
    async with join(home, "renter") as member:
        engine = ContainerEngine()
        try:
            images = Images(engine, images_folder())
            ports = RenterPorts(
                chain=member.chain,
                runtime=DockerClusters(
                    engine, lease_network(member, engine, images), images, f"renter-{member.chain.address}"
                ),
                fabric=fabric(member),
                board=member.board,
                peers=member.peers,
                journal=member.journal,
                clock=member.clock,
                awake=DesktopWakefulness(),
                folder=member.folder,
                limits=LimitsFile(home),
                updates=updates(member),
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
    return _kept(home, passphrase_file, Wallet.create)


def wallet_import(home: Path, key: str, passphrase_file: Path | None) -> Address:
    """Keep the private key `key`, 64 hexadecimal digits, like `wallet_create` does."""
    return _kept(home, passphrase_file, lambda wallet: wallet.import_key(key))


def wallet_import_keystore(home: Path, text: str, passphrase: str, passphrase_file: Path | None) -> Address:
    """Keep the key of a V3 key file's `text`, which `passphrase` opens, like `wallet_create` does."""
    opening = Passphrase(passphrase)
    return _kept(home, passphrase_file, lambda wallet: wallet.import_keystore(text, opening))


def wallet_export(home: Path, target: Path, passphrase: str) -> Address:
    """Write the key to `target` as a V3 key file under `passphrase`; only its owner can read it.

    Raises InvalidInput where `target` is there already, WalletUnavailable.
    """
    if target.exists():
        raise InvalidInput(f"{target} is there already.", "Name a file that is not.")
    wallet = wallet_at(home)
    account = wallet.unlock()
    write_for_owner(target, wallet.export_keystore(Passphrase(passphrase)).encode())
    return account


def wallet_address(home: Path) -> Address:
    """Whose wallet it is. Raises WalletUnavailable where there is none, or it is locked."""
    return wallet_at(home).unlock()


def wallet_lock(home: Path) -> None:
    """Forget the passphrase of `home`'s wallet. Raises WalletUnavailable where there is none to forget."""
    if not (home / "wallet" / "wallet.json").exists():
        raise WalletUnavailable(
            "No wallet here is under a passphrase.",
            "A key in the system keyring is locked with the keyring, by logging out or in its settings.",
        )
    (home / PASSPHRASE_FILE).unlink(missing_ok=True)


def wallet_unlock(home: Path, passphrase: str) -> Address:
    """Keep `passphrase` beside `home`'s wallet, which it must open. Raises WalletUnavailable."""
    opening = Passphrase(passphrase)
    account = wallet_in(home / "wallet", opening).unlock()
    write_for_owner(home / PASSPHRASE_FILE, opening.reveal().encode())
    return account


def holder(home: Path) -> AbstractAsyncContextManager[Holder]:
    """`home`'s wallet at the contracts of its market."""
    return Holder.at(home)


def deployer(home: Path, order: Order) -> Deployer:
    """A deployment by `home`'s wallet."""
    return Deployer(home, order)


async def examine(home: Path, tell: Tell) -> None:
    """Check all that a cluster of `home`'s owner needs; `tell` hears of each check."""
    await doctoring.examine(home, tell)


def _kept(home: Path, passphrase_file: Path | None, keep: Callable[[Wallet], Address]) -> Address:
    if passphrase_file is None:
        return keep(wallet_at(home))
    passphrase = Passphrase.from_file(passphrase_file)
    account = keep(wallet_in(home / "wallet", passphrase))
    # The background agent signs while nobody is there, so it must be able to unlock the wallet by itself. Only a
    # passphrase that opens the wallet is kept: another would lock its owner out.
    write_for_owner(home / PASSPHRASE_FILE, passphrase.reveal().encode())
    return account
