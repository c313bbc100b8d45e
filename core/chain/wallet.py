"""Keys, which live nowhere else: a wallet's own, and the session keys that sign vouchers while it stays locked.

A Key signs and does not show itself: not in a repr, a log line, a traceback's locals, a pickle or a copy. A wallet
keeps its key in the system keyring where that truly works, else in an encrypted file under a passphrase. Session
keys must survive a restart without anybody there to type: they go into the keyring, else into files that only their
owner can read, and whoever stole one could sign away at most what is left in its lease, and only to its donors.
"""

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

from coincurve import PrivateKey

from core.chain.keystore import (
    SCRYPT_N,
    KeyringStore,
    KeystoreFiles,
    OwnerFiles,
    Passphrase,
    Secret,
    SecretStore,
    decrypted,
    encrypted,
)
from core.chain.nonces import exclusive
from core.chain.transaction import Transaction
from core.chain.typed_data import address_of
from core.errors import InvalidInput, SparecloudError, WalletUnavailable
from core.model import Address

_WALLET: Final = "wallet"
_LOCK_WITHIN_S: Final = 30.0
_KEY: Final = re.compile(r"(0x)?[0-9a-fA-F]{64}")


class Key:
    """A secp256k1 key that signs."""

    __slots__ = ("_address", "_private")

    def __init__(self, private: PrivateKey) -> None:
        self._private = private
        self._address = address_of(private.public_key)

    @classmethod
    def random(cls) -> "Key":
        """A fresh key from the system's randomness."""
        return cls(PrivateKey())

    @classmethod
    def from_hex(cls, text: str) -> "Key":
        """The key that 64 hexadecimal digits spell, with or without 0x. Raises InvalidInput."""
        if not _KEY.fullmatch(text.strip()):
            raise InvalidInput("That is not a private key.", "A key has 64 hexadecimal digits.")
        try:
            return cls(PrivateKey(bytes.fromhex(text.strip()[-64:])))
        except ValueError:
            raise InvalidInput(
                "That number is not a private key.", "Zero and numbers past the order are not."
            ) from None

    @property
    def address(self) -> Address:
        """The account it signs for."""
        return self._address

    def sign_digest(self, digest: bytes) -> bytes:
        """65 bytes: r, s (lower half), v (27 or 28). Deterministic (RFC 6979)."""
        signature = self._private.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([signature[64] + 27])

    def sign_transaction(self, transaction: Transaction) -> bytes:
        """The raw transaction, ready to send."""
        return transaction.signed(self.sign_digest(transaction.digest()))

    def export(self) -> str:
        """The key itself as 0x and 64 digits: for a backup that its owner asked for, never for a log."""
        return "0x" + self.secret().reveal().hex()

    def secret(self) -> Secret:
        """The key for a store to keep."""
        return Secret(self._private.secret)

    def __repr__(self) -> str:
        return f"Key({self._address})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a key cannot be pickled or copied")


