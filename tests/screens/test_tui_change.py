"""Changing a cluster that runs from its screen: shown while it is typed, agreed to in a sentence, made once."""

from dataclasses import replace

from textual.widgets import Button

from core.change import Change, ChangeKind
from core.errors import InvalidInput
from core.model import Amount, Resources
from core.observed import Balances
from core.quote import Request, SpendingLimits
from core.view import Spending
from renter_tui.app import SparecloudApp
from tests.screens.fake_agent import FakeAgent, quote_for
from tests.screens.sample_view import sample
from tests.screens.screen_text import screen_text, until, until_shown


def _app(coin: int = 12 * 10**18) -> tuple[SparecloudApp, FakeAgent]:
    limits = SpendingLimits(per_day=Amount(20 * 10**18))
    spending = Spending(Amount(10**18), Amount(3 * 10**18), Amount(9 * 10**18), Amount(0), limits)
    agent = FakeAgent(replace(sample(), balances=Balances(Amount(coin), Amount(10**17)), spending=spending))
    return SparecloudApp(agent), agent


async def test_a_larger_cluster_is_priced_as_it_is_typed_and_paid_only_after_an_explicit_yes() -> None:
    app, agent = _app()

    async with app.run_test(size=(100, 30)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("2", "enter", "r")
        await until_shown(pilot, "Resize etl-nightly")
        await pilot.press("6")
        await until_shown(pilot, "etl-nightly changes, for up to 0.098559 SPARE.", "On noether-nuc, hopper-mini.")
        await pilot.press("enter", "enter")
        await until_shown(pilot, "Change etl-nightly?", "Limits: 3 SPARE of 20 SPARE a day.")
        await pilot.press("enter")
        await until(pilot, lambda: "Change etl-nightly?" not in screen_text(app))
        assert not agent.of("change")
        await pilot.press("r", "6")
        await until_shown(pilot, "On noether-nuc, hopper-mini.")
        await pilot.press("enter", "enter")
        await until_shown(pilot, "Change etl-nightly?")
        await pilot.press("tab", "enter")

        await until(pilot, lambda: bool(agent.of("change")))
        ((_, name, change, most),) = agent.of("change")
        assert (name, change) == ("etl-nightly", Change(ChangeKind.RESIZE, workers=6))
        assert most == quote_for(Request(Resources(2000, 4096), 2, 3600), sample()).total()


async def test_a_smaller_cluster_names_who_leaves_and_asks_once() -> None:
    app, agent = _app()

    async with app.run_test(size=(100, 30)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("2", "enter", "r", "2")
        await until_shown(pilot, "etl-nightly shrinks to 2 workers.", "Workers 2, 3 leave.")
        await pilot.press("enter", "enter")
        await until_shown(pilot, "Yes, change it")
        await pilot.press("right", "enter")

        await until(pilot, lambda: bool(agent.of("change")))
        assert agent.of("change") == [("change", "etl-nightly", Change(ChangeKind.RESIZE, workers=2), None)]


async def test_more_time_and_another_machine_are_asked_for() -> None:
    app, agent = _app()

    async with app.run_test(size=(100, 30)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("2", "enter", "e", "2", "h")
        await until_shown(pilot, "etl-nightly changes, for up to")
        await pilot.press("enter", "enter")
        await until_shown(pilot, "Change etl-nightly?")
        await pilot.press("right", "enter")
        await until(pilot, lambda: len(agent.of("change")) == 1)
        await pilot.press("down", "x")
        await until_shown(pilot, "Change etl-nightly?")
        await pilot.press("right", "enter")

        await until(pilot, lambda: len(agent.of("change")) == 2)
        assert [call[2] for call in agent.of("change")] == [
            Change(ChangeKind.EXTEND, seconds=7200),
            Change(ChangeKind.REPLACE, worker=1),
        ]


async def test_what_is_much_for_the_wallet_is_paid_only_by_typing_the_name() -> None:
    app, agent = _app(coin=10**17)

    async with app.run_test(size=(100, 30)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("2", "enter", "r", "6")
        await until_shown(pilot, "On noether-nuc")
        await pilot.press("enter", "enter")
        await until_shown(pilot, "That is more than 10 % of your coin: type etl-nightly to pay.")
        await pilot.press("shift+tab", "e", "t", "l")
        assert app.screen.query_one("#yes", Button).disabled
        await pilot.press("minus", *"nightly")
        assert not app.screen.query_one("#yes", Button).disabled
        await pilot.press("enter", "tab", "enter")

        await until(pilot, lambda: bool(agent.of("change")))


async def test_what_cannot_be_is_said_while_it_is_typed() -> None:
    app, agent = _app()

    async with app.run_test(size=(100, 30)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("2", "enter", "r", "backspace", "x")
        await until_shown(pilot, "▲ Type how many workers there should be in all.")
        await pilot.press("backspace", "0")
        await until_shown(pilot, "▲ Workers must be between 1 and 256 to resize a cluster.")
        agent.failure = InvalidInput("No donor has room for 3 more workers.", "Ask for less.")
        await pilot.press("backspace", "7")
        await until_shown(pilot, "▲ No donor has room for 3 more workers.", "Ask for less.")
        await pilot.press("enter", "enter", "escape")

        assert not agent.of("change")


async def test_only_what_runs_can_be_changed_and_a_change_under_way_is_shown() -> None:
    app, agent = _app()
    view = agent.newest
    running = replace(view.clusters[0], changing="2 workers more on the way.")
    agent.newest = replace(view, clusters=(running, *view.clusters[1:]))

    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("2", "enter")
        await until_shown(pilot, "3 of 4 workers serve. 2 workers more on the way.")
        await pilot.press("escape", "down", "enter", "e")
        await until_shown(pilot, "Select a cluster that runs first.")
        await pilot.press("x")
        await until_shown(pilot, "Select a worker that serves first.")

        assert not agent.of("preview")


async def test_a_notebook_s_address_goes_to_the_clipboard_and_not_to_the_screen() -> None:
    app, agent = _app()

    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("2", "enter", "k")
        await until_shown(pilot, "etl-nightly answers to Spark Connect")

        assert app.clipboard == "sc://localhost:31002/;token=abc"
        assert "token=" not in screen_text(app)
        assert agent.of("connect") == [("connect", "etl-nightly")]


async def test_read_only_offers_nothing_that_spends_starts_or_ends() -> None:
    agent = FakeAgent(sample())
    app = SparecloudApp(agent, read_only=True)

    async with app.run_test(size=(110, 30)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("n", "2", "s", "d")
        await until_shown(pilot, "2 clusters live")
        assert "New cluster" not in screen_text(app)
        await pilot.press("enter", "s", "r", "e", "x", "d", "k", "l")
        await until_shown(pilot, "ranking-3")

        assert {str(call[0]) for call in agent.asked} <= {"logs", "progress"}
