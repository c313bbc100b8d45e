"""What renters run: machine learning, streams, too much memory, and programs that stay on their own machine."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from core.errors import NotFound
from core.observed import Endpoint, JobState, Ran
from core.runtime.jobs import MOST_SAID
from core.submission import NO_EXTRAS
from renter_tui.commands.pyshell import START
from tests.real.runtime_lab import run, until
from tests.real.test_jobs import Jobs, jobs

__all__ = ["jobs"]

PYTHON = Path(__file__).parents[2] / ".venv-notebook" / "bin" / "python"

LEARNING = """
from pyspark.ml import Pipeline
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.evaluation import BinaryClassificationEvaluator
from pyspark.ml.feature import StandardScaler, VectorAssembler
from pyspark.sql import SparkSession, functions as f

spark = SparkSession.builder.getOrCreate()
points = spark.range(4000, numPartitions=4).select(
    (f.rand(7) * 100).alias("x"), (f.randn(11) * 3).alias("y")
).withColumn("label", (f.col("x") + 10 * f.col("y") > 50).cast("double"))
train, test = points.randomSplit([0.8, 0.2], seed=3)
stages = [VectorAssembler(inputCols=["x", "y"], outputCol="raw"), StandardScaler(inputCol="raw", outputCol="features"),
          LogisticRegression(maxIter=30)]
model = Pipeline(stages=stages).fit(train)
print("area under the curve:", round(BinaryClassificationEvaluator().evaluate(model.transform(test)), 4))
"""

STREAM = """
from pyspark.sql import SparkSession, functions as f

spark = SparkSession.builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()
ticks = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 50).option("numPartitions", 2).load()
counts = ticks.groupBy((f.col("value") % 5).alias("rest")).count()
rows = {}

def keep(batch, number):
    rows.update({row["rest"]: row["count"] for row in batch.collect()})
    print("batch", number, sorted(rows.items()), flush=True)

query = counts.writeStream.outputMode("update").foreachBatch(keep).start()
while not rows or min(rows.values()) < 30:
    query.awaitTermination(1)
query.stop()
print("every rest has", len(set(rows.values())), "count:", sum(rows.values()) % 50)
"""

GREEDY = """
held = [b"x" * 2**20 for _ in range(64)]
while True:
    held.append(bytearray(64 * 2**20))
"""

GREEDY_TASK = """
from pyspark import SparkContext

def greedy(number):
    held = []
    while True:
        held.append(bytearray(64 * 2**20))

SparkContext.getOrCreate().parallelize([1], 1).map(greedy).count()
"""

NOTEBOOK = """
from pyspark.sql import SparkSession, functions as f
from pyspark.sql.types import LongType

