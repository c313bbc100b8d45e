"""Picks the adapters of a donor's agent."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from core.donor import DonorAgent
from core.donor_work import DonorPorts
from core.membership import Waiting, images_folder, join, lease_network, updates
from core.rehearsal import DRIVER, Rehearsal
from core.runtime.clusters import DockerClusters
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.runtime.network import BridgeNetwork
from core.runtime.probe import HardwareProbe
from core.runtime.speed import DockerBenchmark
from core.runtime.workers import DockerWorkers
from core.sensors.platforms import machine_sensors
from core.settings import DonorFile


@asynccontextmanager
async def build_agent(home: Path, *, consented: bool, waiting: Waiting | None = None) -> AsyncGenerator[DonorAgent]:
    """The agent of `home`'s owner, on Docker and the market of its settings; see DonorAgent and core.membership.join.

    Raises SparecloudError.
    """
    async with join(home, "donor", waiting) as member:
        engine, sensors = ContainerEngine(), machine_sensors()
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
                benchmark=DockerBenchmark(engine, images, owner, member.settings.donor.isolation),
                sensors=sensors,
                owner=DonorFile(home),
                clock=member.clock,
                updates=updates(member),
            )
            # On this engine's own bridge, whatever the market's relays are, and under a label that leases never have.
            alone, tester = BridgeNetwork(engine), f"selftest-{member.chain.address}"
            rehearsal = Rehearsal(
                workers=DockerWorkers(engine, alone, images, tester, member.settings.donor.isolation),
                clusters=DockerClusters(engine, alone, images, tester, DRIVER),
                clock=member.clock,
            )
            yield DonorAgent(ports, rehearsal=rehearsal, consented=consented)
        finally:
            await sensors.close()
            engine.close()
