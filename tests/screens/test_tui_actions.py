"""What a person decides reaches the agent, and only what was confirmed."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import BusUnavailable, InvalidInput, NotEnoughCoin
from core.model import Amount, Resources
from core.quote import Request, Shortfall
from core.submission import Extras
from renter_tui.app import SparecloudApp
from renter_tui.screens.order import read_order
from tests.screens.fake_agent import FakeAgent, quote_for
from tests.screens.sample_view import sample
from tests.screens.screen_text import screen_text, until, until_shown

ORDER = {"tightness": "10", "workers": "4", "cores": "2", "memory": "4", "hours": "2", "ceiling": ""}


def _app() -> tuple[SparecloudApp, FakeAgent]:
    agent = FakeAgent(sample())
    return SparecloudApp(agent), agent


async def test_the_form_shows_the_quote_and_pays_exactly_the_total_it_said() -> None:
    app, agent = _app()
    request = Request(Resources(2000, 4096), 4, 7200)

    async with app.run_test(notifications=True, size=(100, 26)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("n", "4", "tab", "2", "tab", "4", "tab", "2")
        await until_shown(
            pilot,
            "Pay up to 0.41216 SPARE for 2 h of 4 workers",
            "noether-nuc",
            "1.8 % of what is leased (0.7 % at best)",
        )
        await until_shown(pilot, "0.060703 SPARE, which the donors stand to lose")
        await pilot.press("enter", "enter", "enter", "enter")
        await until_shown(pilot, "Pay for spark-1?", "At most 0.4121599998160512 SPARE leave your wallet")
        await pilot.press("enter")
        await until(pilot, lambda: "Pay for spark-1?" not in screen_text(app))
        assert not agent.of("launch")
        await pilot.press("enter", "tab", "enter")

        await until(pilot, lambda: bool(agent.of("launch")))
        assert agent.of("launch") == [("launch", "spark-1", request, quote_for(request, sample()).total())]
        await until_shown(pilot, "3 clusters live", "○ proposed", "spark-1: Waiting for the donors to accept.")


async def test_the_slider_asks_for_a_tighter_plan() -> None:
    app, agent = _app()

    async with app.run_test(notifications=True, size=(100, 26)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("n", *["tab"] * 5, "right", "right")
        await until_shown(pilot, "20 %")
        await until(pilot, lambda: agent.of("quote")[-1][1].tightness_percent == 20)  # type: ignore[attr-defined]
        await pilot.press("end", "right")
        await until_shown(pilot, "tightest")
        await pilot.press("home")

        await until_shown(pilot, "cheapest")


async def test_a_shortfall_is_shown_with_what_would_fit_and_cannot_be_paid() -> None:
    app, agent = _app()
    agent.answer = Shortfall("memory_mib", "No donor has 64 GiB free for one worker.", 3, Resources(8000, 24_576))

    async with app.run_test(notifications=True, size=(100, 26)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("n")
        await until_shown(pilot, "No donor has 64 GiB free", "3 workers of this shape", "8 cores, 24 GiB")
        await pilot.press(*["enter"] * 8)

        await pilot.pause(0.1)
        assert not agent.of("launch")


async def test_what_was_typed_wrong_is_said_and_cannot_be_paid() -> None:
    app, _ = _app()

    async with app.run_test(notifications=True, size=(100, 26)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("n", "x")
        await until_shown(pilot, "Workers must be a number, like 3.")
        assert "Pay up to" not in screen_text(app)
        assert app.screen.query_one("#pay").disabled


async def test_a_refused_launch_says_why_and_keeps_the_form() -> None:
    app, agent = _app()

    async with app.run_test(notifications=True, size=(100, 26)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("n")
        await until_shown(pilot, "Pay up to")
        agent.failure = NotEnoughCoin("The wallet holds 12.4 SPARE.", "Send it more, or ask for less.")
        await pilot.click("#pay")

        await until_shown(pilot, "The wallet holds 12.4 SPARE.", "Send it more, or ask for less.", "New Spark cluster")


async def test_a_price_that_rises_takes_the_keyboard_off_the_pay_button(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renter_tui.screens.launch._AGAIN_S", 0.05)
    app, agent = _app()

    async with app.run_test(notifications=True, size=(100, 26)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("n")
        await until_shown(pilot, "Pay up to")
        app.screen.query_one("#pay").focus()
        quote = quote_for(Request(Resources(1000, 2048), 2, 3600), sample())
        agent.answer = replace(quote, shares=tuple(replace(share, cap=Amount(2 * share.cap)) for share in quote.shares))
        await until_shown(pilot, "Pay up to 0.09856 SPARE")

        assert app.focused is not None
        assert app.focused.id != "pay"


async def test_destroying_asks_first_and_no_is_the_default() -> None:
    app, agent = _app()

    async with app.run_test(notifications=True, size=(80, 24)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("2", "d")
        await until_shown(pilot, "Destroy etl-nightly?", "0.2458 SPARE so far", "up to 0.4278 SPARE")
        await pilot.press("enter")
        await until(pilot, lambda: "Destroy etl-nightly?" not in screen_text(app))
        await pilot.press("d", "d", "y", "escape")
        await pilot.pause()
        assert not agent.of("destroy")

        await pilot.press("d", "right", "enter")
        await until(pilot, lambda: agent.of("destroy") == [("destroy", "etl-nightly")])
        await until_shown(pilot, "etl-nightly is being ended")


async def test_an_ended_cluster_cannot_be_destroyed_again() -> None:
    app, agent = _app()

    async with app.run_test(notifications=True, size=(80, 24)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("2", "down", "down", "d")

        await until_shown(pilot, "Nothing to destroy")
        assert not agent.of("destroy")


async def test_a_program_is_submitted_with_its_arguments_and_input() -> None:
    app, agent = _app()

    async with app.run_test(notifications=True, size=(100, 26)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("2", "s")
        await until_shown(pilot, "Submit a program to etl-nightly")
        await pilot.press(*"/j.py", "tab", *"a 'b c'", "tab", *"/in", "tab")
        await pilot.press(*"/w-1-py3-none-any.whl", "tab", *"/a '/b c'", "tab", *"spark.x=1", "enter", "enter")

        extras = Extras(("/w-1-py3-none-any.whl",), ("/a", "/b c"), {"spark.x": "1"})
        expected = ("submit", "etl-nightly", Path("/j.py"), ("a", "b c"), Path("/in"), extras)
        await until(pilot, lambda: agent.of("submit") == [expected])
        await until_shown(pilot, "job-1 runs on etl-nightly")


async def test_a_submission_without_a_program_is_refused_with_a_sentence() -> None:
    app, agent = _app()

    async with app.run_test(notifications=True, size=(100, 26)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("2", "s", *["enter"] * 7)
        await until_shown(pilot, "Name the program to run")

    assert not agent.of("submit")


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        (1, "'a", "The arguments have a quotation mark without its partner."),
        (3, 'a "b', "The packages have a quotation mark without its partner."),
        (5, "spark.x", "'spark.x' sets nothing."),
        (5, "spark.x=1 spark.x=2", "spark.x is set twice."),
        (5, "spark.authenticate=false", "spark.authenticate is not yours to set"),
    ],
)
async def test_what_cannot_travel_with_a_job_is_refused_in_the_dialog(field: int, typed: str, sentence: str) -> None:
    app, agent = _app()

    async with app.run_test(notifications=True, size=(100, 30)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("2", "s", *"j.py", *["tab"] * field, *typed, *["enter"] * (7 - field))
        await until_shown(pilot, sentence)

    assert not agent.of("submit")


@pytest.mark.parametrize("failure", [BusUnavailable("The bus is gone.", "Wait a moment."), RuntimeError("secret")])
async def test_errors_are_toasts_never_tracebacks(failure: Exception) -> None:
    app, agent = _app()
    agent.failure = failure

    async with app.run_test(notifications=True, size=(80, 24)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("2", "d", "right", "enter")

        known = isinstance(failure, BusUnavailable)
        await until_shown(pilot, *(("The bus is gone.", "Wait a moment.") if known else ("Something unexpected",)))
        assert "secret" not in screen_text(app)


def test_an_order_is_read_exactly() -> None:
    request = read_order({**ORDER, "cores": "0.5", "ceiling": "12345678901.000000000000000001"})

    assert request.shape == Resources(500, 4096)
    assert request.ceiling == 12_345_678_901 * 10**18 + 1


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("workers", "2.5", "Workers must be a number, like 3."),
        ("workers", "0", "Workers is out of bounds"),
        ("cores", "NaN", "Cores must be a number"),
        ("cores", "-1", "Cores must be a number"),
        ("memory", "", "Memory must be a number"),
        ("memory", "1e999999999", "Memory must be a number"),
        ("hours", "1000", "Hours is out of bounds"),
        ("ceiling", "0", "Ceiling is out of bounds"),
    ],
)
def test_an_order_that_is_wrong_names_its_field(field: str, typed: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        read_order({**ORDER, field: typed})
