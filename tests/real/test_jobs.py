"""Jobs on a real cluster: what travels with them, how far they are, and that nobody else is told."""

import json
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.model import LeaseId
from core.observed import Job, JobState, Progress
from core.runtime.clusters import DockerClusters
from core.runtime.container_engine import ContainerEngine
from core.runtime.labels import LEASE, ROLE, Role
from core.runtime.network import BridgeNetwork
from core.runtime.workers import DockerWorkers
from core.submission import Extras
from core.ticket import Ticket, worker_name
from tests.real.runtime_lab import SECRET, a_lab, agreement, new_lease, registered, run, until

MARK = "the mark of this very module"


@dataclass
class Jobs:
    """A cluster of one worker, and a folder for programs."""

    engine: ContainerEngine
    renter: DockerClusters
    lease: LeaseId
    folder: Path

    def start(self, name: str, program: str, extras: Extras, *arguments: str) -> Job:
        path = self.folder / f"{name}.py"
        path.write_text(program, "utf-8")
        return run(self.renter.submit(self.lease, name, path, arguments, None, extras))

    def end(self, name: str, within_s: float = 90) -> tuple[Job, str]:
        until(within_s, lambda: self.now(name).state is not JobState.RUNNING, f"{name} has ended")
        return self.now(name), run(self.said(name))

    def now(self, name: str) -> Job:
        return next(job for job in run(self.renter.jobs(self.lease)) if job.job == name)

    async def said(self, name: str) -> str:
        return b"".join([chunk async for chunk in self.renter.logs(self.lease, name, follow=False)]).decode()


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    with a_lab() as (engine, images):
        agreed = agreement(new_lease(), 1)
        donor = DockerWorkers(engine, BridgeNetwork(engine), images, "jobs-donor")
        renter = DockerClusters(engine, BridgeNetwork(engine), images, "jobs-renter")
        try:
            master = run(renter.start_master(agreed.lease, SECRET, Ticket(agreed.lease, "master")))
            ticket = Ticket(agreed.lease, worker_name(agreed.lease, 0))
            run(donor.start_worker(agreed, agreed.shares[0], master, SECRET, ticket))
            until(60, lambda: bool(registered(renter, agreed.lease)), "the worker is registered")
            yield Jobs(engine, renter, agreed.lease, tmp_path_factory.mktemp("programs"))
        finally:
            run(donor.forget(agreed.lease, 0))
            run(renter.forget(agreed.lease))


def a_wheel(folder: Path) -> Path:
    """A pure wheel of one package that holds data beside its code, as `pip wheel` makes them."""
    path = folder / "greeter-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("greeter/__init__.py", "from greeter.words import greeting\n")
        wheel.writestr(
            "greeter/words.py",
            "import pkgutil\ndef greeting(name):\n    return pkgutil.get_data('greeter', 'word.txt').decode() + name\n",
        )
        wheel.writestr("greeter/word.txt", "hello ")
        wheel.writestr("greeter-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: greeter\nVersion: 1.0\n")
    return path


def test_packages_files_and_settings_reach_the_program_and_its_workers(jobs: Jobs, tmp_path: Path) -> None:
    module, table = tmp_path / "doubling.py", tmp_path / "table.json"
    module.write_text("def double(number):\n    return 2 * number\n", "utf-8")
    table.write_text(json.dumps({"mark": MARK}), "utf-8")
    extras = Extras(
        packages=(str(a_wheel(tmp_path)), str(module)),
        files=(str(table),),
        conf={"spark.sql.shuffle.partitions": "3", "spark.app.name": r"C:\jobs\one = two # three"},
    )

    jobs.start(
        "extras",
        """
from pyspark import SparkFiles
from pyspark.sql import SparkSession
import doubling, greeter, json

spark = SparkSession.builder.getOrCreate()

def on_a_worker(number):
    import doubling, greeter
    return greeter.greeting(str(doubling.double(number))), json.load(open(SparkFiles.get("table.json")))["mark"]

print("here:", greeter.greeting(str(doubling.double(4))))
print("there:", spark.sparkContext.parallelize([21], 1).map(on_a_worker).collect())
print("partitions:", spark.conf.get("spark.sql.shuffle.partitions"), "name:", spark.sparkContext.appName)
""",
        extras,
    )
    done, said = jobs.end("extras")

    assert done.state is JobState.SUCCEEDED, said
    assert "here: hello 8" in said
    assert f"there: [('hello 42', '{MARK}')]" in said
    assert r"partitions: 3 name: C:\jobs\one = two # three" in said


