"""Picks the adapters of a donor's agent."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from core import settings
from core.donor import DonorAgent
from core.donor_work import DonorPorts
from core.membership import images_folder, join, lease_network
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.runtime.probe import HardwareProbe
from core.runtime.workers import DockerWorkers


@asynccontextmanager
async def build_agent(home: Path, *, consented: bool) -> AsyncGenerator[DonorAgent]:
    """The agent of `home`'s owner, on Docker and the market of its settings; see DonorAgent. Raises SparecloudError."""
    async with join(home, "donor") as member:
        engine = ContainerEngine()
        try:
            images = Images(engine, images_folder())
            owner = f"donor-{member.chain.address}"
            ports = DonorPorts(
                chain=member.chain,
                notary=member.chain.notary,
                runtime=DockerWorkers(
                    engine, lease_network(member, engine, images), images, owner, member.settings.donor.isolation
                ),
                board=member.board,
                peers=member.peers,
                journal=member.journal,
                probe=HardwareProbe(engine, member.settings.donor.isolation),
                clock=member.clock,
            )
            yield DonorAgent(
                member.settings.donor, ports, consented=consented, limits=lambda: settings.read(home).donor.limits
            )
        finally:
            engine.close()
