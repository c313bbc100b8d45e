"""What a container in the sandbox and on a lease's bridge cannot do, tried from inside, on real Docker."""

import socket
import subprocess
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from docker.errors import NotFound
from docker.models.containers import Container

from core.errors import SandboxFailed
from core.model import LeaseId, Resources
from core.observed import WorkerReport, WorkerState
from core.runtime.archive import get_tree
from core.runtime.container_engine import ContainerEngine
from core.runtime.disks import DISK, Disks, disk_of
from core.runtime.images import Images
from core.runtime.labels import LEASE, ROLE, Label, Role
from core.runtime.network import BridgeNetwork
from core.runtime.sandbox import SCRATCH, sandbox
from core.runtime.workers import DockerWorkers
from core.ticket import Ticket
from tests.real.runtime_lab import SECRET, SHAPE, a_lab, agreement, new_lease, run

OWNER = "sandbox-test"
MASTER = "spark://master:7077"


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


@dataclass(frozen=True)
class Worker:
    """A real worker, its container, and how it is started (again)."""

    engine: ContainerEngine
    runtime: DockerWorkers
    lease: LeaseId
    container: Container
    begin: Callable[[], Coroutine[Any, Any, WorkerReport]]

    @property
    def label(self) -> Label:
        return Label(self.lease, Role.WORKER, OWNER, share=0)


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
            network.leave(Label(lease, Role.WORKER, OWNER, share=0))


