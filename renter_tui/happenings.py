"""What happened between two views, in words: each with why, and what can be done about it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.lease import PartState, RentalPhase
from core.observed import Job, JobState
from core.quote import LossPolicy
from core.view import ClusterLine, RenterView, WorkerLine, spare


@dataclass(frozen=True, slots=True)
class Happening:
    """At Unix second `at`, `subject` came to be `state`; why, and what to do about it. Either may be empty."""

    at: int
    subject: str
    state: str
    why: str = ""
    hint: str = ""


def happened(before: RenterView | None, now: RenterView) -> tuple[Happening, ...]:
    """What is new in `now`, oldest first; nothing where there is no view before it."""
    return tuple(_all(before, now)) if before is not None else ()


def _all(before: RenterView, now: RenterView) -> Iterator[Happening]:
    if now.problem and now.problem != before.problem:
        yield Happening(now.now, "agent", "trouble", now.problem, now.hint)
    if before.problem and not now.problem:
        yield Happening(now.now, "agent", "well", "What was wrong is over: " + before.problem)
    if now.update is not None and now.update != before.update:
        yield Happening(now.now, "sparecloud", "update", f"Version {now.update.version} is out.", now.update.where)
    known = {line.lease: line for line in before.clusters}
    # A cluster that is retried keeps its name and gets another lease.
    named = {line.name: line for line in before.clusters if not line.ended}
    for line in reversed(now.clusters):
        yield from _cluster(known.get(line.lease) or named.get(line.name), line, now.now)


def _cluster(before: ClusterLine | None, line: ClusterLine, now: int) -> Iterator[Happening]:
    if before is None or before.state != line.state:
        yield Happening(now, line.name, line.state, line.sentence, _next(line))
    if line.changing and (before is None or before.changing != line.changing):
        yield Happening(now, line.name, "changing", line.changing)
    workers = {worker.index: worker for worker in before.workers} if before else {}
    for worker in line.workers:
        old = workers.get(worker.index)
        if old is not None and (old.state, old.sentence) != (worker.state, worker.sentence):
            yield _worker(line, worker, now)
    jobs = {job.job: job for job in before.jobs} if before else {}
    for job in line.jobs:
        known = jobs.get(job.job)
        if before is not None and (known is None or known.state is not job.state):
            yield _job(line, job, now)


def _worker(line: ClusterLine, worker: WorkerLine, now: int) -> Happening:
    hint = ""
    if worker.state == PartState.LOST and line.request is not None and not line.ended:
        hint = {
            LossPolicy.REPLACE: "Another is leased within the sum that you confirmed.",
            LossPolicy.SHRINK: "The cluster goes on with fewer; r makes it larger again.",
            LossPolicy.STOP: "The cluster ends, as you wished it.",
        }[line.request.on_loss]
    return Happening(
        now, f"{line.name}, worker {worker.index} ({worker.donor_name})", worker.state, worker.sentence, hint
    )


def _job(line: ClusterLine, job: Job, now: int) -> Happening:
    hint = {
        JobState.RUNNING: "l follows its output.",
        JobState.FAILED: "l shows its output.",
        JobState.STOPPED: "",
        JobState.SUCCEEDED: f"`sparecloud outputs {line.name} {job.job} DIR` copies what it wrote.",
    }[job.state]
    return Happening(now, f"{line.name}, {job.job}", job.state, job.cause, hint)


def _next(line: ClusterLine) -> str:
    if line.state == RentalPhase.RUNNING:
        return "s submits a program, k opens it to notebooks."
    if line.ended and line.opened_at:
        return f"{spare(line.spent)} went to donors, {spare(line.refund)} came back."
    return ""
