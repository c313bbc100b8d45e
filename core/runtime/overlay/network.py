"""The overlay: a node on each machine, and Spark in the node's namespace. core.runtime.network.LeaseNetwork.

A member's node is its own bridge, a container that owns the namespace, rules that close it, and Nebula. Rules come
first: where they cannot be loaded nothing else starts.
"""

import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from ipaddress import IPv4Address

from docker.models.containers import Container
from docker.models.networks import Network

from core.errors import RelayUnavailable, SandboxFailed
from core.model import LeaseId
from core.runtime.archive import put_files, read_file
from core.runtime.container_engine import ContainerEngine, gone_is_fine
from core.runtime.images import Images
from core.runtime.labels import LEASE, OWNER, ROLE, SHARE, Label, Role, lease_of, share_of
from core.runtime.network import Place
from core.runtime.one_shot import one_shot
from core.runtime.overlay import configuration, containers, firewall
from core.runtime.overlay.admission import admitted
from core.runtime.overlay.certificates import MASTER_GROUP, WORKER_GROUP
from core.runtime.overlay.nodes import NodeKeys
from core.ticket import MASTER, Overlay, RelayPoint, Ticket


class OverlayNetwork:
    """Nodes of one agent. `relays` are the hosts that the owner's settings name, and the only ones it sends to."""

    def __init__(self, engine: ContainerEngine, images: Images, keys: NodeKeys, relays: frozenset[str]) -> None:
        self._engine = engine
        self._images = images
        self._keys = keys
        self._relays = relays

    def enroll(self, label: Label) -> str:
        return self._keys.enroll(label)

    def ensure(self, label: Label, ticket: Ticket) -> Place:
        if label.role is Role.DRIVER:
            pause = self._engine.named(label.beside(Role.PAUSE).name)
            if pause is None or pause.status != "running":
                raise SandboxFailed("The cluster's network is down.", "Start the cluster again.")
            return _place(pause, label, MASTER)
        overlay = self._admitted(label, ticket)
        bridge = self._bridge(label)
        pause = self._pause(label, bridge)
        self._settle(label, overlay, pause)
        return _place(pause, label, overlay.address)

    def finish(self, container: Container, label: Label) -> None:
        """A container in the node's namespace has nothing of its own to connect."""

    def renew(self, label: Label, ticket: Ticket) -> None:
        pause = self._engine.named(label.beside(Role.PAUSE).name)
        if pause is not None and pause.status == "running":
            self._settle(label, self._admitted(label, ticket), pause)

    def face(self, label: Label) -> Container | None:
        return self._engine.named(label.beside(Role.PAUSE).name)

    def leave(self, label: Label) -> None:
        for role in (Role.TUNNEL, Role.FIREWALL, Role.BOUNDS, Role.PAUSE):
            self._engine.remove(_marks(label) | {ROLE: role.value})
        for network in self._engine.client.networks.list(
            filters={"label": [f"{key}={value}" for key, value in _marks(label).items()]}
        ):
            with gone_is_fine():
                network.remove()
        self._keys.drop(label.beside(Role.MASTER if label.share is None else Role.WORKER))

    def held(self, owner: str) -> frozenset[tuple[LeaseId, int | None]]:
        found = [network.attrs.get("Labels") or {} for network in self._networks(owner)]
        found += [container.labels for container in self._engine.labelled({OWNER: owner, ROLE: Role.PAUSE.value})]
        return frozenset(_member(labels) for labels in found if lease_of(labels)) | self._keys.held()

    def _networks(self, owner: str) -> list[Network]:
        return self._engine.client.networks.list(filters={"label": f"{OWNER}={owner}"})

    def _admitted(self, label: Label, ticket: Ticket) -> Overlay:
        return admitted(ticket, group=_group(label), node_key=self._keys.enroll(label), relays=self._relays)

    def _bridge(self, label: Label) -> Network:
        name = label.beside(Role.PAUSE).name
        found = [network for network in self._networks(label.owner) if network.name == name]
        return (
            found[0]
            if found
            else self._engine.client.networks.create(
                name,
                driver="bridge",
                check_duplicate=True,
                enable_ipv6=False,
                options={"com.docker.network.bridge.enable_icc": "false"},
                labels=label.beside(Role.PAUSE).labels(),
            )
        )

    def _pause(self, label: Label, bridge: Network) -> Container:
        pause = self._engine.named(label.beside(Role.PAUSE).name)
        if pause is None:
            pause = self._engine.client.containers.create(
                self._images.overlay(), **containers.pause(label, str(bridge.id))
            )
        if pause.status != "running":
            # A tunnel that is still there is tied to a namespace that nobody can enter any more.
            self._engine.remove(_marks(label) | {ROLE: Role.TUNNEL.value})
            pause.start()
        pause.reload()
        return pause

    def _settle(self, label: Label, overlay: Overlay, pause: Container) -> None:
        """Close the namespace, then have Nebula run in it with the newest settings."""
        (endpoint,) = pause.attrs["NetworkSettings"]["Networks"].values()
        gateway = IPv4Address(str(endpoint["Gateway"]))
        reached = _reached(overlay.relays, gateway)
        port = configuration.udp_port(label.home, label.beside(Role.PAUSE).name)
        settings = configuration.member(
            overlay,
            group=_group(label),
            port=port,
            key_file=f"{containers.FOLDER}/{containers.KEY_FILE}",
            reached=reached,
        )
        tunnel = self._engine.named(label.beside(Role.TUNNEL).name)
        if tunnel is not None and tunnel.status == "running" and _settings_of(tunnel) == settings:
            # A renter orders a worker again every few seconds until it is registered.
            return
        screen_for = gateway if label.share is None else None
        self._close(label, pause, firewall.rules(port=port, relays=reached.values(), screen_for=screen_for))
        self._tunnel(label, pause, tunnel, settings)

    def _close(self, label: Label, pause: Container, rules: str) -> None:
        def prepare(once: Container) -> None:
            put_files(once, containers.FOLDER, {containers.RULES_FILE: rules.encode()}, owner=containers.ROOT)

        arguments = containers.firewall(label, str(pause.id))
        ended = one_shot(self._engine, self._images.overlay(), arguments, prepare)
        if not ended.well:
            raise SandboxFailed(
                f"The packet filter of a lease could not be set: {ended.said}.",
                "Check that the kernel has nf_tables; nothing of the lease was started.",
            )

    def _tunnel(self, label: Label, pause: Container, tunnel: Container | None, settings: str) -> None:
        if tunnel is None:
            tunnel = self._engine.client.containers.create(
                self._images.overlay(), **containers.tunnel(label, str(pause.id))
            )
        files = {containers.KEY_FILE: self._keys.private(label), containers.SETTINGS_FILE: settings}
        encoded = {name: text.encode() for name, text in files.items()}
        put_files(tunnel, containers.FOLDER, encoded, owner=containers.ROOT)
        if tunnel.status == "running":
            tunnel.kill(signal="SIGHUP")
        else:
            tunnel.restart(timeout=1)


