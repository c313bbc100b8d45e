"""A real Spark cluster of two sandboxed workers: joining, working, losing one, leaving nothing behind."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.errors import NotFound, SandboxFailed
from core.model import Agreement
from core.observed import JobState, WorkerReport, WorkerState
from core.runtime.clusters import DockerClusters
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.runtime.labels import LEASE, ROLE, SHARE, Role
from core.runtime.network import BridgeNetwork
from core.runtime.probe import HardwareProbe
from core.runtime.workers import DockerWorkers
from core.ticket import Ticket, worker_name
from tests.real.runtime_lab import SECRET, a_lab, agreement, new_lease, registered, run, until

PROGRAM = """
import sys, time
from pyspark.sql import SparkSession, Window, functions as F

spark = SparkSession.builder.getOrCreate()
facts = spark.range(20000).withColumn("k", F.col("id") % 100)
names = spark.range(100).select(F.col("id").alias("k"), (F.col("id") * 2).alias("v"))
joined = facts.join(names, "k").groupBy("k").agg(F.sum("v").alias("s"))
print("working", flush=True)
pause_s = float(sys.argv[1])

def slowly(rows):
    time.sleep(pause_s)
    return rows

spark.sparkContext.parallelize(range(8), 8).mapPartitions(slowly).collect()
top = joined.withColumn("r", F.rank().over(Window.partitionBy(F.lit(1)).orderBy(F.desc("s")))).limit(2).collect()
with open("/job/input/greeting.txt") as greeting, open("/job/output/top.txt", "w") as out:
    out.write(greeting.read() + " ".join(f"{row.k}:{row.s}" for row in top))
