"""What a donor's agent knows at this moment, and what of the machine is free to promise."""

from core.donor_work import DonorPorts
from core.engine import Engine
from core.errors import SparecloudError
from core.keeping import Keeping
from core.lease import Service, ended
from core.model import Amount, LeaseId, Resources
from core.observed import Balances, Measured, Usage
from core.offering import pledged, room
from core.speed import SpeedCheck
from core.timekeeping import ClockCheck

_TABLE, _SHARING = "state", "sharing"


class Standing:
    """Kept up to date by the agent's tasks; every other part of it reads here.

    `ready` is whether workers could start now: the engine answers, and the images are here.
    """

    def __init__(self, ports: DonorPorts, keeping: Keeping, engine: Engine, *, consented: bool) -> None:
        self._ports = ports
        self._engine = engine
        self.keeping = keeping
        self.measured: Measured | None = None
        self.balances: Balances | None = None
        self.held_back: Amount | None = None
        self.problem: SparecloudError | None = None
        self.chain_problem: SparecloudError | None = None
        self.preparing = ""
        self.ready = False
        self.speed = SpeedCheck(ports.benchmark, ports.journal, ports.clock)
        self.clock_check = ClockCheck(ports.chain, ports.clock)
        self.usages: dict[tuple[LeaseId, int], Usage] = {}
        kept = ports.journal.get(_TABLE, _SHARING)
        self._chosen = kept is not None or consented
        self._sharing = kept == b"on" or (kept is None and consented)

    @property
    def chosen(self) -> bool:
        """Whether the owner has ever said if this machine is shared."""
        return self._chosen

    @property
    def sharing(self) -> bool:
        """Where the owner's switch stands."""
        return self._sharing

    def switch(self, on: bool) -> None:
        """Remember what the owner chose."""
        self._sharing, self._chosen = on, True
        self._ports.journal.put(_TABLE, _SHARING, b"on" if on else b"off")

    def withdraw(self) -> None:
        """Share nothing more in this run of the agent; the owner's choice stays for the next one."""
        self._sharing = False

    def services(self) -> dict[str, Service]:
        """Every share in the journal, by its key."""
        return {key: lease for key, lease in self._engine.leases.items() if isinstance(lease, Service)}

    def live(self) -> dict[str, Service]:
        """The shares that are not over."""
        return {key: service for key, service in self.services().items() if not ended(service)}

    def room(self) -> Resources:
        """What may be promised now."""
        if not (self._sharing and self.ready and self.keeping.allowance.offers):
            return Resources()
        return room(self.keeping.allowance.limits, self.measured, self.services().values())

    def stake(self) -> Amount:
        """What can still be pledged."""
        stake = self.balances.account.unreserved if self.balances else Amount(0)
        return Amount(max(0, stake - pledged(self.services().values())))
