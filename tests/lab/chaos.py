"""`python -m tests.lab.chaos --seed N --minutes M`: a running market, job after job, and a random walk of faults.

Faults come one at a time and are over before the next. At the end everything is whole again, and the three checks must
hold: every job gave its answer, all money is there, nothing is left behind. What was done when is printed.
"""

import argparse
import asyncio
import itertools
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.errors import SparecloudError
from core.lease import RentalPhase
from core.view import ClusterLine
from tests.lab import checks, faults
from tests.lab.jobs import KnownJob
from tests.lab.market import RELAYS, RENTER
from tests.lab.person import Person, line
from tests.lab.stage import DONORS, stage
from tests.lab.walk import walk

_WORKERS: Final = 2
_JOB_WITHIN_S: Final = 600
_BREATH_S: Final = 10
_LAST_JOB_S: Final = 420
"""No job starts later: one takes minutes under faults, a clock may be three ahead, and late losses stay lost."""
_FAULTS: Final = {
    fault.__name__: fault
    for fault in (*faults.AT_DONORS, *faults.AT_RENTER, faults.relay_down, faults.chain_unreachable)
}
_STRIKES: Final = [
    *((fault.__name__, donor) for fault in faults.AT_DONORS for donor in DONORS),
    *((fault.__name__, RENTER) for fault in faults.AT_RENTER),
    *((faults.relay_down.__name__, relay) for relay in RELAYS),
    (faults.chain_unreachable.__name__, "chain"),
]


@dataclass(slots=True)
class Chaos:
    """One walk over one market; `wrong` are the findings."""

    person: Person
    began: float = field(default_factory=time.monotonic)
    wrong: list[str] = field(default_factory=list)
    over: bool = False

    async def run(self, seed: int, minutes: float) -> None:
        """The walk beside the jobs, then the checks."""
        async with asyncio.TaskGroup() as tasks:
            working = tasks.create_task(self._work())
            for step in walk(seed, minutes, _STRIKES):
                await asyncio.sleep(step.pause_s)
                self._say(str(step))
                with _FAULTS[step.fault](self.person.market, step.target):
                    await asyncio.sleep(step.lasts_s)
            self.over = True
            self._say("everything is whole again")
            ended = await working
        await self._check(ended)

    async def _work(self) -> list[ClusterLine]:
        """One cluster after another, as each ends; one job after another on it, until the walk is over."""
        ended: list[ClusterLine] = []
        for number in itertools.count(1):
            if self.over:
                break
            name = f"walk-{number}"
            try:
                await self.person.launch(name, _WORKERS, _JOB_WITHIN_S)
                while not self.over and await self._runs(name):
                    await self._job(name)
            except (AssertionError, SparecloudError) as problem:
                self._find(f"{name}: {problem}")
                await asyncio.sleep(_BREATH_S)
            ended += await self._end(name)
        return ended

    async def _runs(self, name: str) -> bool:
        """Whether the cluster takes another job and has the time for it; one that stopped too early is a finding."""
        view = await self.person.view()
        cluster = line(view, name)
        left_s = cluster.ends_at - view.now
        if cluster.state == RentalPhase.RUNNING and left_s > _LAST_JOB_S:
            return True
        self._say(f"{name} is {cluster.state} {left_s} s before its time is up: {cluster.sentence}")
        if left_s > _LAST_JOB_S:
            self._find(f"{name} stopped too early")
        return False

    async def _end(self, name: str) -> list[ClusterLine]:
        """The cluster, settled; nothing where it never came about."""
        try:
            known = [found for found in (await self.person.view()).clusters if found.name == name]
            return [await self.person.destroy(name, _JOB_WITHIN_S)] if known else []
        except (AssertionError, SparecloudError) as problem:
            self._find(f"{name} does not end: {problem}")
            return []

    async def _job(self, cluster: str) -> None:
        known = KnownJob()
        job = await self.person.submit(cluster, known.program)
        began = time.monotonic()
        try:
            await checks.answered(self.person, cluster, job, known, _JOB_WITHIN_S)
        except (AssertionError, SparecloudError) as problem:
            self._find(f"{job.job} on {cluster}: {problem}")
        else:
            self._say(f"{job.job} on {cluster} gave its answer after {time.monotonic() - began:.0f} s")

    async def _check(self, ended: list[ClusterLine]) -> None:
        for what, check in (
            ("money", checks.settled(self.person.market, *ended)),
            ("leftovers", checks.nothing_left(self.person.market)),
        ):
            try:
                await check
            except AssertionError as problem:
                self._find(f"{what}: {problem}")

    def _find(self, finding: str) -> None:
        self.wrong.append(finding)
        self._say(f"WRONG: {finding}")

    def _say(self, sentence: str) -> None:
        print(f"{time.monotonic() - self.began:7.1f} s  {sentence}", flush=True)


async def main(seed: int, minutes: float) -> int:
    """The exit code: how many findings, 100 at most."""
    print(f"seed {seed}, {minutes:g} minutes", flush=True)
    with tempfile.TemporaryDirectory(prefix="lab-") as cache:
        async with stage(Path(cache)) as person:
            chaos = Chaos(person)
            await chaos.run(seed, minutes)
    print(f"seed {seed}: {len(chaos.wrong) or 'nothing'} wrong", flush=True)
    return min(len(chaos.wrong), 100)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.lab.chaos", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10)
    asked = parser.parse_args()
    sys.exit(asyncio.run(main(asked.seed, asked.minutes)))
