"""The Spark master's own web screen, read on loopback: who registered, and with how much."""

import http.client
from dataclasses import dataclass
from typing import Final

import msgspec
from docker.models.containers import Container

from core.runtime.spark_settings import SCREEN_PORT

_DEADLINE_S: Final = 5


class _Worker(msgspec.Struct, frozen=True):
    host: str
    state: str
    cores: int
    memory: int


class _Master(msgspec.Struct, frozen=True):
    workers: list[_Worker]


@dataclass(frozen=True, slots=True)
class Registered:
    """A live worker as the master sees it; its host name is what the worker says, and no proof."""

    host: str
    cores: int
    heap_mib: int


def address(container: Container) -> str | None:
    """host:port on loopback of a running master's screen."""
    ports = container.attrs["NetworkSettings"]["Ports"].get(f"{SCREEN_PORT}/tcp") or []
    return f"127.0.0.1:{int(ports[0]['HostPort'])}" if ports else None


def registered(container: Container) -> tuple[Registered, ...]:
    """The live workers; none where the master does not answer yet. Blocks."""
    where = address(container)
    if where is None:
        return ()
    # Not urllib: a proxy that the environment names has no business with loopback.
    connection = http.client.HTTPConnection(where, timeout=_DEADLINE_S)
    try:
        connection.request("GET", "/json/")
        master = msgspec.json.decode(connection.getresponse().read(), type=_Master)
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return ()
    finally:
        connection.close()
    return tuple(Registered(w.host, w.cores, w.memory) for w in master.workers if w.state == "ALIVE")
