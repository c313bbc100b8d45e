"""What can go wrong on the wires: a cable pulled, a slow and lossy line, a service that packets do not reach."""

import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.lab import netns
from tests.lab.machine import REPOSITORY
from tests.lab.routers import WAN
from tests.lab.world import SWITCH, World

_CARRIES_WITHIN_S: Final = 10


@contextmanager
def pulled(world: World, name: str) -> Iterator[None]:
    """The cable of a home, or of a server, is out of the internet's switch meanwhile; both ends notice."""
    netns.ip("-n", world.internet, "link", "set", name, "down")
    try:
        yield
    finally:
        netns.ip("-n", world.internet, "link", "set", name, "up")


@contextmanager
def unreached(namespace: str, port: int) -> Iterator[None]:
    """TCP packets to or from that port are dropped meanwhile, by the server or router whose namespace it is.

    What is connected stays so and hears nothing: the way in which networks mostly fail.
    """
    rules = [
        (*chain, "-p", "tcp", end, str(port), "-j", "DROP")
        # The loopback is left alone: what runs beside the service is not on the way.
        for chain in (("INPUT", "!", "-i", "lo"), ("OUTPUT", "!", "-o", "lo"), ("FORWARD",))
        for end in ("--sport", "--dport")
    ]
    for rule in rules:
        netns.within(namespace, "iptables", "-I", *rule)
    try:
        yield
    finally:
        for rule in rules:
            netns.within(namespace, "iptables", "-D", *rule)


@contextmanager
def slow(world: World, name: str, *, round_trip_ms: int = 0, loss: float = 0.0, seed: int = 1) -> Iterator[None]:
    """The cable of a home or server adds so much to a round trip, and loses that share of frames in each direction."""
    far, near = f"{name}-far", f"{name}-near"
    netns.cable((world.internet, far), (world.internet, near))
    netns.ip("-n", world.internet, "link", "set", far, "master", SWITCH)
    netns.ip("-n", world.internet, "link", "set", name, "nomaster")
    line = subprocess.Popen(
        [
            *("setpriv", "--pdeathsig", "KILL", "nsenter", f"--net={netns.FOLDER / world.internet}"),
            *(sys.executable, "-m", "tests.lab.slow_line", name, near),
            *("--delay-ms", str(round_trip_ms / 2), "--loss", str(loss), "--seed", str(seed)),
        ],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    try:
        assert line.stdout and select.select([line.stdout], [], [], _CARRIES_WITHIN_S)[0] and line.stdout.readline()
        yield
        assert line.poll() is None, "the slow line ended early"
    finally:
        line.kill()
        line.communicate()
        netns.ip("-n", world.internet, "link", "set", name, "master", SWITCH)
        netns.uncable(world.internet, far)


def received(world: World, name: str, source: str) -> int:
    """How many bytes of UDP a home has received straight from another home's address since this was first asked."""
    home, other = world.homes[name], world.homes[source].public
    rule = ("-i", WAN, "-s", other, "-p", "udp")
    listed = netns.within(home.router, "iptables", "-t", "mangle", "-nvxL", "FORWARD").splitlines()
    for counted in listed:
        if other in counted.split():
            return int(counted.split()[1])
    netns.within(home.router, "iptables", "-t", "mangle", "-A", "FORWARD", *rule)
    return 0
