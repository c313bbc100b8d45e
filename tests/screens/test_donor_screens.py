"""What the donor's application shows and asks, with a fake agent behind the real bridge."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from core.allowance import Hold, Holding
from core.errors import EngineUnavailable, SparecloudError
from donor_app.agent import Problem, explain
from donor_app.banner import Banner
from donor_app.bridge import Bridge
from donor_app.desktop import Desktop, Opening
from donor_app.first_run import FirstRun
from donor_app.header import Reasons
from donor_app.page_list import PageList
from donor_app.toggle import Toggle
from donor_app.window import PAGES
from tests.screens.donor_desktop import QT_IS_SILENT, Asked, child, opened, running, words
from tests.screens.donor_samples import HELD, IDLE, NOW, OFF, PROBLEM, SERVING, FakeAgent

pytestmark = QT_IS_SILENT


def toggle(desktop: Desktop) -> Toggle:
    """The window's toggle."""
    return child(desktop.window, Toggle)


def test_a_view_from_the_agents_thread_is_drawn(qtbot: QtBot) -> None:
    agent = FakeAgent(view=SERVING)

    with running(agent, qtbot, opening=Opening.WINDOW) as desktop:
        qtbot.waitUntil(lambda: SERVING.headline in words(desktop.window))

    assert agent.opened_in[0] is not threading.main_thread()
    assert agent.closed


def test_the_toggle_asks_the_agent_to_share_and_to_stop(qtbot: QtBot) -> None:
    agent = FakeAgent()

    with running(agent, qtbot, opening=Opening.WINDOW) as desktop:
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

    with running(agent, qtbot, opening=Opening.WINDOW) as desktop:
        qtbot.waitUntil(lambda: toggle(desktop).isEnabled())
        toggle(desktop).click()
        qtbot.waitUntil(lambda: "No container engine answers." in words(desktop.window))

        assert "Start Docker." in words(desktop.window)
        qtbot.waitUntil(lambda: not toggle(desktop).isChecked())


def test_an_agents_death_shows_a_banner_and_can_be_started_again(qtbot: QtBot) -> None:
    agent = FakeAgent(view=IDLE)

    with running(agent, qtbot, opening=Opening.WINDOW) as desktop:
        qtbot.waitUntil(lambda: IDLE.headline in words(desktop.window))
        agent.death = ExceptionGroup("inside", [SparecloudError("The disk is full.", "Free some space.")])
        qtbot.waitUntil(lambda: "The disk is full." in words(desktop.window))
        assert "Sparecloud has stopped." in words(desktop.window)
        assert "Earned today" not in words(desktop.window)
        assert not toggle(desktop).isEnabled()

        agent.death = None
        _button(child(desktop.window, Banner), "Start &again").click()
        qtbot.waitUntil(lambda: IDLE.headline in words(desktop.window))

    assert len(agent.opened_in) == 2


def test_quitting_waits_for_a_slow_clean_end(qtbot: QtBot) -> None:
    agent = FakeAgent(view=SERVING, takes_s=0.3)

    with running(agent, qtbot, opening=Opening.WINDOW) as desktop:
        qtbot.waitUntil(lambda: SERVING.headline in words(desktop.window))
        with qtbot.waitSignal(desktop.finished, timeout=5000):
            desktop.quit()

        assert agent.closed


def test_quitting_gives_up_on_an_agent_that_hangs(qtbot: QtBot) -> None:
    agent = FakeAgent(takes_s=1.0)
    bridge = Bridge(agent.open)
    desktop = Desktop(bridge, tray_available=lambda: True, stop_within_s=0.2)
    with qtbot.waitSignal(bridge.seen):
        desktop.start()
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


def test_every_reason_stands_in_the_header_and_one_that_ends_hides_no_other(qtbot: QtBot) -> None:
    paused, battery = Holding(Hold.PAUSED, "Paused until 23:10.", NOW + 300), HELD.allowance.holdings[0]
    both = replace(HELD, allowance=replace(HELD.allowance, holdings=(battery, paused)))
    one = replace(HELD, allowance=replace(HELD.allowance, holdings=(battery,)))

    with_both = words(opened(qtbot, both))
    with_one = opened(qtbot, one)

    assert "On battery; sharing waits for mains power." in with_both
    assert "Paused until 23:10. 5 min left." in with_both
    assert "On battery; sharing waits for mains power." in words(with_one)
    assert not child(with_one, Reasons).isVisible()


