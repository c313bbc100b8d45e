"""Sample views of a donor, and a fake agent, for the donor application's screens only."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from core.allowance import Allowance, Hold, Holding, Orders
from core.earnings import DAYS, HOURS, Bar, Earnings
from core.model import Address, Amount, LeaseId, Resources
from core.observed import Account, Balances, Conditions, Measured, Usage
from core.owner import Donor, Limits
from core.prospects import Prospects, prospects
from core.selftest import Check, State
from core.view import DonorView, ServiceLine

NOW = 1_790_000_000
RATE = Amount(1_666_666_666_667)


def service(
    number: int, state: str, sentence: str, served_s: int, *, ended: bool = False, cores: int = 1
) -> ServiceLine:
    """A share of `cores` cores for one renter."""
    earned = Amount(RATE * 10 * served_s)
    return ServiceLine(
        lease=LeaseId(f"0x{number:064x}"),
        index=0,
        state=state,
        sentence=sentence,
        renter=Address(f"0x{(0x71C7 << 144) + number * 7919 * 31:040x}"),
        resources=Resources(cores * 1000, cores * 2048),
        rate=Amount(RATE * 10),
        served_s=served_s,
        earned=earned,
        vouched=earned,
        paid=earned if ended else Amount(0),
        ended=ended,
        started_at=NOW - served_s - (50_000 if ended else 0),
        ended_at=NOW - 50_000 if ended else 0,
        usage=None if ended else Usage(830 * cores, 1400 * cores, 52_000_000, 310_000_000),
    )


def earned(lifetime: int = 0, today: int = 0, *, hourly: int = 0) -> Earnings:
    """So much ever and today, spread over the hours and days before."""
    hours = tuple(
        Bar(NOW - (HOURS - hour) * 3600, Amount(today * hour // 276), 3 * hour if today else 0) for hour in range(HOURS)
    )
    days = tuple(
        Bar(NOW - (DAYS - day) * 86_400, Amount((lifetime - today) * (day % 7) // 87), 40 if lifetime else 0)
        for day in range(DAYS - 1)
    )
    return Earnings(
        today=Bar(NOW - 40_000, Amount(today), 41 if today else 0),
        week=Bar(NOW - 3 * 86_400, Amount((lifetime + today) // 2), 160 if today else 0),
        month=Bar(NOW - 20 * 86_400, Amount(lifetime * 9 // 10), 900 if today else 0),
        lifetime=Bar(0, Amount(lifetime), 1020 if today else 0),
        hourly=Amount(hourly),
        hours=hours,
        days=(*days, Bar(NOW - 40_000, Amount(today), 41 if today else 0)),
    )


OFF = DonorView(
    now=NOW,
    name="linen-laptop",
    address=Address("0x" + "8f3c21ab90" * 4),
    sharing=False,
    headline="Not sharing. Nothing of this machine is offered.",
    problem="",
    hint="",
    measured=Measured(Resources(8000, 15_872, 237_000), Resources(6400, 9800, 120_000), "A laptop's processor", False),
    settings=Donor(name="linen-laptop", limits=Limits(cpu_millis=4000, memory_mib=8192)),
    allowance=Allowance(Limits(cpu_millis=4000, memory_mib=8192), in_use=True),
    orders=Orders(),
    conditions=Conditions(idle_s=3, on_battery=False, battery_percent=93, metered=False, celsius=52),
    contradictions=(),
    offered=Resources(),
    balances=Balances(Amount(12_340_000_000_000_000_000), Amount(10**18)),
    services=(),
    earnings=earned(),
    unredeemed=Amount(0),
    image="sha256:9b4c" + "5e" * 30,
)

IDLE = replace(
    OFF,
    sharing=True,
    headline="Sharing 4 cores, 8 GiB, 20 GiB disk; waiting for a renter.",
    offered=Resources(4000, 8192, 20_480),
)

SERVING = replace(
    IDLE,
    headline="Sharing 3 cores, 6 GiB; 2 workers running.",
    offered=Resources(1000, 2048, 20_480),
    services=(
        service(1, "serving", "The worker runs and the renter signs for it.", 4384, cores=2),
        service(2, "serving", "The worker runs and the renter signs for it.", 942),
        service(3, "claiming", "The renter ended the lease. The last voucher is being redeemed.", 3608),
        service(4, "ended", "The time that was paid for is over.", 7200, ended=True, cores=2),
        service(5, "ended", "The owner wanted the machine back.", 55, ended=True),
    ),
    earnings=earned(3_204_187_301_223_000_000, 214_187_301_223_000_000, hourly=149_999_999_999_999_400),
    unredeemed=Amount(88_756_665_630_000_000),
    balances=Balances(
        Amount(12_340_000_000_000_000_000),
        Amount(10**18),
        Account(
            free=Amount(801_046_825_305_750_000),
            bonded=Amount(7_403_140_475_917_250_000),
            reserved=Amount(1_200_000_000_000_000_000),
            thawing=Amount(5 * 10**17),
            thaws_at=NOW + 31 * 86_400,
            since=NOW - 12 * 86_400,
        ),
    ),
    held_back=Amount(2_403_140_475_917_250_000),
)

HELD = replace(
    SERVING,
    headline="2 workers paused. On battery; sharing waits for mains power.",
    offered=Resources(),
    allowance=Allowance(
        Limits(cpu_millis=4000, memory_mib=8192),
        (
            Holding(Hold.ON_BATTERY, "On battery; sharing waits for mains power."),
            Holding(Hold.PAUSED, "Paused until 23:10.", NOW + 2712),
            Holding(Hold.PROGRAM, "blender is running."),
        ),
        in_use=True,
    ),
    orders=Orders(paused_until=NOW + 2712),
    conditions=Conditions(idle_s=3, on_battery=True, battery_percent=71, programs=frozenset({"blender"})),
)

PROBLEM = replace(
    OFF,
    sharing=True,
    headline="Sharing is paused.",
    problem="No container engine answers.",
    hint="Start Docker, or install it with your package manager; sharing goes on by itself once it answers.",
    balances=None,
)


@dataclass
class FakeAgent:
    """Shows `view`, does what the toggle asks, and dies with `death` once it is told to."""

    view: DonorView = OFF
    refuses: Exception | None = None
    death: Exception | None = None
    asked: list[bool] = field(default_factory=list)
    told: list[tuple[object, ...]] = field(default_factory=list)
    opened_in: list[threading.Thread] = field(default_factory=list)
    closed: bool = False
    takes_s: float = 0.0

    async def run(self) -> None:
        try:
            while self.death is None:
                await asyncio.sleep(0.01)
            raise self.death
        finally:
            await asyncio.sleep(self.takes_s)
            self.closed = True

    async def watch(self) -> AsyncIterator[DonorView]:
        shown: DonorView | None = None
        while True:
            if self.view is not shown:
                shown = self.view
                yield shown
            await asyncio.sleep(0.01)

    async def share(self, on: bool, *, at_once: bool = False) -> None:
        self.asked.append(on)
        if self.refuses is not None:
            raise self.refuses
        self.view = IDLE if on else OFF

    async def pause(self, until: int) -> None:
        self._told("pause", until)

    async def finish(self) -> None:
        self._told("finish")

    async def resume(self) -> None:
        self._told("resume")

    async def change(self, donor: Donor) -> None:
        self._told("change", donor)
        self.view = replace(self.view, settings=donor)

    async def stop(self, lease: LeaseId, index: int, *, at_once: bool = False) -> None:
        self._told("stop", lease, index, at_once)

    async def block(self, renter: Address, on: bool = True) -> None:
        self._told("block", renter, on)

    async def withdraw(self, to: Address, amount: Amount) -> None:
        self._told("withdraw", to, amount)

    async def export(self) -> str:
        self._told("export")
        return "lease,share\r\n"

    async def prospects(self) -> Prospects:
        self._told("prospects")
        return prospects((), Resources(4000, 8192, 20_480), self.view.settings, address=self.view.address)

    async def look_again(self) -> None:
        await asyncio.sleep(self.takes_s)
        self._told("look_again")

    async def selftest(self, tell: Callable[[Check], None]) -> None:
        self._told("selftest")
        tell(Check("Container engine", State.PASSED, "It answers: version 29.1."))

    def _told(self, *what: object) -> None:
        self.told.append(what)
        if self.refuses is not None:
            raise self.refuses

    @asynccontextmanager
    async def open(self) -> AsyncIterator["FakeAgent"]:
        self.opened_in.append(threading.current_thread())
        yield self
