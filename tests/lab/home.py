"""A home: a laptop with its own Docker engine, behind a router. All homes use the same private addresses."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab import netns
from tests.lab.engine import Engine, clone
from tests.lab.machine import Machine
from tests.lab.routers import LAN, LAN_HOST, LAN_ROUTER, Nat, set_up


@dataclass(slots=True)
class Home:
    """A laptop in its network; `public` is its router's address."""

    name: str
    nat: Nat
    public: str
    router: str
    laptop: Machine
    seed: Path | None
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = Engine(self.laptop)

    def build(self) -> None:
        """Set up the router, which stands in the internet already, and switch the laptop on."""
        set_up(self.router, self.nat)
        self.laptop.folder.mkdir(mode=0o700)
        if self.seed is not None:
            clone(self.seed, self.laptop.folder / "docker")
        self.power_on()

    def power_on(self) -> None:
        """Boot: network, engine. What its disk held is there again; agents are started by who wants them."""
        netns.add(self.laptop.namespace)
        netns.cable((self.router, LAN), (self.laptop.namespace, "eth0"))
        netns.address(self.router, LAN, f"{LAN_ROUTER}/24")
        netns.address(self.laptop.namespace, "eth0", f"{LAN_HOST}/24", via=LAN_ROUTER)
        self.laptop.power_on()
        self.engine.start()

    def power_off(self) -> None:
        """Pull the plug: agents, engine and containers are gone at once; disk contents stay."""
        self.laptop.power_off()
        netns.uncable(self.router, LAN)
        netns.remove(self.laptop.namespace)

    def demolish(self) -> None:
        """Take it away with all that it held."""
        self.power_off()
        self.engine.close()
        shutil.rmtree(self.laptop.folder, ignore_errors=True)
