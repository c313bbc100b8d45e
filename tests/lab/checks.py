"""The three questions after every fault: is the job's answer right, is all money there, is nothing left behind?"""

import asyncio
import os
from pathlib import Path
from typing import Final

from core.model import Amount
from core.observed import Job, JobState
from core.view import ClusterLine
from renter_tui.demo.market import SUPPLY
from tests.lab import netns
from tests.lab.home import Home
from tests.lab.jobs import KnownJob
from tests.lab.market import Market
from tests.lab.person import Person

_TIDY_WITHIN_S: Final = 90
_ENGINES_OWN: Final = {"bridge", "host", "none"}
_CGROUPS: Final = Path("/sys/fs/cgroup")


async def answered(person: Person, cluster: str, job: Job, known: KnownJob, within_s: float = 180) -> None:
    """The job succeeds within the time, and what it printed is the answer."""
    done = await person.done(cluster, job, within_s)
    said = await person.said(cluster, job)
    assert done.state is JobState.SUCCEEDED, f"{done.state}: {done.cause}\n{said[-2000:]}"
    assert known.answer in said


async def conserved(market: Market, *ended: ClusterLine) -> dict[str, Amount]:
    """Every coin is somewhere, and of ended clusters nobody got more than was earned; who holds what."""
    held = await market.coin_by_holder()
    assert sum(held.values()) == SUPPLY, held
    for cluster in ended:
        assert sum(worker.paid for worker in cluster.workers) + cluster.refund == cluster.deposit, cluster
        for worker in cluster.workers:
            assert worker.paid <= worker.rate * worker.served_s, worker
    return held


async def settled(market: Market, *ended: ClusterLine) -> None:
    """As `conserved`, and no lease holds anything any more."""
    held = await conserved(market, *ended)
    assert held["escrow"] == 0, held


async def nothing_left(market: Market) -> None:
    """No engine has a container, volume or network of a lease, and no machine a process or disk of one, in the end."""
    deadline = asyncio.get_running_loop().time() + _TIDY_WITHIN_S
    while left := await asyncio.to_thread(_left, market):
        assert asyncio.get_running_loop().time() < deadline, f"left behind: {left}\n{market.last_words()}"
        await asyncio.sleep(1)


def _left(market: Market) -> list[str]:
    found = [thing for home in market.world.homes.values() for thing in _left_at(home)]
    disks = netns.command(["losetup", "--list", "--noheadings", "--output", "BACK-FILE"]).splitlines()
    return found + [f"loop device of {disk}" for disk in disks if str(market.world.folder) in disk]


def _left_at(home: Home) -> list[str]:
    client = home.engine.client
    things = [f"container {container.name}" for container in client.containers.list(all=True, ignore_removed=True)]
    things += [f"volume {volume.name}" for volume in client.volumes.list()]
    things += [f"network {found.name}" for found in client.networks.list() if found.name not in _ENGINES_OWN]
    things += [f"process {pid}" for pid in _contained(home.laptop.namespace)]
    return [f"{thing} at {home.name}" for thing in things]


def _contained(group: str) -> set[str]:
    """The processes below the cgroup that an engine puts its containers into."""
    found: set[str] = set()
    for top in (*_CGROUPS.glob(f"*/{group}"), _CGROUPS / group):
        for folder, _, _ in os.walk(top):
            found.update((Path(folder) / "cgroup.procs").read_text("utf-8").split())
    return found
