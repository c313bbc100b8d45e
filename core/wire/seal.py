"""The key pair that letters are sealed to: X25519, anonymous sealed boxes (libsodium's crypto_box_seal)."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

from nacl.bindings import crypto_box_SEALBYTES
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from core.errors import InvalidInput, SparecloudError

FILE_NAME: Final = "seal.key"
OVERHEAD_BYTES: Final = crypto_box_SEALBYTES


class SealKey:
    """The private half. It opens what was sealed to `public`, and does not show itself."""

    __slots__ = ("_key",)

    def __init__(self, key: PrivateKey) -> None:
        self._key = key

    @classmethod
    def random(cls) -> "SealKey":
        """A fresh key from the system's randomness."""
        return cls(PrivateKey.generate())

    @property
    def public(self) -> str:
        """The public half: 0x and sixty-four hexadecimal digits."""
        return "0x" + bytes(self._key.public_key).hex()

    def open(self, sealed: bytes) -> bytes:
        """What was sealed. Raises InvalidInput where it was not sealed to this key, or altered."""
        try:
            return SealedBox(self._key).decrypt(sealed)
        except (CryptoError, ValueError, TypeError) as refused:
            raise InvalidInput("A letter does not open with this machine's key.") from refused

    def __repr__(self) -> str:
        return f"SealKey({self.public})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a seal key cannot be pickled or copied")


def seal(body: bytes, public: str) -> bytes:
    """`body`, so that only the holder of `public`'s private half can read it. Raises InvalidInput."""
    try:
        return SealedBox(PublicKey(bytes.fromhex(public.removeprefix("0x")))).encrypt(body)
    except (CryptoError, ValueError, TypeError) as refused:
        raise InvalidInput("The recipient's seal key is not a usable X25519 key.") from refused


def load_or_create(folder: Path) -> SealKey:
    """The key kept in `folder`, made where there is none, in a file that only its owner can read (0600).

    Raises SparecloudError where the file cannot be read or written, or does not hold a key; it is never replaced.
    """
    path = folder / FILE_NAME
    try:
        if not path.exists():
            _keep(path, SealKey.random())
        raw = bytes.fromhex(path.read_text("ascii").strip())
        return SealKey(PrivateKey(raw))
    except OSError as refused:
        raise SparecloudError(f"{path} cannot be used: {refused}.", "Make its folder writable.") from refused
    except (CryptoError, ValueError, TypeError):
        # No cause is kept: a parser's complaint may quote the key.
        raise SparecloudError(
            f"{path} does not hold a seal key.", "Move it away; a new one is made at the next start."
        ) from None


def _keep(path: Path, key: SealKey) -> None:
    """Write the whole file or none: a crash in between must not leave half a key under the final name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    with suppress(FileNotFoundError):
        draft.unlink()
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(bytes(key._key).hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
