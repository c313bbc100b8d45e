"""The lease network: the seam that a container joins its cluster through.

BridgeNetwork serves one engine: a private bridge a cluster, without uplink and without an address of the host's.
core.runtime.overlay.network.OverlayNetwork joins machines, through the same protocol.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from docker.errors import APIError, NotFound
from docker.models.containers import Container
from docker.models.networks import Network
from docker.types import EndpointConfig

from core.errors import InvalidInput, SandboxFailed
from core.model import LeaseId
from core.runtime.container_engine import ContainerEngine, gone_is_fine
from core.runtime.labels import HOST, LEASE, NETWORK, OWNER, SCREEN, Label, Role, lease_of
from core.runtime.spark_settings import DOORS
from core.ticket import Ticket

_SETTLE_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a container is to run: the host that others reach it by, and what it is created with for docker-py."""

    host: str
    arguments: Mapping[str, object]
    environment: Mapping[str, str] = field(default_factory=dict)


class LeaseNetwork(Protocol):
    """Joins containers of one cluster, and keeps them from everything else. Methods block; all are idempotent."""

    def enroll(self, label: Label) -> str:
        """The public key of the member's node, made when first asked for; empty where there are no nodes."""
        ...

    def ensure(self, label: Label, ticket: Ticket) -> Place:
        """The member's place in the network, which is made where it is missing.

        A driver runs where its master does: its ticket says no more than its name. Raises InvalidInput where the
        ticket is not one that this machine takes, SandboxFailed where a driver has no master.
        """
        ...

    def finish(self, container: Container, label: Label) -> None:
        """What can only be done to a container that is there and has not started."""
        ...

    def renew(self, label: Label, ticket: Ticket) -> None:
        """Give a running member's node what is new in its ticket."""
        ...

    def face(self, label: Label) -> Container | None:
        """The container that owns the member's network namespace, and publishes its ports."""
        ...

    def leave(self, label: Label) -> None:
        """Remove what the member had of the network, and the network unless somebody else's container still uses it."""
        ...

    def held(self, owner: str) -> frozenset[tuple[LeaseId, int | None]]:
        """(lease, share) of every member and (network, None) of every network that this owner made and still stands."""
        ...


class BridgeNetwork:
    """One private bridge a cluster, on one engine, shared by whoever serves the cluster there."""

    def __init__(self, engine: ContainerEngine) -> None:
        self._engine = engine

    def enroll(self, label: Label) -> str:
        return ""

    def ensure(self, label: Label, ticket: Ticket) -> Place:
        if ticket.overlay is not None:
            raise InvalidInput(
                "The renter's cluster spans machines, and this one names no relay.",
                "Name the market's relays under [network] in the settings.",
            )
        if label.role is Role.DRIVER:
            return self._beside_master(label)
        network = self._settled(label.home) or self._create(label)
        arguments: dict[str, object] = {
            "network": network.id,
            "networking_config": {str(network.id): EndpointConfig("1.41", aliases=[ticket.name])},
            # No host name: the engine would write it into /etc/hosts beside every address that the container
            # has, and a master must not listen on its screen's.
            # The engine's resolver would pass other names on to the host's; nobody answers on this address.
            "dns": ["127.0.0.1"],
            "dns_search": ["."],
            "dns_opt": ["timeout:1", "attempts:2"],
        }
        if label.role is Role.MASTER:
            arguments["ports"] = {f"{port}/tcp": ("127.0.0.1", None) for port in DOORS}
        return Place(ticket.name, arguments)

    def _beside_master(self, label: Label) -> Place:
        master = self._engine.named(label.beside(Role.MASTER).name)
        if master is None or master.status != "running":
            raise SandboxFailed("The cluster's master is down.", "Start the cluster again.")
        return Place(master.labels[HOST], {"network_mode": f"container:{master.id}"})

    def finish(self, container: Container, label: Label) -> None:
        if label.role is not Role.MASTER:
            return
        # Ports are published on a bridge that has an address, which a lease's has not. This one holds the master
        # alone: no neighbours, and no way out, since its packets keep an address that nobody answers to.
        name = f"{_name(label.home)}-screen"
        found = self._engine.client.networks.list(filters={"label": f"{SCREEN}={label.home}"})
        screen = (
            found[0]
            if found
            else self._engine.client.networks.create(
                name,
                driver="bridge",
                check_duplicate=True,
                options={
                    "com.docker.network.bridge.enable_ip_masquerade": "false",
                    "com.docker.network.bridge.enable_icc": "false",
                },
                labels=_labels(label) | {SCREEN: str(label.home)},
            )
        )
        container.reload()
        if name not in container.attrs["NetworkSettings"]["Networks"]:
            screen.connect(container)

    def renew(self, label: Label, ticket: Ticket) -> None:
        """Nothing is new on a bridge."""

    def face(self, label: Label) -> Container | None:
        return self._engine.named(label.name)

    def leave(self, label: Label) -> None:
        for network in self._engine.client.networks.list(filters={"label": f"{LEASE}={label.home}"}):
            self._remove_unused(network)

    def held(self, owner: str) -> frozenset[tuple[LeaseId, int | None]]:
        found = self._engine.client.networks.list(filters={"label": f"{OWNER}={owner}"})
        leases = (lease_of(network.attrs.get("Labels") or {}) for network in found)
        return frozenset((lease, None) for lease in leases if lease is not None)

    def _create(self, label: Label) -> Network:
        try:
            self._engine.client.networks.create(
                _name(label.home),
                driver="bridge",
                check_duplicate=True,
                internal=True,
                enable_ipv6=False,
                # Without an address on the bridge the host cannot be reached through it.
                options={"com.docker.network.bridge.inhibit_ipv4": "true"},
                labels=_labels(label),
            )
        except APIError as refusal:
            # Somebody was quicker, or has dropped ours again in favour of an older one.
            if refusal.status_code not in (404, 409):
                raise
        # The engine checks names without a lock: two agents may both have made one. Let the loser's appear,
        # agree on the oldest, and drop the others, which nobody has joined yet.
        time.sleep(_SETTLE_S)
        network = self._settled(label.home)
        if network is None:
            raise NotFound("network not found: it was removed while it was being joined")
        return network

    def _settled(self, lease: LeaseId) -> Network | None:
        found = sorted(self._all(lease), key=lambda network: (str(network.attrs["Created"]), str(network.id)))
        for loser in found[1:]:
            self._remove_unused(loser)
        return found[0] if found else None

    def _all(self, lease: LeaseId) -> list[Network]:
        found = self._engine.client.networks.list(filters={"label": f"{LEASE}={lease}"})
        return [network for network in found if network.name == _name(lease)]

    def _remove_unused(self, network: Network) -> None:
        containers = self._engine.client.containers
        try:
            with gone_is_fine():
                if not containers.list(all=True, filters={"network": str(network.id)}, ignore_removed=True):
                    network.remove()
        except APIError as refusal:
            # Somebody joined in this moment.
            if "active endpoints" not in str(refusal.explanation):
                raise


def _labels(label: Label) -> dict[str, str]:
    return {LEASE: str(label.home), NETWORK: str(label.home), OWNER: label.owner}


def _name(network: LeaseId) -> str:
    return f"sparecloud-{network[2:]}"