def test_settings_do_not_show_where_the_engine_shows_things(jobs: Jobs) -> None:
    """A job's settings may hold a key of somebody's store."""
    secret = "a-key-that-nobody-may-see"

    jobs.start("secretive", "print('done')", Extras(conf={"spark.hadoop.fs.s3a.secret.key": secret}))
    done, _ = jobs.end("secretive")

    drivers = jobs.engine.labelled({LEASE: str(jobs.lease), ROLE: Role.DRIVER.value})
    assert done.state is JobState.SUCCEEDED
    assert drivers
    assert all(secret not in json.dumps(driver.attrs) for driver in drivers)


def test_what_cannot_travel_is_refused_before_anything_starts(jobs: Jobs, tmp_path: Path) -> None:
    native = tmp_path / "numpy-2.4.0-cp311-cp311-manylinux_2_28_x86_64.whl"
    native.write_bytes(b"")

    with pytest.raises(InvalidInput, match="built for one kind of machine"):
        jobs.start("refused", "print(1)", Extras(packages=(str(native),)))

    assert all(job.job != "refused" for job in run(jobs.renter.jobs(jobs.lease)))


SLOW = """
import time
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()

def slowly(pair):
    time.sleep(0.5)
    return pair

pairs = spark.sparkContext.parallelize([(number % 4, number) for number in range(40)], 8).map(slowly)
print("sums:", sorted(pairs.reduceByKey(lambda one, other: one + other, 2).collect()), flush=True)
time.sleep(180)
"""


def test_progress_tells_the_stage_that_runs_and_what_the_executor_does(jobs: Jobs) -> None:
    jobs.start("slow", SLOW, Extras())
    seen: list[Progress] = []
    before = time.monotonic()
    while not (seen and seen[-1].done == 10 and not seen[-1].stages) and time.monotonic() - before < 150:
        told = run(jobs.renter.progress(jobs.lease, "slow"))
        seen += [told] if told is not None else []
        time.sleep(0.4)
    run(jobs.renter.stop_job(jobs.lease, "slow"))
    done, said = jobs.end("slow")

    assert "sums:" in said
    assert done.state is not JobState.RUNNING
    assert run(jobs.renter.progress(jobs.lease, "slow")) is None
    mapping = [told for told in seen if told.stages and told.stages[0].tasks == 8]
    assert len({stage.done for told in mapping for stage in told.stages} & set(range(1, 8))) >= 2
    assert all(told.tasks == 10 and told.done <= 10 and not told.failed for told in mapping)
    assert [told.done for told in seen] == sorted(told.done for told in seen)
    last = seen[-1]
    assert (last.tasks, last.done, last.running, last.stages) == (10, 10, 0, ())
    (executor,) = last.executors
    assert (executor.cores, executor.done, executor.failed) == (1, 10, 0)
    assert executor.memory_bytes > 0
    assert executor.shuffle_written_bytes > 0


def test_two_jobs_at_once_each_tell_of_themselves(jobs: Jobs) -> None:
    """The second waits for the only worker, and says so: nothing of it runs."""
    jobs.start("first", SLOW, Extras())
    until(60, lambda: _tasks_of(jobs, "first") == 10, "the first is at it")
    jobs.start("second", SLOW.replace("range(40)], 8)", "range(40)], 5)"), Extras())
    until(60, lambda: _tasks_of(jobs, "second") == 7, "the second has asked for its tasks")
    first, second = (run(jobs.renter.progress(jobs.lease, name)) for name in ("first", "second"))
    for name in ("first", "second"):
        run(jobs.renter.stop_job(jobs.lease, name))

    assert first is not None and second is not None
    assert (first.tasks, second.tasks, second.running) == (10, 7, 0)
    assert len(first.executors) == 1
    assert second.executors == ()


def _tasks_of(jobs: Jobs, name: str) -> int:
    told = run(jobs.renter.progress(jobs.lease, name))
    return told.tasks if told is not None else 0


def test_no_worker_reaches_a_drivers_screen(jobs: Jobs) -> None:
    """A task looks for anything that speaks HTTP at its driver's address, on every port of the driver's."""
    program = """
import socket
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
own = int(spark.sparkContext.uiWebUrl.rpartition(":")[2])
host = spark.conf.get("spark.driver.host")
open_here = int(spark.conf.get("spark.driver.port"))

def knock(port):
    try:
        with socket.create_connection((host, port), timeout=3):
            return "open"
    except OSError as refused:
        return type(refused).__name__

print("screen:", spark.sparkContext.parallelize([own], 1).map(knock).collect())
print("driver:", spark.sparkContext.parallelize([open_here], 1).map(knock).collect())
"""

    jobs.start("knocking", program, Extras())
    done, said = jobs.end("knocking")

    assert done.state is JobState.SUCCEEDED, said
    assert "screen: ['ConnectionRefusedError']" in said
    assert "driver: ['open']" in said
