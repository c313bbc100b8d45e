"""TPC-H on a cluster: `job.py SCALE PARTS`. Stands alone: this file, tpchgen-cli and queries.sql are all that is sent.

Members share no disk, so each task makes its part of a table itself, with the generator that travelled as a file.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pyspark import SparkFiles
from pyspark.sql import DataFrame, SparkSession

_MONEY = "decimal(15,2)"
SCHEMAS = {
    "region": "r_regionkey int, r_name string, r_comment string",
    "nation": "n_nationkey int, n_name string, n_regionkey int, n_comment string",
    "supplier": "s_suppkey bigint, s_name string, s_address string, s_nationkey int, s_phone string,"
    f" s_acctbal {_MONEY}, s_comment string",
    "customer": "c_custkey bigint, c_name string, c_address string, c_nationkey int, c_phone string,"
    f" c_acctbal {_MONEY}, c_mktsegment string, c_comment string",
    "part": "p_partkey bigint, p_name string, p_mfgr string, p_brand string, p_type string, p_size int,"
    f" p_container string, p_retailprice {_MONEY}, p_comment string",
    "partsupp": f"ps_partkey bigint, ps_suppkey bigint, ps_availqty int, ps_supplycost {_MONEY}, ps_comment string",
    "orders": f"o_orderkey bigint, o_custkey bigint, o_orderstatus string, o_totalprice {_MONEY}, o_orderdate date,"
    " o_orderpriority string, o_clerk string, o_shippriority int, o_comment string",
    "lineitem": "l_orderkey bigint, l_partkey bigint, l_suppkey bigint, l_linenumber int,"
    f" l_quantity {_MONEY}, l_extendedprice {_MONEY}, l_discount {_MONEY}, l_tax {_MONEY}, l_returnflag string,"
    " l_linestatus string, l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct string,"
    " l_shipmode string, l_comment string",
}


def queries(text: str, scale: float) -> dict[str, str]:
    """The queries of queries.sql by name."""
    parts = text.split("\n-- Q")[1:]
    found = {f"Q{part.partition(chr(10))[0]}": part.partition("\n")[2].strip().rstrip(";") for part in parts}
    return {name: query.replace("{q11_fraction}", f"{0.0001 / scale:.10f}") for name, query in found.items()}


def made(name: str, scale: str, parts: int) -> Callable[[Iterator[int]], Iterator[str]]:
    """What a task does: the lines of its part of a table."""

    def lines(numbers: Iterator[int]) -> Iterator[str]:
        for number in numbers:
            split = ["--parts", str(parts), "--part", str(number)] if parts > 1 else []
            command = [SparkFiles.get("tpchgen-cli"), "tbl", "-s", scale, "-T", name, "--stdout", "--num-threads", "1"]
            with subprocess.Popen([*command, *split], stdout=subprocess.PIPE, text=True) as generator:
                assert generator.stdout is not None
                for line in generator.stdout:
                    yield line.rstrip("|\n")
            if generator.returncode:
                raise RuntimeError(f"tpchgen-cli ended with exit code {generator.returncode}")

    return lines


def table(spark: SparkSession, name: str, scale: str, parts: int) -> DataFrame:
    """A table, made by the workers and cached there."""
    lines = spark.sparkContext.parallelize(range(1, parts + 1), parts).mapPartitions(made(name, scale, parts))
    return spark.read.csv(lines, schema=SCHEMAS[name], sep="|").persist()


def main() -> None:
    """Answer all 22, and write answers and seconds to /job/output."""
    scale, parts = sys.argv[1], int(sys.argv[2])
    spark = SparkSession.builder.appName("tpch").config("spark.sql.shuffle.partitions", "8").getOrCreate()
    began = time.monotonic()
    rows = {}
    for name in SCHEMAS:
        frame = table(spark, name, scale, 1 if name in ("region", "nation", "supplier") else parts)
        frame.createOrReplaceTempView(name)
        rows[name] = frame.count()
        print(f"{name}: {rows[name]} rows", flush=True)
    seconds, answers = {"load": time.monotonic() - began}, {}
    for name, query in queries(Path(SparkFiles.get("queries.sql")).read_text("utf-8"), float(scale)).items():
        began = time.monotonic()
        answers[name] = [[str(value) for value in row] for row in spark.sql(query).collect()]
        seconds[name] = time.monotonic() - began
        print(f"{name}: {len(answers[name])} rows in {seconds[name]:.1f} s", flush=True)
    told = {"rows": rows, "answers": answers, "seconds": seconds}
    Path("/job/output/tpch.json").write_text(json.dumps(told), "utf-8")


if __name__ == "__main__":
    main()
