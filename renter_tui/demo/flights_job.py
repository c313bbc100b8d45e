"""The demo's job, run by Spark on the rented cluster: every New York departure of 2013 against the weather.

It stands alone: this file is all that is sent. Input is the folder /job/input, the answer goes to /job/output.
"""

import json
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

INPUT = Path("/job/input")
OUTPUT = Path("/job/output")

SCHEMAS = {
    "flights": "year int, month int, day int, dep_time int, sched_dep_time int, dep_delay int, arr_time int,"
    " sched_arr_time int, arr_delay int, carrier string, flight int, tailnum string, origin string, dest string,"
    " air_time int, distance int, hour int, minute int, time_hour string",
    "weather": "origin string, year int, month int, day int, hour int, temp double, dewp double, humid double,"
    " wind_dir int, wind_speed double, wind_gust double, precip double, pressure double, visib double,"
    " time_hour string",
    "planes": "tailnum string, year int, type string, manufacturer string, model string, engines int, seats int,"
    " speed int, engine string",
    "airlines": "carrier string, name string",
}


def table(spark: SparkSession, name: str) -> DataFrame:
    """A CSV file of the input, spread over the workers: they share no disk, so the driver hands the lines out."""
    lines = (INPUT / f"{name}.csv").read_text("utf-8").splitlines()[1:]
    spread = spark.sparkContext.parallelize(lines, max(1, min(12, len(lines) // 5000)))
    return spark.read.csv(spread, schema=SCHEMAS[name], nullValue="NA")


def main() -> None:
    """Answer /job/input/flights.sql as JSON."""
    spark = SparkSession.builder.appName("flights").config("spark.sql.shuffle.partitions", "6").getOrCreate()
    counts = {}
    for name in SCHEMAS:
        frame = table(spark, name)
        frame.createOrReplaceTempView(name)
        if name == "flights":
            counts[name] = frame.cache().count()
            print(f"{counts[name]} flights are spread over the cluster", flush=True)
    rows = [list(row) for row in spark.sql((INPUT / "flights.sql").read_text("utf-8")).collect()]
    OUTPUT.mkdir(exist_ok=True)
    (OUTPUT / "result.json").write_text(json.dumps({"flights": counts["flights"], "rows": rows}), "utf-8")
    print(f"{len(rows)} rows written to {OUTPUT / 'result.json'}", flush=True)
    spark.stop()


if __name__ == "__main__":
    main()
