"""The donor's application, its real window around the real agent: shared, leased, paid, taken back, quit, resumed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from core.allowance import NEVER, Hold
from core.model import Amount
from core.observed import JobState
from core.view import DonorView
from donor_app.bridge import Bridge
from donor_app.desktop import Desktop, Opening
from donor_app.toggle import Toggle
from donor_app.wiring import build_agent
from tests.whole.stage import SLOW_ANSWER, Stage, line

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

OWNER = "ada"


class App:
    """The application of one owner, in this process; `view` is what it shows."""

    def __init__(self, home: Path) -> None:
        self.view: DonorView | None = None
        self.bridge = Bridge(lambda: build_agent(home, consented=False))
        self.bridge.seen.connect(self._seen)
        self.desktop = Desktop(self.bridge, tray_available=lambda: False, tray_within_s=0.05)

    def _seen(self, view: DonorView) -> None:
        self.view = view

    def toggle(self) -> Toggle:
        window = self.desktop.window
        assert window is not None
        toggle = window.findChild(Toggle)
        assert isinstance(toggle, Toggle)
        return toggle

    async def until(self, true: Callable[[DonorView], object], what: str, within_s: float = 60) -> DonorView:
        """The first view that is as wanted, with Qt's events handled meanwhile."""
        async with asyncio.timeout(within_s):
            while self.view is None or not true(self.view):
                QApplication.processEvents()
                await asyncio.sleep(0.05)
        return self.view

    async def done(self, ask: Callable[[Callable[[object], None]], None], within_s: float = 60) -> None:
        """Ask the agent for something, and wait for its answer."""
        answers: list[object] = []
        ask(answers.append)
        async with asyncio.timeout(within_s):
            while not answers:
                QApplication.processEvents()
                await asyncio.sleep(0.05)


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[App]:
    """The application, quit the clean way in the end."""
    app, over = App(home), []
    app.desktop.finished.connect(lambda: over.append(True))
    app.desktop.start(Opening.WINDOW)
    try:
        yield app
    finally:
        app.desktop.quit()
        async with asyncio.timeout(120):
            while not over:
                QApplication.processEvents()
                await asyncio.sleep(0.05)
        assert app.bridge.join(5)


async def test_an_owner_shares_is_leased_earns_takes_back_withdraws_quits_and_resumes(
    stage: Stage, tmp_path: Path, qapp: QApplication
) -> None:
    home = stage.market.home(OWNER)
    await stage.market.donors[OWNER].end()
    try:
        async with opened(home) as app:
            first = await app.until(lambda view: view.measured, "the first measurement")
            assert not app.toggle().isEnabled()
            await app.done(lambda then: app.bridge.ask(lambda agent: agent.share(False), then))
            await app.until(lambda view: view.chosen, "the owner to have chosen")
            QTest.mouseClick(app.toggle(), Qt.MouseButton.LeftButton)
            await app.until(lambda view: view.sharing and view.offered.cpu_millis, "an offer")

            await stage.launch("app", 3)
            job = await stage.submit("app", tmp_path)
            await app.until(lambda view: "1 worker running" in view.headline, "the worker to serve")
            done, said = await stage.job_done("app", job)
            paid = await app.until(lambda view: view.earnings.lifetime.earned > 0, "to be vouched for")
            used = await app.until(lambda view: view.services[0].usage, "the worker's usage")
            share = used.services[0]
            await app.done(lambda then: app.bridge.ask(lambda agent: agent.stop(share.lease, share.index), then))
            over = await app.until(lambda view: view.services[0].ended, "the share to end", 90)
            ended = await stage.destroy("app")
            before = await stage.market.bank.coin_of(stage.market.bank.address)
            await app.done(
                lambda then: app.bridge.ask(lambda agent: agent.withdraw(stage.market.bank.address, Amount(1)), then)
            )
            after = await stage.market.bank.coin_of(stage.market.bank.address)

        async with opened(home) as app:
            again = await app.until(lambda view: view.sharing and view.offered.cpu_millis, "to share again")
            await app.done(lambda then: app.bridge.ask(lambda agent: agent.pause(NEVER), then))
            held = await app.until(lambda view: Hold.PAUSED in view.allowance.holds, "the pause")
            await app.done(lambda then: app.bridge.ask(lambda agent: agent.resume(), then))
            await app.until(lambda view: view.offered.cpu_millis, "to offer again")
    finally:
        # What a machine that quit had offered is gone: else the next test would count on it.
        await stage.until(lambda view: len(view.market) == 2, "the offer to be withdrawn")
        await stage.market.start_donor(OWNER)
        await stage.offers(3)

    assert not first.sharing and not first.chosen
    assert done.state is JobState.SUCCEEDED and SLOW_ANSWER in said
    # The job is done, and its executor gone: what is left is the worker itself.
    assert share.usage is not None and share.usage.memory_mib > 50
    assert over.services[0].sentence.startswith("The owner wanted the machine back")
    mine = next(worker for worker in ended.workers if worker.donor_name == OWNER)
    assert mine.paid == mine.vouched == over.services[0].paid >= paid.earnings.lifetime.earned > 0
    assert after - before == 1
    assert again.earnings.lifetime.earned == over.earnings.lifetime.earned
    assert not held.offered.cpu_millis
    assert line(await stage.until(lambda view: True, "a view"), "app").ended
