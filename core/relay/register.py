"""What a relay carries: networks, the open leases that keep each of them up, and how many there may be. Pure.

A network belongs to the renter of its leases: what others call by the same name is another one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from core.model import Address, LeaseId, Terms
from core.relay.refusals import Refusal, Refused
from core.wire.relay_letters import Open

Key = tuple[Address, LeaseId]

LINGER_S = 60
"""A lease is carried for so long after its end, for the last letters of a job and clocks that differ."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one relay carries, in leases, on how many UDP ports from `first_port` on."""

    leases: int
    leases_a_renter: int
    first_port: int


@dataclass(frozen=True, slots=True)
class Carried:
    """A network that is up, and when each lease that keeps it up ends (Unix seconds)."""

    renter: Address
    network: LeaseId
    port: int
    address: str
    authority: str
    certificate: str
    revoked: tuple[str, ...] = ()
    leases: dict[LeaseId, int] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What it is known by."""
        return self.renter, self.network


class Register:
    """The networks of one relay. Every method that changes one returns what it has become."""

    def __init__(self, limits: Limits, carried: Iterable[Carried] = ()) -> None:
        self._limits = limits
        self._carried = {one.key: one for one in carried}
        self._avoided: set[int] = set()

    def __iter__(self) -> Iterator[Carried]:
        return iter(tuple(self._carried.values()))

    def find(self, key: Key) -> Carried | None:
        """The network of that renter and name."""
        return self._carried.get(key)

    @property
    def leases(self) -> int:
        """How many leases there are."""
        return sum(len(one.leases) for one in self._carried.values())

    def check_room(self, lease: LeaseId, ask: Open) -> None:
        """Raise Refused where `lease` is new and there is no room for it."""
        known = self._carried.get((ask.terms.renter, ask.network))
        if known is not None and lease in known.leases:
            return
        if self.leases >= self._limits.leases:
            raise Refused(Refusal.TOO_MANY_LEASES)
        own = sum(len(one.leases) for one in self._carried.values() if one.renter == ask.terms.renter)
        if own >= self._limits.leases_a_renter:
            raise Refused(Refusal.TOO_MANY_OF_RENTER)

    def admit(self, lease: LeaseId, ask: Open) -> Carried:
        """Carry `ask.network` for `lease`, which is open. The same again changes nothing. Raises Refused."""
        self.check_room(lease, ask)
        terms = ask.terms
        known = self._carried.get((terms.renter, ask.network))
        port = known.port if known else self._free_port()
        leases = {**known.leases, lease: terms.ends_at} if known else {lease: terms.ends_at}
        made = Carried(
            terms.renter, ask.network, port, ask.address, ask.authority, ask.certificate, ask.revoked, leases
        )
        self._carried[made.key] = made
        return made

    def release(self, key: Key, lease: LeaseId) -> Carried | None:
        """`lease` keeps the network up no more; None where nothing does, and it is gone."""
        known = self._carried.get(key)
        if known is None:
            return None
        left = {one: ends_at for one, ends_at in known.leases.items() if one != lease}
        if not left:
            del self._carried[key]
            return None
        self._carried[key] = replace(known, leases=left)
        return self._carried[key]

    def avoid(self, port: int) -> None:
        """Another program has `port`: give it to no network."""
        self._avoided.add(port)

    def over(self, now: int) -> list[tuple[Key, LeaseId]]:
        """The leases whose time is over, whatever the chain says or does not say."""
        return [
            (one.key, lease)
            for one in self._carried.values()
            for lease, ends_at in one.leases.items()
            if now >= ends_at + LINGER_S
        ]

    def _free_port(self) -> int:
        first = self._limits.first_port
        taken = {one.port for one in self._carried.values()} | self._avoided
        for port in range(first, first + self._limits.leases):
            if port not in taken:
                return port
        raise Refused(Refusal.TOO_MANY_LEASES)


def is_over(terms: Terms, now: int) -> bool:
    """Whether a lease on `terms` has ended at `now`."""
    return now >= terms.ends_at
