"""What the engine says a worker uses: processor time, memory that is really held, and bytes."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from docker.models.containers import Container

from core.model import LeaseId
from core.runtime.labels import LEASE, ROLE, SHARE
from core.runtime.network import BridgeNetwork
from core.runtime.spark_settings import EXECUTOR_BLOCKS_PORT
from core.runtime.workers import DockerWorkers
from core.ticket import Ticket, worker_name
from tests.real.runtime_lab import SECRET, SHAPE, a_lab, agreement, new_lease, run

MIB = 2**20
SENT_MIB = 32

BURN = "import time\nuntil = time.monotonic() + 8\nwhile time.monotonic() < until: pass"
READ = "with open('/scratch/cached', 'wb') as file: file.write(bytes(300 << 20))"
HOLD = "import time; held = bytearray(200 << 20); held[::4096] = bytes(len(held[::4096])) ; time.sleep(8)"
TAKE = """
import socket
with socket.create_server(("", {port})) as door:
    way, _ = door.accept()
    while way.recv(65536): pass
"""
SEND = """
import socket, time
for attempt in range(100):
    try:
        way = socket.create_connection(("{host}", {port}), 1)
        break
    except OSError:
        time.sleep(0.1)
way.sendall(bytes({mib} << 20))
way.close()
"""


@dataclass
class Pair:
    """Two workers that wait for a master that never comes."""

    donor: DockerWorkers
    lease: LeaseId
    containers: list[Container]

    def begin(self, index: int, program: str) -> None:
        self.containers[index].exec_run(["python3", "-c", program], detach=True)


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with a_lab() as (engine, images):
        agreed = agreement(new_lease(), 2)
        donor = DockerWorkers(engine, BridgeNetwork(engine), images, "used-donor")
        try:
            for share in agreed.shares:
                ticket = Ticket(agreed.lease, worker_name(agreed.lease, share.index))
                run(donor.start_worker(agreed, share, "spark://master:7077", SECRET, ticket))
            found = [engine.labelled({LEASE: agreed.lease, ROLE: "worker", SHARE: str(at)})[0] for at in range(2)]
            yield Pair(donor, agreed.lease, found)
        finally:
            for index in range(2):
                run(donor.forget(agreed.lease, index))


def test_a_worker_that_computes_uses_its_core(pair: Pair) -> None:
    idle = run(pair.donor.usage(pair.lease, 0))
    pair.begin(0, BURN)
    time.sleep(1)
    run(pair.donor.usage(pair.lease, 0))

    time.sleep(3)
    busy = run(pair.donor.usage(pair.lease, 0))

    assert idle is not None
    assert busy is not None
    assert idle.cpu_millis < 500
    # Less where this very machine is busy, and never more than the share.
    assert 400 < busy.cpu_millis <= SHAPE.cpu_millis * 1.1


def test_page_cache_is_no_memory_used_and_what_a_program_holds_is(pair: Pair) -> None:
    before = run(pair.donor.usage(pair.lease, 1))
    code, said = pair.containers[1].exec_run(["python3", "-c", READ])
    cached = run(pair.donor.usage(pair.lease, 1))
    pair.begin(1, HOLD)
    time.sleep(2)
    holding = run(pair.donor.usage(pair.lease, 1))

    assert code == 0, said
    assert before is not None
    assert cached is not None
    assert holding is not None
    assert cached.memory_mib - before.memory_mib < 100
    assert holding.memory_mib - cached.memory_mib > 150


def test_what_one_worker_sends_another_receives(pair: Pair) -> None:
    pair.begin(1, TAKE.format(port=EXECUTOR_BLOCKS_PORT))
    before = [run(pair.donor.usage(pair.lease, index)) for index in range(2)]

    host = worker_name(pair.lease, 1)
    sending = SEND.format(host=host, port=EXECUTOR_BLOCKS_PORT, mib=SENT_MIB)
    code, said = pair.containers[0].exec_run(["python3", "-c", sending])
    time.sleep(1)
    after = [run(pair.donor.usage(pair.lease, index)) for index in range(2)]

    assert code == 0, said
    assert before[0] is not None
    assert before[1] is not None
    assert after[0] is not None
    assert after[1] is not None
    assert SENT_MIB <= (after[0].sent_bytes - before[0].sent_bytes) / MIB < SENT_MIB * 1.1
    assert SENT_MIB <= (after[1].received_bytes - before[1].received_bytes) / MIB < SENT_MIB * 1.1


def test_a_look_costs_this_program_little_and_a_stopped_worker_uses_nothing(pair: Pair) -> None:
    run(pair.donor.usage(pair.lease, 0))

    began, worked = time.monotonic(), time.process_time()
    looks = [run(pair.donor.usage(pair.lease, 0)) for _ in range(3)]
    took_s, worked_s = time.monotonic() - began, time.process_time() - worked
    run(pair.donor.stop_worker(pair.lease, 0, within_s=0))

    assert None not in looks
    assert took_s < 3 * 2
    assert worked_s < 3 * 0.05
    assert run(pair.donor.usage(pair.lease, 0)) is None
    assert run(pair.donor.usage(pair.lease, 77)) is None
