"""The driver's program: three kinds of work, each run when a file `go` asks for it, its seconds left in a file."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from pyspark.sql import SparkSession

SCRATCH = Path("/scratch")
TABLE = "/data/table"
IDLE_S = 300


def shuffle(spark: SparkSession) -> None:
    """About 300 MB, of which none compresses, sent to where they belong and then into order: two exchanges."""
    rows = spark.range(0, 2_000_000, 1, 4).selectExpr("xxhash64(id) key", "sha2(cast(id as string), 512) load")
    rows.repartition(4, "key").sort("load").write.format("noop").mode("overwrite").save()


def compute(spark: SparkSession) -> None:
    """Arithmetic, of which a few numbers leave each worker."""
    spark.range(0, 60_000_000, 1, 8).selectExpr("sum(sin(id) * cos(id))").collect()


def scan(spark: SparkSession) -> None:
    """Four filters over a table in files."""
    for digits in ("07f", "19a", "2be", "3cd"):
        spark.read.parquet(TABLE).where(f"load like '%{digits}%'").selectExpr("max(key)", "count(*)").collect()


def make_table(spark: SparkSession) -> None:
    """The table that `scan` reads."""
    rows = spark.range(0, 2_000_000, 1, 8).selectExpr("xxhash64(id) key", "sha2(cast(id as string), 512) load")
    rows.write.mode("overwrite").parquet(TABLE)


WORK: dict[str, Callable[[SparkSession], None]] = {work.__name__: work for work in (make_table, shuffle, compute, scan)}


def main() -> None:
    """Serve requests in turn until one says `end`, or none comes for minutes."""
    spark = SparkSession.builder.getOrCreate()
    (SCRATCH / "ready").write_text("ready")
    turn, asked_at = 0, time.monotonic()
    while time.monotonic() - asked_at < IDLE_S:
        request = SCRATCH / f"go-{turn}"
        if not request.exists():
            time.sleep(0.02)
            continue
        name = request.read_text()
        if name == "end":
            break
        began = time.monotonic()
        WORK[name](spark)
        done = SCRATCH / f"took-{turn}.new"
        done.write_text(json.dumps(time.monotonic() - began))
        done.rename(SCRATCH / f"took-{turn}")
        turn, asked_at = turn + 1, time.monotonic()
    spark.stop()


if __name__ == "__main__":
    main()
