"""What a worker's own program can reach, tried from inside its sandbox."""

from docker.models.containers import Container

_TRY = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2).close()
except ConnectionRefusedError:
    print("reached")
except OSError as problem:
    print("lost:", problem)
else:
    print("reached")
"""


def reached(worker: Container, host: str, port: int) -> bool:
    """Whether TCP gets there from the worker; a refusal counts, since somebody answered. Blocks."""
    said = worker.exec_run(["python3", "-c", _TRY, host, str(port)]).output
    assert isinstance(said, bytes) and said.startswith((b"reached", b"lost")), said
    return said.startswith(b"reached")


def bridge_addresses(worker: Container) -> list[str]:
    """The addresses on the engine's bridge of the container whose network the worker uses, and of its gateway."""
    keeper = str(worker.attrs["HostConfig"]["NetworkMode"]).removeprefix("container:")
    assert worker.client is not None
    joined = worker.client.containers.get(keeper).attrs["NetworkSettings"]["Networks"]
    return [str(network[field]) for network in joined.values() for field in ("IPAddress", "Gateway")]
