"""What a container in the sandbox and on a lease's bridge cannot do, tried from inside, on real Docker."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from docker.models.containers import Container

from core.model import Resources
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.runtime.labels import LEASE, Label, Role
from core.runtime.network import BridgeNetwork
from core.runtime.sandbox import SCRATCH, sandbox
from tests.real.runtime_lab import a_lab, new_lease

OWNER = "sandbox-test"


class Inside:
    """A sandboxed container that sleeps, and the shell in it."""

    def __init__(self, container: Container, network: str) -> None:
        self.container = container
        self.network = network

    def try_(self, *command: str) -> tuple[int, str]:
        code, output = self.container.exec_run(list(command))
        assert isinstance(output, bytes)
        return int(code or 0), output.decode()

    def reaches(self, host: str, port: int) -> bool:
        code, _ = self.try_("python3", "-c", f"import socket; socket.create_connection(('{host}', {port}), 2)")
        return code == 0

    def address(self) -> str:
        self.container.reload()
        return str(self.container.attrs["NetworkSettings"]["Networks"][self.network]["IPAddress"])


@pytest.fixture(scope="module")
def lab() -> Iterator[tuple[ContainerEngine, Images]]:
    with a_lab() as made:
        yield made


@pytest.fixture(scope="module")
def three(lab: tuple[ContainerEngine, Images]) -> Iterator[list[Inside]]:
    """Two members of one lease, and one of another."""
    engine, images = lab
    network = BridgeNetwork(engine)
    mine, other = new_lease(), new_lease()
    labels = [
        Label(mine, Role.WORKER, OWNER, share=0),
        Label(mine, Role.WORKER, OWNER, share=1),
        Label(other, Role.WORKER, OWNER, share=0),
    ]
    try:
        yield [_asleep(engine, network, images.allowed(), label) for label in labels]
    finally:
        for lease in (mine, other):
            engine.remove({LEASE: lease})
            network.leave(lease)


def _asleep(engine: ContainerEngine, network: BridgeNetwork, image: str, label: Label) -> Inside:
    arguments: dict[str, Any] = {
        **network.ensure(label).arguments,
        **sandbox(Resources(cpu_millis=500, memory_mib=128), label.labels(), SCRATCH),
    }
    # Each listens, so that a neighbour has something to reach.
    server = ["python3", "-m", "http.server", "7077", "--directory", SCRATCH]
    container = engine.client.containers.create(image, entrypoint=server, name=label.name, **arguments)
    container.start()
    return Inside(container, f"sparecloud-{label.lease[2:]}")


def test_it_is_not_root_and_holds_no_capability(three: list[Inside]) -> None:
    _, status = three[0].try_("cat", "/proc/self/status")
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)

    assert facts["Uid"].split() == ["10001"] * 4
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(facts[name], 16) == 0
    assert facts["NoNewPrivs"] == "1"
    assert facts["Seccomp"] == "2"


def test_it_writes_to_its_scratch_folder_and_nowhere_else(three: list[Inside]) -> None:
    assert three[0].try_("touch", "/scratch/x")[0] == 0
    assert three[0].try_("touch", "/tmp/x")[0] == 0
    for path in ("/x", "/opt/spark/jars/x.jar", "/etc/x", "/usr/bin/x"):
        assert three[0].try_("touch", path)[0] != 0
    assert three[0].try_("sh", "-c", "echo x > /proc/sys/kernel/hostname")[0] != 0


def test_it_holds_no_way_back_to_the_engine_or_the_hosts_disk(three: list[Inside]) -> None:
    _, mounts = three[0].try_("cat", "/proc/self/mounts")

    assert three[0].try_("ls", "/var/run/docker.sock")[0] != 0
    assert three[0].try_("mount", "-t", "tmpfs", "none", "/scratch")[0] != 0
    assert three[0].try_("unshare", "-r", "true")[0] != 0
    assert " / overlay ro," in mounts


def test_the_memory_limit_holds(three: list[Inside]) -> None:
    assert three[0].try_("python3", "-c", "x = bytearray(200 * 2**20)")[0] != 0


def test_members_of_one_lease_reach_each_other_by_name(three: list[Inside]) -> None:
    assert three[0].reaches("worker-1", 7077)
    assert three[0].reaches(three[1].address(), 7077)


def test_another_lease_is_out_of_reach(three: list[Inside]) -> None:
    assert not three[0].reaches(three[2].address(), 7077)
    assert not three[2].reaches(three[1].address(), 7077)


def test_nobody_answers_where_the_way_out_would_be(three: list[Inside]) -> None:
    three[0].reaches(three[2].address(), 7077)

    _, neighbours = three[0].try_("cat", "/proc/net/arp")
    _, addresses = three[0].try_("cat", "/proc/net/if_inet6")

    known = [line.split()[0] for line in neighbours.splitlines()[1:] if line.split()[2] == "0x2"]
    members = {three[0].address(), three[1].address()}
    assert set(known) <= members
    assert [line for line in addresses.splitlines() if not line.startswith("0" * 31 + "1")] == []


def test_no_name_outside_the_lease_is_resolved(three: list[Inside]) -> None:
    code, _ = three[0].try_("python3", "-c", "import socket; socket.getaddrinfo('name.invalid', 80)")

    assert code != 0
    assert "127.0.0.11" in three[0].try_("cat", "/etc/resolv.conf")[1]


def test_the_host_is_out_of_reach_at_the_bridges_gateway(
    lab: tuple[ContainerEngine, Images], three: list[Inside]
) -> None:
    engine, images = lab
    control = engine.client.networks.create("sparecloud-test-control", driver="bridge", labels={"sparecloud.test": ""})
    with socket.create_server(("", 0)) as listener:
        port = int(listener.getsockname()[1])
        ordinary = engine.client.containers.create(
            images.allowed(), entrypoint=["sleep", "60"], network=control.id, labels={"sparecloud.test": "control"}
        )
        try:
            ordinary.start()
            control.reload()

            # An ordinary bridge does let the host be reached, so the probe itself works.
            assert Inside(ordinary, "").reaches(_gateway(control.attrs), port)
            for inside in three:
                attrs = engine.client.networks.get(inside.network).attrs
                assert not inside.reaches(_gateway(attrs), port)
        finally:
            ordinary.remove(force=True, v=True)
            control.remove()


def test_agents_that_join_at_once_agree_on_one_network(lab: tuple[ContainerEngine, Images]) -> None:
    engine, _ = lab
    lease = new_lease()
    labels = [Label(lease, Role.WORKER, f"donor-{index}", share=index) for index in range(4)]

    with ThreadPoolExecutor(4) as pool:
        seats = list(pool.map(lambda label: BridgeNetwork(engine).ensure(label), labels))
    standing = engine.client.networks.list(filters={"label": f"{LEASE}={lease}"})
    BridgeNetwork(engine).leave(lease)

    assert len(standing) == 1
    assert {seat.arguments["network"] for seat in seats} == {standing[0].id}
    assert engine.client.networks.list(filters={"label": f"{LEASE}={lease}"}) == []


def _gateway(attrs: dict[str, Any]) -> str:
    return str(attrs["IPAM"]["Config"][0]["Gateway"])
