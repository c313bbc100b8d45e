"""Nebula's certificates, version 1: founding an authority, signing node keys, and reading what others signed.

The format is cert/cert_v1.proto of github.com/slackhq/nebula (a small protobuf), signed with Ed25519 over its details.
A certificate is accepted only in the one encoding that Nebula itself writes, so that a fingerprint names it for good.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Final, Self

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey
from nacl.signing import SigningKey, VerifyKey

from core.errors import InvalidInput
from core.runtime.overlay import protobuf
from core.ticket import NETWORK

MASTER_GROUP: Final = "master"
WORKER_GROUP: Final = "worker"
RELAY_GROUP: Final = "relay"
GROUPS: Final = (MASTER_GROUP, WORKER_GROUP, RELAY_GROUP)

SKEW_S: Final = 3600
"""Certificates are good from so long before they were made: clocks of laptops go wrong by minutes."""

_BANNER: Final = "NEBULA CERTIFICATE"
_KEY_BANNER: Final = "NEBULA X25519 PRIVATE KEY"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says; `key` is X25519 for a node and Ed25519 for an authority, instants are Unix seconds."""

    name: str
    networks: tuple[IPv4Interface, ...]
    groups: tuple[str, ...]
    since: int
    until: int
    key: bytes
    is_authority: bool = False
    issuer: bytes = b""
    signature: bytes = field(default=b"", repr=False)

    def details(self) -> bytes:
        """The signed part."""
        pairs = b"".join(protobuf.varint(int(ip)) + protobuf.varint(int(ip.netmask)) for ip in self.networks)
        parts = [
            protobuf.field(1, self.name.encode()),
            protobuf.field(2, pairs),
            *(protobuf.field(4, group.encode(), empty=True) for group in self.groups),
            protobuf.field(5, self.since),
            protobuf.field(6, self.until),
            protobuf.field(7, self.key),
            protobuf.field(8, int(self.is_authority)),
            protobuf.field(9, self.issuer),
        ]
        return b"".join(parts)

    def encode(self) -> bytes:
        """The whole certificate."""
        return protobuf.field(1, self.details(), empty=True) + protobuf.field(2, self.signature)

    def pem(self) -> str:
        """As Nebula keeps it in files."""
        return _pem(_BANNER, self.encode())

    def signed(self, key: SigningKey) -> Self:
        """The same, signed."""
        return replace(self, signature=key.sign(self.details()).signature)


@dataclass(frozen=True, slots=True)
class Authority:
    """Who may sign members into a network. Whoever holds `seed` is the authority: it stays with the renter."""

    certificate: str
    seed: bytes = field(repr=False)

    def encode(self) -> bytes:
        """As `decode` reads it back, the secret included."""
        return self.seed + self.certificate.encode()

    @classmethod
    def decode(cls, kept: bytes) -> Self:
        """What `encode` wrote. Raises InvalidInput."""
        made = cls(kept[32:].decode("ascii", "replace"), kept[:32])
        if len(made.seed) != 32 or inspect(made.certificate).key != bytes(SigningKey(made.seed).verify_key):
            raise InvalidInput("A network's authority is damaged.", "End the cluster, and start another one.")
        return made


def found(name: str, now: int, until: int) -> Authority:
    """A new authority that can sign for the lease network's addresses and groups only, and until `until`."""
    key = SigningKey.generate()
    networks = (IPv4Interface(NETWORK),)
    made = Certificate(name, networks, GROUPS, now - SKEW_S, until, bytes(key.verify_key), is_authority=True)
    return Authority(made.signed(key).pem(), bytes(key))


def certify(
    authority: Authority, *, name: str, address: str, groups: Sequence[str], node_key: str, now: int, until: int
) -> str:
    """A PEM for the node that holds `node_key` (64 hexadecimal digits), good until `until` or the authority's end."""
    above = inspect(authority.certificate)
    made = Certificate(
        name=name,
        networks=(IPv4Interface((IPv4Address(address), NETWORK.prefixlen)),),
        groups=tuple(groups),
        since=max(now - SKEW_S, above.since),
        until=min(until, above.until),
        key=bytes.fromhex(node_key),
        issuer=bytes.fromhex(fingerprint(authority.certificate)),
    )
    return made.signed(SigningKey(authority.seed)).pem()


