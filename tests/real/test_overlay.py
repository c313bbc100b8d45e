"""A Spark cluster over the overlay: nodes on one engine that reach each other through a relay alone."""

import json
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from secrets import token_hex

import pytest
from docker.models.containers import Container

from core.model import Agreement, LeaseId
from core.observed import JobState
from core.runtime.archive import put_files
from core.runtime.clusters import DockerClusters
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.runtime.labels import LEASE, ROLE, SHARE
from core.runtime.overlay.certificates import Authority, certify, fingerprint, found, inspect, make_key
from core.runtime.overlay.network import OverlayNetwork
from core.runtime.overlay.nodes import NodeKeys
from core.runtime.workers import DockerWorkers
from core.ticket import FIRST_RELAY, MASTER, Overlay, RelayPoint, Ticket
from tests.real.runtime_lab import SECRET, a_lab, agreement, new_lease, registered, run, until

RELAY_HOST = "127.0.0.1"
WORKERS = ("10.77.0.2", "10.77.0.3")
DAY_S = 86_400

SHUFFLING = """
from pyspark.sql import SparkSession, functions as F

spark = SparkSession.builder.getOrCreate()
while True:
    facts = spark.range(20000).repartition(4).withColumn("k", F.col("id") % 10)
    total = facts.groupBy("k").agg(F.sum("id").alias("s")).agg(F.sum("s")).collect()[0][0]
    print("total", total, flush=True)
"""

WAITING = """
from pyspark.sql import SparkSession

conf = SparkSession.builder.getOrCreate().sparkContext.getConf()
print("at", conf.get("spark.driver.host"), conf.get("spark.driver.port"), flush=True)
"""


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


@dataclass
class Fabric:
    """The renter's half: an authority, and seats in its network."""

    network: LeaseId
    now: int = field(default_factory=lambda: int(time.time()))
    relay_port: int = field(default_factory=_free_port)
    revoked: tuple[str, ...] = ()
    authority: Authority = field(init=False)

    def __post_init__(self) -> None:
        self.authority = found("test", self.now, self.now + DAY_S)

    def certificate(self, address: str, group: str, node_key: str) -> str:
        return certify(
            self.authority,
            name=f"node-{address}",
            address=address,
            groups=(group,),
            node_key=node_key,
            now=self.now,
            until=self.now + DAY_S,
        )

    def ticket(self, certificate: str) -> Ticket:
        address = str(inspect(certificate).networks[0].ip)
        relays = (RelayPoint(str(FIRST_RELAY), RELAY_HOST, self.relay_port),)
        authority = self.authority.certificate
        overlay = Overlay(address, authority, certificate, relays, self.now + DAY_S, self.revoked)
        return Ticket(self.network, f"node-{address}", overlay)


@dataclass
class Cluster:
    engine: ContainerEngine
    agreed: Agreement
    fabric: Fabric
    donor: DockerWorkers
    renter: DockerClusters
    master: str = ""
    certificates: dict[str, str] = field(default_factory=dict)

    def ticket(self, address: str) -> Ticket:
        return self.fabric.ticket(self.certificates[address])

    def container(self, role: str, share: int) -> Container:
        (one,) = self.engine.labelled({LEASE: str(self.agreed.lease), ROLE: role, SHARE: str(share)})
        return one

    def reaches(self, share: int, host: str, port: int) -> bool:
        """Whether Spark's own container gets a connection."""
        probe = f"import socket; socket.create_connection(('{host}', {port}), 1)"
        code, _ = self.container("worker", share).exec_run(["python3", "-c", probe])
        return code == 0

    def gateway(self, share: int) -> str:
        return str(self._endpoint(share)["Gateway"])

    def bridged(self, share: int) -> str:
        return str(self._endpoint(share)["IPAddress"])

    def _endpoint(self, share: int) -> dict[str, object]:
        (endpoint,) = self.container("pause", share).attrs["NetworkSettings"]["Networks"].values()
        return dict(endpoint)


@pytest.fixture(scope="module")
def lab() -> Iterator[tuple[ContainerEngine, Images]]:
    with a_lab() as made:
        yield made


