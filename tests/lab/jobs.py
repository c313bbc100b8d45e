"""A PySpark job whose answer is known: tasks that take a while, and a shuffle between all workers."""

from dataclasses import dataclass
from typing import Final

_PROGRAM: Final = """
import os
import time
from operator import add
from pyspark.sql import SparkSession

context = SparkSession.builder.appName("known answer").getOrCreate().sparkContext

def slowly(numbers):
    time.sleep({task_s})
    return [(n % {keys}, (n, os.urandom({padding}))) for n in numbers]

def widest(pairs):
    time.sleep({task_s} / 2)
    return [key * sum(n for n, _ in rows) for key, rows in pairs]

print("begun", flush=True)
rows = context.parallelize(range({rows}), {tasks}).mapPartitions(slowly)
print("the answer is", rows.groupByKey({tasks}).mapPartitions(widest).reduce(add), flush=True)
"""


@dataclass(frozen=True, slots=True)
class KnownJob:
    """`tasks` tasks of `task_s` seconds before the shuffle, which moves rows * padding bytes; of half that after it."""

    tasks: int = 6
    task_s: float = 2.0
    rows: int = 30_000
    keys: int = 101
    padding: int = 300

    @property
    def program(self) -> str:
        """What to submit."""
        return _PROGRAM.format(
            tasks=self.tasks, task_s=self.task_s, rows=self.rows, keys=self.keys, padding=self.padding
        )

    @property
    def answer(self) -> str:
        """What its output must hold at the end."""
        return f"the answer is {sum((n % self.keys) * n for n in range(self.rows))}\n"


BEGUN: Final = "begun\n"
"""What its output holds once its driver runs."""
