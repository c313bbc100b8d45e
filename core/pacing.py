"""Measuring how fast a renter's workers are, one after the other, while they have nothing else to do."""

from collections.abc import Iterator
from typing import Final

from core.cluster import Cluster
from core.lease import PartState, Rental, RentalPhase
from core.model import Address, LeaseId
from core.observed import JobState
from core.paces import PaceBook, expected
from core.renter_work import RenterPorts

AT_FIRST: Final = 3
SOON_S: Final = 60
AGAIN_S: Final = 6 * 3600
"""A worker is measured so often, so far apart, and from then on every few hours."""


class Pacing:
    """Knows which worker is due. What was found outlives it, in the journal."""

    def __init__(self, ports: RenterPorts) -> None:
        self._ports = ports
        self._book = PaceBook(ports.journal)
        self._due: dict[tuple[LeaseId, int], tuple[int, int]] = {}

    async def look(self, cluster: Cluster, network: LeaseId, rentals: tuple[Rental, ...]) -> None:
        """Measure one more worker that is due, unless a job runs: beside one nobody computes at full speed."""
        if any(job.state is JobState.RUNNING for job in cluster.jobs):
            return
        now = self._ports.clock.now()
        for lease, index, donor, wanted in self._comparable(rentals, now):
            times, due_at = self._due.get((lease, index), (0, 0))
            if now < due_at:
                continue
            self._due[lease, index] = times + 1, now + (SOON_S if times + 1 < AT_FIRST else AGAIN_S)
            pace = await self._ports.runtime.pace(network, self._ports.fabric.place(network, lease, index))
            if pace is not None:
                self._book.keep(donor, pace, wanted, now)
            return

    def _comparable(self, rentals: tuple[Rental, ...], now: int) -> Iterator[tuple[LeaseId, int, Address, int]]:
        """Lease, index and donor of each worker that serves, and the speed that its donor's offer has it reach."""
        signed = {offer.offer.donor: offer.offer.traits.cpu_score for offer in self._ports.board.offers(now)}
        for rental in rentals:
            if rental.phase is not RentalPhase.RUNNING:
                continue
            for share, part in zip(rental.agreement.shares, rental.parts, strict=True):
                wanted = expected(signed.get(share.donor, 0), share.resources, part.granted_permille)
                if part.state is PartState.SERVING and wanted:
                    yield rental.agreement.lease, share.index, share.donor, wanted
