"""The home screen and the cluster screen draw what the agent says, as it says it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.model import Amount
from core.observed import Balances, JobState, Progress, Stage
from core.view import RenterView
from renter_tui.app import SparecloudApp
from renter_tui.screens.logs import bars, plain
from renter_tui.widgets.live_table import LiveTable
from renter_tui.widgets.words import coins, span
from tests.screens.fake_agent import FakeAgent
from tests.screens.sample_view import sample
from tests.screens.screen_text import screen_text, until, until_shown

STRANGERS = ("docker", "web3", "nats", "donor_app", "core.renter", "core.chain", "core.runtime", "core.wire")


def _app(view: RenterView | None = None) -> tuple[SparecloudApp, FakeAgent]:
    agent = FakeAgent(view or sample())
    return SparecloudApp(agent, first_wait_s=0.05), agent


async def test_the_market_shows_every_offer_the_cheapest_first() -> None:
    app, _ = _app()

    async with app.run_test(size=(100, 26)) as pilot:
        await until_shown(pilot, "9 donors", "noether-nuc", "0.0235", "Intel N100", "47 s")

        table = app.screen.query_one("#market-table", LiveTable)
        assert [table.cells(y)[0].plain for y in (0, 8)] == ["noether-nuc", "hamilton-2"]


async def test_a_new_view_changes_cells_in_place_and_leaves_the_cursor_where_it_was() -> None:
    app, agent = _app()

    async with app.run_test(size=(100, 26)) as pilot:
        await until_shown(pilot, "knuth-desk")
        table = app.screen.query_one("#market-table", LiveTable)
        await pilot.press("down", "down", "down")
        selected = table.selected
        dearer = tuple(replace(offer, hourly=Amount(2 * offer.hourly)) for offer in agent.newest.market[1:])
        await agent.publish(replace(agent.newest, now=agent.newest.now + 1, market=dearer))

        await until_shown(pilot, "8 donors", "0.0470", "46 s")
        assert table.selected == selected


async def test_a_filter_narrows_the_table_and_escape_lifts_it() -> None:
    app, _ = _app()

    async with app.run_test(size=(100, 26)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("slash", *"ryzen", "enter")
        await until_shown(pilot, "filter: ryzen")
        await until(pilot, lambda: "noether-nuc" not in screen_text(app))

        await pilot.press("escape")
        await until_shown(pilot, "noether-nuc")


async def test_an_empty_market_says_what_to_expect() -> None:
    app, _ = _app(replace(sample(), market=(), clusters=()))

    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "No offers yet: donors publish every few seconds.")
        await pilot.press("2")
        await until_shown(pilot, "No cluster yet.", "Press n")


async def test_a_cluster_opens_with_its_workers_jobs_page_and_settlement() -> None:
    app, _ = _app()

    async with app.run_test(size=(100, 30)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("2")
        await until_shown(pilot, "● running", "◑ starting", "□ ended", "3/4", "0.2458 of 0.6736", "1 h 47 min")
        await pilot.press("enter")

        await until_shown(pilot, "✗ lost", "The owner wanted", "45 min 05 s", "▶ running", "✓ succeeded")
        assert "http://127.0.0.1:8080" in screen_text(app)
        assert "0.42782 SPARE is unspent" in screen_text(app)
        await pilot.press("escape")
        await until_shown(pilot, "2 clusters live")


async def test_an_ended_cluster_shows_what_was_paid_and_refunded() -> None:
    app, _ = _app()

    async with app.run_test(size=(100, 30)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("2", "down", "down")

        await until_shown(pilot, "backfill: The time that was paid for is over.", "paid to donors", "refunded to you")


async def test_the_wallet_shows_what_is_free_and_what_is_locked() -> None:
    app, agent = _app()

    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("3")
        await until_shown(pilot, agent.newest.address, "12.4 SPARE", "0.56894 SPARE", "Ready to rent")
        await until_shown(
            pilot, "2.4 SPARE of it in the vault", "1.2 SPARE of it pledged", "until 2026-10-22 14:13 UTC"
        )

        await agent.publish(replace(agent.newest, balances=Balances(Amount(0), Amount(1))))
        await until_shown(pilot, "This wallet holds no SPARE: send some to the address above")
        assert "Stake" not in screen_text(app) and "Thawing" not in screen_text(app)


async def test_a_lost_agent_is_said_and_looked_for_until_it_is_back() -> None:
    app, agent = _app()

    async with app.run_test(size=(100, 26)) as pilot:
        await until_shown(pilot, "● live")
        await agent.go_away()
        await until_shown(pilot, "The background agent", "What you see is the last", "○ away", "noether-nuc")
        await until(pilot, lambda: agent.watched > 2)

        await agent.go_away(gone=False)
        await agent.publish(replace(agent.newest, market=agent.newest.market[:4]))
        await until_shown(pilot, "● live", "4 donors")
        await until(pilot, lambda: "The background agent" not in screen_text(app))


async def test_the_views_own_problem_is_a_banner_with_its_hint() -> None:
    app, _ = _app(replace(sample(), problem="No chain node answers.", hint="Check rpc_url in the settings."))

    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "▲ No chain node answers. Check rpc_url in the settings.")


async def test_the_logs_of_a_job_stream_in_without_their_control_characters() -> None:
    app, agent = _app()

    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("2", "l")
        await until_shown(pilot, "ranking-3 on etl-nightly")
        agent.output.put_nowait(b"Stage 1\n\x1b[31mred\x1b[0m gr")
        await until_shown(pilot, "Stage 1")
        agent.output.put_nowait("ün\nla".encode())
        await until_shown(pilot, "red grün")
        agent.output.put_nowait(b"st")
        agent.output.put_nowait(None)

        await until_shown(pilot, "last", "that is all of it")
        assert agent.of("logs") == [("logs", "etl-nightly", "ranking-3", True)]


async def test_a_job_that_ends_changes_its_headline_in_the_logs() -> None:
    app, agent = _app()

    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("2", "l")
        await until_shown(pilot, "▶ running")
        etl = agent.newest.clusters[0]
        ended = tuple(
            replace(job, state=JobState.SUCCEEDED) if job.state is JobState.RUNNING else job for job in etl.jobs
        )
        await agent.publish(replace(agent.newest, clusters=(replace(etl, jobs=ended),)))

        await until_shown(pilot, "✓ succeeded")


async def test_the_logs_show_how_far_a_running_job_is() -> None:
    app, agent = _app()
    stages = tuple(Stage(number, f"collect at job.py:{number}", 8, 4, 2, 0) for number in range(1, 6))
    agent.progressed = Progress(40, 20, 10, 1, stages)

    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("2", "l")
        await until_shown(
            pilot,
            "20 of 40 tasks done, 10 running, 1 failed and tried again",
            "stage 1   ━━━━━━━━━━━━╍╍╍╍╍╍────── 4/8  collect at job.py:1",
            "and 2 stages more",
        )
        agent.progressed = Progress(40, 39, 1, 0, stages[:1])
        await until_shown(pilot, "39 of 40 tasks done")
        agent.output.put_nowait(None)
        await until_shown(pilot, "that is all of it")
        await until(pilot, lambda: "tasks done" not in screen_text(app))


async def test_a_job_whose_progress_nobody_tells_is_read_all_the_same() -> None:
    app, agent = _app()
    agent.failure = InvalidInput("No engine answers.", "Start it.")

    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("2", "l")
        agent.output.put_nowait(b"a line\n")
        await until_shown(pilot, "ranking-3 on etl-nightly", "a line")
        await until(pilot, lambda: bool(agent.of("progress")))
        agent.failure, agent.progressed = None, Progress(4, 1, 1, 0)

        await until_shown(pilot, "1 of 4 tasks done")


def test_a_bar_never_outgrows_its_place() -> None:
    text = bars(Progress(1, 9, 9, 0, (Stage(0, "a\x1b[2Jb", 1, 9, 9, 0), Stage(1, "", 0, 0, 0, 0)))).plain

    assert "━" * 24 in text
    assert "━" * 25 not in text
    assert "─" * 24 in text
    assert "a·[2Jb" in text


async def test_help_lists_the_keys() -> None:
    app, _ = _app()

    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("question_mark")
        await until_shown(pilot, "new cluster: describe, see the price, pay", "destroy the cluster (asks first)")


async def test_quitting_names_the_clusters_that_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    app, _ = _app()
    said: list[str] = []

    def leave(*, message: str = "") -> None:
        said.append(message)

    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "9 donors")
        monkeypatch.setattr(app, "exit", leave)
        await pilot.press("q")
        monkeypatch.undo()

    assert said == ["2 clusters go on, and cost coin: etl-nightly, notebook."]


async def test_names_from_strangers_are_never_markup() -> None:
    view = sample()
    market = tuple(replace(offer, name="[b]x[/] [") for offer in view.market[:1])
    clusters = (replace(view.clusters[0], name="[red]c", sentence="[/]"),)
    app, _ = _app(replace(view, market=market, clusters=clusters))

    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "[b]x[/] [")
        await pilot.press("2", "d")
        await until_shown(pilot, "Destroy [red]c?")
        await pilot.press("escape", "s")
        await until_shown(pilot, "Submit a program to [red]c")


@pytest.mark.parametrize(
    ("amount", "shown"), [(0, "0.0000"), (1, "<0.0001"), (10**14, "0.0001"), (1234 * 10**18 + 5 * 10**17, "1,234.5000")]
)
def test_coins_line_up_and_are_never_a_false_zero(amount: int, shown: str) -> None:
    assert coins(amount) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(-3, "0 s"), (59, "59 s"), (69, "1 min 09 s"), (3600, "1 h 00 min"), (90_000, "1 d 1 h")]
)
def test_spans_use_their_two_largest_units(seconds: int, shown: str) -> None:
    assert span(seconds) == shown


def test_a_terminal_never_sees_a_programs_escapes() -> None:
    assert plain("10 %\r\x1b]0;title\x07\x1b[2Jdone\x07\r") == "done·"


def test_no_screen_reaches_past_the_gateway() -> None:
    for source in (Path(__file__).parents[2] / "renter_tui").glob("*/*.py"):
        if source.parent.name in ("screens", "widgets"):
            imports = re.findall(r"^\s*(?:from|import) (\S+)", source.read_text(), re.MULTILINE)
            assert not [name for name in imports if name.startswith(STRANGERS)], source
