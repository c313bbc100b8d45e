"""The laboratory is what it says: each router translates as its kind does, and each fault on the wires is one."""

from collections.abc import Iterator
from contextlib import closing
from socket import socket
from statistics import median

import pytest

from tests.lab import netns, stranger
from tests.lab.lines import pulled, slow, unreached
from tests.lab.routers import Nat
from tests.lab.world import SERVERS, World, world

KINDS = {"full": Nat.FULL_CONE, "restricted": Nat.RESTRICTED, "symmetric": Nat.SYMMETRIC}

KNOWN = {"default", "198.51.100.0/24", "192.168.1.0/24", "172.31.255.0/24"}


@pytest.fixture(scope="module")
def wires() -> Iterator[World]:
    with world(KINDS, images=()) as standing:
        yield standing


@pytest.mark.parametrize("name", KINDS)
def test_a_home_appears_as_its_routers_one_address(wires: World, name: str) -> None:
    home = wires.homes[name]

    with closing(stranger.udp(home.laptop.namespace)) as inside, closing(_server(wires, "relay1")) as server:
        address, _ = stranger.seen(inside, server, SERVERS["relay1"])

    assert address == home.public


@pytest.mark.parametrize(("name", "same"), [("full", True), ("restricted", True), ("symmetric", False)])
def test_only_a_symmetric_router_shows_each_server_another_port(wires: World, name: str, same: bool) -> None:
    namespace = wires.homes[name].laptop.namespace

    with (
        closing(stranger.udp(namespace)) as inside,
        closing(_server(wires, "relay1")) as one,
        closing(_server(wires, "relay2")) as other,
    ):
        first = stranger.seen(inside, one, SERVERS["relay1"])
        second = stranger.seen(inside, other, SERVERS["relay2"])

    assert (first == second) is same


@pytest.mark.parametrize(("name", "lets_in"), [("full", True), ("restricted", False), ("symmetric", False)])
def test_only_a_full_cone_lets_in_who_was_not_spoken_to(wires: World, name: str, lets_in: bool) -> None:
    namespace = wires.homes[name].laptop.namespace

    with (
        closing(stranger.udp(namespace)) as inside,
        closing(_server(wires, "relay1")) as spoken_to,
        closing(_server(wires, "relay2")) as unasked,
    ):
        mapped = stranger.seen(inside, spoken_to, SERVERS["relay1"])
        answered = stranger.reaches(spoken_to, inside, mapped)
        intruded = stranger.reaches(unasked, inside, mapped)

    assert (answered, intruded) == (True, lets_in)


@pytest.mark.parametrize(
    ("one", "other", "through"),
    [("full", "restricted", True), ("full", "symmetric", True), ("restricted", "symmetric", False)],
)
def test_a_hole_is_punched_where_the_kinds_of_nat_allow_it(wires: World, one: str, other: str, through: bool) -> None:
    spaces = [wires.homes[name].laptop.namespace for name in (one, other)]

    with (
        closing(stranger.udp(spaces[0])) as here,
        closing(stranger.udp(spaces[1])) as there,
        closing(_server(wires, "relay1")) as meeting,
    ):
        near = stranger.seen(here, meeting, SERVERS["relay1"])
        far = stranger.seen(there, meeting, SERVERS["relay1"])
        here.sendto(b"punch", far)
        there.sendto(b"punch", near)
        punched = stranger.reaches(there, here, near) or stranger.reaches(here, there, far)

    assert punched is through


def test_nothing_leads_out_of_the_world(wires: World) -> None:
    for namespace in netns.names(wires.internet.removesuffix("internet")):
        routes = netns.ip("-n", namespace, "-o", "route")

        assert {route.split()[0] for route in routes.splitlines()} <= KNOWN
        assert all("via 192.168.1.1 " in route for route in routes.splitlines() if route.startswith("default"))


def test_a_pulled_cable_cuts_a_home_off_until_it_is_back(wires: World) -> None:
    with closing(stranger.listening(wires.servers["chain"].namespace, 8545)):
        with pulled(wires, "full"):
            while_out = _connects(wires, "full", 8545), _connects(wires, "restricted", 8545)
        after = _connects(wires, "full", 8545)

    assert (while_out, after) == ((False, True), True)


def test_a_partition_takes_one_service_from_one_home(wires: World) -> None:
    chain = wires.servers["chain"].namespace

    with closing(stranger.listening(chain, 4222)), closing(stranger.listening(chain, 8545)):
        with unreached(wires.homes["full"].router, 4222):
            meanwhile = [_connects(wires, *way) for way in (("full", 4222), ("full", 8545), ("restricted", 4222))]
        after = _connects(wires, "full", 4222)

    assert (meanwhile, after) == ([False, True, True], True)


def test_a_slow_line_delays_what_crosses_it(wires: World) -> None:
    with (
        closing(stranger.udp(wires.homes["full"].laptop.namespace)) as inside,
        closing(_server(wires, "relay1")) as out,
    ):
        before = stranger.round_trips(inside, out, SERVERS["relay1"], 5)
        with slow(wires, "full", round_trip_ms=100):
            during = stranger.round_trips(inside, out, SERVERS["relay1"], 5)
        after = stranger.round_trips(inside, out, SERVERS["relay1"], 5)

    assert min(during) >= 0.1
    assert median(before) < min(during) > median(after)


def test_a_lossy_line_loses_its_share(wires: World) -> None:
    with (
        closing(stranger.udp(wires.homes["full"].laptop.namespace)) as inside,
        closing(_server(wires, "relay1")) as out,
    ):
        stranger.seen(inside, out, SERVERS["relay1"])
        with slow(wires, "full", loss=0.5, seed=7):
            for _ in range(200):
                inside.sendto(b"drop", (SERVERS["relay1"], out.getsockname()[1]))
            arrived = _count(out)

    assert 60 < arrived < 140


def _server(wires: World, name: str) -> socket:
    return stranger.udp(wires.servers[name].namespace)


def _connects(wires: World, name: str, port: int) -> bool:
    return stranger.connects(wires.homes[name].laptop.namespace, (SERVERS["chain"], port))


def _count(listener: socket) -> int:
    listener.settimeout(0.5)
    count = 0
    try:
        while listener.recv(100):
            count += 1
    except TimeoutError:
        return count
    raise AssertionError("an empty datagram arrived")
