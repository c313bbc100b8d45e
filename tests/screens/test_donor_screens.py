"""What the donor's window, tray and headless service show and ask, with a fake agent behind the real bridge."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from core.errors import EngineUnavailable, SparecloudError
from core.model import Amount
from donor_app.agent import Problem, explain
from donor_app.bridge import Bridge
from donor_app.cards import Banner
from donor_app.desktop import Desktop
from donor_app.history import EarningsHistory
from donor_app.icon import application_icon, mark_icon
from donor_app.status import Mark, status
from donor_app.toggle import Toggle
from donor_app.tray import Tray
from donor_app.window import Window
from tests.screens.donor_samples import IDLE, OFF, PROBLEM, SERVING, FakeAgent

_Kind = TypeVar("_Kind", bound=QWidget)

# The offscreen platform has no window order and no tray, and says so.
pytestmark = [
    pytest.mark.qt_log_level_fail("WARNING"),
    pytest.mark.qt_log_ignore(r"does not support raise\(\)", "systemTrayWindowChanged"),
]


@contextmanager
def running(agent: FakeAgent, qtbot: QtBot, *, tray: Callable[[], bool] = lambda: False) -> Iterator[Desktop]:
    """A whole application around `agent`; when it is over, its thread is too."""
    bridge = Bridge(agent.open)
    desktop = Desktop(bridge, tray_available=tray, tray_within_s=0.05, stop_within_s=5)
    qtbot.addWidget(desktop.window)
    desktop.start()
    try:
        yield desktop
    finally:
        if not desktop._quitting:
            with qtbot.waitSignal(desktop.finished, timeout=5000):
                desktop.quit()
        assert bridge.join(5), "the agent's thread is still there"
        assert not any(thread.name == "sparecloud-agent" for thread in threading.enumerate())


def words(window: Window) -> str:
    """Everything that the window's visible labels say."""
    return "\n".join(label.text() for label in window.findChildren(QLabel) if label.isVisibleTo(window))


def toggle(desktop: Desktop) -> Toggle:
    """The window's toggle."""
    return child(desktop.window, Toggle)


def child(parent: QWidget, kind: type[_Kind]) -> _Kind:
    """The first widget of `kind` below `parent`."""
    found = parent.findChild(kind)
    assert isinstance(found, kind)
    return found


def test_a_view_from_the_agents_thread_is_drawn(qtbot: QtBot) -> None:
    agent = FakeAgent(view=SERVING)

    with running(agent, qtbot) as desktop:
        qtbot.waitUntil(lambda: SERVING.headline in words(desktop.window))

    assert agent.opened_in[0] is not threading.main_thread()
    assert agent.closed


def test_a_stake_is_told_beside_the_earnings_and_only_where_there_is_one(qtbot: QtBot) -> None:
    window = Window()
    qtbot.addWidget(window)

    window.draw(status(SERVING), SERVING)
    staked = words(window)
    window.draw(status(IDLE), IDLE)

    assert "Your stake is 7.40314 SPARE, 1.2 SPARE of it pledged to leases." in staked
    assert "Held back while you are new: 2.40314 SPARE, part of your stake." in staked
    assert "Thawing: 0.5 SPARE, until 2026-10-22 14:13 UTC (in 31 d)." in staked
    assert "stake" not in words(window)


def test_the_toggle_asks_the_agent_to_share_and_to_stop(qtbot: QtBot) -> None:
    agent = FakeAgent()

    with running(agent, qtbot) as desktop:
        qtbot.waitUntil(lambda: toggle(desktop).isEnabled())
        QTest.mouseClick(toggle(desktop), Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: IDLE.headline in words(desktop.window))
        assert toggle(desktop).isChecked()
        QTest.keyClick(toggle(desktop), Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: OFF.headline in words(desktop.window))

    assert agent.asked == [True, False]
    assert not toggle(desktop).isChecked()


def test_a_refused_wish_moves_the_toggle_back_and_says_why(qtbot: QtBot) -> None:
    agent = FakeAgent(refuses=EngineUnavailable("No container engine answers.", "Start Docker."))

    with running(agent, qtbot) as desktop:
        qtbot.waitUntil(lambda: toggle(desktop).isEnabled())
        toggle(desktop).click()
        qtbot.waitUntil(lambda: "No container engine answers." in words(desktop.window))

        assert "Start Docker." in words(desktop.window)
        qtbot.waitUntil(lambda: not toggle(desktop).isChecked())


def test_an_agents_death_shows_a_banner_and_can_be_started_again(qtbot: QtBot) -> None:
    agent = FakeAgent(view=IDLE)

    with running(agent, qtbot) as desktop:
        qtbot.waitUntil(lambda: IDLE.headline in words(desktop.window))
        agent.death = ExceptionGroup("inside", [SparecloudError("The disk is full.", "Free some space.")])
        qtbot.waitUntil(lambda: "The disk is full." in words(desktop.window))
        assert "Sparecloud has stopped." in words(desktop.window)
        assert not toggle(desktop).isEnabled()

        agent.death = None
        child(child(desktop.window, Banner), QPushButton).click()
        qtbot.waitUntil(lambda: IDLE.headline in words(desktop.window))

    assert len(agent.opened_in) == 2


def test_quitting_waits_for_a_slow_clean_end(qtbot: QtBot) -> None:
    agent = FakeAgent(view=SERVING, takes_s=0.3)

    with running(agent, qtbot) as desktop:
        qtbot.waitUntil(lambda: SERVING.headline in words(desktop.window))
        with qtbot.waitSignal(desktop.finished, timeout=5000):
            desktop.quit()

        assert agent.closed


