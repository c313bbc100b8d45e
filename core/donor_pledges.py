"""A donor's promises on chain: a share retired when it is over, its penalty released when its trial window is."""

from collections.abc import Mapping
from typing import Final

from core.donor_work import DonorPorts
from core.errors import SparecloudError
from core.lease import Service, ended

_TABLE: Final = "pledges"
_OVER: Final = b"over"
_RELEASED: Final = b"released"
_NEVER_OPENED_S: Final = 600


class Pledges:
    """What became of each share's seats and penalty, kept in the journal under the share's key."""

    def __init__(self, ports: DonorPorts) -> None:
        self._ports = ports
        self._known = dict(ports.journal.rows(_TABLE))

    def is_over(self, key: str) -> bool:
        """True where the chain shows that the share's time is over, so that its seats may be signed away again."""
        return key in self._known

    def settled(self, services: Mapping[str, Service]) -> bool:
        """True where nothing of `services` can be challenged or released any more."""
        return all(self._known.get(key) == _RELEASED for key in services)

    async def settle(self, services: Mapping[str, Service]) -> None:
        """Take each share that ended a step further. May be repeated.

        Raises SparecloudError for the last that failed, once all were tried.
        """
        failed: SparecloudError | None = None
        for key, service in services.items():
            if ended(service) and self._known.get(key) != _RELEASED:
                try:
                    await self._take_further(key, service)
                except SparecloudError as problem:
                    failed = problem
        if failed is not None:
            raise failed

    async def _take_further(self, key: str, service: Service) -> None:
        chain, agreement, penalty = self._ports.chain, service.agreement, service.share.penalty
        record = await chain.lease(agreement.lease)
        if record is None:
            # Its acceptance expired with the hold: past that, and a margin for the clocks, nobody can open it.
            if self._ports.clock.now() > service.asked_at + _NEVER_OPENED_S:
                self._keep(key, _RELEASED)
            return
        if not self.is_over(key):
            if not record.closed and not await chain.is_retired(agreement.lease, service.index):
                if penalty:
                    await chain.claim(agreement, [], retiring=service.share)
                elif await chain.now() < agreement.terms.ends_at:
                    # Nothing of it can be lost, so its seats wait for the lease to end, which costs nothing. A renter
                    # that is gone for good closes nothing: then time ends it.
                    return
            self._keep(key, _OVER)
        if not penalty or await chain.release(agreement, service.index):
            self._keep(key, _RELEASED)

    def _keep(self, key: str, state: bytes) -> None:
        self._ports.journal.put(_TABLE, key, state)
        self._known[key] = state
