"""One master, its driver and two workers on this machine's engine, over a plain bridge or over Nebula on that bridge.

Members stand on one Docker network. Each has a container that owns its namespace, which Spark joins; over Nebula a
tunnel joins it too. The product's packet filter is left out: it lets no member reach another at a private address.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import docker
from docker.models.containers import Container
from docker.types import Mount

from benchmarks.overlay.tunnels import PORT, direct
from core.errors import SandboxFailed
from core.model import Resources
from core.runtime.archive import put_files, read_file
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.runtime.overlay import configuration
from core.runtime.overlay.certificates import MASTER_GROUP, WORKER_GROUP, certify, found, make_key
from core.runtime.sandbox import SCRATCH, sandbox
from core.runtime.spark_settings import (
    SETTINGS_FILE,
    driver_settings,
    executor_heap_mib,
    master_address,
    master_command,
    master_settings,
    worker_command,
    worker_settings,
)
from core.ticket import Overlay, RelayPoint

MEMBERS: Final = {"master": "10.77.0.1", "one": "10.77.0.2", "two": "10.77.0.3"}
_WORKER: Final = Resources(cpu_millis=1000, memory_mib=2048)
_DRIVER: Final = Resources(cpu_millis=1000, memory_mib=1536)
_MASTER: Final = Resources(cpu_millis=500, memory_mib=512)
_READY_WITHIN_S: Final = 120
_DAY_S: Final = 86_400
_RELAY: Final = RelayPoint("10.77.3.1", "relay.invalid", PORT)


class Cluster:
    """A running driver that takes one request after the other."""

    def __init__(self, driver: Container) -> None:
        self._driver = driver
        self._turn = 0

    def seconds(self, work: str) -> float:
        """How long the driver took over one kind of work."""
        put_files(self._driver, SCRATCH, {f"go-{self._turn}": work.encode()})
        took = float(json.loads(_await_file(self._driver, f"took-{self._turn}")))
        self._turn += 1
        return took


@contextmanager
def cluster(engine: ContainerEngine, images: Images, *, data: str, overlay: bool) -> Iterator[Cluster]:
    """A cluster whose driver is ready; `data` is a volume that all its members see at /data."""
    name = f"overlay-benchmark-{token_hex(4)}"
    labels = {"sparecloud.benchmark": name}
    network = engine.client.networks.create(name, driver="bridge", labels=labels)
    try:
        pauses = {member: _pause(engine, images, name, member, labels) for member in MEMBERS}
        addresses = {member: _address(pause, name) for member, pause in pauses.items()}
        if overlay:
            _tunnels(engine, images, pauses, addresses, labels)
            addresses = dict(MEMBERS)
        driver = _spark(engine, images, pauses, addresses, labels, data)
        _await_file(driver, "ready")
        yield Cluster(driver)
    finally:
        engine.remove(labels)
        network.remove()


def _pause(engine: ContainerEngine, images: Images, network: str, member: str, labels: dict[str, str]) -> Container:
    name = f"{network}-{member}"
    pause = engine.client.containers.create(
        images.overlay(),
        ["pause"],
        name=name,
        network=network,
        labels=labels,
        sysctls={"net.ipv4.ip_nonlocal_bind": "1"},
    )
    pause.start()
    pause.reload()
    return pause


def _address(pause: Container, network: str) -> str:
    return str(pause.attrs["NetworkSettings"]["Networks"][network]["IPAddress"])


def _tunnels(
    engine: ContainerEngine,
    images: Images,
    pauses: dict[str, Container],
    addresses: dict[str, str],
    labels: dict[str, str],
) -> None:
    now = int(time.time())
    authority = found("benchmark", now, now + _DAY_S)
    peers = {MEMBERS[member]: f"{address}:{PORT}" for member, address in addresses.items()}
    for member, pause in pauses.items():
        key, public = make_key()
        inside, group = MEMBERS[member], MASTER_GROUP if member == "master" else WORKER_GROUP
        certificate = certify(
            authority, name=member, address=inside, groups=[group], node_key=public, now=now, until=now + _DAY_S
        )
        place = Overlay(inside, authority.certificate, certificate, (_RELAY,), now + _DAY_S)
        settings = configuration.member(
            place,
            group=group,
            port=PORT,
            key_file="/lease/node.key",
            reached={_RELAY.address: (IPv4Address(addresses[member]), PORT)},
        )
        others = {address: place for address, place in peers.items() if address != inside}
        tunnel = engine.client.containers.create(
            images.overlay(),
            ["nebula", "/lease/nebula.json"],
            user="0:0",
            cap_drop=["ALL"],
            cap_add=["NET_ADMIN"],
            devices=["/dev/net/tun:/dev/net/tun:rw"],
            network_mode=f"container:{pause.id}",
            labels=labels,
            mounts=[Mount(target="/lease", source=None, type="volume", labels=labels)],
        )
        files = {"node.key": key.encode(), "nebula.json": direct(settings, others, {}).encode()}
        put_files(tunnel, "/lease", files, owner=0)
        tunnel.start()


def _spark(
    engine: ContainerEngine,
    images: Images,
    pauses: dict[str, Container],
    addresses: dict[str, str],
    labels: dict[str, str],
    data: str,
) -> Container:
    secret, master = token_hex(32), master_address(addresses["master"])

    def start(member: str, resources: Resources, command: list[str], files: dict[str, str]) -> Container:
        arguments: dict[str, Any] = sandbox(resources, labels, SCRATCH)
        arguments["mounts"] = [*arguments["mounts"], Mount(target="/data", source=data, type="volume")]
        host = addresses[member]
        container = engine.client.containers.create(
            images.allowed(),
            command,
            network_mode=f"container:{pauses[member].id}",
            environment={
                "SPARK_LOCAL_HOSTNAME": host,
                "SPARK_PUBLIC_DNS": host,
                "SPARK_LOCAL_IP": host,
                "SPARK_LOCAL_DIRS": SCRATCH,
            },
            **arguments,
        )
        put_files(container, SCRATCH, {name: text.encode() for name, text in files.items()})
        container.start()
        return container

    start("master", _MASTER, master_command(addresses["master"]), {SETTINGS_FILE: master_settings(secret)})
    for member in ("one", "two"):
        command = worker_command(addresses[member], master, _WORKER)
        start(member, _WORKER, command, {SETTINGS_FILE: worker_settings(secret)})
    settings = driver_settings(
        secret,
        host=addresses["master"],
        master=master,
        heap_mib=_DRIVER.memory_mib // 2,
        executor_mib=executor_heap_mib(_WORKER.memory_mib),
        cores=1,
        conf={},
    )
    program = (Path(__file__).parent / "job.py").read_text("utf-8")
    return start(
        "master",
        _DRIVER,
        ["driver", "--conf", "spark.cores.max=2", "--conf", "spark.speculation=false", f"{SCRATCH}/job.py"],
        {SETTINGS_FILE: settings, "job.py": program},
    )


def _await_file(driver: Container, name: str) -> bytes:
    deadline = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            return read_file(driver, f"{SCRATCH}/{name}")
        except docker.errors.NotFound:
            driver.reload()
            if driver.status != "running":
                break
            time.sleep(0.1)
    said = driver.logs(tail=5).decode(errors="replace").strip()
    raise SandboxFailed(f"The benchmark's driver did not answer: {said[-600:]}", "Run it again, on a quiet machine.")
