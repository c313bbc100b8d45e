"""The tray's icon, menu and notices, and a tray that comes late, goes and comes again."""

from dataclasses import replace
from datetime import datetime

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.allowance import NEVER
from donor_app.actions import OwnerActions, tomorrow
from donor_app.desktop import Opening
from donor_app.icon import application_icon, mark_icon
from donor_app.status import Mark, status
from donor_app.tray import Tray
from tests.screens.donor_desktop import QT_IS_SILENT, Asked, running, words
from tests.screens.donor_samples import HELD, IDLE, OFF, PROBLEM, FakeAgent

pytestmark = QT_IS_SILENT


def test_without_a_tray_the_window_opens_and_closing_it_quits(qtbot: QtBot) -> None:
    with running(FakeAgent(), qtbot) as desktop:
        assert desktop.window is None
        qtbot.waitUntil(lambda: desktop.window is not None and desktop.window.isVisible())

        assert desktop.tray is None
        assert desktop.window is not None
        with qtbot.waitSignal(desktop.finished, timeout=5000):
            desktop.window.close()


def test_a_start_minimised_without_a_tray_takes_its_place_among_the_windows(qtbot: QtBot) -> None:
    with running(FakeAgent(), qtbot, opening=Opening.MINIMISED) as desktop:
        qtbot.waitUntil(lambda: desktop.window is not None and desktop.window.isVisible())

        assert desktop.window is not None
        assert desktop.window.isMinimized()


def test_a_start_minimised_with_a_tray_shows_no_window(qtbot: QtBot) -> None:
    with running(FakeAgent(), qtbot, tray=lambda: True, opening=Opening.MINIMISED) as desktop:
        qtbot.wait(200)

        assert desktop.tray is not None
        assert desktop.window is None


def test_a_tray_that_comes_after_the_window_is_taken_up(qtbot: QtBot) -> None:
    there: list[bool] = []

    with running(FakeAgent(), qtbot, tray=lambda: bool(there)) as desktop:
        qtbot.waitUntil(lambda: desktop.window is not None and desktop.window.isVisible())
        assert desktop.window is not None
        there.append(True)
        qtbot.waitUntil(lambda: desktop.tray is not None)

        desktop.window.close()
        assert not desktop.window.isVisible()
        assert not desktop._quitting


def test_a_panel_that_goes_for_good_leaves_no_window_out_of_reach(qtbot: QtBot) -> None:
    there = [True]

    with running(FakeAgent(view=IDLE), qtbot, tray=lambda: bool(there)) as desktop:
        qtbot.waitUntil(lambda: desktop.tray is not None)
        assert desktop.window is None
        there.clear()
        qtbot.waitUntil(lambda: desktop.window is not None and desktop.window.isVisible())
        assert desktop.window is not None
        assert not desktop.window.hides_on_close
        assert IDLE.headline in words(desktop.window)

        there.append(True)
        qtbot.waitUntil(lambda: desktop.window is not None and desktop.window.hides_on_close)


def test_the_trays_menu_tells_the_state_and_has_the_owners_actions(qtbot: QtBot) -> None:
    asked = Asked()
    actions = OwnerActions(asked)
    tray = Tray(actions)
    now = status(HELD)
    actions.draw(now)
    tray.draw(now)
    entries = {action.text(): action for action in tray._menu.actions() if action.isVisible()}

    assert not entries[HELD.headline].isEnabled()
    assert "Earned today: 0.214187 SPARE" in entries
    assert entries["&Share resources"].isChecked()
    with qtbot.waitSignal(actions.share_asked) as shared:
        entries["&Share resources"].trigger()
    assert shared.args == [False]
    with qtbot.waitSignal(tray.open_asked):
        entries["&Open Sparecloud"].trigger()
    entries["Pause for &1 hour"].trigger()
    entries["Pause &until I resume"].trigger()
    entries["&Resume"].trigger()
    entries["&Finish current work, then stop"].trigger()
    (pause, until), *others = asked.agent.told
    assert pause == "pause"
    assert isinstance(until, int)
    assert abs(until - datetime.now().timestamp() - 3600) < 60
    assert others == [("pause", NEVER), ("resume",), ("finish",)]


def test_actions_that_make_no_sense_are_not_offered(qtbot: QtBot) -> None:
    actions = OwnerActions(Asked())

    actions.draw(status(OFF))

    assert not actions.resume.isVisible()
    assert not any(pause.isEnabled() for pause in actions.pauses)
    assert not actions.finish.isEnabled()
    assert not actions.take_back.isEnabled()
    assert actions.share.isEnabled()


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-11-23 14:00", "2026-11-24 07:00"),
        ("2026-11-24 02:00", "2026-11-24 07:00"),
        ("2026-11-24 06:00", "2026-11-25 07:00"),
        ("2026-11-24 23:59", "2026-11-25 07:00"),
    ],
)
def test_tomorrow_is_the_morning_after_this_night(now: str, then: str) -> None:
    assert tomorrow(datetime.fromisoformat(now)) == datetime.fromisoformat(then)


def test_every_state_has_a_shape_of_its_own(qtbot: QtBot) -> None:
    shapes = {mark: _silhouette(mark) for mark in Mark}

    for one in Mark:
        for other in Mark:
            if one is not other:
                different = sum(a != b for a, b in zip(shapes[one], shapes[other], strict=True))
                assert different > 20, f"{one} and {other} look alike at 22 pixels"


def test_the_icon_ships_with_the_package(qtbot: QtBot) -> None:
    assert application_icon().pixmap(64).toImage().pixelColor(32, 6).alpha() == 255


def test_a_hidden_application_is_not_woken_by_views_that_change_nothing_in_the_tray(qtbot: QtBot) -> None:
    agent = FakeAgent(view=IDLE)

    with running(agent, qtbot, tray=lambda: True) as desktop:
        qtbot.waitUntil(lambda: desktop._view is IDLE)
        agent.view = replace(IDLE, now=IDLE.now + 1)
        qtbot.wait(100)
        assert desktop._view is IDLE
        desktop.open()
        assert desktop._view is agent.view
        agent.view = PROBLEM
        qtbot.waitUntil(lambda: PROBLEM.problem in words(desktop.window))


def _silhouette(mark: Mark) -> list[bool]:
    image = mark_icon(mark).pixmap(22).toImage()
    return [image.pixelColor(x, y).alpha() > 127 for x in range(22) for y in range(22)]


@pytest.fixture(autouse=True)
def _an_application(qapp: QApplication) -> None:
    qapp.setQuitOnLastWindowClosed(False)
