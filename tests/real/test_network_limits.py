"""A worker sends and receives what its owner allows and no more: over the overlay, and on a bridge."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from docker.models.containers import Container

from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.runtime.labels import LEASE, ROLE, SHARE
from core.runtime.network import BridgeNetwork
from core.runtime.spark_settings import EXECUTOR_BLOCKS_PORT
from core.runtime.workers import DockerWorkers
from core.ticket import Ticket, worker_name
from tests.real.runtime_lab import SECRET, agreement, new_lease, run
from tests.real.test_overlay import WORKERS, Cluster, cluster, lab

__all__ = ["cluster", "lab"]

BOUND_KIB_S = 1024
SENDING_S = 6

SINK = """
import socket, time
with socket.create_server(("", {port})) as door:
    way, _ = door.accept()
    way.settimeout(30)
    taken, began = 0, None
    while block := way.recv(65536):
        began = began or time.monotonic()
        taken += len(block)
print(round(taken / 1024 / (time.monotonic() - began)))
"""

SOURCE = """
import socket, time
for attempt in range(100):
    try:
        way = socket.create_connection(("{host}", {port}), 1)
        break
    except OSError:
        time.sleep(0.1)
way.settimeout(30)
until = time.monotonic() + {seconds}
while time.monotonic() < until:
    way.send(bytes(16384))
way.close()
"""


def moved_kib_s(source: Container, sink: Container, host: str) -> int:
    """How fast `sink` gets what `source` sends it for some seconds."""
    taking = SINK.format(port=EXECUTOR_BLOCKS_PORT)
    sending = SOURCE.format(host=host, port=EXECUTOR_BLOCKS_PORT, seconds=SENDING_S)
    with ThreadPoolExecutor(1) as beside:
        taken = beside.submit(sink.exec_run, ["python3", "-c", taking])
        code, said = source.exec_run(["python3", "-c", sending])
        assert code == 0, said
        output = taken.result().output
        assert isinstance(output, bytes)
        return int(output)


def test_the_overlay_of_a_bounded_worker_carries_as_much_and_no_more(cluster: Cluster) -> None:
    donor, lease = cluster.donor, cluster.agreed.lease
    bounded, other = cluster.container("worker", 0), cluster.container("worker", 1)
    unbounded = moved_kib_s(bounded, other, WORKERS[1])
    before = run(donor.usage(lease, 0))

    run(donor.bound_network(lease, 0, BOUND_KIB_S, 0))
    began = time.monotonic()
    up = moved_kib_s(bounded, other, WORKERS[1])
    after, took_s = run(donor.usage(lease, 0)), time.monotonic() - began
    run(donor.bound_network(lease, 0, 0, BOUND_KIB_S))
    down = moved_kib_s(other, bounded, WORKERS[0])
    up_again = moved_kib_s(bounded, other, WORKERS[1])
    run(donor.bound_network(lease, 0, 0, 0))
    down_again = moved_kib_s(other, bounded, WORKERS[0])

    assert min(unbounded, up_again, down_again) > 4 * BOUND_KIB_S
    assert BOUND_KIB_S * 0.7 < up < BOUND_KIB_S
    # The kernel lets what could have been received in the second before pass at once.
    assert BOUND_KIB_S * 0.5 < down < BOUND_KIB_S * (SENDING_S + 1.5) / SENDING_S
    assert before is not None
    assert after is not None
    assert after.sent_bytes - before.sent_bytes < BOUND_KIB_S * 1024 * (took_s + 1)


def test_bounds_set_again_cost_nothing_and_those_of_a_worker_that_is_not_there_neither(cluster: Cluster) -> None:
    donor, lease = cluster.donor, cluster.agreed.lease
    run(donor.bound_network(lease, 0, BOUND_KIB_S, BOUND_KIB_S))

    began = time.monotonic()
    run(donor.bound_network(lease, 0, BOUND_KIB_S, BOUND_KIB_S))
    run(donor.bound_network(lease, 77, BOUND_KIB_S, BOUND_KIB_S))

    assert time.monotonic() - began < 0.4
    assert not cluster.engine.labelled({LEASE: str(lease), ROLE: "bounds"})


@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
def test_a_bridge_carries_what_a_bounded_worker_may(lab: tuple[ContainerEngine, Images], up: bool) -> None:
    engine, images = lab
    agreed = agreement(new_lease(), 2)
    donor = DockerWorkers(engine, BridgeNetwork(engine), images, "bounded-donor")
    names = [worker_name(agreed.lease, index) for index in range(2)]
    try:
        for share, name in zip(agreed.shares, names, strict=True):
            run(donor.start_worker(agreed, share, "spark://master:7077", SECRET, Ticket(agreed.lease, name)))
        bounded, other = (
            engine.labelled({LEASE: agreed.lease, ROLE: "worker", SHARE: str(index)})[0] for index in range(2)
        )
        run(donor.bound_network(agreed.lease, 0, BOUND_KIB_S if up else 0, 0 if up else BOUND_KIB_S))

        moved = moved_kib_s(bounded, other, names[1]) if up else moved_kib_s(other, bounded, names[0])

        assert BOUND_KIB_S * 0.5 < moved < BOUND_KIB_S * (SENDING_S + 1.5) / SENDING_S
    finally:
        for index in range(2):
            run(donor.forget(agreed.lease, index))
