"""The packet filter of a lease's network namespace, as nftables reads it: closed but for the overlay. Pure.

It stands before Nebula runs and stays when Nebula dies: then nothing gets in or out. Only root's processes may send,
which are Nebula's: a Spark worker that takes over the port of a dead Nebula still reaches nobody.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Final

from core.runtime.spark_settings import DOORS

TUNNEL: Final = "lease"
"""The overlay's interface."""

CLOSED: Final = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
"""Ranges that no peer is at: this machine, its home network, the cloud's metadata service, everybody at once."""

_NEW_PEERS: Final = "limit rate 20/second burst 60 packets"
"""Packets to addresses that have not answered yet. A lying member can have us knock at a stranger's door, not pound."""


def rules(*, port: int, relays: Iterable[tuple[IPv4Address, int]], screen_for: IPv4Address | None) -> str:
    """The whole rule set; loading it replaces the one before in one step.

    Nebula's own UDP packets pass between `port` and the relay points, which may be anywhere, and between `port` and any
    address outside CLOSED. `screen_for` alone may open the web screen and Spark Connect.
    """
    points = sorted(set(relays))
    accepted_in = [f"ip saddr {address} udp sport {at} udp dport {port} accept" for address, at in points]
    accepted_out = [f"meta skuid 0 ip daddr {address} udp sport {port} udp dport {at} accept" for address, at in points]
    for door in DOORS if screen_for is not None else ():
        accepted_in.append(f"ip saddr {screen_for} tcp dport {door} accept")
        accepted_out.append(f"ip daddr {screen_for} tcp sport {door} ct state established accept")
    return _TABLE.format(
        tunnel=TUNNEL,
        closed=", ".join(CLOSED),
        port=port,
        new_peers=_NEW_PEERS,
        accepted_in="\n    ".join(f'iifname "eth0" {rule}' for rule in accepted_in),
        accepted_out="\n    ".join(f'oifname "eth0" {rule}' for rule in accepted_out),
    )


_TABLE: Final = """\
table inet lease
delete table inet lease
table inet lease {{
  set closed {{
    type ipv4_addr
    flags interval
    elements = {{ {closed} }}
  }}
  chain incoming {{
    type filter hook input priority filter; policy drop;
    iifname {{ "lo", "{tunnel}" }} accept
    {accepted_in}
    iifname "eth0" ip saddr != @closed udp dport {port} accept
  }}
  chain outgoing {{
    type filter hook output priority filter; policy drop;
    oifname {{ "lo", "{tunnel}" }} accept
    {accepted_out}
    oifname "eth0" meta skuid 0 ip daddr != @closed udp sport {port} ct state established accept
    oifname "eth0" meta skuid 0 ip daddr != @closed udp sport {port} {new_peers} accept
  }}
  chain forwarded {{
    type filter hook forward priority filter; policy drop;
  }}
}}
"""
