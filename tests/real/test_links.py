"""What clusters measure between donors: kept (core/links.py), and measured on loopback (the image's meter.py)."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.journal import open_journal
from core.links import FRESH_S, LinkBook
from core.model import Address
from core.observed import Way
from core.quote import Link
from core.runtime.images import recipe

ADA, GRACE, EDSGER = (Address(f"0x{number:040x}") for number in (1, 2, 3))
NOW = 1_000_000
METER = recipe.SPARK.folder / "meter.py"


def test_the_newest_measurement_of_a_pair_survives_the_agent(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)) as journal:
        book = LinkBook(journal)
        book.keep(GRACE, ADA, Way(9_000, 1_000), NOW - 10)
        book.keep(ADA, GRACE, Way(12_000, 85_000), NOW)

    with closing(open_journal(tmp_path)) as journal:
        known = LinkBook(journal).between([ADA, GRACE, EDSGER], NOW)

    assert known == (Link(ADA, GRACE, 12_000, 85_000),)


def test_a_donor_is_as_far_as_the_median_of_its_ways_and_old_ones_are_forgotten(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)) as journal:
        book = LinkBook(journal)
        book.keep(ADA, GRACE, Way(10_000, 1), NOW)
        book.keep(ADA, EDSGER, Way(30_000, 1), NOW)
        book.keep(ADA, ADA, Way(1, 1), NOW)

        assert book.latency_ms(NOW) == {ADA: 20, GRACE: 10, EDSGER: 30}
        assert book.latency_ms(NOW + FRESH_S) == {}


@pytest.fixture
def meter() -> Iterator[str]:
    """A meter on loopback, at the port that all meters have, in a network namespace of its own."""
    serving = subprocess.Popen([*_ALONE, sys.executable, str(METER), "serve", "127.0.0.1"])
    try:
        yield str(serving.pid)
    finally:
        serving.terminate()
        serving.wait(10)


def test_a_worker_measures_the_way_to_another_for_its_master(meter: str) -> None:
    said = _ask(meter, [str(METER), "ask", "127.0.0.1", "127.0.0.1"])

    found = json.loads(said)
    assert 0 < found["rtt_us"] < 1_000_000
    assert found["kbit_s"] > 1000


def test_a_worker_measures_for_nobody_else(meter: str) -> None:
    # What it did not read may close the connection with a reset.
    stranger = """
import socket
way = socket.create_connection(("127.0.0.1", 7079), 5, ("127.0.0.2", 0))
try:
    way.sendall(b"m")
    way.sendall(b"127.0.0.1")
    print(way.recv(10))
except ConnectionError:
    print(b"")
"""

    assert _ask(meter, ["-c", stranger]).strip() == "b''"


_ALONE = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "meter")


def _ask(pid: str, words: list[str]) -> str:
    for _ in range(50):
        tried = subprocess.run(
            ["nsenter", f"--net=/proc/{pid}/ns/net", sys.executable, *words], capture_output=True, text=True, timeout=30
        )
        if tried.returncode == 0:
            return tried.stdout
        time.sleep(0.1)
    raise AssertionError(tried.stderr)
