"""Ten thousand offers that change each second: how long a key waits, and how long the screen stands still.

Beside ours the widget that anybody would take, Textual's own DataTable, in the same application with the same offers.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import cast

from rich.text import Text
from textual.app import App, ComposeResult
from textual.widgets import DataTable, Input

from core.gateway.agent import RenterAgent
from core.model import Address, Amount, Prices, Resources, Traits
from core.observed import Balances
from core.view import OfferLine, RenterView
from renter_tui.app import SparecloudApp

NOW = 1_790_000_000
FRAME_S = 1 / 30
KEYS = ("down",) * 60 + ("pagedown",) * 40 + ("up",) * 30 + ("end", "home")
WORDS = "ryzen cores>=4 donor-77"
_MODELS = ("AMD Ryzen 7 5850U", "Intel Core i7-1165G7", "Apple M1", "Intel N100")


@dataclass(frozen=True, slots=True)
class Felt:
    """What a person at the keyboard felt: `late` is how many frames of 33 ms were missed, of so many;
    `dropped` how many typed letters did not arrive."""

    name: str
    key_median_ms: float
    key_p99_ms: float
    stall_worst_ms: float
    late: int
    frames: int
    dropped: int


def offers(count: int, tick: int) -> tuple[OfferLine, ...]:
    """`count` offers as they are at second `tick`: prices, room and expiry change."""
    return tuple(
        OfferLine(
            Address(f"0x{number:040x}"),
            f"donor-{number}",
            Resources(1000 * (1 + (number + tick) % 16), 2048 * (1 + number % 12)),
            Prices(Amount(10**9), Amount(10**8), Amount(0), Amount(0)),
            Amount(10**16 + (number * 7919 + tick * 104_729) % 10**16),
            NOW + tick + 20 + number % 40,
            Traits(_MODELS[number % 4], 1000 + number % 4000),
        )
        for number in range(count)
    )


class Crowd:
    """An agent in memory whose market is large; a new one each second."""

    def __init__(self, count: int) -> None:
        self._ticks = [offers(count, tick) for tick in range(4)]
        self._at = 0

    def _view(self) -> RenterView:
        every = self._ticks[self._at % 4]
        balances = Balances(Amount(10**19), Amount(10**18))
        address = Address("0x" + "1" * 40)
        return RenterView(NOW + self._at, address, balances, "", "", every[:1000], (), offers=len(every))

    async def watch(self) -> AsyncIterator[RenterView]:
        while True:
            yield self._view()
            await asyncio.sleep(1)
            self._at += 1

    async def offers(self) -> tuple[OfferLine, ...]:
        return self._ticks[self._at % 4]


class Plain(App[None]):
    """The same table as DataTable draws it: cleared and filled anew each second, and for each letter of the filter."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._crowd = Crowd(count)
        self._filter = ""
        self.pressed = 0

    def compose(self) -> ComposeResult:
        yield DataTable[Text](cursor_type="row")
        yield Input()

    def on_mount(self) -> None:
        table: DataTable[Text] = self.query_one(DataTable)
        for title in ("Donor", "Address", "Cores", "GiB", "SPARE/h", "Machine", "Expires"):
            table.add_column(title)
        table.focus()
        self.run_worker(self._follow())

    async def _follow(self) -> None:
        async for view in self._crowd.watch():
            await self.draw(view.now)

    async def draw(self, now: int) -> None:
        table: DataTable[Text] = self.query_one(DataTable)
        row = table.cursor_row
        table.clear()
        every = sorted(await self._crowd.offers(), key=lambda offer: offer.hourly)
        for offer in every:
            if self._filter in f"{offer.name} {offer.traits.cpu_model}".lower():
                table.add_row(
                    Text(offer.name, "bold"),
                    Text(offer.donor[:6]),
                    Text(str(offer.capacity.cpu_millis / 1000)),
                    Text(str(offer.capacity.memory_mib / 1024)),
                    Text(f"{offer.hourly / 10**18:.4f}"),
                    Text(offer.traits.cpu_model),
                    Text(f"{offer.expires_at - now} s"),
                )
        table.move_cursor(row=row)

    async def on_input_changed(self, event: Input.Changed) -> None:
        self._filter = event.value.partition(" ")[0].lower()
        await self.draw(NOW)


async def felt(name: str, app: App[None], letters_after: str) -> Felt:
    """Press keys thirty times a second, then type a filter, while the market changes."""
    waits: list[float] = []
    gaps: list[float] = []
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(2.5)
        watching = asyncio.create_task(_watch(gaps))
        started = time.perf_counter()
        for key in KEYS:
            began = time.perf_counter()
            await pilot.press(key)
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(max(0.0, FRAME_S - (time.perf_counter() - began)))
        if letters_after:
            await pilot.press(letters_after)
        else:
            app.query_one(Input).focus()
        for letter in WORDS:
            began = time.perf_counter()
            await pilot.press(
                {" ": "space", ">": "greater_than_sign", "=": "equals_sign", "-": "minus"}.get(letter, letter)
            )
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(max(0.0, FRAME_S - (time.perf_counter() - began)))
        typed = app.focused.value if isinstance(app.focused, Input) else ""
        lasted_s = time.perf_counter() - started
        watching.cancel()
    waits.sort()
    late = sum(int(gap / FRAME_S) for gap in gaps)
    return Felt(
        name,
        round(statistics.median(waits) * 1000, 1),
        round(waits[int(len(waits) * 0.99)] * 1000, 1),
        round(max(gaps) * 1000, 1),
        late,
        round(lasted_s / FRAME_S),
        len(WORDS) - len(typed),
    )


def ours(count: int) -> SparecloudApp:
    """The application itself."""
    return SparecloudApp(cast(RenterAgent, Crowd(count)))


async def _watch(gaps: list[float]) -> None:
    """How much longer than asked the loop takes to come back: nothing is drawn meanwhile, and no key is read."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.002)
        gaps.append(time.perf_counter() - began - 0.002)