def fingerprint(pem: str) -> str:
    """What Nebula's blocklist and a certificate's issuer name a certificate by: SHA-256, hexadecimal."""
    return hashlib.sha256(inspect(pem).encode()).hexdigest()


def inspect(pem: str) -> Certificate:
    """What `pem` says, its signature unchecked. Raises InvalidInput."""
    try:
        raw = _unpem(_BANNER, pem)
        read = _certificate(raw)
    except (ValueError, binascii.Error) as broken:
        raise InvalidInput("A certificate of the lease network is malformed.") from broken
    if read.encode() != raw or len(read.key) != 32:
        raise InvalidInput("A certificate of the lease network is not in the form that Nebula writes.")
    return read


def verified(pem: str, authority: str) -> Certificate:
    """What `pem` says, once its authority is known to have signed it and to be confined to the lease network.

    Raises InvalidInput where either is not so, or where it says more than its authority may.
    """
    above, read = inspect(authority), inspect(pem)
    try:
        VerifyKey(above.key).verify(above.details(), above.signature)
        VerifyKey(above.key).verify(read.details(), read.signature)
    except (CryptoError, ValueError) as forged:
        raise InvalidInput("A certificate of the lease network does not bear its authority's signature.") from forged
    confined = above.is_authority and _within(above) and above.groups and set(above.groups) <= set(GROUPS)
    if not confined:
        raise InvalidInput(f"The lease network's authority must be confined to {NETWORK} and its own groups.")
    issued = not read.is_authority and read.issuer.hex() == fingerprint(authority)
    if not (issued and _within(read) and set(read.groups) <= set(above.groups)):
        raise InvalidInput("A certificate of the lease network claims more than its authority may give.")
    return read


def make_key() -> tuple[str, str]:
    """A fresh node key: the PEM that Nebula reads, and the public half as 64 hexadecimal digits."""
    key = PrivateKey.generate()
    return _pem(_KEY_BANNER, bytes(key)), bytes(key.public_key).hex()


def public_key(pem: str) -> str:
    """The public half of a node key. Raises InvalidInput."""
    try:
        return bytes(PrivateKey(_unpem(_KEY_BANNER, pem)).public_key).hex()
    except (ValueError, binascii.Error, CryptoError) as broken:
        raise InvalidInput("A node's key is damaged.", "End the lease; the next one makes another key.") from broken


def _within(certificate: Certificate) -> bool:
    return len(certificate.networks) == 1 and certificate.networks[0].network.subnet_of(NETWORK)


def _certificate(raw: bytes) -> Certificate:
    outer = dict(protobuf.fields(raw))
    inner: dict[int, list[bytes | int]] = {}
    for number, value in protobuf.fields(protobuf.words(outer[1]) if 1 in outer else b""):
        inner.setdefault(number, []).append(value)

    def words(number: int) -> list[bytes]:
        return [protobuf.words(value) for value in inner.get(number, [])]

    def count(number: int) -> int:
        return next((value for value in inner.get(number, []) if isinstance(value, int)), 0)

    pairs = list(protobuf.varints(b"".join(words(2))))
    return Certificate(
        name=b"".join(words(1)).decode(),
        networks=tuple(_interface(ip, mask) for ip, mask in zip(pairs[::2], pairs[1::2], strict=True)),
        groups=tuple(group.decode() for group in words(4)),
        since=count(5),
        until=count(6),
        key=b"".join(words(7)),
        is_authority=bool(count(8)),
        issuer=b"".join(words(9)),
        signature=protobuf.words(outer.get(2, b"")),
    )


def _interface(address: int, mask: int) -> IPv4Interface:
    return IPv4Interface((IPv4Address(address), IPv4Network((0, str(IPv4Address(mask)))).prefixlen))


def _pem(banner: str, raw: bytes) -> str:
    body = base64.b64encode(raw).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {banner}-----", *lines, f"-----END {banner}-----", ""])


def _unpem(banner: str, text: str) -> bytes:
    first, *lines = text.splitlines()
    if first != f"-----BEGIN {banner}-----" or lines[-1:] != [f"-----END {banner}-----"]:
        raise ValueError("not a PEM")
    return base64.b64decode("".join(lines[:-1]), validate=True)