def test_quitting_gives_up_on_an_agent_that_hangs(qtbot: QtBot) -> None:
    agent = FakeAgent(takes_s=1.0)
    bridge = Bridge(agent.open)
    desktop = Desktop(bridge, tray_available=lambda: False, stop_within_s=0.2)
    qtbot.addWidget(desktop.window)
    desktop.start()
    qtbot.waitUntil(lambda: OFF.headline in words(desktop.window))
    started = time.monotonic()

    with qtbot.waitSignal(desktop.finished, timeout=5000):
        desktop.quit()

    assert time.monotonic() - started < 0.9
    assert bridge.join(5)


def test_stopping_before_the_agent_is_up_leaves_no_thread(qtbot: QtBot) -> None:
    bridge = Bridge(FakeAgent().open)

    bridge.start()
    bridge.stop()

    assert bridge.join(5)


def test_without_a_tray_the_window_opens_and_closing_it_quits(qtbot: QtBot) -> None:
    with running(FakeAgent(), qtbot) as desktop:
        assert not desktop.window.isVisible()
        qtbot.waitUntil(desktop.window.isVisible)

        assert desktop.tray is None
        with qtbot.waitSignal(desktop.finished, timeout=5000):
            desktop.window.close()


def test_a_tray_that_comes_late_is_used(qtbot: QtBot) -> None:
    answers = iter((False, True))

    with running(FakeAgent(), qtbot, tray=lambda: next(answers)) as desktop:
        qtbot.waitUntil(lambda: desktop.tray is not None)

        assert not desktop.window.isVisible()
        desktop.open()
        desktop.window.close()
        assert not desktop.window.isVisible()
        assert not desktop._quitting


def test_the_trays_menu_shares_opens_and_tells_todays_earnings(qtbot: QtBot) -> None:
    tray = Tray()
    tray.draw(status(SERVING))
    actions = {action.text(): action for action in tray._menu.actions()}

    assert "Serving 2 workers for others." in actions
    assert not actions["Serving 2 workers for others."].isEnabled()
    assert "Earned today: 0.214187 SPARE" in actions
    assert actions["Share resources"].isChecked()
    with qtbot.waitSignal(tray.share_asked) as asked:
        actions["Share resources"].trigger()
    assert asked.args == [False]
    with qtbot.waitSignal(tray.open_asked):
        actions["Open Sparecloud"].trigger()


def test_every_state_has_a_shape_of_its_own(qtbot: QtBot) -> None:
    shapes = {mark: _silhouette(mark) for mark in Mark}

    for one in Mark:
        for other in Mark:
            if one is not other:
                different = sum(a != b for a, b in zip(shapes[one], shapes[other], strict=True))
                assert different > 20, f"{one} and {other} look alike at 22 pixels"


def test_the_icon_ships_with_the_package(qtbot: QtBot) -> None:
    assert application_icon().pixmap(64).toImage().pixelColor(32, 6).alpha() == 255


def test_the_mark_and_word_follow_the_view() -> None:
    assert status(None).mark is Mark.OFF
    assert status(OFF).mark is Mark.OFF
    assert status(IDLE).mark is Mark.READY
    assert status(SERVING).mark is Mark.SERVING
    assert status(PROBLEM).mark is Mark.PROBLEM
    assert status(IDLE, alive=False, refusal=Problem("It broke.", "")).mark is Mark.PROBLEM
    assert status(OFF, wish=True).toggle_word == "Starting to share"


def test_no_state_clips_a_sentence(qtbot: QtBot) -> None:
    window = Window()
    qtbot.addWidget(window)
    long = replace(SERVING.services[0], sentence="The renter ended the lease because of many reasons. " * 6)
    view = replace(SERVING, services=(long, *SERVING.services), headline="Serving very many shares of all kinds. " * 3)

    window.draw(status(view), view)
    window.resize(window.minimumSize())
    window.show()
    QApplication.processEvents()

    for label in window.findChildren(QLabel):
        if label.isVisible() and label.text():
            needed = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
            assert label.height() >= needed, label.text()
            if not label.wordWrap():
                assert label.width() >= label.sizeHint().width(), label.text()


def test_every_control_has_a_name_for_screen_readers(qtbot: QtBot) -> None:
    window = Window()
    qtbot.addWidget(window)
    window.draw(status(SERVING), SERVING)

    assert child(window, Toggle).accessibleName() == "Share resources"
    assert all(button.text() for button in window.findChildren(QPushButton))


def test_history_counts_gains_by_the_minute_and_survives_a_clock_set_back() -> None:
    history = EarningsHistory()

    history.add(6000, Amount(100))
    history.add(6001, Amount(130))
    history.add(6060, Amount(150))
    history.add(5000, Amount(155))
    history.add(6061, Amount(140))

    assert history.bars(6061)[-2:] == (30, 25)
    assert sum(history.bars(6061)) == 55
    assert sum(history.bars(6061 + 3600)) == 0


def test_an_unforeseen_error_is_explained_without_its_text() -> None:
    problem = explain(RuntimeError("secret"))

    assert "RuntimeError" in problem.title
    assert "secret" not in problem.title + problem.hint


def test_screens_import_no_adapter_library() -> None:
    code = "import sys, donor_app.desktop; print({'docker', 'web3', 'nats', 'renter_tui'} & set(sys.modules))"

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)

    assert ended.stdout.strip() == "set()"


def _silhouette(mark: Mark) -> list[bool]:
    image = mark_icon(mark).pixmap(22).toImage()
    return [image.pixelColor(x, y).alpha() > 127 for x in range(22) for y in range(22)]


@pytest.fixture(autouse=True)
def _an_application(qapp: QApplication) -> None:
    qapp.setQuitOnLastWindowClosed(False)
