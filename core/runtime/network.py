"""The lease network: the seam that a container joins its lease through.

BridgeNetwork serves one engine: a private bridge a lease, without uplink and without an address of the host's. The
overlay between machines comes through the same protocol.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from docker.errors import APIError, NotFound
from docker.models.containers import Container
from docker.models.networks import Network
from docker.types import EndpointConfig

from core.model import LeaseId
from core.runtime.container_engine import ContainerEngine, gone_is_fine
from core.runtime.labels import LEASE, OWNER, SCREEN, Label, lease_of, member_index

_SETTLE_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Seat:
    """A member's place in its lease's network: the host name others reach it by, and arguments for docker-py."""

    host: str
    arguments: Mapping[str, object]


class LeaseNetwork(Protocol):
    """Joins containers of one lease, and keeps them from everything else. Methods block; all are idempotent."""

    def ensure(self, label: Label) -> Seat:
        """The network of the label's lease, made where it is missing, and the member's seat in it."""
        ...

    def publish(self, container: Container, label: Label) -> None:
        """Let this machine's loopback reach the ports that a container, not yet started, publishes."""
        ...

    def host_of(self, lease: LeaseId, member: str) -> str:
        """The host name or address that others in the lease reach a member by."""
        ...

    def index_of(self, lease: LeaseId, host: str) -> int | None:
        """The share whose worker has that host name or address."""
        ...

    def leave(self, lease: LeaseId) -> None:
        """Remove the network unless somebody else's container still uses it."""
        ...

    def held(self, owner: str) -> frozenset[LeaseId]:
        """Leases whose network this owner made and still stands."""
        ...


class BridgeNetwork:
    """One private bridge a lease, on one engine, shared by whoever serves the lease there."""

    def __init__(self, engine: ContainerEngine) -> None:
        self._engine = engine

    def ensure(self, label: Label) -> Seat:
        network = self._settled(label.lease) or self._create(label)
        return Seat(
            host=label.member,
            arguments={
                "network": network.id,
                "networking_config": {
                    str(network.id): EndpointConfig("1.41", aliases=[label.member]),
                },
                # No host name: the engine would write it into /etc/hosts beside every address that the container
                # has, and a master must not listen on its screen's.
                # The engine's resolver would pass other names on to the host's; nobody answers on this address.
                "dns": ["127.0.0.1"],
                "dns_search": ["."],
                "dns_opt": ["timeout:1", "attempts:2"],
            },
        )

    def publish(self, container: Container, label: Label) -> None:
        # Ports are published on a bridge that has an address, which a lease's has not. This one holds the master
        # alone: no neighbours, and no way out, since its packets keep an address that nobody answers to.
        name = f"{_name(label.lease)}-screen"
        found = self._engine.client.networks.list(filters={"label": f"{SCREEN}={label.lease}"})
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
                labels={SCREEN: str(label.lease), LEASE: str(label.lease), OWNER: label.owner},
            )
        )
        container.reload()
        if name not in container.attrs["NetworkSettings"]["Networks"]:
            screen.connect(container)

    def host_of(self, lease: LeaseId, member: str) -> str:
        return member

    def index_of(self, lease: LeaseId, host: str) -> int | None:
        return member_index(host)

    def leave(self, lease: LeaseId) -> None:
        for network in self._engine.client.networks.list(filters={"label": f"{LEASE}={lease}"}):
            self._remove_unused(network)

    def held(self, owner: str) -> frozenset[LeaseId]:
        found = self._engine.client.networks.list(filters={"label": f"{OWNER}={owner}"})
        return frozenset(lease for network in found if (lease := lease_of(network.attrs.get("Labels") or {})))

    def _create(self, label: Label) -> Network:
        try:
            self._engine.client.networks.create(
                _name(label.lease),
                driver="bridge",
                check_duplicate=True,
                internal=True,
                enable_ipv6=False,
                # Without an address on the bridge the host cannot be reached through it.
                options={"com.docker.network.bridge.inhibit_ipv4": "true"},
                labels={LEASE: str(label.lease), OWNER: label.owner},
            )
        except APIError as refusal:
            if refusal.status_code != 409:
                raise
        # The engine checks names without a lock: two agents may both have made one. Let the loser's appear,
        # agree on the oldest, and drop the others, which nobody has joined yet.
        time.sleep(_SETTLE_S)
        network = self._settled(label.lease)
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
        if self._engine.client.containers.list(all=True, filters={"network": str(network.id)}, ignore_removed=True):
            return
        try:
            with gone_is_fine():
                network.remove()
        except APIError as refusal:
            # Somebody joined in this moment.
            if "active endpoints" not in str(refusal.explanation):
                raise


def _name(lease: LeaseId) -> str:
    return f"sparecloud-{lease[2:]}"