class Wallet:
    """One key in a store, locked until `unlock`, and session keys in another that is always open.

    In `folder` the processes that share this wallet agree on who goes first; without one it is this process's own.
    """

    def __init__(self, keys: SecretStore, sessions: SecretStore, folder: Path | None = None) -> None:
        self.folder = folder
        self._keys = keys
        self._sessions = sessions
        self._key: Key | None = None
        self._session_keys: dict[Address, Key] = {}

    @property
    def key(self) -> Key:
        """The wallet's key. Raises WalletUnavailable while it is locked."""
        if self._key is None:
            raise WalletUnavailable("The wallet is locked.", "Unlock it first.")
        return self._key

    @property
    def address(self) -> Address:
        """The wallet's account. Raises WalletUnavailable while it is locked."""
        return self.key.address

    def create(self) -> Address:
        """Make and keep a fresh key, and unlock it. Raises WalletUnavailable where there is one already."""
        return self._adopt(Key.random())

    def import_key(self, text: str) -> Address:
        """Keep the key that `text` spells (64 hexadecimal digits), and unlock it.

        Raises InvalidInput, or WalletUnavailable where there is another already.
        """
        key = Key.from_hex(text)
        # A traceback that shows locals must not show it, whatever the store does next.
        del text
        return self._adopt(key)

    def import_keystore(self, text: str, passphrase: Passphrase) -> Address:
        """Keep the key of an Ethereum V3 key file's `text`, and unlock it.

        Raises WalletUnavailable where the file is damaged, the passphrase wrong, or another key here already.
        """
        return self._adopt(_key_of(decrypted(text, passphrase, "the key file")))

    def export_keystore(self, passphrase: Passphrase, *, scrypt_n: int = SCRYPT_N) -> str:
        """The unlocked key as an Ethereum V3 key file under `passphrase`, which wallets everywhere can read."""
        return encrypted(self.key.secret(), passphrase, scrypt_n)

    def unlock(self) -> Address:
        """Read the key. Raises WalletUnavailable where there is none, or the passphrase is wrong."""
        if self._key is None:
            self._key = _read(self._keys, _WALLET)
        if self._key is None:
            raise WalletUnavailable("There is no wallet here yet.", "Create one, or import a key.")
        return self._key.address

    def open(self) -> Address:
        """Unlock the key, or create one where there is none; processes that do so at once get the same one."""
        if self._key is None:
            self._key = _read(self._keys, _WALLET)
        if self._key is None:
            with self._alone():
                self._key = _read(self._keys, _WALLET) or self._keep(Key.random())
        return self._key.address

    def lock(self) -> None:
        """Forget the key until the next `unlock`."""
        self._key = None

    def new_session(self) -> Key:
        """A fresh session key, already kept."""
        key = Key.random()
        self._sessions.put(_session_name(key.address), key.secret())
        self._session_keys[key.address] = key
        return key

    def session(self, address: Address) -> Key:
        """The session key made earlier. Raises WalletUnavailable."""
        # Kept once read: vouchers are signed every few seconds, and a keyring takes its time.
        key = self._session_keys.get(address) or _read(self._sessions, _session_name(address))
        if key is None or key.address != address:
            raise WalletUnavailable(
                f"The session key {address} is not on this machine.", "Vouchers can only be signed where it was made."
            )
        self._session_keys[address] = key
        return key

    def forget_session(self, address: Address) -> None:
        """Delete a session key whose lease is settled."""
        self._sessions.delete(_session_name(address))
        self._session_keys.pop(address, None)

    def _adopt(self, key: Key) -> Address:
        with self._alone():
            kept = _read(self._keys, _WALLET) or self._keep(key)
        if kept.address != key.address:
            raise WalletUnavailable(
                f"This folder already has the wallet {kept.address}.", "Use it, or choose another data folder."
            )
        self._key = key
        return key.address

    def _keep(self, key: Key) -> Key:
        self._keys.put(_WALLET, key.secret())
        return key

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self.folder is None:
            yield
            return
        with exclusive(self.folder / f"{_WALLET}.lock", _LOCK_WITHIN_S):
            yield


def wallet_in(
    folder: Path,
    passphrase: Passphrase | None = None,
    *,
    scrypt_n: int = SCRYPT_N,
    waiting: Callable[[SparecloudError], None] | None = None,
) -> Wallet:
    """The wallet of the agent whose data lies in `folder`: under `passphrase`, or without one in the keyring.

    `waiting` is told where the keyring is locked: see KeyringStore.works. Raises WalletUnavailable where a passphrase
    is needed: the keyring does not work, or a key file is there.
    """
    files = OwnerFiles(folder / "sessions")
    if passphrase is not None:
        return Wallet(KeystoreFiles(folder, passphrase, scrypt_n), files, folder)
    if (folder / f"{_WALLET}.json").exists():
        raise WalletUnavailable("The wallet is protected by a passphrase.", "Enter it: sparecloud wallet unlock.")
    ring = KeyringStore(str(folder.resolve()))
    if not ring.works(waiting):
        raise WalletUnavailable(
            "This computer's keyring does not work.", "Choose a passphrase; the key is then kept in an encrypted file."
        )
    return Wallet(ring, ring, folder)


async def opened(make: Callable[[], Wallet]) -> Wallet:
    """What `make` returns, opened; both in a thread of their own, which no locked keyring holds the caller up by.

    A call that is cancelled leaves its thread to the keyring. Raises what `make` and `Wallet.open` raise.
    """
    answer: Future[Wallet] = Future()

    def work() -> None:
        answer.set_running_or_notify_cancel()
        try:
            wallet = make()
            wallet.open()
        except Exception as problem:  # raised again where it is waited for
            answer.set_exception(problem)
        else:
            answer.set_result(wallet)

    # Not a pool's: at its end a program waits for those.
    threading.Thread(target=work, name="sparecloud-wallet", daemon=True).start()
    return await asyncio.wrap_future(answer)


def _session_name(address: Address) -> str:
    return f"session-{address}"


def _read(store: SecretStore, name: str) -> Key | None:
    secret = store.get(name)
    return None if secret is None else _key_of(secret)


def _key_of(secret: Secret) -> Key:
    try:
        return Key(PrivateKey(secret.reveal()))
    except ValueError:
        raise WalletUnavailable("The kept key is not a valid key.", "Restore it from a backup.") from None
