"""What a worker's own program can reach, tried from inside its sandbox."""

import json
from collections.abc import Sequence

from docker.models.containers import Container

_TRY = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor

def reached(at):
    try:
        socket.create_connection(at, timeout=2).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return True

tried = json.loads(sys.argv[1])
with ThreadPoolExecutor(len(tried)) as threads:
    print(json.dumps([at for at, found in zip(tried, threads.map(reached, tried)) if found]))
"""


def reached(worker: Container, at: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Those of these hosts and ports that TCP gets to from the worker; a refusal counts, since somebody answered.
    Blocks for some two seconds."""
    code, said = worker.exec_run(["python3", "-c", _TRY, json.dumps(at)])
    assert code == 0 and isinstance(said, bytes), said
    return [(host, port) for host, port in json.loads(said)]


def bridge_addresses(worker: Container) -> list[str]:
    """The addresses on the engine's bridge of the container whose network the worker uses, and of its gateway."""
    keeper = str(worker.attrs["HostConfig"]["NetworkMode"]).removeprefix("container:")
    assert worker.client is not None
    joined = worker.client.containers.get(keeper).attrs["NetworkSettings"]["Networks"]
    return [str(network[field]) for network in joined.values() for field in ("IPAddress", "Gateway")]
