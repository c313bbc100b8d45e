"""Sample views of a donor, and a fake agent, for the donor application's screens only."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from core.model import Address, Amount, LeaseId, Prices, Resources
from core.observed import Account, Balances, Measured
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
    )


OFF = DonorView(
    now=NOW,
    name="linen-laptop",
    address=Address("0x" + "8f3c21ab90" * 4),
    sharing=False,
    headline="This machine is all yours.",
    problem="",
    hint="",
    measured=Measured(Resources(8000, 15_872, 237_000), Resources(6400, 9800, 120_000), "A laptop's processor", False),
    offered=Resources(),
    prices=Prices(Amount(5_555_555_555), Amount(1_085_069_444), Amount(0), Amount(0)),
    balances=Balances(Amount(12_340_000_000_000_000_000), Amount(10**18)),
    services=(),
    earned_total=Amount(0),
    earned_today=Amount(0),
    unredeemed=Amount(0),
)

IDLE = replace(OFF, sharing=True, headline="On the market: 4 cores, 8 GiB.", offered=Resources(4000, 8192, 20_480))

SERVING = replace(
    IDLE,
    headline="Serving 2 workers for others.",
    offered=Resources(1000, 2048, 20_480),
    services=(
        service(1, "serving", "The worker runs and the renter signs for it.", 4384, cores=2),
        service(2, "serving", "The worker runs and the renter signs for it.", 942),
        service(3, "claiming", "The renter ended the lease. The last voucher is being redeemed.", 3608),
        service(4, "ended", "The time that was paid for is over.", 7200, ended=True, cores=2),
        service(5, "ended", "The owner wanted the machine back.", 55, ended=True),
    ),
    earned_total=Amount(3_204_187_301_223_000_000),
    earned_today=Amount(214_187_301_223_000_000),
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

    async def share(self, on: bool) -> None:
        self.asked.append(on)
        if self.refuses is not None:
            raise self.refuses
        self.view = IDLE if on else OFF

    @asynccontextmanager
    async def open(self) -> AsyncIterator["FakeAgent"]:
        self.opened_in.append(threading.current_thread())
        yield self
