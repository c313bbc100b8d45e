"""Where secrets lie: the system keyring, encrypted key files, or plain files that only their owner can read.

All three are the same small protocol: a name, and 32 bytes that are never logged and never part of an error. Which
store serves what is decided in core/chain/wallet.py.
"""

import json
import os
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn, Protocol

import keyring
from eth_keyfile.keyfile import create_keyfile_json, decode_keyfile_json

from core.errors import InvalidInput, SparecloudError, WalletUnavailable

SERVICE: Final = "sparecloud"
SCRYPT_N: Final = 2**18
_SILENT_S: Final = 5.0
"""A keyring that does not answer for so long waits for its owner."""

UNLOCKED_WITHIN_S: Final = 300.0
"""So long somebody who was told may take to unlock it."""

_POSIX: Final = os.name == "posix"
_BINARY: Final[int] = getattr(os, "O_BINARY", 0)  # Windows would otherwise rewrite line ends


class KeyringLocked(WalletUnavailable):
    """The keyring waits for its owner to unlock it."""


class _Hidden:
    """What no repr, log line, traceback's locals, pickle or copy shows."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"a {type(self).__name__.lower()} cannot be pickled or copied")


class Secret(_Hidden):
    """The 32 bytes of a key."""

    __slots__ = ("_raw",)

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def reveal(self) -> bytes:
        """The bytes, for signing and storing and nothing else."""
        return self._raw


class Passphrase(_Hidden):
    """Text that unlocks key files. Raises InvalidInput where it is empty."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not text:
            raise InvalidInput("An empty passphrase protects nothing.", "Choose one of several words.")
        self._text = text

    @classmethod
    def from_file(cls, path: Path) -> "Passphrase":
        """The first line of `path`, which nobody but its owner may be able to read. Raises InvalidInput."""
        try:
            if _POSIX and path.stat().st_mode & 0o077:
                raise InvalidInput(f"Others can read the passphrase file {path}.", f"Run: chmod 600 {path}")
            lines = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            raise InvalidInput(f"The passphrase file {path} cannot be read.", "Name a readable text file.") from None
        return cls(lines[0] if lines else "")

    def reveal(self) -> str:
        """The text itself, for a key derivation and nothing else."""
        return self._text


class SecretStore(Protocol):
    """Named secrets. `get` of an unknown name is None; `delete` of one is no error.

    Raises WalletUnavailable where the store is locked, damaged or full.
    """

    def get(self, name: str) -> Secret | None: ...

    def put(self, name: str, secret: Secret) -> None: ...

    def delete(self, name: str) -> None: ...


class KeyringStore:
    """The desktop's keyring. `owner` keeps several agents of one user apart (use the data folder's path)."""

    def __init__(self, owner: str, service: str = SERVICE) -> None:
        self._owner = owner
        self._service = service

    def get(self, name: str) -> Secret | None:
        try:
            text = keyring.get_password(self._service, self._user(name))
        except Exception as problem:  # every backend raises its own kinds
            raise _keyring_failed(problem) from None
        if text is None:
            return None
        return _secret(text, "The entry in the system keyring")

    def put(self, name: str, secret: Secret) -> None:
        try:
            keyring.set_password(self._service, self._user(name), secret.reveal().hex())
        except Exception as problem:  # as above
            raise _keyring_failed(problem) from None

    def delete(self, name: str) -> None:
        try:
            if keyring.get_password(self._service, self._user(name)) is not None:
                keyring.delete_password(self._service, self._user(name))
        except Exception as problem:  # as above
            raise _keyring_failed(problem) from None

    def works(self, waiting: Callable[[SparecloudError], None] | None = None) -> bool:
        """True where a probe written now reads back and can be deleted.

        A locked keyring waits for a dialog: `waiting` is told so, and then its owner has `UNLOCKED_WITHIN_S`. Blocks.
        Raises KeyringLocked after that, and at once where nobody would be told.
        """
        outcome: list[bool] = []

        def probe() -> None:
            name, secret = f"probe-{secrets.token_hex(4)}", Secret(secrets.token_bytes(32))
            try:
                self.put(name, secret)
                found = self.get(name)
                self.delete(name)
                same = found is not None and found.reveal() == secret.reveal()
                outcome.append(same and self.get(name) is None)
            except WalletUnavailable:
                outcome.append(False)

        # The dialog may be one that nobody sees or ever answers; such a thread is left behind.
        thread = threading.Thread(target=probe, daemon=True)
        thread.start()
        thread.join(_SILENT_S)
        if thread.is_alive() and waiting is not None:
            waiting(
                KeyringLocked(
                    "Waiting for the keyring to be unlocked.",
                    "Enter its password in the dialog that asks for it; then this goes on by itself.",
                )
            )
            thread.join(UNLOCKED_WITHIN_S)
        if thread.is_alive():
            raise KeyringLocked(
                "The keyring is locked, and nobody unlocked it.",
                "Unlock it and start again; where no dialog asks for its password, log out and in again.",
            )
        return outcome == [True]

    def _user(self, name: str) -> str:
        return f"{self._owner}:{name}"