def _settings_of(tunnel: Container) -> str:
    return read_file(tunnel, f"{containers.FOLDER}/{containers.SETTINGS_FILE}").decode(errors="replace")


def _place(pause: Container, label: Label, host: str) -> Place:
    environment = {"SPARK_LOCAL_HOSTNAME": host, "SPARK_PUBLIC_DNS": host}
    # A master's screen would bind to it too, and could not be published on loopback.
    if label.role is not Role.MASTER:
        environment["SPARK_LOCAL_IP"] = host
    return Place(host, {"network_mode": f"container:{pause.id}"}, environment)


def _reached(relays: Iterable[RelayPoint], gateway: IPv4Address) -> dict[str, tuple[IPv4Address, int]]:
    """Where each relay whose name resolves is. Nothing in the lease's network can look a name up: we do.

    A relay on this very machine is reached at the bridge's gateway. Raises RelayUnavailable where none is found.
    """
    found = {}
    for relay in relays:
        with suppress(OSError):
            answers = socket.getaddrinfo(relay.host, relay.port, socket.AF_INET, socket.SOCK_DGRAM)
            address = IPv4Address(answers[0][4][0])
            found[relay.address] = (gateway if address.is_loopback else address, relay.port)
    if not found:
        raise RelayUnavailable("No relay of the lease has an address.", "Check the connection and its name servers.")
    return found


def _group(label: Label) -> str:
    return MASTER_GROUP if label.share is None else WORKER_GROUP


def _marks(label: Label) -> dict[str, str]:
    marks = {LEASE: str(label.lease), OWNER: label.owner}
    return marks if label.share is None else marks | {SHARE: str(label.share)}


def _member(labels: Mapping[str, str]) -> tuple[LeaseId, int | None]:
    return share_of(labels) or (LeaseId(labels[LEASE]), None)
