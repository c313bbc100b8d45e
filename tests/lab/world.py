"""The laboratory's world: one switch that is the internet, servers on it, and homes behind routers.

          relay1 198.51.100.11    relay2 198.51.100.12    chain 198.51.100.20
                |                       |                       |
    ============== the internet: one switch, 198.51.100.0/24, no uplink ==============
                |                       |                       |
         router 198.51.100.101   router 198.51.100.102   router 198.51.100.103  ...
         192.168.1.1             192.168.1.1             192.168.1.1
                |                       |                       |
         laptop 192.168.1.10     laptop 192.168.1.10     laptop 192.168.1.10
         own Docker engine       own Docker engine       own Docker engine

Nothing here has a way out of its namespaces. A world that was killed is swept away when the next one is made.
"""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.lab import netns
from tests.lab.engine import seed
from tests.lab.home import Home
from tests.lab.machine import REPOSITORY, Machine
from tests.lab.routers import WAN, Nat

CACHE: Final = REPOSITORY / ".cache" / "lab"
SERVERS: Final = {"relay1": "198.51.100.11", "relay2": "198.51.100.12", "chain": "198.51.100.20"}
SWITCH: Final = "switch"
_PREFIX: Final = "lab-"
_CGROUPS: Final = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class World:
    """What stands. `internet` is the namespace of the switch; a cable in it is named as what hangs on it."""

    folder: Path
    internet: str
    servers: Mapping[str, Machine]
    homes: Mapping[str, Home]


@contextmanager
def world(homes: Mapping[str, Nat], images: Sequence[str]) -> Iterator[World]:
    """Servers and `homes` by name, whose engines hold `images` (ids on this machine's engine). Blocks.

    All is taken away at the end, whatever happened in between.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    sweep()
    with ExitStack() as undo:
        prefix, folder = _claim(undo)
        internet = _switch(prefix)
        servers = {}
        for name, address in SERVERS.items():
            servers[name] = server = Machine(name, prefix + name, folder / name)
            _plug(internet, name, server.namespace, "eth0", address)
            server.power_on()
            undo.callback(server.power_off)
        standing: dict[str, Home] = {}
        filled = _seed(prefix, folder, images) if images else None
        for number, (name, nat) in enumerate(homes.items(), 101):
            router, public = f"{prefix}{name}-r", f"198.51.100.{number}"
            laptop = Machine(name, prefix + name, folder / name)
            standing[name] = home = Home(name, nat, public, router, laptop, filled)
            _plug(internet, name, router, WAN, public)
            undo.callback(home.demolish)
            home.build()
        yield World(folder, internet, servers, standing)


def sweep() -> None:
    """Take away what worlds left behind whose process is gone."""
    for folder in CACHE.glob("world-*"):
        with (folder / "lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            _remove(folder)


def _claim(undo: ExitStack) -> tuple[str, Path]:
    """A fresh prefix and folder, ours as long as we hold the folder's lock: the system lets go of it when we end."""
    name = secrets.token_hex(2)
    folder = CACHE / f"world-{name}"
    folder.mkdir(mode=0o700)
    lock = undo.enter_context((folder / "lock").open("ab"))
    fcntl.flock(lock, fcntl.LOCK_EX)
    undo.callback(_remove, folder)
    return _prefix(folder), folder


def _prefix(folder: Path) -> str:
    return f"{_PREFIX}{folder.name.removeprefix('world-')}-"


def _remove(folder: Path) -> None:
    prefix = _prefix(folder)
    for namespace in netns.names(prefix):
        netns.remove(namespace)
    for group in sorted(_CGROUPS.glob(f"*/{prefix}*")) + sorted(_CGROUPS.glob(f"{prefix}*")):
        for inner, _, _ in os.walk(group, topdown=False):
            Path(inner).rmdir()
    shutil.rmtree(folder)


def _switch(prefix: str) -> str:
    internet = f"{prefix}internet"
    netns.add(internet)
    netns.ip("-n", internet, "link", "add", SWITCH, "type", "bridge")
    netns.ip("-n", internet, "link", "set", SWITCH, "up")
    return internet


def _plug(internet: str, name: str, namespace: str, interface: str, address: str) -> None:
    netns.add(namespace)
    netns.cable((internet, name), (namespace, interface))
    netns.ip("-n", internet, "link", "set", name, "master", SWITCH)
    netns.address(namespace, interface, f"{address}/24")


def _seed(prefix: str, folder: Path, images: Sequence[str]) -> Path:
    loader = Machine("seed", f"{prefix}seed", folder / "seed")
    netns.add(loader.namespace)
    loader.power_on()
    try:
        return seed(CACHE, images, loader)
    finally:
        loader.power_off()
        netns.remove(loader.namespace)
        shutil.rmtree(loader.folder)
