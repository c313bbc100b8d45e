"""The banner: trouble first, news only where there is none."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

from core.errors import InvalidInput
from core.gateway.agent import RenterAgent
from core.release import Release
from core.view import RenterView
from renter_tui.app import SparecloudApp
from renter_tui.widgets.banner import Banner
from tests.screens.fake_agent import FakeAgent
from tests.screens.sample_view import sample
from tests.screens.screen_text import screen_text, until, until_shown

RELEASE = Release("0.2.0", "Faster [b]shuffles[/b].", "https://example.org/0.2.0")
SENTENCE = "● Version 0.2.0 is out: Faster [b]shuffles[/b]. https://example.org/0.2.0"


def app_of(view: RenterView) -> SparecloudApp:
    return SparecloudApp(FakeAgent(view))


async def test_a_new_version_is_one_line_of_plain_letters() -> None:
    app = app_of(replace(sample(), update=RELEASE))

    async with app.run_test(size=(100, 26)) as pilot:
        await until_shown(pilot, "9 donors")

        await until_shown(pilot, SENTENCE)
        assert app.screen.query_one(Banner).size.height == 1


async def test_trouble_goes_before_news() -> None:
    app = app_of(replace(sample(), update=RELEASE, problem="The chain node does not answer.", hint="Wait."))

    async with app.run_test(size=(100, 26)) as pilot:
        await until_shown(pilot, "▲ The chain node does not answer.")

        assert "0.2.0" not in screen_text(pilot.app)


async def test_without_either_there_is_no_banner() -> None:
    app = app_of(sample())

    async with app.run_test(size=(100, 26)) as pilot:
        await until_shown(pilot, "9 donors")

        assert not app.screen.query_one(Banner).display


async def test_the_screen_is_there_before_the_agent_and_what_the_agent_refuses_ends_the_application() -> None:
    answers = asyncio.Event()
    agent = FakeAgent(sample())

    @asynccontextmanager
    async def connect() -> AsyncGenerator[RenterAgent]:
        await answers.wait()
        yield agent

    app = SparecloudApp(connect=connect)
    async with app.run_test(size=(100, 26)) as pilot:
        await until_shown(pilot, "1 Market", "Waiting for the background agent")
        await pilot.press("n", "escape")
        answers.set()
        await until_shown(pilot, "9 donors")

    @asynccontextmanager
    async def refuse() -> AsyncGenerator[RenterAgent]:
        raise InvalidInput("No market is chosen.", "Choose one.")
        yield agent

    refused = SparecloudApp(connect=refuse)
    async with refused.run_test(size=(100, 26)) as pilot:
        await until(pilot, lambda: refused.refused is not None)
    assert str(refused.refused).startswith("No market is chosen.")
