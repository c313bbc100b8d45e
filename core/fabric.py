"""The private networks of a renter's clusters: core.ports.Fabric, over one engine's bridge or over relays.

The renter is the authority of each network: its key stays in this agent's journal, and goes when the network does.
"""

import asyncio
import logging
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address
from typing import Final

import msgspec

from core.errors import InvalidInput, RelayUnavailable, SparecloudError
from core.membership import Membership
from core.model import Agreement, LeaseId
from core.ports import Chain, Clock, Fabric, Journal
from core.runtime.overlay.certificates import (
    MASTER_GROUP,
    RELAY_GROUP,
    WORKER_GROUP,
    Authority,
    certify,
    fingerprint,
    found,
)
from core.ticket import (
    FIRST_RELAY,
    FIRST_WORKER,
    MASTER,
    MOST_RELAYS,
    MOST_REVOKED,
    Overlay,
    RelayPoint,
    Ticket,
    worker_name,
)
from core.wire.relays import NatsRelays, RelayCard

log = logging.getLogger(__name__)

CERTIFICATE_S: Final = 24 * 3600
BEYOND_S: Final = 24 * 3600
"""A network's authority outlives its first lease by so much."""

_TABLE: Final = "networks"


def fabric(member: Membership) -> Fabric:
    """The networks of a renter: over the relays of its settings, or on this engine's bridges alone."""
    if not member.settings.network.relays:
        return BridgeFabric(member.journal)
    return OverlayFabric(NatsRelays(member.buses, member.clock), member.chain, member.journal, member.clock)


@dataclass(frozen=True, slots=True)
class _Certified:
    """A member's certificate, for the node key that it was made for."""

    node_key: str
    pem: str
    made_at: int
    until: int


@dataclass(frozen=True, slots=True)
class _Network:
    """What is kept of a network: who sits where, and with an overlay its authority and its relays."""

    places: dict[str, tuple[LeaseId, int]]
    authority: bytes = b""
    relays: dict[str, RelayPoint] = field(default_factory=dict)
    members: dict[str, _Certified] = field(default_factory=dict)
    revoked: tuple[str, ...] = ()


