"""Homes are machines of their own: engines do not see each other, the plug can be pulled, and nothing stays behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.lab import netns, stranger
from tests.lab.machine import REPOSITORY
from tests.lab.routers import Nat
from tests.lab.world import CACHE, SERVERS, World, sweep, world

_WITHIN_S = 60


@pytest.fixture(scope="module")
def two() -> Iterator[World]:
    with world({"ada": Nat.FULL_CONE, "grace": Nat.SYMMETRIC}, images=()) as standing:
        yield standing


def test_each_home_has_an_engine_of_its_own(two: World) -> None:
    ada, grace = two.homes["ada"].engine.client, two.homes["grace"].engine.client

    ada.networks.create("only-here").reload()

    assert ada.info()["Name"] == "ada" and grace.info()["Name"] == "grace"
    assert "only-here" not in {found.name for found in grace.networks.list()}


def test_a_laptop_that_is_switched_off_loses_its_processes_and_keeps_its_disk(two: World) -> None:
    home = two.homes["ada"]
    home.engine.client.volumes.create("kept")
    running = home.laptop.start("something", ["sleep", "600"])

    home.power_off()
    off = running.running, stranger.connects(home.router, ("192.168.1.10", 1))
    home.power_on()

    assert off == (False, False)
    assert [volume.name for volume in home.engine.client.volumes.list()] == ["kept"]
    with closing(stranger.listening(two.servers["chain"].namespace, 8545)):
        assert stranger.connects(home.laptop.namespace, (SERVERS["chain"], 8545))


def test_a_process_with_a_wrong_clock_has_right_time_spans(two: World) -> None:
    program = "import time; print(time.time(), time.monotonic())"
    (two.folder / "says_when.py").write_text(program, "utf-8")

    words = [sys.executable, "-m", "tests.lab.skewed", "180", "says_when"]
    process = two.homes["ada"].laptop.start("clock", words, {"PYTHONPATH": str(two.folder)})
    process.wait(_WITHIN_S)
    told, spans_from = map(float, process.said().split())

    assert 180 - _WITHIN_S < told - time.time() <= 180
    assert abs(spans_from - time.monotonic()) < _WITHIN_S


def test_a_world_that_was_killed_is_swept_away_and_one_that_lives_is_not(two: World) -> None:
    program = (
        "from tests.lab.world import world; from tests.lab.routers import Nat; import sys, time\n"
        "with world({'ada': Nat.SYMMETRIC}, ()) as made: print(made.folder.name, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        name = other.stdout.readline().strip()
        os.kill(other.pid, signal.SIGKILL)

    left = netns.names(f"lab-{name.removeprefix('world-')}-")
    sweep()

    assert left
    assert not netns.names(f"lab-{name.removeprefix('world-')}-")
    assert not (CACHE / name).exists()
    assert two.folder.exists() and two.homes["grace"].engine.client.ping()
