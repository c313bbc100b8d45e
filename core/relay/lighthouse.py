"""What Nebula is told to be: an unprivileged lighthouse and relay of one network, of no use to anybody else. Pure."""

import json
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Final

from core.relay.register import Carried
from core.runtime.overlay.firewall import CLOSED

RATE_VARIABLE: Final = "SPARECLOUD_RELAY_BYTES_PER_SECOND"
"""Our Nebula drops what it would forward beyond so many bytes a second (core/runtime/images/overlay)."""

REPORT_EVERY_S: Final = 5

_BUFFER_BYTES: Final = 4 * 2**20


def configuration(
    carried: Carried, node_key: str, *, listen: str, public_host: str, reports_to: str, report_name: str
) -> str:
    """The file that Nebula reads (JSON is YAML); `node_key` is the private one's PEM, so it is to be kept secret.

    Counters are reported to `reports_to` (HOST:PORT) under `report_name`, in Graphite's plain text.
    """
    return json.dumps(
        {
            "pki": {
                "ca": carried.authority,
                "cert": carried.certificate,
                "key": node_key,
                "blocklist": list(carried.revoked),
            },
            # Packets that belong to no tunnel get no answer: nothing here reflects, or says that it is here.
            "listen": {
                "host": listen,
                "port": carried.port,
                "send_recv_error": "never",
                "accept_recv_error": "never",
                "udp_offloads": True,
                "read_buffer": _BUFFER_BYTES,
                "write_buffer": _BUFFER_BYTES,
            },
            "lighthouse": {
                "am_lighthouse": True,
                "local_allow_list": {"0.0.0.0/0": False, "::/0": False},
                "remote_allow_list": _remotes(public_host),
            },
            "relay": {"am_relay": True, "use_relays": False},
            # Members come to the relay. It tries them once at the addresses that they claim, and does not insist.
            "handshakes": {"retries": 1},
            "punchy": {"punch": False, "respond": False},
            "tun": {"disabled": True},
            "cipher": "aes",
            "firewall": {"inbound": [], "outbound": []},
            "local_api": {"control": {"enabled": False}},
            "logging": {"level": "error"},
            "stats": {
                "type": "graphite",
                "protocol": "tcp",
                "host": reports_to,
                "prefix": report_name,
                "interval": f"{REPORT_EVERY_S}s",
            },
        }
    )


def _remotes(public_host: str) -> dict[str, bool]:
    """Members at private addresses are real only where the relay itself has one, as in a laboratory."""
    try:
        inside = any(IPv4Address(public_host) in IPv4Network(network) for network in CLOSED)
    except AddressValueError:
        inside = False
    denied = {} if inside else dict.fromkeys(CLOSED, False)
    return {"0.0.0.0/0": True, "::/0": False, **denied}