def test_resume_is_offered_beside_the_toggle_only_while_the_owner_ordered_a_pause(qtbot: QtBot) -> None:
    agent = FakeAgent(view=HELD)

    with running(agent, qtbot, opening=Opening.WINDOW) as desktop:
        qtbot.waitUntil(lambda: HELD.headline in words(desktop.window))
        assert desktop.window is not None
        resume = _button(desktop.window, "&Resume")
        assert resume.isVisible()
        resume.click()
        qtbot.waitUntil(lambda: agent.told == [("resume",)])
        agent.view = SERVING
        qtbot.waitUntil(lambda: not resume.isVisible())


def test_taking_the_machine_back_at_once_says_what_renters_lose_and_waits_for_a_yes(qtbot: QtBot) -> None:
    agent = FakeAgent(view=SERVING)

    with running(agent, qtbot, tray=lambda: True) as desktop:
        qtbot.waitUntil(lambda: desktop._status().workers == 2)
        desktop._actions.take_back.trigger()
        box = child(desktop.window, QMessageBox)
        assert "Workers that stop now: 2." in box.informativeText()
        assert agent.asked == []
        _button(box, "&Take it back").click()
        qtbot.waitUntil(lambda: agent.asked == [False])


def test_an_idle_machine_is_taken_back_without_a_question(qtbot: QtBot) -> None:
    agent = FakeAgent(view=IDLE)

    with running(agent, qtbot, tray=lambda: True) as desktop:
        qtbot.waitUntil(lambda: desktop._status().sharing)
        desktop._actions.take_back.trigger()
        qtbot.waitUntil(lambda: agent.asked == [False])

        assert desktop.window is None


def test_a_missing_engine_leads_to_its_page_and_other_problems_do_not(qtbot: QtBot) -> None:
    engine = opened(qtbot, replace(PROBLEM, problem_kind="EngineUnavailable"))
    chain = opened(qtbot, replace(PROBLEM, problem="No chain node answers.", problem_kind="ChainUnavailable"))

    assert _button(engine, "Open the &installation page").isVisible()
    assert _button(engine, "&Check again").isVisible()
    assert not _button(chain, "Open the &installation page").isVisible()
    assert not _button(chain, "&Check again").isVisible()


def test_check_again_has_the_agent_look_at_once(qtbot: QtBot) -> None:
    asked = Asked()
    window = opened(qtbot, replace(PROBLEM, problem_kind="EngineUnavailable"), asked=asked)
    check = _button(window, "&Check again")

    check.click()

    assert asked.agent.told == [("look_again",)]
    assert (check.text(), check.isEnabled()) == ("&Check again", True)


def test_what_an_agent_waits_for_at_its_start_is_told_until_it_is_there(qtbot: QtBot) -> None:
    agent, unlocked = FakeAgent(), threading.Event()

    @asynccontextmanager
    async def locked() -> AsyncIterator[FakeAgent]:
        while not unlocked.is_set():
            await asyncio.sleep(0.01)
        async with agent.open() as opened_agent:
            yield opened_agent

    with running(agent, qtbot, opening=Opening.WINDOW, open_agent=locked) as desktop:
        desktop._bridge.failed.emit(Problem("Waiting for the keyring to be unlocked.", "Enter its password."))
        qtbot.waitUntil(lambda: "Waiting for the keyring to be unlocked." in words(desktop.window))
        unlocked.set()
        qtbot.waitUntil(lambda: "Waiting for the keyring" not in words(desktop.window))