"""


@dataclass
class Cluster:
    engine: ContainerEngine
    images: Images
    agreed: Agreement
    donors: list[DockerWorkers]
    renter: DockerClusters
    master: str
    joined_after_s: float

    async def start(self, donor: int, index: int, secret: str = SECRET) -> WorkerReport:
        share = self.agreed.shares[index]
        return await self.donors[donor].start_worker(
            self.agreed, share, self.master, secret, ticket(self.agreed, index)
        )


def ticket(agreed: Agreement, index: int) -> Ticket:
    return Ticket(agreed.lease, worker_name(agreed.lease, index))


def hosts(agreed: Agreement, *indices: int) -> set[str]:
    return {worker_name(agreed.lease, index) for index in indices}


@pytest.fixture(scope="module")
def lab() -> Iterator[tuple[ContainerEngine, Images]]:
    with a_lab() as made:
        yield made


@pytest.fixture(scope="module")
def cluster(lab: tuple[ContainerEngine, Images]) -> Iterator[Cluster]:
    engine, images = lab
    agreed = agreement(new_lease(), 3)
    donors = [DockerWorkers(engine, BridgeNetwork(engine), images, f"donor-{index}") for index in range(3)]
    renter = DockerClusters(engine, BridgeNetwork(engine), images, "renter")
    try:
        began = time.monotonic()
        master = run(renter.start_master(agreed.lease, SECRET, Ticket(agreed.lease, "master")))
        for index in (0, 1):
            run(donors[index].start_worker(agreed, agreed.shares[index], master, SECRET, ticket(agreed, index)))
        until(60, lambda: registered(renter, agreed.lease) == hosts(agreed, 0, 1), "two workers are registered")
        yield Cluster(engine, images, agreed, donors, renter, master, time.monotonic() - began)
    finally:
        for index, donor in enumerate(donors):
            run(donor.forget(agreed.lease, index))
        run(renter.forget(agreed.lease))


def test_starting_again_adopts_what_runs(cluster: Cluster) -> None:
    lease = cluster.agreed.lease
    before = run(cluster.donors[0].worker(lease, 0))

    again = run(cluster.start(0, 0))
    master = run(cluster.renter.start_master(lease, "another-secret-that-is-ignored", Ticket(lease, "master")))

    assert again == before
    assert master == cluster.master
    assert run(cluster.renter.secret(lease)) == SECRET


def test_an_agent_that_was_killed_finds_its_own_again(cluster: Cluster) -> None:
    lease = cluster.agreed.lease
    engine = ContainerEngine()
    again = DockerWorkers(engine, BridgeNetwork(engine), cluster.images, "donor-1")

    held, report = run(again.held()), run(again.worker(lease, 1))
    engine.close()

    assert held == {(lease, 1)}
    assert report.state is WorkerState.RUNNING


def test_another_agent_cannot_touch_or_take_over_a_worker(cluster: Cluster) -> None:
    lease = cluster.agreed.lease

    with pytest.raises(SandboxFailed, match="Another agent"):
        run(cluster.start(0, 1))
    run(cluster.donors[0].forget(lease, 1))

    assert run(cluster.donors[1].worker(lease, 1)).state is WorkerState.RUNNING


def test_the_secret_shows_nowhere_that_the_engine_shows(cluster: Cluster) -> None:
    for container in cluster.engine.labelled({LEASE: cluster.agreed.lease}):
        shown = json.dumps(cluster.engine.client.api.inspect_container(str(container.id)))
        shown += json.dumps(container.top()) + container.logs().decode()

        assert SECRET not in shown
        _, listing = container.exec_run(["stat", "-c", "%a %u", "/scratch/spark.properties"])
        assert listing == b"400 10001\n"


def test_a_workers_speed_is_timed_from_beside_its_master(cluster: Cluster) -> None:
    lease = cluster.agreed.lease
    (host,) = hosts(cluster.agreed, 0)

    pace, nobody = run(cluster.renter.pace(lease, host)), run(cluster.renter.pace(lease, "nobody"))

    assert pace is not None
    assert pace.cpu_score > 20
    assert nobody is None


def test_a_worker_with_another_secret_never_registers(cluster: Cluster) -> None:
    lease, donor = cluster.agreed.lease, cluster.donors[2]

    run(cluster.start(2, 2, secret="x" * 32))
    (worker,) = cluster.engine.labelled({LEASE: lease, "sparecloud.share": "2"})
    until(40, lambda: b"Failed to connect to master" in worker.logs(), "the worker was turned away")

    until(60, lambda: registered(cluster.renter, lease) == hosts(cluster.agreed, 0, 1), "the others are registered")
    run(donor.forget(lease, 2))
    assert run(donor.worker(lease, 2)).state is WorkerState.ABSENT


def test_a_job_finishes_though_a_worker_dies(cluster: Cluster, tmp_path: Path) -> None:
    lease, renter = cluster.agreed.lease, cluster.renter
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "greeting.txt").write_text("hello ")

    job = run(renter.submit(lease, "top", tmp_path / "program.py", ["1.5"], tmp_path / "input"))
    again = run(renter.submit(lease, "top", tmp_path / "program.py", ["1.5"], tmp_path / "input"))
    worked = run(_follow_until(renter, cluster, b"working"))
    (victim,) = cluster.engine.labelled({LEASE: lease, "sparecloud.share": "1"})
    time.sleep(2)
    victim.kill()
    until(90, lambda: run(renter.jobs(lease))[0].state is not JobState.RUNNING, "the job ended")

    assert (job.state, again.started_at) == (JobState.RUNNING, job.started_at)
    assert worked
    (done,) = run(renter.jobs(lease))
    assert done.state is JobState.SUCCEEDED, run(_log(renter, cluster))
    assert run(renter.outputs(lease, "top", tmp_path / "out")) == (tmp_path / "out" / "top.txt",)
    assert (tmp_path / "out" / "top.txt").read_text() == "hello 99:39600 98:39200"
    lost = run(cluster.donors[1].worker(lease, 1))
    assert (lost.state, lost.cause) == (WorkerState.EXITED, "It was stopped.")
    until(60, lambda: registered(renter, lease) == hosts(cluster.agreed, 0), "the other worker is registered alone")


def test_a_job_can_fail_be_stopped_and_be_missing(cluster: Cluster, tmp_path: Path) -> None:
    lease, renter = cluster.agreed.lease, cluster.renter
    (tmp_path / "bad.py").write_text("raise SystemExit(3)")
    (tmp_path / "long.py").write_text("import time; print('on', flush=True); time.sleep(600)")

    run(renter.submit(lease, "bad", tmp_path / "bad.py", [], None))
    run(renter.submit(lease, "long", tmp_path / "long.py", [], None))
    until(30, lambda: _states(cluster)["bad"] is not JobState.RUNNING, "the bad job ended")
    run(renter.stop_job(lease, "long"))
    run(renter.stop_job(lease, "never-was"))

    assert _states(cluster)["bad"] is JobState.FAILED
    assert _states(cluster)["long"] is JobState.STOPPED
    with pytest.raises(NotFound):
        run(renter.outputs(lease, "never-was", tmp_path))
    with pytest.raises(NotFound):
        run(renter.submit(lease, "lost", tmp_path / "nowhere.py", [], None))


def test_the_screen_answers_on_loopback_only(cluster: Cluster) -> None:
    screen = run(cluster.renter.screen(cluster.agreed.lease))

    assert screen is not None
    assert screen.startswith("http://127.0.0.1:")


def test_a_stopped_worker_says_when_it_ended(cluster: Cluster) -> None:
    lease, donor = cluster.agreed.lease, cluster.donors[0]

    report = run(donor.stop_worker(lease, 0, within_s=15))

    assert report.state is WorkerState.EXITED
    assert report.ended_at >= report.started_at > 0
    assert run(donor.stop_worker(lease, 0, within_s=15)) == report


def test_no_worker_starts_from_an_image_that_was_not_built_here(
    lab: tuple[ContainerEngine, Images], tmp_path: Path
) -> None:
    engine, _ = lab
    agreed = agreement(new_lease(), 1)
    donor = DockerWorkers(engine, BridgeNetwork(engine), Images(engine, tmp_path), "donor-9")

    with pytest.raises(SandboxFailed, match="not been built"):
        run(donor.start_worker(agreed, agreed.shares[0], "spark://master:7077", SECRET, ticket(agreed, 0)))

    assert run(donor.held()) == frozenset()


def test_the_image_that_is_named_is_the_one_that_a_worker_runs_from(cluster: Cluster) -> None:
    donor = cluster.donors[0]
    before = donor.image

    run(donor.prepare(lambda sentence: None))

    [worker] = cluster.engine.labelled({LEASE: str(cluster.agreed.lease), SHARE: "0", ROLE: Role.WORKER.value})
    assert before == ""
    assert donor.image == worker.attrs["Image"]


def test_the_probe_measures_this_machine(lab: tuple[ContainerEngine, Images]) -> None:
    measured = run(HardwareProbe(lab[0]).measure())

    assert measured.total.cpu_millis >= 1000
    assert measured.free.fits(measured.total)
    assert measured.engine_version


def _states(cluster: Cluster) -> dict[str, JobState]:
    return {job.job: job.state for job in run(cluster.renter.jobs(cluster.agreed.lease))}


async def _follow_until(renter: DockerClusters, cluster: Cluster, word: bytes) -> bool:
    async for chunk in renter.logs(cluster.agreed.lease, "top", follow=True):
        if word in chunk:
            return True
    return False


async def _log(renter: DockerClusters, cluster: Cluster) -> str:
    chunks = [chunk async for chunk in renter.logs(cluster.agreed.lease, "top", follow=False)]
    return b"".join(chunks).decode()
