"""Which ways are compared, and which settings of the shipped one are tried."""

import os
from typing import Any, Final

from benchmarks.overlay import programs
from benchmarks.overlay.tunnels import OVERLAY, Contender, bare, nebula, wireguard
from benchmarks.overlay.wire import ADDRESSES

_FAR: Final = OVERLAY["two"]
_NO_OFFLOADS: Final[dict[str, Any]] = {"listen": {"udp_offloads": False}, "tun": {"use_offloads": False}}

BRIDGE: Final = Contender("plain bridge", bare, ADDRESSES["two"])
SHIPPED: Final = Contender("Nebula 1.12, as shipped", nebula, _FAR)

CONTENDERS: Final = (
    BRIDGE,
    SHIPPED,
    Contender("Nebula 1.12, relayed", nebula, _FAR, relayed=True),
    Contender("Nebula 1.12, no offloads", nebula, _FAR, changes=_NO_OFFLOADS),
    Contender("Nebula 1.6.1 of Debian", nebula, _FAR, lambda: programs.installed("nebula", "nebula")),
    Contender("wireguard-go", wireguard, _FAR, programs.wireguard),
)

_PROCESSORS: Final = os.cpu_count() or 1


def _tried(name: str, environment: dict[str, str] | None = None, **changes: Any) -> Contender:
    return Contender(name, nebula, _FAR, changes=changes, environment=environment or {})


VARIANTS: Final = (
    SHIPPED,
    _tried("UDP offload alone", tun={"use_offloads": False}),
    _tried("tunnel offload alone", listen={"udp_offloads": False}),
    _tried("two routines", routines=2),
    _tried("MTU 1400", tun={"mtu": 1400}),
    _tried("tx_queue 5000", tun={"tx_queue": 5000}),
    _tried("batch 128", listen={"batch": 128}),
    _tried("cipher chachapoly", cipher="chachapoly"),
    _tried("system's own socket buffers", listen={"read_buffer": 0, "write_buffer": 0}),
    _tried("GOMAXPROCS=1", {"GOMAXPROCS": "1"}),
    _tried(f"GOMAXPROCS={2 * _PROCESSORS}", {"GOMAXPROCS": str(2 * _PROCESSORS)}),
)
