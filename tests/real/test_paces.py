"""How fast donors are: kept by renters (core/paces.py), timed on loopback (the image's meter.py), benchmarked."""

import json
from contextlib import closing
from pathlib import Path

from core.journal import open_journal
from core.model import Address
from core.observed import Pace
from core.paces import ENOUGH, FRESH_S, PaceBook
from core.runtime.images import recipe
from core.runtime.network import BridgeNetwork
from core.runtime.speed import DockerBenchmark
from core.runtime.workers import DockerWorkers
from tests.real.runtime_lab import a_lab, run
from tests.real.test_links import _ask, meter

__all__ = ["meter"]

ADA, GRACE, EDSGER = (Address(f"0x{number:040x}") for number in (1, 2, 3))
NOW = 1_000_000
METER = recipe.SPARK.folder / "meter.py"


def test_a_donor_is_slow_by_the_median_of_several_measurements(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)) as journal:
        book = PaceBook(journal)
        for at, (ada, grace) in enumerate([(100, 100), (900, 100), (300, 600), (200, 700), (350, 650)]):
            book.keep(ADA, Pace(ada), 1000, NOW + at)
            book.keep(GRACE, Pace(grace), 1000, NOW + at)
        for at in range(ENOUGH - 1):
            book.keep(EDSGER, Pace(0), 1000, NOW + at)

    with closing(open_journal(tmp_path)) as journal:
        assert PaceBook(journal).slow(NOW + 9) == {ADA: 300}
        assert PaceBook(journal).slow(NOW + FRESH_S + 9) == {}


def test_five_good_measurements_make_up_for_the_bad_ones_before(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)) as journal:
        book = PaceBook(journal)
        for at in range(8):
            book.keep(ADA, Pace(100 if at < 5 else 900), 1000, NOW + at)

        assert book.slow(NOW + 9) == {}


def test_a_worker_is_timed_by_work_that_can_be_checked(meter: str) -> None:
    timed = json.loads(_ask(meter, [str(METER), "pace", "127.0.0.1"]))
    alone = json.loads(_ask(meter, [str(METER), "benchmark", "."]))

    assert alone["cpu_score"] > 20
    assert 0.3 < timed["cpu_score"] / alone["cpu_score"] < 2


def test_a_worker_that_makes_its_answer_up_has_no_speed(meter: str) -> None:
    lying = f"""
import os, runpy, threading, socket, sys
sys.argv = ["meter.py"]
meter = runpy.run_path({str(METER)!r}, run_name="meter")
door = socket.create_server(("127.0.0.1", 0))
meter["pace"].__globals__["PORT"] = door.getsockname()[1]
def lie():
    way, _ = door.accept()
    with way:
        way.recv(33, socket.MSG_WAITALL)
        way.sendall(os.urandom(16 * 32))
threading.Thread(target=lie, daemon=True).start()
print(meter["pace"]("127.0.0.1"))
door.close()
"""

    assert _ask(meter, ["-c", lying]).strip() == "{'cpu_score': 0}"


def test_nobody_but_the_master_makes_a_worker_compute(meter: str) -> None:
    stranger = """
import socket
way = socket.create_connection(("127.0.0.1", 7079), 5, ("127.0.0.2", 0))
try:
    way.sendall(b"c" + bytes(32))
    print(way.recv(10))
except ConnectionError:
    print(b"")
"""

    assert _ask(meter, ["-c", stranger]).strip() == "b''"


def test_the_benchmark_measures_in_a_workers_sandbox_and_leaves_nothing() -> None:
    with a_lab() as (engine, images):
        speed = run(DockerBenchmark(engine, images, "benchmarked").run())

        held = run(DockerWorkers(engine, BridgeNetwork(engine), images, "benchmarked").held())

    assert min(speed.cpu_score, speed.memory_mib_s, speed.disk_mib_s) > 5
    assert (speed.up_kib_s, speed.measured_at) == (0, 0)
    assert held == frozenset()