spark = SparkSession.builder.getOrCreate()
print("rows:", spark.range(1000, numPartitions=4).filter("id % 7 = 0").count())
square = f.udf(lambda number: number * number, LongType())
print("squares:", [row[0] for row in spark.range(5).select(square("id")).collect()])
people = spark.createDataFrame([("ada", 36), ("alan", 41)], ["name", "age"])
print("frame:", people.agg(f.sum("age")).toPandas().iat[0, 0])
"""


def test_a_model_is_trained_and_judged(jobs: Jobs) -> None:
    jobs.start("learning", LEARNING, NO_EXTRAS)
    done, said = jobs.end("learning", 180)

    assert done.state is JobState.SUCCEEDED, said
    found = re.search(r"area under the curve: ([0-9.]+)", said)
    assert found is not None
    assert float(found[1]) > 0.99


def test_a_stream_is_counted_batch_after_batch(jobs: Jobs) -> None:
    jobs.start("stream", STREAM, NO_EXTRAS)
    done, said = jobs.end("stream", 180)

    assert done.state is JobState.SUCCEEDED, said
    assert len(set(re.findall(r"^batch (\d+)", said, re.MULTILINE))) >= 3
    assert "every rest has 1 count: 0" in said


def test_a_program_that_takes_more_than_its_driver_may_fails_and_says_so(jobs: Jobs) -> None:
    jobs.start("greedy", GREEDY, NO_EXTRAS)
    done, said = jobs.end("greedy")

    assert done.state is JobState.FAILED, said
    assert done.cause == "It needed more memory than its limit." or "MemoryError" in said


def test_a_task_that_takes_more_than_its_worker_may_fails_the_job_and_spares_the_cluster(jobs: Jobs) -> None:
    jobs.start("greedy-task", GREEDY_TASK, NO_EXTRAS)
    done, said = jobs.end("greedy-task", 180)
    jobs.start("after", "from pyspark import SparkContext\nprint(SparkContext.getOrCreate().range(9).sum())", NO_EXTRAS)
    after, output = jobs.end("after")

    assert done.state is JobState.FAILED, said
    assert after.state is JobState.SUCCEEDED, output
    assert "\n36\n" in f"\n{output}"


def notebook(program: str, url: str) -> subprocess.CompletedProcess[str]:
    """`program`, run with the renter's own Python on this machine."""
    environment = {**os.environ, "SPARK_REMOTE": url}
    return subprocess.run(
        [str(PYTHON), "-c", program], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def endpoint(jobs: Jobs) -> Endpoint:
    run(jobs.renter.connect(jobs.lease))
    until(90, lambda: run(jobs.renter.endpoint(jobs.lease)) is not None, "Spark Connect answers")
    found = run(jobs.renter.endpoint(jobs.lease))
    assert found is not None
    return found


def test_a_program_on_this_machine_uses_the_cluster_through_spark_connect(jobs: Jobs, endpoint: Endpoint) -> None:
    done = notebook(NOTEBOOK, endpoint.url)

    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines() == ["rows: 143", "squares: [0, 1, 4, 9, 16]", "frame: 77"]
    progress = run(jobs.renter.progress(jobs.lease, endpoint.job))
    assert progress is not None and progress.done > 0 and not progress.failed


def test_a_shell_has_the_cluster_ready(endpoint: Endpoint) -> None:
    ended = subprocess.run(
        [str(PYTHON), "-i", "-c", START],
        env={**os.environ, "SPARK_REMOTE": endpoint.url},
        input="print('rows', spark.range(7).filter(f.col('id') > 2).count())\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr[-2000:]
    assert "`spark` is the cluster" in ended.stdout
    assert "rows 4" in ended.stdout


def test_who_has_not_the_token_is_refused(jobs: Jobs, endpoint: Endpoint) -> None:
    before, _, _ = endpoint.url.partition("token=")

    for url in (f"{before}token=guessed", before.rstrip(";")):
        refused = notebook(NOTEBOOK, url)
        assert refused.returncode != 0
        assert "UNAUTHENTICATED" in refused.stderr or "Unauthenticated" in refused.stderr, refused.stderr[-2000:]
        assert "rows:" not in refused.stdout


def test_the_token_is_shown_nowhere_and_the_same_server_is_found_again(jobs: Jobs, endpoint: Endpoint) -> None:
    token = endpoint.url.partition("token=")[2]

    again = run(jobs.renter.connect(jobs.lease))
    drivers = [each for each in jobs.engine.client.containers.list() if "connect" in str(each.name)]

    assert again.job == endpoint.job
    assert run(jobs.renter.endpoint(jobs.lease)) == endpoint
    assert token not in repr(endpoint)
    assert drivers
    assert all(token not in str(each.attrs) and token not in each.logs().decode() for each in drivers)


def test_a_command_runs_beside_a_job_bounded_in_time_and_words(jobs: Jobs, endpoint: Endpoint) -> None:
    def ran(*words: str, within_s: int = 20) -> Ran:
        return run(jobs.renter.execute(jobs.lease, endpoint.job, words, within_s))

    told = ran("sh", "-c", "id -u; pwd; echo wrong >&2; exit 7")
    slow, long = ran("sleep", "30", within_s=1), ran("head", "-c", "3000000", "/dev/zero")
    missing = ran("no-such-program")

    assert (sorted(told.output.splitlines()), told.exit_code, told.cut) == (
        [b"/job/output", b"10001", b"wrong"],
        7,
        False,
    )
    assert slow.exit_code == 124
    assert (len(long.output), long.cut) == (MOST_SAID, True)
    assert missing.exit_code == 127
    with pytest.raises(NotFound, match="no job called"):
        run(jobs.renter.execute(jobs.lease, "job-99", ("ls",), 5))


def test_idle_it_leaves_the_workers_to_other_jobs_and_ends_when_it_is_stopped(jobs: Jobs, endpoint: Endpoint) -> None:
    jobs.start(
        "beside", "from pyspark import SparkContext\nprint(SparkContext.getOrCreate().range(9).sum())", NO_EXTRAS
    )
    done, said = jobs.end("beside", 150)
    run(jobs.renter.stop_job(jobs.lease, endpoint.job))
    until(30, lambda: jobs.now(endpoint.job).state is not JobState.RUNNING, "it has stopped")

    assert done.state is JobState.SUCCEEDED, said
    assert run(jobs.renter.endpoint(jobs.lease)) is None
