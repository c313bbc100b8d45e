"""The table behind every list: it makes what is seen, and the cursor stays with its row."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from rich.text import Text
from textual.app import App, ComposeResult

from core.model import Address, Amount
from core.view import OfferLine
from renter_tui.app import SparecloudApp
from renter_tui.widgets.live_table import Column, LiveTable, Rows
from renter_tui.widgets.market import said_of, wanted
from tests.screens.fake_agent import FakeAgent
from tests.screens.sample_view import offers, sample
from tests.screens.screen_text import screen_text, until, until_shown

MANY = 10_000


class Shown(App[None]):
    """A table of numbers, and what it told."""

    def __init__(self) -> None:
        super().__init__()
        self.table = LiveTable((Column("Number", 8, right=True), Column("Name", 10, stretch=1)), id="table")
        self.made: list[str] = []
        self.chosen: list[str | None] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.focus()

    def on_live_table_selected(self, event: LiveTable.Selected) -> None:
        self.chosen.append(event.table.selected)

    def show(self, numbers: Iterable[int]) -> None:
        keys = [str(number) for number in numbers]

        def make(place: int) -> tuple[Text, ...]:
            self.made.append(keys[place])
            return Text(keys[place]), Text(f"row {keys[place]}")

        self.table.show(Rows(keys, make))


async def test_of_ten_thousand_rows_only_those_seen_are_made() -> None:
    app = Shown()

    async with app.run_test(size=(40, 12)) as pilot:
        app.show(range(MANY))
        await pilot.pause()
        assert 0 < len(set(app.made)) <= 12
        await pilot.press("end")
        await until(pilot, lambda: f"row {MANY - 1}" in screen_text(app))

        assert app.table.selected == str(MANY - 1)
        assert len(set(app.made)) <= 24


async def test_the_cursor_follows_its_row_and_stays_near_where_its_row_was() -> None:
    app = Shown()

    async with app.run_test(size=(40, 12)) as pilot:
        app.show(range(100))
        await pilot.press(*["down"] * 20)
        assert app.table.selected == "20"
        app.show(range(10, 110))
        assert app.table.selected == "20"
        app.show([*range(10, 20), *range(21, 110)])
        assert app.table.selected == "21"
        app.show([])
        assert app.table.selected is None
        await pilot.press("down", "enter", "end", "pageup")
        app.show(range(5))

        assert app.table.selected == "0"
        assert app.chosen == []


async def test_every_key_and_the_mouse_move_and_choose() -> None:
    app = Shown()

    async with app.run_test(size=(40, 12)) as pilot:
        app.show(range(100))
        await pilot.press("pagedown")
        assert app.table.selected == "10"
        await pilot.press("pageup", "up", "up")
        assert app.table.selected == "0"
        await pilot.press("end", "down")
        assert app.table.selected == "99"
        await pilot.press("home", "enter")
        await pilot.click(LiveTable, offset=(5, 4))
        assert app.table.selected == "3"
        await pilot.click(LiveTable, offset=(5, 4))
        await pilot.click(LiveTable, offset=(5, 0))

        await until(pilot, lambda: app.chosen == ["0", "3"])


async def test_a_row_can_be_wanted_before_it_is_there() -> None:
    app = Shown()

    async with app.run_test(size=(40, 12)) as pilot:
        app.show(range(10))
        app.table.select("57")
        assert app.table.selected == "0"
        app.show(range(100))
        await pilot.pause()

        assert app.table.selected == "57"
        await until(pilot, lambda: "row 57" in screen_text(app))


async def test_what_strangers_wrote_is_cut_to_its_column_and_never_read_as_markup() -> None:
    app = Shown()

    async with app.run_test(size=(30, 6)) as pilot:
        app.table.show(Rows(["x"], lambda _: (Text("[red]1234567890"), Text("n" * 500))))
        await pilot.pause()

        await until(pilot, lambda: "[red]12…" in screen_text(app))
        assert "nnnn…" in screen_text(app)


def _many() -> tuple[OfferLine, ...]:
    base = offers()
    return tuple(
        replace(base[n % 9], donor=Address(f"0x{n:040x}"), name=f"donor-{n}", hourly=Amount(base[n % 9].hourly + n))
        for n in range(MANY)
    )


async def test_a_market_larger_than_a_view_is_fetched_searched_and_sorted_whole() -> None:
    every = _many()
    agent = FakeAgent(replace(sample(), market=every[:1000], offers=MANY), all_offers=every)
    app = SparecloudApp(agent)

    async with app.run_test(size=(100, 26)) as pilot:
        await until_shown(pilot, "10,000 donors")
        await until(pilot, lambda: bool(agent.of("offers")))
        await pilot.press("slash", *"donor-9999", "enter")
        await until_shown(pilot, "filter: donor-9999 · 1 of 10,000 shown")
        await pilot.press("escape", "o", "o", "o")
        await until_shown(pilot, "by memory")

        table = app.screen.query_one("#market-table", LiveTable)
        assert len(table) == MANY
        assert table.cells(0)[3].plain == "28.0"


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("cores>=8", {"zuse-tower", "knuth-desk"}),
        ("ryzen cores<6", {"dijkstra"}),
        ("price<0.025", {"noether-nuc"}),
        ("score>5000 gib=28", {"zuse-tower"}),
        ("gpus>0", set()),
        ("cores>=many", set()),
        ("battery", {"lovelace", "liskov-xps"}),
        ("0x5fb6", {"ada-thinkpad"}),
    ],
)
def test_a_filter_compares_figures_and_looks_for_words(typed: str, names: set[str]) -> None:
    chosen = wanted(typed)

    assert {offer.name for offer in offers() if chosen.takes(offer, said_of(offer))} == names