class KeystoreFiles:
    """Ethereum V3 key files (`NAME.json`) under one passphrase, readable by wallets everywhere."""

    def __init__(self, folder: Path, passphrase: Passphrase, scrypt_n: int = SCRYPT_N) -> None:
        self._folder = folder
        self._passphrase = passphrase
        self._scrypt_n = scrypt_n

    def get(self, name: str) -> Secret | None:
        path = self._path(name)
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            raise _damaged(f"the key file {path}") from None
        return decrypted(text, self._passphrase, f"the key file {path}")

    def put(self, name: str, secret: Secret) -> None:
        write_for_owner(self._path(name), encrypted(secret, self._passphrase, self._scrypt_n).encode())

    def delete(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"


class OwnerFiles:
    """Plain files (`NAME.key`), mode 0600: only for session keys, whose worth a lease's deposit caps."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str) -> Secret | None:
        path = self._path(name)
        try:
            text = path.read_text("ascii")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            raise WalletUnavailable(f"The key file {path} cannot be read.", "Restore it from a backup.") from None
        return _secret(text, f"The key file {path}")

    def put(self, name: str, secret: Secret) -> None:
        write_for_owner(self._path(name), secret.reveal().hex().encode())

    def delete(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.key"


def encrypted(secret: Secret, passphrase: Passphrase, scrypt_n: int = SCRYPT_N) -> str:
    """The secret as an Ethereum V3 key file. Takes about 0.7 s and, while it lasts, 300 MiB at the default."""
    document = create_keyfile_json(secret.reveal(), passphrase.reveal().encode(), kdf="scrypt", iterations=scrypt_n)
    return json.dumps(document, indent=1)


def decrypted(text: str, passphrase: Passphrase, where: str) -> Secret:
    """The secret in an Ethereum V3 key file's `text`. Raises WalletUnavailable, which names `where`.

    It needs no process of its own: scrypt's 300 MiB are the system's again when this returns.
    """
    try:
        return Secret(bytes(decode_keyfile_json(json.loads(text), passphrase.reveal().encode())))
    # Whatever a damaged document makes the decoder stumble over: it checks neither types nor which keys there are.
    except (ValueError, KeyError, TypeError, AttributeError, NotImplementedError) as problem:
        if "MAC mismatch" in str(problem):
            raise WalletUnavailable(f"The passphrase does not open {where}.", "Try again.") from None
        raise _damaged(where) from None


def write_for_owner(path: Path, content: bytes) -> None:
    """Write `content` whole or not at all, readable by the owner alone (on Windows: as the folder's own rules say)."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        # Created closed to others, rather than closed afterwards: there is no moment in which they could look.
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
    except OSError as problem:
        cause = problem.strerror or type(problem).__name__
        raise WalletUnavailable(f"{path} cannot be written: {cause}.", "Free space, or fix its rights.") from problem


def _secret(text: str, where: str) -> Secret:
    try:
        secret = Secret(bytes.fromhex(text.strip()))
    except ValueError:
        secret = Secret(b"")
    if len(secret.reveal()) != 32:
        raise WalletUnavailable(f"{where} does not hold a key.", "Restore it from a backup.")
    return secret


def _damaged(where: str) -> WalletUnavailable:
    return WalletUnavailable(f"No key can be read from {where}.", "Restore it from a backup.")


def _keyring_failed(problem: Exception) -> WalletUnavailable:
    return WalletUnavailable(
        f"The system keyring refused ({type(problem).__name__}).", "Unlock it, or use a passphrase instead."
    )
