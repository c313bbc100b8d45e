"""A market of real processes to break things in: agents, contracts, containers, Spark."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.gateway import presence
from core.gateway.client import GatewayClient
from core.model import Amount, Job, JobState, LeaseId, Request, Resources
from core.runtime import leftovers
from core.runtime.container_engine import ContainerEngine
from core.view import ClusterLine, RenterView
from renter_tui.__main__ import agent_command
from renter_tui.demo.market import SUPPLY, LocalMarket

SHAPE = Resources(cpu_millis=1000, memory_mib=1024)

SLOW_JOB = '''
import time
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("slow").getOrCreate()

def work(number):
    time.sleep(1.5)
    return number * number

total = spark.sparkContext.parallelize(range(18), 18).map(work).sum()
print("the sum is", total, flush=True)
spark.stop()
'''
SLOW_ANSWER = b"the sum is 1785"


def request(workers: int, *, duration_s: int = 600) -> Request:
    return Request(shape=SHAPE, workers=workers, duration_s=duration_s, most_per_donor=1)


@dataclass(slots=True)
class Stage:
    """One renter of a local market, acting through its real background agent."""

    market: LocalMarket
    engine: ContainerEngine
    leases: set[LeaseId] = field(default_factory=set)

    @property
    def home(self) -> Path:
        return self.market.renter_home

    @asynccontextmanager
    async def agent(self) -> AsyncGenerator[GatewayClient]:
        async with presence.connect(self.home, agent_command(self.home)) as client:
            yield client

    async def until(self, found: Callable[[RenterView], bool | None], what: str, within_s: float = 60) -> RenterView:
        """The first view that `found` answers to; the agent may be restarted meanwhile."""
        async with asyncio.timeout(within_s), self.agent() as agent:
            while True:
                view = await agent.view()
                self.leases.update(line.lease for line in view.clusters)
                if found(view):
                    return view
                await asyncio.sleep(0.3)
        raise AssertionError(what)

    async def offers(self, count: int) -> None:
        await self.until(lambda view: len(view.market) >= count, f"{count} offers")

    async def launch(self, name: str, workers: int) -> ClusterLine:
        async with self.agent() as agent:
            await agent.launch(name, request(workers))
        view = await self.until(
            lambda view: line(view, name).state == "running" or line(view, name).ended, f"{name} to run", 90
        )
        return line(view, name)

    async def submit(self, name: str, folder: Path) -> Job:
        program = folder / "slow.py"
        program.write_text(SLOW_JOB, "utf-8")
        async with self.agent() as agent:
            return await agent.submit(name, program, [], None)

    async def tasks_run(self, name: str, job: Job) -> None:
        """Return a moment after the job's driver reached the executors, so that what follows hits it in the middle."""
        await self.until(lambda view: job_of(view, name, job).state is JobState.RUNNING, "the job to run")
        await asyncio.sleep(9)

    async def job_done(self, name: str, job: Job, within_s: float = 120) -> tuple[Job, bytes]:
        view = await self.until(
            lambda view: job_of(view, name, job).state is not JobState.RUNNING, "the job to end", within_s
        )
        async with self.agent() as agent:
            said = b"".join([chunk async for chunk in agent.logs(name, job.job, follow=False)])
        return job_of(view, name, job), said

    async def destroy(self, name: str) -> ClusterLine:
        async with self.agent() as agent:
            await agent.destroy(name)
        view = await self.until(lambda view: line(view, name).ended, f"{name} to be settled", 90)
        return line(view, name)

    def kill_agent(self) -> None:
        """End the renter's agent as a crash would."""
        known = presence.read(self.home)
        assert known is not None
        os.kill(known.pid, signal.SIGKILL)

    async def assert_clean(self, ended: ClusterLine) -> None:
        """Money conserved to the unit, escrow empty, and nothing of any lease left on the engine."""
        held = await self.market.coin_by_holder()
        assert sum(held.values()) == SUPPLY
        assert held["escrow"] == 0
        assert sum(worker.paid for worker in ended.workers) + ended.refund == ended.deposit
        for worker in ended.workers:
            assert worker.paid <= worker.vouched <= worker.rate * worker.served_s or worker.paid == Amount(0)
        async with asyncio.timeout(30):
            while left := await asyncio.to_thread(leftovers.found, self.engine, self.leases):
                await asyncio.sleep(0.5)
        assert left == ()


def line(view: RenterView, name: str) -> ClusterLine:
    return next(known for known in view.clusters if known.name == name)


def job_of(view: RenterView, name: str, job: Job) -> Job:
    return next(known for known in line(view, name).jobs if known.job == job.job)
