"""A market of real processes to break things in: agents, contracts, containers, Spark."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.gateway import presence
from core.gateway.client import GatewayClient
from core.gateway.command import agent_command
from core.model import Amount, LeaseId, Resources
from core.observed import Job, JobState
from core.quote import Request
from core.runtime import leftovers
from core.runtime.container_engine import ContainerEngine
from core.view import ClusterLine, RenterView
from renter_tui.demo.market import SUPPLY, LocalMarket

SHAPE = Resources(cpu_millis=1000, memory_mib=1024)

SLOW_JOB = """
import time
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("slow").getOrCreate()

def work(number):
    time.sleep(1.5)
    return number * number

total = spark.sparkContext.parallelize(range(18), 18).map(work).sum()
print("the sum is", total, flush=True)
spark.stop()
"""
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
                self.leases.update(lease for line in view.clusters for lease in line.leases)
                if found(view):
                    return view
                await asyncio.sleep(0.3)
        raise AssertionError(what)

    async def offers(self, count: int) -> None:
        await self.until(lambda view: len(view.market) >= count, f"{count} offers")

    async def launch(self, name: str, workers: int) -> ClusterLine:
        await self.offers(workers)
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

    async def end_agent(self, home: Path | None = None) -> None:
        """End the background agent of a home, if one runs."""
        found = await presence.find(home or self.home)
        if found:
            async with found.client() as agent:
                await agent.shutdown()
            await until(lambda: _gone(home or self.home), 20)

    async def command(
        self, *words: str, home: Path | None = None, environment: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """`sparecloud --home HOME words`: its exit code, and all that it said, which is never a traceback."""
        return await _run("renter_tui", ["--home", str(home or self.home), *words], environment or {})

    async def donor_command(self, *words: str) -> tuple[int, str]:
        return await _run("donor_app", list(words), {})

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
        await until(self._nothing_left, 30)

    async def _nothing_left(self) -> bool:
        return not await asyncio.to_thread(leftovers.found, self.engine, self.leases)


async def until(true: Callable[[], Awaitable[bool]], within_s: float) -> None:
    """Return once `true` answers so. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while not await true():
            await asyncio.sleep(0.3)


def size(*, workers: int) -> list[str]:
    """The options that ask for so many of the stage's workers, one a donor, for an hour."""
    return ["--workers", str(workers), "--cores", "1", "--memory", "1G", "--hours", "1", "--most-per-donor", "1"]


async def _gone(home: Path) -> bool:
    return await presence.find(home) is None


async def _run(module: str, words: list[str], environment: dict[str, str]) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *words),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    said = out.decode()
    assert "Traceback" not in said, said
    return process.returncode or 0, said


def line(view: RenterView, name: str) -> ClusterLine:
    return next(known for known in view.clusters if known.name == name)


def job_of(view: RenterView, name: str, job: Job) -> Job:
    return next(known for known in line(view, name).jobs if known.job == job.job)