@pytest.fixture(scope="module")
def cluster(lab: tuple[ContainerEngine, Images], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    engine, images = lab
    agreed, relays = agreement(new_lease(), 2), frozenset({RELAY_HOST})
    keys = NodeKeys(tmp_path_factory.mktemp("donor")), NodeKeys(tmp_path_factory.mktemp("renter"))
    donor = DockerWorkers(engine, OverlayNetwork(engine, images, keys[0], relays), images, "overlay-donor")
    renter = DockerClusters(engine, OverlayNetwork(engine, images, keys[1], relays), images, "overlay-renter")
    made = Cluster(engine, agreed, Fabric(agreed.lease), donor, renter)
    relay = _relay(engine, images, made.fabric)
    try:
        _begin(made)
        until(120, lambda: registered(renter, agreed.lease) == set(WORKERS), "two workers are registered")
        yield made
    finally:
        relay.remove(force=True, v=True)
        for index in range(2):
            run(donor.forget(agreed.lease, index))
        run(renter.forget(agreed.lease))
    assert agreed.lease not in {lease for lease, _ in run(donor.held())}
    assert agreed.lease not in run(renter.held())


def _relay(engine: ContainerEngine, images: Images, fabric: Fabric) -> Container:
    private, public = make_key()
    settings = {
        "pki": {
            "ca": fabric.authority.certificate,
            "cert": fabric.certificate(str(FIRST_RELAY), "relay", public),
            "key": private,
        },
        "listen": {"host": "0.0.0.0", "port": fabric.relay_port, "send_recv_error": "never"},
        "lighthouse": {"am_lighthouse": True, "local_allow_list": {"0.0.0.0/0": False, "::/0": False}},
        "relay": {"am_relay": True, "use_relays": False},
        "tun": {"disabled": True},
        "cipher": "aes",
        "firewall": {"inbound": [], "outbound": []},
        "local_api": {"control": {"enabled": False}},
        "logging": {"level": "error"},
    }
    relay = engine.client.containers.create(
        images.overlay(),
        ["nebula", "/lease/nebula.json"],
        name=f"overlay-test-relay-{token_hex(4)}",
        user="10001:10001",
        cap_drop=["ALL"],
        network_mode="host",
        volumes=["/lease"],
    )
    put_files(relay, "/lease", {"nebula.json": json.dumps(settings).encode()})
    relay.start()
    return relay


def _begin(cluster: Cluster) -> None:
    lease, fabric = cluster.agreed.lease, cluster.fabric
    cluster.certificates[MASTER] = fabric.certificate(MASTER, "master", run(cluster.renter.enroll(lease)))
    cluster.master = run(cluster.renter.start_master(lease, SECRET, cluster.ticket(MASTER)))
    for index, address in enumerate(WORKERS):
        node_key = run(cluster.donor.enroll(lease, index))
        cluster.certificates[address] = fabric.certificate(address, "worker", node_key)
        share = cluster.agreed.shares[index]
        run(cluster.donor.start_worker(cluster.agreed, share, cluster.master, SECRET, cluster.ticket(address)))


def _submit(cluster: Cluster, folder: Path, name: str, program: str) -> None:
    (folder / f"{name}.py").write_text(program)
    run(cluster.renter.submit(cluster.agreed.lease, name, folder / f"{name}.py", [], None))


def _said(cluster: Cluster, name: str, pattern: str) -> list[str]:
    """What the job has printed so far and `pattern` finds."""

    async def read() -> bytes:
        return b"".join([chunk async for chunk in cluster.renter.logs(cluster.agreed.lease, name, follow=False)])

    return re.findall(pattern, run(read()).decode(), re.MULTILINE)


def test_a_job_goes_on_when_a_tunnel_dies_and_comes_back(cluster: Cluster, tmp_path: Path) -> None:
    lease = cluster.agreed.lease
    _submit(cluster, tmp_path, "shuffling", SHUFFLING)
    until(120, lambda: _said(cluster, "shuffling", "^total") != [], "the job shuffles over the overlay")

    cluster.container("tunnel", 1).kill()
    closed = not any(cluster.reaches(1, host, 7077) for host in (MASTER, cluster.gateway(1)))
    run(cluster.donor.renew(lease, 1, cluster.ticket(WORKERS[1])))
    before = len(_said(cluster, "shuffling", "^total"))
    until(120, lambda: len(_said(cluster, "shuffling", "^total")) > before + 5, "the job goes on")

    assert closed
    assert set(_said(cluster, "shuffling", r"^total (\d+)$")) == {"199990000"}
    until(60, lambda: registered(cluster.renter, lease) == set(WORKERS), "both workers are registered again")


def test_a_second_driver_finds_a_port_beside_the_first(cluster: Cluster, tmp_path: Path) -> None:
    lease = cluster.agreed.lease

    _submit(cluster, tmp_path, "waiting", WAITING)
    until(120, lambda: _said(cluster, "waiting", "^at ") != [], "the second driver is up")

    assert _said(cluster, "waiting", "^at .*$") == [f"at {MASTER} 7101"]
    assert {job.job: job.state for job in run(cluster.renter.jobs(lease))}["shuffling"] is JobState.RUNNING
    run(cluster.renter.stop_job(lease, "shuffling"))


def test_only_the_ports_of_the_other_group_answer(cluster: Cluster) -> None:
    assert cluster.reaches(0, MASTER, 7077)
    assert not cluster.reaches(0, MASTER, 8080)
    assert not cluster.reaches(0, WORKERS[1], 7078)
    assert run(cluster.renter.screen(cluster.agreed.lease))


def test_a_starting_agent_finds_nodes_again(cluster: Cluster) -> None:
    lease, share = cluster.agreed.lease, cluster.agreed.shares[0]
    before = run(cluster.donor.worker(lease, 0))

    again = run(cluster.donor.start_worker(cluster.agreed, share, cluster.master, SECRET, cluster.ticket(WORKERS[0])))

    assert again == before
    # Tests beside this one hold leases of their own on the same engine.
    assert {held for held in run(cluster.donor.held()) if held[0] == lease} == {(lease, 0), (lease, 1)}
    assert lease in run(cluster.renter.held())


def test_another_lease_on_the_same_machine_is_another_world(cluster: Cluster) -> None:
    other = Fabric(new_lease())
    certificate = other.certificate(WORKERS[0], "worker", run(cluster.donor.enroll(other.network, 0)))
    agreed = agreement(other.network, 1)
    try:
        run(cluster.donor.start_worker(agreed, agreed.shares[0], cluster.master, SECRET, other.ticket(certificate)))
        stranger = replace(cluster, agreed=agreed)

        # The same addresses, and nobody there: its relay knows nothing of the other's authority.
        assert not stranger.reaches(0, MASTER, 7077)
        assert not stranger.reaches(0, cluster.bridged(0), 7078)
    finally:
        run(cluster.donor.forget(other.network, 0))


def test_who_is_revoked_is_shut_out(cluster: Cluster) -> None:
    assert cluster.reaches(1, MASTER, 7077)

    cluster.fabric.revoked = (fingerprint(cluster.certificates[WORKERS[1]]),)
    run(cluster.renter.renew(cluster.agreed.lease, cluster.ticket(MASTER)))

    until(30, lambda: not cluster.reaches(1, MASTER, 7077), "the revoked worker is shut out")

    assert cluster.reaches(0, MASTER, 7077)
