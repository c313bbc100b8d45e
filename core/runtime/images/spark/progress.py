"""Print how this container's job stands, from its driver's own screen, as one line of JSON; nothing where none is up.

The screen listens on loopback alone, at a port of Spark's choosing: drivers of one cluster share an address.
"""

import http.client
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DEADLINE_S = 3
LISTENING = "0A"
LOOPBACK = "0100007F"
MOST_STAGES = 50
STAGE = {
    "number": "stageId",
    "name": "name",
    "tasks": "numTasks",
    "done": "numCompleteTasks",
    "running": "numActiveTasks",
    "failed": "numFailedTasks",
    "input_bytes": "inputBytes",
    "shuffle_read_bytes": "shuffleReadBytes",
    "shuffle_written_bytes": "shuffleWriteBytes",
}
EXECUTOR = {
    "name": "id",
    "host": "hostPort",
    "cores": "totalCores",
    "running": "activeTasks",
    "done": "completedTasks",
    "failed": "failedTasks",
    "memory_used_bytes": "memoryUsed",
    "memory_bytes": "maxMemory",
    "disk_bytes": "diskUsed",
    "shuffle_read_bytes": "totalShuffleRead",
    "shuffle_written_bytes": "totalShuffleWrite",
}
JOBS = {"tasks": "numTasks", "done": "numCompletedTasks", "running": "numActiveTasks", "failed": "numFailedTasks"}


def ports() -> Iterator[int]:
    """The loopback ports that this container's processes listen on."""
    own = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            names = [str(number.readlink()) for number in (process / "fd").iterdir()]
        except OSError:
            continue
        own |= {found[1] for name in names if (found := re.fullmatch(r"socket:\[(\d+)\]", name))}
    for family in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{family}").read_text("ascii").splitlines()[1:]:
            words = line.split()
            address, _, port = words[1].partition(":")
            if words[3] == LISTENING and address.endswith(LOOPBACK) and words[9] in own:
                yield int(port, 16)


def ask(port: int, path: str) -> Any:
    """What the screen at `port` answers; None where it is none."""
    way = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
    try:
        way.request("GET", f"/api/v1/{path}")
        answer = way.getresponse()
        return json.loads(answer.read()) if answer.status == 200 else None
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        way.close()


def told(names: dict[str, str], row: dict[str, Any]) -> dict[str, Any]:
    """The fields of `row` that are asked for, under our names."""
    return {ours: row[theirs] for ours, theirs in names.items()}


def progress(port: int) -> dict[str, Any] | None:
    """How the application at `port` stands; None where there is none."""
    applications = ask(port, "applications")
    if not applications:
        return None
    base = f"applications/{applications[0]['id']}"
    jobs, stages = ask(port, f"{base}/jobs"), ask(port, f"{base}/stages?status=active")
    executors = ask(port, f"{base}/executors")
    if jobs is None or stages is None or executors is None:
        return None
    return {
        **{ours: sum(job[theirs] for job in jobs) for ours, theirs in JOBS.items()},
        "stages": [told(STAGE, stage) for stage in stages[:MOST_STAGES]],
        "executors": [told(EXECUTOR, row) for row in executors if row["id"] != "driver" and row["isActive"]],
    }


found = next(filter(None, map(progress, ports())), None)
if found is not None:
    json.dump(found, sys.stdout)
