"""The renter at their laptop: all that a person does with a cluster, through the background agent that runs there."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from core.errors import SparecloudError
from core.gateway import presence
from core.gateway.client import GatewayClient
from core.model import Resources
from core.observed import Job, JobState
from core.quote import Request
from core.view import ClusterLine, RenterView
from tests.lab.inside import Inside
from tests.lab.market import RENTER, Market

T = TypeVar("T")

SHAPE: Final = Resources(cpu_millis=1000, memory_mib=1024)
_LOOKS_EVERY_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Person:
    """The renter of `market`; `laptop` runs what must start from there."""

    market: Market
    laptop: Inside

    async def view(self) -> RenterView:
        """What the renter sees now. Raises SparecloudError while their agent is not up."""
        return await self._ask(lambda agent: agent.view())

    async def until(self, true: Callable[[RenterView], bool], what: str, within_s: float) -> RenterView:
        """The first view of which `true` holds; an agent that is down meanwhile is waited for."""
        seen: RenterView | str = "nothing"
        deadline = asyncio.get_running_loop().time() + within_s
        while asyncio.get_running_loop().time() < deadline:
            try:
                seen = await self.view()
            except SparecloudError as down:
                seen = str(down)
            else:
                if true(seen):
                    return seen
            await asyncio.sleep(_LOOKS_EVERY_S)
        raise AssertionError(f"{what}: not within {within_s:g} s. The last seen: {seen}\n{self.market.last_words()}")

    async def launch(self, name: str, workers: int, within_s: float = 120) -> ClusterLine:
        """Rent a cluster of so many workers, each on another donor, and wait until it runs."""
        await self.until(lambda view: len(view.market) >= workers, f"{workers} offers", 60)
        request = Request(shape=SHAPE, workers=workers, duration_s=1800, most_per_donor=1)
        await self._ask(lambda agent: agent.launch(name, request))
        view = await self.until(
            lambda view: line(view, name).ended or line(view, name).state == "running", f"{name} to run", within_s
        )
        found = line(view, name)
        assert not found.ended, f"{name} ended: {found.sentence}\n{self.market.last_words()}"
        return found

    async def submit(self, name: str, program: str) -> Job:
        """Hand a PySpark program to a cluster."""
        file = self.market.home(RENTER) / f"{name}.py"
        file.write_text(program, "utf-8")
        return await self._ask(lambda agent: agent.submit(name, file, [], None))

    async def said(self, name: str, job: Job) -> str:
        """What the job's driver has printed by now."""
        return await self._ask(lambda agent: _said(agent, name, job))

    async def done(self, name: str, job: Job, within_s: float) -> Job:
        """The job, once it ended."""
        view = await self.until(
            lambda view: job_in(view, name, job).state is not JobState.RUNNING, f"{job.job} on {name} to end", within_s
        )
        return job_in(view, name, job)

    async def destroy(self, name: str, within_s: float = 120) -> ClusterLine:
        """End a cluster, and wait for its settlement; one that ended by itself is only told."""
        if not line(await self.view(), name).ended:
            await self._ask(lambda agent: agent.destroy(name))
        return line(await self.until(lambda view: line(view, name).ended, f"{name} to be settled", within_s), name)

    async def _ask(self, question: Callable[[GatewayClient], Awaitable[T]]) -> T:
        return await self.laptop.run(self._answered(question))

    async def _answered(self, question: Callable[[GatewayClient], Awaitable[T]]) -> T:
        async with presence.connect(self.market.home(RENTER), None) as agent:
            return await question(agent)


def line(view: RenterView, name: str) -> ClusterLine:
    """The cluster of that name."""
    return next(known for known in view.clusters if known.name == name)


def job_in(view: RenterView, name: str, job: Job) -> Job:
    """The job as the view has it."""
    return next(known for known in line(view, name).jobs if known.job == job.job)


async def _said(agent: GatewayClient, name: str, job: Job) -> str:
    return b"".join([chunk async for chunk in agent.logs(name, job.job, follow=False)]).decode(errors="replace")
