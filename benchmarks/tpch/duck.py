"""The same 22 queries in DuckDB, on the same generated data: `duck.py SCALE FOLDER` prints them as job.py writes them.

Runs in the renter's own Python (tools/notebook.sh), which has DuckDB and tpchgen-cli.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import duckdb


def main() -> None:
    """Generate, answer, print."""
    scale, folder = sys.argv[1], Path(sys.argv[2])
    here = Path(__file__).parent
    generator = Path(sys.executable).with_name("tpchgen-cli")
    subprocess.run([generator, "parquet", "-s", scale, "-o", folder], check=True, stdout=subprocess.DEVNULL)
    text = (here / "queries.sql").read_text("utf-8")
    database = duckdb.connect()
    rows = {}
    for path in sorted(folder.glob("*.parquet")):
        database.execute(f"create view {path.stem} as select * from '{path}'")
        ((rows[path.stem],),) = database.execute(f"select count(*) from {path.stem}").fetchall()
    answers, seconds = {}, {}
    for part in text.split("\n-- Q")[1:]:
        name, _, query = part.partition("\n")
        began = time.monotonic()
        found = database.execute(query.replace("{q11_fraction}", f"{0.0001 / float(scale):.10f}")).fetchall()
        answers[f"Q{name}"] = [[str(value) for value in row] for row in found]
        seconds[f"Q{name}"] = time.monotonic() - began
    print(json.dumps({"rows": rows, "answers": answers, "seconds": seconds}))


if __name__ == "__main__":
    main()
