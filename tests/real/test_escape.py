"""A hostile worker, started as any other, tries to leave its sandbox; each attempt must be held.

The same attempts in a container without the sandbox show that they would succeed. What they aim at is owned by a
namespace of the test: see escape/outside.py.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from docker.models.containers import Container

from core.model import LeaseId
from core.observed import WorkerState
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.runtime.labels import LEASE, ROLE, Role
from core.runtime.overlay import configuration
from core.runtime.overlay.certificates import certify, found
from core.runtime.overlay.network import OverlayNetwork
from core.runtime.overlay.nodes import NodeKeys
from core.runtime.workers import DockerWorkers
from core.ticket import FIRST_RELAY, FIRST_WORKER, Overlay, RelayPoint, Ticket
from tests.real.escape import attempts, outside
from tests.real.runtime_lab import SECRET, SHAPE, a_lab, agreement, new_lease, run

OWNER = "escape-test"
MASTER_ADDRESS = "spark://10.77.0.1:7077"
MOST_PROCESSES = 512
LEAST_DISK_MIB = 1024
LOG_BYTES = 11 * 2**20

LOOSE_REACHES = (
    *("host_files", "foreign_processes", "engine_socket", "devices", "device_nodes", "writable_places"),
    *("root_user", "setuid_programs", "capabilities", "mount", "namespaces", "trace", "keyrings"),
    *("bpf", "raw_sockets", "packet_filter", "scratch_is_mounted_safely"),
    *("host_tcp", "host_udp", "host_icmp", "lan_tcp", "lan_udp", "lan_icmp", "lan_dns", "metadata_tcp"),
    *("internet_tcp", "internet_udp", "internet_dns", "relay_udp", "tunnel_port"),
    *("fork_bomb", "memory_bomb", "disk_fill"),
)
"""What gets through where nothing holds it. The other attempts could only be shown by harming this machine."""


@dataclass(frozen=True)
class Donor:
    """One donor's runtime, a hostile worker on it, and a worker of somebody else."""

    engine: ContainerEngine
    images: Images
    runtime: DockerWorkers
    mine: LeaseId
    targets: dict[str, str]

    @property
    def worker(self) -> Container:
        return _of(self.engine, self.mine, Role.WORKER)


@pytest.fixture(scope="module")
def lab() -> Iterator[tuple[ContainerEngine, Images]]:
    with a_lab() as made:
        yield made


@pytest.fixture(scope="module")
def donor(lab: tuple[ContainerEngine, Images], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Donor]:
    engine, images = lab
    marker = tmp_path_factory.mktemp("host") / "a file of the host"
    marker.write_text("secret")
    keys = NodeKeys(tmp_path_factory.mktemp("nodes"))
    runtime = DockerWorkers(engine, OverlayNetwork(engine, images, keys, frozenset({outside.RELAY})), images, OWNER)
    mine, others = new_lease(), new_lease()
    with outside.outside() as process:
        try:
            for lease in (mine, others):
                _start(runtime, lease)
            pause = _of(engine, mine, Role.PAUSE)
            (network,) = pause.attrs["NetworkSettings"]["Networks"].values()
            targets = {
                "marker": str(marker),
                "process": process,
                "port": str(outside.PORT),
                "host": str(network["Gateway"]),
                "lan": outside.LAN,
                "metadata": outside.METADATA,
                "internet": outside.INTERNET,
                "relay": outside.RELAY,
                "tunnel_port": str(configuration.udp_port(mine, str(pause.name))),
                "other": _bridged(_of(engine, others, Role.PAUSE)),
                "processes": str(MOST_PROCESSES),
                "memory_mib": str(SHAPE.memory_mib),
                "disk_mib": str(LEAST_DISK_MIB),
            }
            # As the engine names a bridge on the host.
            bridge = f"br-{network['NetworkID'][:12]}"
            with outside.led_outside(bridge), outside.listening(targets["host"]):
                yield Donor(engine, images, runtime, mine, targets)
        finally:
            for lease in (mine, others):
                run(runtime.forget(lease, 0))


@pytest.fixture(scope="module")
def reached(donor: Donor, in_the_open: dict[str, str]) -> dict[str, str]:
    """What the hostile worker got hold of, attempt by attempt."""
    return _tried(donor.worker, donor.targets, (*attempts.ATTEMPTS, *attempts.HUNGRY))