def _asleep(engine: ContainerEngine, network: BridgeNetwork, image: str, label: Label) -> Inside:
    arguments: dict[str, Any] = {
        **network.ensure(label, Ticket(label.home, label.member)).arguments,
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
        places = list(pool.map(lambda label: BridgeNetwork(engine).ensure(label, Ticket(lease, label.member)), labels))
    standing = engine.client.networks.list(filters={"label": f"{LEASE}={lease}"})
    BridgeNetwork(engine).leave(labels[0])

    assert len(standing) == 1
    assert {place.arguments["network"] for place in places} == {standing[0].id}
    assert engine.client.networks.list(filters={"label": f"{LEASE}={lease}"}) == []


@pytest.fixture(scope="module")
def worker(lab: tuple[ContainerEngine, Images]) -> Iterator[Worker]:
    """A worker that every test leaves running."""
    with _a_worker(*lab) as made:
        yield made


@contextmanager
def _a_worker(engine: ContainerEngine, images: Images) -> Iterator[Worker]:
    """A worker, started as the donor's agent starts one; its master never answers."""
    workers = DockerWorkers(engine, BridgeNetwork(engine), images, OWNER)
    agreed = agreement(new_lease(), 1)
    begin = partial(workers.start_worker, agreed, agreed.shares[0], MASTER, SECRET, Ticket(agreed.lease, "worker"))
    try:
        run(begin())
        (container,) = engine.labelled({LEASE: agreed.lease, ROLE: Role.WORKER.value})
        yield Worker(engine, workers, agreed.lease, container, begin)
    finally:
        run(workers.forget(agreed.lease, 0))


def test_a_disk_is_the_workers_size_and_its_users_own(worker: Worker) -> None:
    _, said = Inside(worker.container, "").try_("stat", "-f", "-c", "%T %S %b", SCRATCH)
    kind, block, blocks = said.split()

    assert kind == "ext2/ext3"
    assert 900 * 2**20 < int(block) * int(blocks) <= 1024 * 2**20
    assert Inside(worker.container, "").try_("stat", "-c", "%u:%g", SCRATCH)[1].strip() == "10001:10001"


def test_a_worker_that_ended_finds_its_disk_as_it_left_it(worker: Worker) -> None:
    Inside(worker.container, "").try_("touch", "/scratch/kept")
    run(worker.runtime.stop_worker(worker.lease, 0, within_s=0))

    run(worker.begin())

    assert Inside(worker.container, "").try_("ls", "/scratch/kept")[0] == 0


def test_a_disk_lost_with_a_reboot_is_made_anew(worker: Worker) -> None:
    run(worker.runtime.stop_worker(worker.lease, 0, within_s=0))
    link = Path(disk_of(worker.label))
    subprocess.run(["losetup", "--detach", str(link.resolve())], check=True, timeout=10)
    link.unlink()

    report = run(worker.begin())

    assert report.state is WorkerState.RUNNING
    assert Inside(worker.container, "").try_("touch", "/scratch/x")[0] == 0


def test_forgetting_a_share_leaves_no_disk_even_after_its_volume_was_pruned(
    lab: tuple[ContainerEngine, Images],
) -> None:
    with _a_worker(*lab) as worker:
        for volume in worker.engine.volumes({LEASE: worker.lease, ROLE: DISK}):
            volume.remove()

        run(worker.runtime.forget(worker.lease, 0))

        backing = [path.read_text() for path in Path("/sys/block").glob("loop*/loop/backing_file")]
        assert not [path for path in backing if worker.label.name in path]
        assert not Path(disk_of(worker.label)).is_symlink()
        assert worker.engine.volumes({LEASE: worker.lease}) == []


def test_a_disk_whose_worker_never_came_is_held_until_it_is_forgotten(lab: tuple[ContainerEngine, Images]) -> None:
    engine, images = lab
    lease = new_lease()
    workers = DockerWorkers(engine, BridgeNetwork(engine), images, OWNER)
    Disks(engine, images).attach(Label(lease, Role.WORKER, OWNER, share=0), 8)

    held = run(workers.held())
    run(workers.forget(lease, 0))

    assert (lease, 0) in held
    assert (lease, 0) not in run(workers.held())


def test_a_disk_larger_than_what_is_free_is_refused_and_leaves_nothing(lab: tuple[ContainerEngine, Images]) -> None:
    engine, images = lab
    label = Label(new_lease(), Role.WORKER, OWNER, share=0)

    with pytest.raises(SandboxFailed, match="could not be made"):
        Disks(engine, images).attach(label, 2**31 - 1)
    Disks(engine, images).drop(label)

    assert engine.volumes({LEASE: label.lease}) == []


def test_a_worker_is_shrunk_paused_and_given_back_its_time(worker: Worker) -> None:
    seen = []
    for permille in (500, 500, 0, 0, 250, 1000):
        report = run(worker.runtime.grant_worker(worker.lease, 0, SHAPE, permille))
        worker.container.reload()
        seen.append((report.state, worker.container.status, worker.container.attrs["HostConfig"]["CpuQuota"]))

    assert {state for state, _, _ in seen} == {WorkerState.RUNNING}
    assert [(status, quota) for _, status, quota in seen] == [
        ("running", 50_000),
        ("running", 50_000),
        ("paused", 50_000),
        ("paused", 50_000),
        ("running", 25_000),
        ("running", 100_000),
    ]


def test_granting_time_to_a_worker_that_is_gone_changes_nothing(lab: tuple[ContainerEngine, Images]) -> None:
    engine, images = lab
    workers = DockerWorkers(engine, BridgeNetwork(engine), images, OWNER)

    report = run(workers.grant_worker(new_lease(), 0, SHAPE, 500))

    assert report.state is WorkerState.ABSENT


def test_links_that_a_job_planted_lead_our_writes_nowhere(worker: Worker, tmp_path: Path) -> None:
    victim = tmp_path / "a file of the host"
    victim.write_text("untouched")
    plant = f"rm -f /scratch/spark.properties; ln -s '{victim}' /scratch/spark.properties"
    assert Inside(worker.container, "").try_("sh", "-c", plant)[0] == 0
    run(worker.runtime.stop_worker(worker.lease, 0, within_s=0))

    run(worker.begin())

    assert victim.read_text() == "untouched"
    _, said = Inside(worker.container, "").try_("stat", "-c", "%F", "/scratch/spark.properties")
    assert said.strip() == "regular file"


def test_links_pipes_and_names_that_a_job_planted_lead_our_reads_nowhere(worker: Worker, tmp_path: Path) -> None:
    secret = tmp_path / "a file of the host"
    secret.write_text("secret")
    plant = f"""
        rm -rf /scratch/output; mkdir -p /scratch/output/folder && cd /scratch/output
        echo harmless > plain; ln plain hard; mkfifo pipe
        ln -s '{secret}' link; ln -s {tmp_path} folder-link; ln -s ../../../.. up; ln -s / folder/root
        echo x > 'folder/..odd name'
    """
    assert Inside(worker.container, "").try_("sh", "-c", plant)[0] == 0
    target = tmp_path / "fetched"

    files = get_tree(worker.container, "/scratch/output", target)

    assert {str(file.relative_to(target)) for file in files} <= {"plain", "hard", "folder/..odd name"}
    assert {target / "plain", target / "hard"} & set(files)
    assert not [path for path in target.rglob("*") if path.is_symlink() or not (path.is_file() or path.is_dir())]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a file of the host", "fetched"]


def test_an_output_folder_that_is_itself_a_link_shows_nothing_of_the_host(worker: Worker, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    plant = f"rm -rf /scratch/output; ln -s {tmp_path} /scratch/output"
    assert Inside(worker.container, "").try_("sh", "-c", plant)[0] == 0

    with pytest.raises(NotFound):
        get_tree(worker.container, "/scratch/output/.", tmp_path / "fetched")


def _gateway(attrs: dict[str, Any]) -> str:
    return str(attrs["IPAM"]["Config"][0]["Gateway"])
