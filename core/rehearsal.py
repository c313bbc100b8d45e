"""The whole path on one machine: a cluster of one worker, a job of one line, its answer, and everything removed."""

import asyncio
import secrets
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from core.errors import SandboxFailed
from core.model import Address, Agreement, Amount, Kind, LeaseId, Resources, Share, Terms
from core.observed import JobState
from core.ports import Clock, ClusterRuntime, WorkerRuntime
from core.ticket import Ticket, worker_name

SHAPE: Final = Resources(cpu_millis=1000, memory_mib=1024)
DRIVER: Final = Resources(cpu_millis=1000, memory_mib=1024)
"""What the job's driver may use."""

NEEDED_MIB: Final = 2560
"""Worker, master (512 MiB) and driver together."""

JOINED_WITHIN_S: Final = 90
ANSWERED_WITHIN_S: Final = 120
_STEP_ENDS_WITHIN_S: Final = 60
_LOOK_EVERY_S: Final = 0.5

_JOB: Final = "selftest"
_PROGRAM: Final = """\
from pyspark.sql import SparkSession

print("the sum is", SparkSession.builder.getOrCreate().range(1000).selectExpr("sum(id)").first()[0])
"""
_ANSWER: Final = b"the sum is 499500"

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Both sides of a lease on this machine's own engine, under an owner's label that no other agent uses.

    They meet on the engine's private bridge: no relay, no chain and no coin take part.
    """

    workers: WorkerRuntime
    clusters: ClusterRuntime
    clock: Clock

    async def play(self, donor: Address, note: Callable[[str], None]) -> None:
        """Run the job; `note` gets sentences of progress. However it ends, nothing of it is left.

        Raises EngineUnavailable, SandboxFailed.
        """
        await self.clear()
        lease = LeaseId(f"0x{secrets.token_hex(32)}")
        try:
            await self._play(lease, donor, note)
        finally:
            note("Removing what the job ran in.")
            await _to_its_end(self.clear())

    async def clear(self) -> None:
        """Remove what this and earlier rehearsals left."""
        for lease, index in await self.workers.held():
            await self.workers.forget(lease, index)
        for lease in await self.clusters.held():
            await self.clusters.forget(lease)

    async def _play(self, lease: LeaseId, donor: Address, note: Callable[[str], None]) -> None:
        secret, host = secrets.token_urlsafe(32), worker_name(lease, 0)
        agreement = _agreement(lease, donor, self.clock.now())
        note("Starting a cluster's master.")
        master = await _to_its_end(self.clusters.start_master(lease, secret, Ticket(lease, "master")))
        note("Starting one sandboxed worker.")
        start = self.workers.start_worker(agreement, agreement.shares[0], master, secret, Ticket(lease, host))
        await _to_its_end(start)
        await self._joined(lease, host)
        note("Running a job on it.")
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "selftest.py"
            program.write_text(_PROGRAM, "utf-8")
            await _to_its_end(self.clusters.submit(lease, _JOB, program, (), None))
            await self._answered(lease)

    async def _joined(self, lease: LeaseId, host: str) -> None:
        try:
            async with asyncio.timeout(JOINED_WITHIN_S):
                while host not in await self._registered(lease):
                    await self.clock.sleep(_LOOK_EVERY_S)
        except TimeoutError as late:
            raise SandboxFailed(
                f"The worker did not join its cluster within {JOINED_WITHIN_S} s.",
                "Close programs that keep this machine busy, or look at the container engine's log.",
            ) from late

    async def _registered(self, lease: LeaseId) -> frozenset[str]:
        try:
            return await self.clusters.registered(lease)
        except SandboxFailed:
            # A master that is just starting does not say.
            return frozenset()

    async def _answered(self, lease: LeaseId) -> None:
        try:
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                while (job := (await self.clusters.jobs(lease))[0]).state is JobState.RUNNING:
                    await self.clock.sleep(_LOOK_EVERY_S)
        except TimeoutError as late:
            raise SandboxFailed(
                f"The job did not end within {ANSWERED_WITHIN_S} s.", "Close programs that keep this machine busy."
            ) from late
        said = b"".join([chunk async for chunk in self.clusters.logs(lease, _JOB, follow=False)])
        if _ANSWER not in said:
            raise SandboxFailed(
                f"The job gave no answer, or a wrong one. {job.cause}".strip(),
                "Remove Sparecloud's images and test again: they are built anew.",
            )


async def _to_its_end(work: Coroutine[object, object, _Answer]) -> _Answer:
    """What `work` returns. Interrupted, it still waits for its end: what is half made could not be removed."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    finally:
        if not task.done():
            await asyncio.wait((task,), timeout=_STEP_ENDS_WITHIN_S)
            task.cancel()


def _agreement(lease: LeaseId, donor: Address, now: int) -> Agreement:
    """What both sides would have agreed on; its coin is never asked for."""
    nothing = f"0x{0:064x}"
    share = Share(0, donor, SHAPE, Amount(0), Amount(0))
    terms = Terms(donor, donor, nothing, Amount(0), now + 3600, 600, nothing)
    return Agreement(lease, terms, (share,), 10, Kind.SPARK, nothing)
