"""A ticket: what lets a member into its cluster's private network, given by the renter, whose network it is. Pure.

Every network has the same addresses: authorities and network namespaces keep them apart, so none can run out.
"""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Final

from core.model import LeaseId

NETWORK: Final = IPv4Network("10.77.0.0/22")
MASTER: Final = "10.77.0.1"
FIRST_WORKER: Final = IPv4Address("10.77.0.2")
FIRST_RELAY: Final = IPv4Address("10.77.3.1")
MOST_RELAYS: Final = 8
MOST_REVOKED: Final = 256

_WORD = re.compile(r"0x[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_PEM = re.compile(r"-----BEGIN NEBULA CERTIFICATE-----\n[A-Za-z0-9+/=\n]{1,2000}-----END NEBULA CERTIFICATE-----\n")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_NODE_KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class RelayPoint:
    """A relay of the network: its `address` inside, and the host and UDP port that reach it from outside."""

    address: str
    host: str
    port: int

    def __post_init__(self) -> None:
        _need_inside(self.address, "a relay's address")
        _need(_HOST.fullmatch(self.host) is not None and ".." not in self.host, "a relay's host is malformed")
        _need(1 <= self.port <= 65535, "a relay's port must be between 1 and 65535")


@dataclass(frozen=True, slots=True)
class Overlay:
    """What a member needs to join: its address, the authority's and its own certificate (PEM), and the relays.

    `expires_at` (Unix seconds) is when the certificate ends; `revoked` are the fingerprints (SHA-256, hexadecimal) of
    certificates that must be refused from now on.
    """

    address: str
    authority: str
    certificate: str
    relays: tuple[RelayPoint, ...]
    expires_at: int
    revoked: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _need_inside(self.address, "address")
        _need(_PEM.fullmatch(self.authority) is not None, "authority must be one Nebula certificate")
        _need(_PEM.fullmatch(self.certificate) is not None, "certificate must be one Nebula certificate")
        _need(1 <= len(self.relays) <= MOST_RELAYS, f"relays must be 1 to {MOST_RELAYS}")
        _need(0 < self.expires_at < 2**40, "expires_at must be an instant")
        _need(
            len(self.revoked) <= MOST_REVOKED and all(map(_FINGERPRINT.fullmatch, self.revoked)),
            f"revoked must be at most {MOST_REVOKED} fingerprints",
        )


@dataclass(frozen=True, slots=True)
class Ticket:
    """Lets its holder into the network that the lease `network` founded; other leases of the cluster join it, too.

    `name` is the host name that a plain bridge on one engine knows the member by; with an overlay its address does.
    """

    network: LeaseId
    name: str
    overlay: Overlay | None = None

    def __post_init__(self) -> None:
        _need(_WORD.fullmatch(self.network) is not None, "network must be 0x and sixty-four hexadecimal digits")
        _need(_NAME.fullmatch(self.name) is not None and ".." not in self.name, "name must be a host name")

    @property
    def host(self) -> str:
        """What other members reach this one by."""
        return self.overlay.address if self.overlay else self.name


def worker_name(lease: LeaseId, index: int) -> str:
    """The host name of a share's worker: unique over all leases of a cluster."""
    return f"worker-{lease[2:10]}-{index}"


def is_node_key(text: str) -> bool:
    """Whether `text` is a node's public key: sixty-four hexadecimal digits."""
    return _NODE_KEY.fullmatch(text) is not None


def _need_inside(address: str, name: str) -> None:
    try:
        inside = IPv4Address(address) in NETWORK
    except AddressValueError:
        inside = False
    _need(inside, f"{name} must be an address within {NETWORK}")


def _need(condition: bool, sentence: str) -> None:
    if not condition:
        raise ValueError(sentence)
