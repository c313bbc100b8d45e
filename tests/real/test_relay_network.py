"""What a relay's Nebula does for two nodes that reach nothing but it, and for strangers, in namespaces of their own."""

import os
import secrets
import select
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

import pytest

from core.clock import SystemClock
from core.membership import images_folder
from core.model import Address, LeaseId
from core.relay.figures import Figures
from core.relay.lighthouse import RATE_VARIABLE, configuration
from core.relay.program import program
from core.relay.register import Carried
from core.runtime.overlay.certificates import Authority, certify, found, make_key
from core.runtime.overlay.configuration import member
from core.runtime.spark_settings import EXECUTOR_BLOCKS_PORT
from core.ticket import Overlay, RelayPoint
from tests.lab import netns

RELAY_PORT: Final = 24_700
REPORT_PORT: Final = 24_799
RELAY: Final = "10.77.3.1"
MASTER: Final = "10.77.0.1"
WORKER: Final = "10.77.0.2"
CHUNK: Final = b"x" * 65_536


@dataclass
class Place:
    """A relay's namespace, and one for each of the others: each has a cable to the relay's, and nothing else."""

    prefix: str
    folder: Path
    nebula: Path
    authority: Authority
    figures: Figures = field(default_factory=Figures)
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def name(self, who: str) -> str:
        return f"{self.prefix}{who}"

    def run(self, who: str, settings: str, rate: int = 0) -> None:
        """Nebula in that namespace, in the place of the one that may run there."""
        self.stop(who)
        file = self.folder / f"{who}.yml"
        file.write_text(settings)
        command = ["nsenter", f"--net={netns.FOLDER / self.name(who)}", str(self.nebula), "-config", str(file)]
        self.running[who] = subprocess.Popen(command, env=os.environ | {RATE_VARIABLE: str(rate)})

    def stop(self, who: str) -> None:
        process = self.running.pop(who, None)
        if process is not None:
            process.kill()
            process.wait(10)

    def everybody(self, rate: int = 0) -> None:
        """Relay, master and worker, all started anew."""
        self.relay(rate)
        self.member("master", MASTER, "master", "203.0.113.17")
        self.member("worker", WORKER, "worker", "203.0.113.33")

    def relay(self, rate: int = 0) -> None:
        private, public = make_key()
        carried = Carried(
            Address("0x" + "11" * 20),
            LeaseId("0x" + "22" * 32),
            RELAY_PORT,
            RELAY,
            self.authority.certificate,
            self.certificate(self.authority, RELAY, "relay", public),
        )
        settings = configuration(
            carried,
            private,
            listen="0.0.0.0",
            public_host="",
            reports_to=f"127.0.0.1:{REPORT_PORT}",
            report_name=self.figures.expect(),
        )
        self.run("relay", settings, rate)

    def member(self, who: str, at: str, group: str, reached: str, authority: Authority | None = None) -> None:
        authority = authority or self.authority
        private, public = make_key()
        (self.folder / f"{who}.key").write_text(private)
        certificate = self.certificate(authority, at, group, public)
        point = RelayPoint(RELAY, "relay", RELAY_PORT)
        overlay = Overlay(at, authority.certificate, certificate, (point,), 2**33)
        there = {RELAY: (IPv4Address(reached), RELAY_PORT)}
        self.run(
            who, member(overlay, group=group, port=24_001, key_file=str(self.folder / f"{who}.key"), reached=there)
        )

    def certificate(self, authority: Authority, at: str, group: str, public: str) -> str:
        now = SystemClock().now()
        return certify(authority, name=at, address=at, groups=(group,), node_key=public, now=now, until=now + 3600)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    prefix = f"rl{secrets.token_hex(2)}"
    nebula = program(images_folder(), print)
    now = SystemClock().now()
    made = Place(prefix, tmp_path_factory.mktemp("nodes"), nebula, found("ours", now, now + 3600))
    namespaces = [made.name(who) for who in ("relay", "master", "worker", "stranger")]
    try:
        for namespace in namespaces:
            netns.add(namespace)
        # Whoever forwarded packets by itself would make a relay superfluous.
        netns.within(namespaces[0], "sysctl", "-qw", "net.ipv4.ip_forward=0")
        for number, namespace in enumerate(namespaces[1:], 1):
            netns.cable((namespaces[0], f"to{number}"), (namespace, "eth0"))
            netns.address(namespaces[0], f"to{number}", f"203.0.113.{16 * number + 1}/28")
            netns.address(namespace, "eth0", f"203.0.113.{16 * number + 2}/28")
        made.everybody()
        yield made
    finally:
        for who in tuple(made.running):
            made.stop(who)
        for namespace in namespaces:
            netns.remove(namespace)


