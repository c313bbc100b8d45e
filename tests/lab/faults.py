"""What goes wrong in people's homes and on the way between them: each fault lasts as long as its context.

It is over once the repair is made, not once everybody noticed. Contexts block for some seconds at most, and are entered
by the main thread, which machines belong to.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import docker
from docker.models.containers import Container

from core.runtime.labels import ROLE, Role
from tests.lab import lines
from tests.lab.market import BUS_PORT, CHAIN_PORT, Market

Fault = Callable[[Market, str], AbstractContextManager[None]]
"""Strikes one home, named by the second argument."""


@contextmanager
def link_cut(market: Market, name: str) -> Iterator[None]:
    """The home's line to the internet is dead."""
    with lines.pulled(market.world, name):
        yield


@contextmanager
def line_slow(market: Market, name: str) -> Iterator[None]:
    """The home's line loses 5 % of packets each way and adds 100 ms to a round trip."""
    with lines.slow(market.world, name, round_trip_ms=100, loss=0.05):
        yield


@contextmanager
def bus_partitioned(market: Market, name: str) -> Iterator[None]:
    """No relay's message bus can be reached from the home, everything else can."""
    with lines.unreached(market.world.homes[name].router, BUS_PORT):
        yield


@contextmanager
def laptop_off(market: Market, name: str) -> Iterator[None]:
    """The plug is pulled; then the laptop boots, and its owner's agent starts with it."""
    home = market.world.homes[name]
    home.power_off()
    try:
        yield
    finally:
        home.power_on()
        market.start_agent(name)


@contextmanager
def agent_killed(market: Market, name: str) -> Iterator[None]:
    """The agent died, and is started again."""
    market.agents[name].kill()
    try:
        yield
    finally:
        market.start_agent(name)


@contextmanager
def reclaimed(market: Market, name: str) -> Iterator[None]:
    """The owner takes the machine back: the agent ends in order; later it shares again."""
    market.agents[name].end()
    try:
        yield
    finally:
        market.start_agent(name)


@contextmanager
def clock_wrong(market: Market, name: str) -> Iterator[None]:
    """The clock of the home's agent runs three minutes ahead of everybody's."""
    market.agents[name].kill()
    market.start_agent(name, clock_off_s=180)
    try:
        yield
    finally:
        market.agents[name].kill()
        market.start_agent(name)


@contextmanager
def worker_killed(market: Market, name: str) -> Iterator[None]:
    """The kernel or somebody killed every worker of the home."""
    for container in containers(market, name, Role.WORKER):
        try:
            container.kill()
        except docker.errors.APIError as ended:
            if ended.status_code not in (404, 409):
                raise
    yield


@contextmanager
def tunnel_crashed(market: Market, name: str) -> Iterator[None]:
    """The process of every tunnel of the home crashed; what happens next is the engine's to do."""
    laptop = market.world.homes[name].laptop
    for container in containers(market, name, Role.TUNNEL):
        container.reload()
        if pid := int(container.attrs["State"]["Pid"]):
            laptop.run("kill", "-KILL", str(pid))
    yield


@contextmanager
def relay_down(market: Market, name: str) -> Iterator[None]:
    """The relay's process died with all that it ran, and is started again."""
    server = market.world.servers[name]
    server.power_off()
    try:
        yield
    finally:
        server.power_on()
        market.start_relay(name)


@contextmanager
def chain_unreachable(market: Market, name: str = "chain") -> Iterator[None]:
    """The chain's node answers nobody; the chain itself goes on."""
    with lines.unreached(market.world.servers[name].namespace, CHAIN_PORT):
        yield


def containers(market: Market, name: str, role: Role) -> list[Container]:
    """The running containers of that role on a home's engine."""
    engine = market.world.homes[name].engine
    return engine.client.containers.list(filters={"label": f"{ROLE}={role.value}"}, ignore_removed=True)


AT_DONORS: tuple[Fault, ...] = (
    link_cut,
    line_slow,
    bus_partitioned,
    laptop_off,
    agent_killed,
    reclaimed,
    clock_wrong,
    worker_killed,
    tunnel_crashed,
)
"""What may strike a donor."""

AT_RENTER: tuple[Fault, ...] = (link_cut, line_slow, bus_partitioned, agent_killed, clock_wrong, tunnel_crashed)
"""What may strike the renter, whose laptop holds the cluster's master: switched off, its job is lost."""
