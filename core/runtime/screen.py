"""The Spark master's own web screen, read on loopback: who registered, and with how much."""

import http.client
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec
from docker.models.containers import Container

from core.errors import SandboxFailed
from core.runtime.spark_settings import SCREEN_PORT

SILENT_S: Final = 8
"""A worker sends a heartbeat every 3 s; one that missed two counts as gone, long before its master says so."""

_DEADLINE_S: Final = 5


class _Worker(msgspec.Struct, frozen=True):
    host: str
    state: str
    cores: int
    memory: int
    lastheartbeat: int


class _Master(msgspec.Struct, frozen=True):
    workers: list[_Worker]


@dataclass(frozen=True, slots=True)
class Registered:
    """A live worker as the master sees it; its host name is what the worker says, and no proof."""

    host: str
    cores: int
    heap_mib: int


def address(container: Container) -> str | None:
    """host:port on loopback at which a running container publishes a screen."""
    port = published(container, SCREEN_PORT)
    return f"127.0.0.1:{port}" if port is not None else None


def published(container: Container, port: int) -> int | None:
    """The port of this machine's loopback at which a running container publishes its TCP `port`."""
    ports = container.attrs["NetworkSettings"]["Ports"].get(f"{port}/tcp") or []
    return int(ports[0]["HostPort"]) if ports else None


def registered(where: str) -> tuple[Registered, ...]:
    """The live workers on the screen at `where`; none where nobody listens yet. Blocks.

    Raises SandboxFailed where the master is too busy to answer: that says nothing of its workers.
    """
    # Not urllib: a proxy that the environment names has no business with loopback.
    connection = http.client.HTTPConnection(where, timeout=_DEADLINE_S)
    try:
        connection.request("GET", "/json/")
        answer = connection.getresponse()
        return live(answer.read(), answer.headers.get("Date", ""))
    except ConnectionError:
        return ()
    except (OSError, ValueError, http.client.HTTPException, msgspec.DecodeError) as unclear:
        raise SandboxFailed("The Spark master's screen gave no answer.", "It is asked again in a second.") from unclear
    finally:
        connection.close()


def live(body: bytes, date: str) -> tuple[Registered, ...]:
    """The workers in a master's answer that it counts as alive and has heard of just now, by its own clock."""
    now_s = parsedate_to_datetime(date).timestamp()
    workers = msgspec.json.decode(body, type=_Master).workers
    return tuple(
        Registered(worker.host, worker.cores, worker.memory)
        for worker in workers
        if worker.state == "ALIVE" and now_s - worker.lastheartbeat / 1000 <= SILENT_S
    )
