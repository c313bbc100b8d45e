"""Nebula's settings for a member of a lease's network, as JSON (which is YAML). Pure."""

import hashlib
import json
from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Final

from core.model import LeaseId
from core.runtime.overlay.certificates import MASTER_GROUP, WORKER_GROUP
from core.runtime.overlay.firewall import CLOSED, TUNNEL
from core.runtime.spark_settings import (
    DRIVER_BLOCKS_PORT,
    DRIVER_PORT,
    EXECUTOR_BLOCKS_PORT,
    MASTER_PORT,
    METER_PORT,
    PORT_RETRIES,
    WORKER_PORT,
)
from core.ticket import Overlay

MTU: Final = 1300
_FIRST_PORT: Final = 20_000
_PORTS: Final = 40_000
_BUFFER_BYTES: Final = 4 * 2**20


def _range(first: int) -> str:
    return f"{first}-{first + PORT_RETRIES}"


_OPEN: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    MASTER_GROUP: (
        (str(MASTER_PORT), WORKER_GROUP),
        (_range(DRIVER_PORT), WORKER_GROUP),
        (_range(DRIVER_BLOCKS_PORT), WORKER_GROUP),
    ),
    WORKER_GROUP: (
        (str(WORKER_PORT), MASTER_GROUP),
        (str(METER_PORT), MASTER_GROUP),
        (str(METER_PORT), WORKER_GROUP),
        (_range(EXECUTOR_BLOCKS_PORT), MASTER_GROUP),
        (_range(EXECUTOR_BLOCKS_PORT), WORKER_GROUP),
    ),
}
"""TCP ports that a member of each group opens, and to which group. Nothing else answers, pings included."""


def udp_port(network: LeaseId, member: str) -> int:
    """The port that a member's node sends from: another for every member, so that a home router can tell them apart."""
    word = hashlib.sha256(f"{network} {member}".encode()).digest()
    return _FIRST_PORT + int.from_bytes(word[:8], "big") % _PORTS


def member(
    overlay: Overlay, *, group: str, port: int, key_file: str, reached: Mapping[str, tuple[IPv4Address, int]]
) -> str:
    """Settings of a master's or worker's node.

    `reached` says where the relay of each overlay address is. Peers are looked for at public addresses only: those that
    share a private range with us are others' machines, and those of our own home are none of the renter's business.
    """
    relays = sorted(reached)
    exceptions = {f"{at}/32": True for at, _ in reached.values()}
    settings = {
        "pki": {
            "ca": overlay.authority,
            "cert": overlay.certificate,
            "key": key_file,
            "blocklist": sorted(overlay.revoked),
        },
        "static_host_map": {address: [f"{at}:{udp}"] for address, (at, udp) in sorted(reached.items())},
        "lighthouse": {
            "am_lighthouse": False,
            "hosts": relays,
            "interval": 10,
            "local_allow_list": {"0.0.0.0/0": False, "::/0": False},
            "remote_allow_list": {"0.0.0.0/0": True, "::/0": False, **dict.fromkeys(CLOSED, False), **exceptions},
        },
        "listen": {
            "host": "0.0.0.0",
            "port": port,
            # An answer to packets of unknown tunnels would be a reflector.
            "send_recv_error": "never",
            "accept_recv_error": "never",
            "udp_offloads": True,
            "read_buffer": _BUFFER_BYTES,
            "write_buffer": _BUFFER_BYTES,
        },
        "punchy": {"punch": True, "respond": True},
        # A relay that went away is missed, and another one taken, in seconds: Nebula's own times are 5 and 10.
        "timers": {"connection_alive_interval": 2, "pending_deletion_interval": 4},
        # Members that met through a relay look for a way without it from the start, and soon again. What counts as one
        # packet is up to 64 KiB on its way into the tunnel: a whole shuffle may be thirty.
        "counters": {"try_promote": 5, "requery_every_packets": 50},
        "relay": {"am_relay": False, "use_relays": True, "relays": relays},
        "tun": {"dev": TUNNEL, "mtu": MTU, "use_offloads": True},
        "cipher": "aes",
        "firewall": {
            "outbound": [{"port": "any", "proto": "any", "host": "any"}],
            "inbound": [{"port": ports, "proto": "tcp", "group": of} for ports, of in _OPEN[group]],
        },
        "local_api": {"control": {"enabled": False}},
        "logging": {"level": "error"},
    }
    return json.dumps(settings, indent=1)