def connected(place: Place, who: str, within_s: float) -> socket.socket | None:
    """A connection from there to the worker's service, None where there is none within the deadline."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        with netns.entered(place.name(who)):
            line = socket.socket()
        line.settimeout(1)
        try:
            line.connect((WORKER, EXECUTOR_BLOCKS_PORT))
            return line
        except OSError:
            line.close()
            time.sleep(0.1)
    return None


@contextmanager
def listening(place: Place) -> Iterator[socket.socket]:
    """A service on the worker."""
    with netns.entered(place.name("worker")):
        service = socket.create_server(("0.0.0.0", EXECUTOR_BLOCKS_PORT))
    with service:
        service.settimeout(20)
        yield service


def moved(place: Place, for_s: float = 2.0) -> int:
    """How many bytes get from the master to the worker meanwhile."""
    count = 0
    with listening(place) as service:
        line = connected(place, "master", 40)
        assert line is not None
        accepted, _ = service.accept()
        with line, accepted:
            line.setblocking(False)
            accepted.setblocking(False)
            deadline = time.monotonic() + for_s
            while time.monotonic() < deadline:
                arrived, room, _ = select.select([accepted], [line], [], 0.1)
                if room:
                    line.send(CHUNK)
                if arrived:
                    count += len(accepted.recv(2**20))
    return count


def test_two_nodes_reach_each_other_through_the_relay_alone_also_after_it_was_killed(place: Place) -> None:
    with netns.entered(place.name("master")), socket.socket() as directly:
        directly.settimeout(1)
        with pytest.raises(OSError, match="unreachable"):
            directly.connect(("203.0.113.34", EXECUTOR_BLOCKS_PORT))

    with listening(place):
        before = connected(place, "master", 20)
        place.relay()
        after = connected(place, "master", 40)

    assert before is not None and after is not None
    before.close()
    after.close()


def await_report(place: Place) -> None:
    """Take the next report of the relay's Nebula."""
    with netns.entered(place.name("relay")):
        collector = socket.create_server(("127.0.0.1", REPORT_PORT))
    with collector:
        collector.settimeout(20)
        reporting, _ = collector.accept()
    with reporting, reporting.makefile() as lines:
        for line in lines:
            place.figures.report(line)


def test_the_rate_of_a_network_is_held_and_what_it_passes_on_is_reported(place: Place) -> None:
    freely = moved(place)

    place.everybody(rate=200_000)
    held = moved(place)
    await_report(place)

    # One second's worth in store, two seconds, and half a second for the slowness of this machine.
    assert 0 < held < 3.5 * 200_000
    assert freely > 10 * held
    assert place.figures.totals["forwarded_bytes"] > held
    assert place.figures.totals["dropped_packets"] > 0


def test_who_has_another_authority_gets_nothing(place: Place) -> None:
    now = SystemClock().now()
    strangers, at = found("strangers", now, now + 3600), "10.77.0.3"
    with listening(place):
        place.member("stranger", at, "master", "203.0.113.49", authority=strangers)
        outside = connected(place, "stranger", 4)

        place.member("stranger", at, "master", "203.0.113.49")
        inside = connected(place, "stranger", 40)
        place.stop("stranger")

    assert outside is None and inside is not None
    inside.close()


def test_a_stranger_gets_no_answer_whatever_it_sends(place: Place) -> None:
    kinds = [bytes([0x10 | kind, subtype]) + secrets.token_bytes(1200) for kind in range(8) for subtype in range(2)]
    with netns.entered(place.name("stranger")):
        line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with line:
        line.settimeout(1)
        for payload in [b"", b"\0", secrets.token_bytes(40), *kinds]:
            line.sendto(payload, ("203.0.113.49", RELAY_PORT))

        with pytest.raises(TimeoutError):
            line.recv(2048)

    with listening(place):
        alive = connected(place, "master", 20)
    assert alive is not None
    alive.close()