@pytest.fixture(scope="module")
def in_the_open(donor: Donor) -> dict[str, str]:
    """What the same program gets hold of in a container of the same bridge that nothing holds."""
    (bridge,) = _of(donor.engine, donor.mine, Role.PAUSE).attrs["NetworkSettings"]["Networks"]
    loose = donor.engine.client.containers.create(
        donor.images.allowed(),
        entrypoint=["sleep", "120"],
        user="0:0",
        network=bridge,
        pid_mode="host",
        cap_add=["SYS_ADMIN", "SYS_PTRACE", "NET_ADMIN", "NET_RAW", "DAC_READ_SEARCH"],
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        devices=["/dev/loop-control:/dev/loop-control:rw"],
        volumes={"/var/run/docker.sock": {"bind": "/var/run/docker.sock", "mode": "rw"}},
        tmpfs={"/tmp": "exec"},
        mem_limit="4g",
        labels={"sparecloud.test": OWNER},
    )
    try:
        loose.start()
        return _tried(loose, donor.targets, LOOSE_REACHES)
    finally:
        loose.remove(force=True, v=True)


@pytest.mark.parametrize("name", [*attempts.ATTEMPTS, *attempts.HUNGRY])
def test_a_hostile_worker_is_held(name: str, reached: dict[str, str]) -> None:
    assert reached[name] == ""


@pytest.mark.parametrize("name", LOOSE_REACHES)
def test_the_same_attempt_succeeds_where_nothing_holds_it(name: str, in_the_open: dict[str, str]) -> None:
    assert in_the_open[name] != ""


def test_what_a_worker_writes_to_its_log_stays_bounded(donor: Donor, reached: dict[str, str]) -> None:
    worker = donor.worker

    written = sum(file.stat().st_size for file in Path(worker.attrs["LogPath"]).parent.glob("*-json.log*"))

    assert reached["log_flood"] == ""
    assert 2**20 < written <= LOG_BYTES


def test_a_full_disk_is_the_workers_own(donor: Donor, reached: dict[str, str]) -> None:
    assert reached["disk_fill"] == ""

    (image,) = donor.engine.volumes({LEASE: donor.mine, ROLE: "disk"})
    folder = Path(image.attrs["Mountpoint"])

    assert sum(file.stat().st_blocks * 512 for file in folder.iterdir()) <= (LEAST_DISK_MIB + 1) * 2**20


def test_a_worker_that_took_too_much_memory_is_said_to_have(donor: Donor, reached: dict[str, str]) -> None:
    assert reached["memory_bomb"] == ""

    report = run(donor.runtime.stop_worker(donor.mine, 0, within_s=0))

    assert report.state is WorkerState.EXITED
    assert report.cause == "It needed more memory than its limit."


def _start(runtime: DockerWorkers, lease: LeaseId) -> None:
    now, agreed = int(time.time()), agreement(lease, 1)
    authority = found("escape", now, now + 3600)
    address = str(FIRST_WORKER)
    certificate = certify(
        authority,
        name="node",
        address=address,
        groups=("worker",),
        node_key=run(runtime.enroll(lease, 0)),
        now=now,
        until=now + 3600,
    )
    relays = (RelayPoint(str(FIRST_RELAY), outside.RELAY, outside.PORT),)
    overlay = Overlay(address, authority.certificate, certificate, relays, now + 3600)
    run(runtime.start_worker(agreed, agreed.shares[0], MASTER_ADDRESS, SECRET, Ticket(lease, "node", overlay)))


def _tried(container: Container, targets: dict[str, str], names: tuple[str, ...]) -> dict[str, str]:
    """Run the attempts in a container; what each reached."""
    program = Path(attempts.__file__).read_text("utf-8")
    code, said = container.exec_run(["python3", "-c", program, *names], environment={"TARGETS": json.dumps(targets)})
    assert isinstance(said, bytes)
    assert code == 0, said.decode()
    answer: dict[str, str] = json.loads(said)
    assert set(answer) == set(names)
    return answer


def _of(engine: ContainerEngine, lease: LeaseId, role: Role) -> Container:
    (one,) = engine.labelled({LEASE: str(lease), ROLE: role.value})
    return one


def _bridged(pause: Container) -> str:
    (network,) = pause.attrs["NetworkSettings"]["Networks"].values()
    return str(network["IPAddress"])
