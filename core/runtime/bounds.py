"""How much a worker sends and receives in a second, at most: kept by the kernel in the worker's network namespace.

What it sends is shaped: a full queue makes its tunnel wait, while a packet refused would be an error to it. What it
receives can only be dropped where it arrives, which makes its senders slow down; no kernel module is needed for that
but the packet filter's own.
"""

from dataclasses import dataclass
from typing import Final

from docker.models.containers import Container

from core.errors import SandboxFailed
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.runtime.labels import Label
from core.runtime.one_shot import one_shot
from core.runtime.overlay import containers

_LEAST_BURST_KIB: Final = 32
_BURSTS_A_SECOND: Final = 50
_QUEUE_MS: Final = 300
_LONGEST_PACKET_KIB: Final = 64
"""As the kernel hands several packets of one stream on together."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """KiB a second that a worker sends and receives at most; 0 does not bound it."""

    up_kib_s: int = 0
    down_kib_s: int = 0


class NetworkBounds:
    """Sets bounds on namespaces of one engine. The kernel keeps them as long as the namespace lives."""

    def __init__(self, engine: ContainerEngine, images: Images) -> None:
        self._engine = engine
        self._images = images
        self._set: dict[str, tuple[str, str, Bounds]] = {}

    def ensure(self, label: Label, owner: Container, bounds: Bounds) -> None:
        """Bound the namespace that the running container `owner` owns. Blocks: a new bound takes a moment.

        The same bounds again, on a namespace that they were set on, cost nothing. Raises SandboxFailed.
        """
        wanted = (str(owner.id), str(owner.attrs["State"]["StartedAt"]), bounds)
        if self._set.get(label.name) == wanted:
            return
        words = ["bounds", queueing(bounds.up_kib_s), filtering(bounds.down_kib_s)]
        ended = one_shot(self._engine, self._images.overlay(), containers.bounds(label, str(owner.id), words))
        if not ended.well:
            raise SandboxFailed(
                f"The limits of a worker's network could not be set: {ended.said}.",
                "Check that the kernel has sch_tbf and nf_tables, or set the network's limits to 0.",
            )
        self._set[label.name] = wanted

    def drop(self, label: Label) -> None:
        """Forget a worker that is gone."""
        self._set.pop(label.name, None)


def queueing(kib_s: int) -> str:
    """How tc is to queue what leaves through the interface."""
    if not kib_s:
        return "noqueue"
    burst_kib = max(_LEAST_BURST_KIB, kib_s // _BURSTS_A_SECOND)
    return f"tbf rate {kib_s * 1024 * 8}bit burst {burst_kib * 1024}b latency {_QUEUE_MS}ms"


def filtering(kib_s: int) -> str:
    """The rules, as nftables reads them, for what arrives through the interface.

    The kernel lets a second's worth and the burst pass at once after silence.
    """
    rule = f'iifname "eth0" limit rate over {kib_s} kbytes/second burst {_LONGEST_PACKET_KIB} kbytes drop'
    return _TABLE.format(rule=rule if kib_s else "")


_TABLE: Final = """\
table inet bounds
delete table inet bounds
table inet bounds {{
  chain incoming {{
    type filter hook input priority filter - 10; policy accept;
    {rule}
  }}
}}
"""