def test_pages_are_turned_by_keyboard(qtbot: QtBot) -> None:
    window = opened(qtbot, SERVING)
    pages = child(window, PageList)
    pages.setFocus()

    QTest.keyClick(pages, Qt.Key.Key_Down)
    after_arrow = pages.currentRow()
    pages.window().activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
    QTest.keyClick(window, Qt.Key(Qt.Key.Key_0 + len(PAGES)), Qt.KeyboardModifier.ControlModifier)

    assert after_arrow == 1
    assert pages.currentRow() == len(PAGES) - 1


def test_only_the_page_that_is_looked_at_is_made_and_drawn(qtbot: QtBot) -> None:
    window = opened(qtbot, SERVING)

    assert list(window._made) == ["Overview"]
    window.show_page("Leases")
    assert "Serving  ·  2 cores, 4 GiB" in words(window)


def test_who_never_chose_meets_the_first_run_even_from_the_tray(qtbot: QtBot) -> None:
    agent = FakeAgent(view=replace(OFF, chosen=False))

    with running(agent, qtbot, tray=lambda: True, opening=Opening.MINIMISED) as desktop:
        qtbot.waitUntil(lambda: desktop.window is not None and desktop.window.isVisible())
        assert child(desktop.window, FirstRun).isVisible()
        agent.view = IDLE
        qtbot.waitUntil(lambda: IDLE.headline in words(desktop.window))


def test_no_state_clips_a_sentence(qtbot: QtBot) -> None:
    long = replace(SERVING.services[0], sentence="The renter ended the lease because of many reasons. " * 6)
    view = replace(
        HELD, services=(long, *SERVING.services), headline="Serving very many shares of all kinds. " * 3, hint="x"
    )

    for page in ("Overview", "Leases"):
        window = opened(qtbot, view, page)
        window.resize(window.minimumSize())
        for _ in range(3):
            QApplication.processEvents()
        for label in window.findChildren(QLabel):
            if label.isVisible() and label.text():
                needed = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
                assert label.height() >= needed, label.text()
                if not label.wordWrap():
                    assert label.width() >= label.sizeHint().width(), label.text()


def test_a_stake_is_told_only_where_there_is_one(qtbot: QtBot) -> None:
    staked, bare = words(opened(qtbot, SERVING)), words(opened(qtbot, IDLE))

    assert "Your stake is 7.40314 SPARE, 1.2 SPARE of it pledged to leases." in staked
    assert "Thawing: 0.5 SPARE, until 2026-10-22 14:13 UTC (in 31 d)." in staked
    assert "stake" not in bare


def test_the_overview_tells_what_is_known_what_is_not_and_what_contradicts_itself(qtbot: QtBot) -> None:
    measured = HELD.measured
    assert measured is not None
    view = replace(
        HELD,
        measured=replace(measured, gpu_note="A GPU is here, and its driver is not."),
        contradictions=("The limits share no processor.",),
    )

    window = opened(qtbot, view)

    told = words(window)
    assert "battery 71 %, discharging" in told
    assert told.count("not known here") == 3
    assert "A GPU is here, and its driver is not." in told
    assert "The limits share no processor." in told
    _button(window, "Change settin&gs").click()
    assert list(PAGES)[child(window, PageList).currentRow()] == "Settings"


def test_an_unforeseen_error_is_explained_without_its_text() -> None:
    problem = explain(RuntimeError("secret"))

    assert "RuntimeError" in problem.title
    assert "secret" not in problem.title + problem.hint


def test_screens_import_no_adapter_library() -> None:
    code = "import sys, donor_app.window; print({'docker', 'web3', 'nats', 'renter_tui'} & set(sys.modules))"

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)

    assert ended.stdout.strip() == "set()"


def test_a_tray_alone_imports_no_window() -> None:
    code = "import sys, donor_app.desktop; print({'donor_app.window', 'PySide6.QtSvg'} & set(sys.modules))"

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)

    assert ended.stdout.strip() == "set()"


def _button(parent: QWidget, text: str) -> QPushButton:
    found = [button for button in parent.findChildren(QPushButton) if button.text() == text]
    assert len(found) == 1, text
    return found[0]


@pytest.fixture(autouse=True)
def _an_application(qapp: QApplication) -> None:
    qapp.setQuitOnLastWindowClosed(False)
