"""Home routers: what stands between a laptop and the internet, by how it translates UDP (RFC 4787's words).

Every kind hides its home behind one public address and gives TCP and UDP out. They differ in what may come back in.
"""

from enum import StrEnum
from typing import Final

from tests.lab import netns

WAN: Final = "wan"
LAN: Final = "lan"
LAN_ROUTER: Final = "192.168.1.1"
LAN_HOST: Final = "192.168.1.10"


class Nat(StrEnum):
    """How a router maps an inside port to an outside one, and whom it lets answer to it."""

    FULL_CONE = "full cone"
    """One outside port whoever is spoken to, and anybody may send to it (endpoint-independent in both)."""
    RESTRICTED = "port-restricted cone"
    """One outside port whoever is spoken to, and only those that were spoken to may answer."""
    SYMMETRIC = "symmetric"
    """Another outside port, at random, for each that is spoken to."""


def set_up(router: str, nat: Nat) -> None:
    """Make a namespace with interfaces WAN and LAN a router of this kind."""
    netns.within(router, "sysctl", "-qw", "net.ipv4.ip_forward=1")
    rules = ["*nat"]
    if nat is Nat.FULL_CONE:
        # Linux has no full cone: a reply to no matter whom goes to the home's only machine, as it would through a
        # mapping that stands. It stands from the start here, where a real one waits for the first packet out.
        rules.append(f"-A PREROUTING -i {WAN} -p udp -j DNAT --to-destination {LAN_HOST}")
    random = " --random-fully" if nat is Nat.SYMMETRIC else ""
    rules += [
        f"-A POSTROUTING -o {WAN} -j MASQUERADE{random}",
        "COMMIT",
        "*filter",
        # Dropped, or the kernel would remember the unasked packet and give its port to nobody inside.
        f"-A INPUT -i {WAN} -m conntrack ! --ctstate ESTABLISHED,RELATED -j DROP",
        f"-A FORWARD -i {WAN} -m conntrack ! --ctstate ESTABLISHED,RELATED,DNAT -j DROP",
        "COMMIT",
    ]
    netns.command(
        ["nsenter", f"--net={netns.FOLDER / router}", "iptables-restore", "--noflush"], "\n".join(rules) + "\n"
    )
