"""The networks that a relay carries, each with its Nebula process: opened, kept running, closed, kept for a restart."""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import PortInUse, SparecloudError
from core.model import LeaseId
from core.relay import keeping
from core.relay.figures import Figures
from core.relay.lighthouse import configuration
from core.relay.node import Node
from core.relay.register import Carried, Key, Register
from core.settings import Relay
from core.wire.relay_letters import Open

_KIB: Final = 1024

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a relay's networks run: its folder, its Nebula and that one's private key, and where it reports to."""

    folder: Path
    program: Path
    node_key: str
    reports_to: str


class Networks:
    """One process for each network of `register`. One thing happens at a time."""

    def __init__(self, place: Place, settings: Relay, register: Register, figures: Figures) -> None:
        self._place = place
        self._settings = settings
        self.register = register
        self.figures = figures
        self._nodes: dict[Key, tuple[Node, str]] = {}
        self._turn = asyncio.Lock()

    async def open(self, lease: LeaseId, ask: Open) -> int:
        """Carry `ask.network` for `lease`; its UDP port. The same again changes nothing.

        Raises Refused where there is no room, SparecloudError where Nebula does not start.
        """
        async with self._turn:
            before = self.register.find((ask.terms.renter, ask.network))
            carried = await self._admitted(lease, ask, before)
            await self._keep()
            return carried.port

    async def close(self, key: Key, lease: LeaseId) -> None:
        """`lease` needs its network no more; it ends with its last lease. "Already gone" is success."""
        async with self._turn:
            if self.register.find(key) is None:
                return
            if self.register.release(key, lease) is None:
                await self._end(key)
            await self._keep()

    async def revive(self) -> None:
        """Start what should run and does not: after a restart, and where a process died."""
        async with self._turn:
            for carried in self.register:
                node, _ = self._nodes.get(carried.key, (None, ""))
                if node is not None and node.running:
                    continue
                if node is not None:
                    self.figures.totals["node_restarts"] += 1
                try:
                    await self._serve(carried)
                except SparecloudError as problem:
                    _log.warning("A network stays down for now: %s", problem)

    async def end(self) -> None:
        """End every process; the register stays as it is, for the next start."""
        async with self._turn:
            for key in tuple(self._nodes):
                await self._end(key)

    async def _admitted(self, lease: LeaseId, ask: Open, before: Carried | None) -> Carried:
        while True:
            carried = self.register.admit(lease, ask)
            if before is not None and _settings_of(before) == _settings_of(carried):
                return carried
            try:
                await self._serve(carried)
                return carried
            except SparecloudError as problem:
                if self.register.release(carried.key, lease) is None:
                    await self._end(carried.key)
                if before is not None or not isinstance(problem, PortInUse):
                    raise
                self.register.avoid(carried.port)

    async def _serve(self, carried: Carried) -> None:
        if carried.key not in self._nodes:
            file = self._place.folder / "nodes" / f"{carried.port}.yml"
            rate = self._settings.kib_per_second * _KIB
            made = Node(self._place.program, file, self._settings.listen, carried.port, rate)
            self._nodes[carried.key] = made, self.figures.expect()
        node, report_name = self._nodes[carried.key]
        await node.serve(
            configuration(
                carried,
                self._place.node_key,
                listen=self._settings.listen,
                public_host=self._settings.public_host,
                reports_to=self._place.reports_to,
                report_name=report_name,
            )
        )

    async def _end(self, key: Key) -> None:
        if key in self._nodes:
            node, report_name = self._nodes.pop(key)
            await node.end()
            self.figures.forget(report_name)

    async def _keep(self) -> None:
        await asyncio.to_thread(keeping.keep, self._place.folder, self.register)


def _settings_of(carried: Carried) -> tuple[str, ...]:
    return carried.address, carried.authority, carried.certificate, *carried.revoked