class _Book:
    """The networks of one renter, kept in its journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._networks = {
            LeaseId(key): msgspec.json.decode(row, type=_Network) for key, row in journal.rows(_TABLE).items()
        }

    def find(self, network: LeaseId) -> _Network | None:
        return self._networks.get(network)

    def keep(self, network: LeaseId, state: _Network) -> None:
        self._journal.put(_TABLE, network, msgspec.json.encode(state))
        self._networks[network] = state

    def drop(self, network: LeaseId) -> None:
        self._journal.drop(_TABLE, network)
        self._networks.pop(network, None)


class BridgeFabric:
    """Networks on the bridges of one engine, which master and workers share: nothing to certify."""

    has_overlay = False

    def __init__(self, journal: Journal) -> None:
        self._book = _Book(journal)

    async def ready(self) -> None:
        # The engine was asked for before.
        pass

    async def open(self, agreement: Agreement, network: LeaseId) -> None:
        if self._book.find(network) is None:
            self._book.keep(network, _Network({}))

    async def ticket(self, network: LeaseId, host: str, node_key: str) -> Ticket:
        return Ticket(network, "master" if host == MASTER else host)

    def place(self, network: LeaseId, lease: LeaseId, index: int) -> str:
        host, state = worker_name(lease, index), self._book.find(network) or _Network({})
        if host not in state.places:
            self._book.keep(network, replace(state, places=state.places | {host: (lease, index)}))
        return host

    def at(self, network: LeaseId, host: str) -> tuple[LeaseId, int] | None:
        state = self._book.find(network)
        return state.places.get(host) if state else None

    def revoke(self, network: LeaseId, host: str) -> bool:
        # A bridge knows no certificates; the worker is told to stop.
        return False

    async def close(self, network: LeaseId) -> None:
        self._book.drop(network)


class OverlayFabric:
    """Networks over the relays of this renter's settings."""

    has_overlay = True

    def __init__(self, relays: NatsRelays, chain: Chain, journal: Journal, clock: Clock) -> None:
        self._relays = relays
        self._chain = chain
        self._clock = clock
        self._book = _Book(journal)
        self._opening = asyncio.Lock()

    async def ready(self) -> None:
        if not await self._relays.cards():
            raise RelayUnavailable(
                "No relay of this market answers.", "Look at `[network] relays` in your settings; nothing was paid."
            )

    async def open(self, agreement: Agreement, network: LeaseId) -> None:
        async with self._opening:
            state = self._book.find(network) or self._found(agreement, network)
            authority = Authority.decode(state.authority)
            for card in (await self._relays.cards())[:MOST_RELAYS]:
                address = self._relay_address(state, card)
                if address is None:
                    continue
                try:
                    point = await self._open_at(card, agreement, network, authority, address, state.revoked)
                except SparecloudError as refused:
                    log.warning("the relay at %s does not serve this cluster: %s", card.host, refused)
                    continue
                state = replace(state, relays=state.relays | {card.url: point})
                self._book.keep(network, state)
            if not state.relays:
                raise RelayUnavailable(
                    "No relay serves this cluster.", "Look at `[network] relays` in your settings, and try again."
                )

    async def ticket(self, network: LeaseId, host: str, node_key: str) -> Ticket:
        state = self._known(network)
        if not state.relays:
            raise RelayUnavailable("No relay serves this cluster yet.", "It is asked again in a moment.")
        state, mine = self._certified(network, state, host, node_key)
        overlay = Overlay(
            address=host,
            authority=Authority.decode(state.authority).certificate,
            certificate=mine.pem,
            relays=tuple(state.relays.values()),
            expires_at=mine.until,
            revoked=state.revoked,
        )
        share = state.places.get(host)
        return Ticket(network, worker_name(*share) if share else "master", overlay)

    def place(self, network: LeaseId, lease: LeaseId, index: int) -> str:
        state = self._known(network)
        for host, share in state.places.items():
            if share == (lease, index):
                return host
        host = str(FIRST_WORKER + len(state.places))
        if IPv4Address(host) >= FIRST_RELAY:
            raise InvalidInput("This cluster's network has no address left.", "End the cluster, and start another one.")
        self._book.keep(network, replace(state, places=state.places | {host: (lease, index)}))
        return host

    def at(self, network: LeaseId, host: str) -> tuple[LeaseId, int] | None:
        state = self._book.find(network)
        return state.places.get(host) if state else None

    def revoke(self, network: LeaseId, host: str) -> bool:
        state = self._book.find(network)
        member = state.members.get(host) if state else None
        if state is None or member is None or len(state.revoked) >= MOST_REVOKED:
            return False
        known = fingerprint(member.pem)
        if known in state.revoked:
            return False
        self._book.keep(network, replace(state, revoked=(*state.revoked, known)))
        return True

    async def close(self, network: LeaseId) -> None:
        self._book.drop(network)

    def _known(self, network: LeaseId) -> _Network:
        state = self._book.find(network)
        if state is None:
            raise InvalidInput("This cluster has no network any more.", "Start another cluster.")
        return state

    def _found(self, agreement: Agreement, network: LeaseId) -> _Network:
        authority = found(network, self._clock.now(), agreement.terms.ends_at + BEYOND_S)
        state = _Network({}, authority.encode())
        self._book.keep(network, state)
        return state

    def _relay_address(self, state: _Network, card: RelayCard) -> str | None:
        if card.url in state.relays:
            return state.relays[card.url].address
        return None if len(state.relays) >= MOST_RELAYS else str(FIRST_RELAY + len(state.relays))

    async def _open_at(
        self,
        card: RelayCard,
        agreement: Agreement,
        network: LeaseId,
        authority: Authority,
        address: str,
        revoked: tuple[str, ...],
    ) -> RelayPoint:
        now, terms = self._clock.now(), agreement.terms
        certificate = certify(
            authority,
            name=f"relay-{address}",
            address=address,
            groups=(RELAY_GROUP,),
            node_key=card.node_key,
            now=now,
            until=terms.ends_at + BEYOND_S,
        )
        session = self._chain.session(terms.session)
        port = await self._relays.open(
            card, network, terms, session, authority.certificate, certificate, address, revoked
        )
        return RelayPoint(address, card.host, port)

    def _certified(self, network: LeaseId, state: _Network, host: str, node_key: str) -> tuple[_Network, _Certified]:
        """The member's certificate: the one it has until half of its time is over, or its key is another."""
        now, known = self._clock.now(), state.members.get(host)
        if known and known.node_key == node_key and now < (known.made_at + known.until) // 2:
            return state, known
        share = state.places.get(host)
        until = now + CERTIFICATE_S
        pem = certify(
            Authority.decode(state.authority),
            name=worker_name(*share) if share else "master",
            address=host,
            groups=(WORKER_GROUP if share else MASTER_GROUP,),
            node_key=node_key,
            now=now,
            until=until,
        )
        made = _Certified(node_key, pem, now, until)
        state = replace(state, members=state.members | {host: made})
        self._book.keep(network, state)
        return state, made
