"""What a renter's clusters need while they live: lost workers replaced, seats renewed, masters stopped at the end."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from core.cluster import Cluster, ClusterBook, merge
from core.engine import Engine
from core.errors import SparecloudError
from core.lease import PartState, Reason, Rental, RentalPhase
from core.lease import facts as was
from core.leasing import Leasing, Wish
from core.links import LinkBook
from core.messages import TicketNote
from core.model import LeaseId
from core.pacing import Pacing
from core.quote import LossPolicy
from core.renter_work import RenterPorts, RenterWork
from core.repair import beside, left, lives, of_cluster, opened, replaced, shunned, wanting, was_away
from core.ticket import MASTER, Ticket

log = logging.getLogger(__name__)

REPAIR_AGAIN_S: Final = (5, 15, 30, 60)
"""A replacement that could not be had is looked for again after so long, the last ever after."""

MEASURE_AGAIN_S: Final = 3600
"""The way between two workers is measured again after so long."""

FORGIVE_S: Final = 600
"""A donor that lost a worker is left out of the cluster's replacements for so long, where others have room."""

FORGIVE_SOON_S: Final = 20
"""The same, where none has: a network that was down takes many workers, and it was no donor's fault."""


class Upkeep:
    """One look at each cluster after the other; `look` is called every second and does what is due."""

    def __init__(
        self,
        ports: RenterPorts,
        engine: Engine,
        book: ClusterBook,
        work: RenterWork,
        leasing: Leasing,
        links: LinkBook,
        rentals: Callable[[], Iterable[Rental]],
    ) -> None:
        self._ports = ports
        self._engine = engine
        self._book = book
        self._work = work
        self._leasing = leasing
        self._links = links
        self._measured: dict[tuple[LeaseId, str, str], int] = {}
        self._pacing = Pacing(ports)
        self._rentals = rentals
        self._told: dict[tuple[LeaseId, int], Ticket] = {}
        self._master: dict[LeaseId, Ticket] = {}
        self._looked: dict[str, int] = {}
        self._tries: dict[str, tuple[int, int]] = {}
        self.screens: dict[LeaseId, str] = {}

    async def look(self, cluster: Cluster) -> None:
        """Do what is due for one cluster. Raises SparecloudError: it is tried again the next time."""
        network = cluster.network
        if network is None or cluster.stopped:
            return
        rentals = of_cluster(cluster, self._rentals())
        cluster = self._after_absence(cluster, rentals)
        if not lives(cluster, rentals, self._ports.clock.now()):
            await self._stop(cluster, rentals)
            return
        await self._see_jobs(cluster, network)
        await self._end_replaced(network, cluster, rentals)
        await self._repair(cluster, rentals)
        await self._renew(network, rentals)
        await self._measure(network, rentals)
        await self._pacing.look(self._book.named(cluster.name), network, rentals)

    def _after_absence(self, cluster: Cluster, rentals: tuple[Rental, ...]) -> Cluster:
        now = self._ports.clock.now()
        if was_away(rentals, self._looked.get(cluster.name, 0), now):
            log.warning("cluster %s: this machine was away; workers that left meanwhile are not replaced", cluster.name)
            cluster = replace(cluster, back_at=now)
            self._book.keep(cluster)
        self._looked[cluster.name] = now
        return cluster

    async def _see_jobs(self, cluster: Cluster, network: LeaseId) -> None:
        jobs = await self._ports.runtime.jobs(network)
        self.screens[network] = await self._ports.runtime.screen(network) or ""
        cluster = self._book.named(cluster.name)
        if cluster.jobs != (merged := merge(cluster.jobs, jobs)):
            self._book.keep(replace(cluster, jobs=merged))

    async def _stop(self, cluster: Cluster, rentals: tuple[Rental, ...]) -> None:
        """Take master and drivers away, once no lease drains that may still be handing data over."""
        if cluster.network is None or any(rental.phase is RentalPhase.DRAINING for rental in rentals):
            return
        await self._work.stop_cluster(cluster.network)
        self.screens.pop(cluster.network, None)
        self._master.pop(cluster.network, None)

    async def _end_replaced(self, network: LeaseId, cluster: Cluster, rentals: tuple[Rental, ...]) -> None:
        """Whoever was replaced is over for good, and no node of the network talks to it any more.

        Whoever is only relieved serves until the other runs, and then hands its data over.
        """
        known = {rental.agreement.lease: rental for rental in rentals}
        for made in cluster.replacements:
            if made.swap and known[made.lease].phase is RentalPhase.RUNNING:
                for lease, index in made.shares:
                    if not known[lease].parts[index].let_go_at:
                        self._engine.tell(lease, was.LetGo(self._ports.clock.now(), index))
        news = False
        for lease, index in replaced(cluster, rentals):
            part = known[lease].parts[index]
            if part.state is not PartState.LOST:
                continue
            if not part.replaced:
                self._engine.tell(lease, was.Replaced(self._ports.clock.now(), index))
            news |= self._ports.fabric.revoke(network, self._ports.fabric.place(network, lease, index))
        if news:
            newest = next(rental for rental in reversed(rentals) if rental.opened_at)
            await self._ports.fabric.open(newest.agreement, network)

    async def _repair(self, cluster: Cluster, rentals: tuple[Rental, ...]) -> None:
        now = self._ports.clock.now()
        if cluster.request.on_loss is LossPolicy.STOP and any(_lost(rental) for rental in rentals):
            for rental in opened(rentals):
                self._engine.tell(rental.agreement.lease, was.CloseAsked(now, Reason.WORKER_LOST))
            return
        shares = wanting(cluster, rentals, now)
        if not shares:
            self._tries.pop(cluster.name, None)
            return
        tries, not_before = self._tries.get(cluster.name, (0, 0))
        if now < not_before:
            return
        self._tries[cluster.name] = tries + 1, now + REPAIR_AGAIN_S[min(tries, len(REPAIR_AGAIN_S) - 1)]
        try:
            log.info("cluster %s: asking for %d workers in the place of lost ones", cluster.name, len(shares))
            await self._leasing.ask(cluster, self._wish(cluster, rentals, shares, tries))
        except SparecloudError as problem:
            log.warning("cluster %s: no replacement yet: %s", cluster.name, problem)

    def _wish(
        self, cluster: Cluster, rentals: tuple[Rental, ...], shares: tuple[tuple[LeaseId, int], ...], tries: int
    ) -> Wish:
        now = self._ports.clock.now()
        ends_at = max(rental.agreement.terms.ends_at for rental in opened(rentals))
        request = beside(cluster, rentals, len(shares), ends_at - now)
        avoided = shunned(rentals, now - (FORGIVE_S if not tries else FORGIVE_SOON_S))
        request = replace(request, excluded=request.excluded | avoided)
        return Wish(request, left(cluster, rentals), ends_at, shares)

    async def _measure(self, network: LeaseId, rentals: tuple[Rental, ...]) -> None:
        """Measure one more pair of workers: each with its next, around the ring, and again after an hour."""
        now, fabric = self._ports.clock.now(), self._ports.fabric
        serving = [
            (fabric.place(network, rental.agreement.lease, index), rental.agreement.shares[index].donor)
            for rental in rentals
            if rental.phase is RentalPhase.RUNNING
            for index, part in enumerate(rental.parts)
            if part.state is PartState.SERVING
        ]
        for (one, donor), (other, neighbour) in zip(serving, serving[1:] + serving[:1], strict=True):
            if one == other or now < self._measured.get((network, one, other), 0):
                continue
            self._measured[network, one, other] = now + MEASURE_AGAIN_S
            way = await self._ports.runtime.measure(network, one, other)
            if way is not None:
                self._links.keep(donor, neighbour, way, now)
            return

    async def _renew(self, network: LeaseId, rentals: tuple[Rental, ...]) -> None:
        """Send newer certificates, and the fingerprints of those revoked, to whoever has older ones."""
        fabric = self._ports.fabric
        ticket = await fabric.ticket(network, MASTER, await self._ports.runtime.enroll(network))
        if self._master.get(network) != ticket:
            await self._ports.runtime.renew(network, ticket)
            self._master[network] = ticket
        for rental in rentals:
            lease = rental.agreement.lease
            for index, part in enumerate(rental.parts):
                if part.state is not PartState.SERVING or rental.phase not in (
                    RentalPhase.STARTING,
                    RentalPhase.RUNNING,
                ):
                    continue
                ticket = await self._work.ticket(rental.agreement, index)
                if self._told.get((lease, index)) != ticket:
                    await self._work.tell(rental.agreement, index, TicketNote(lease, index, ticket))
                    self._told[lease, index] = ticket


def _lost(rental: Rental) -> bool:
    return bool(rental.opened_at) and any(part.state is PartState.LOST and not part.let_go_at for part in rental.parts)
