"""The leases' page: who rents, what is used of what was granted, what can be done about it, and what is over."""

import time
from dataclasses import replace

import msgspec
import pytest
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from core.view import DonorView
from donor_app.lease_menu import LeaseMenu
from donor_app.lease_rows import EndedRow, LiveRow
from donor_app.status import status
from donor_app.window import Window
from tests.screens.donor_desktop import QT_IS_SILENT, Asked, child, opened, words
from tests.screens.donor_samples import IDLE, OFF, SERVING, service

pytestmark = QT_IS_SILENT


def test_a_share_that_runs_tells_who_what_how_much_and_for_what(qtbot: QtBot) -> None:
    window = opened(qtbot, SERVING, "Leases")

    told = words(window)
    assert f"Renter {SERVING.services[0].renter}" in told
    assert "1.66 used; 2 of 2 cores granted" in told
    assert "2.73 of 4 GiB" in told
    assert "↑ 52 MB   ↓ 310 MB" in told
    assert "9b4c5e5e5e5e" in told
    assert "The owner wanted the machine back." in told


def test_a_slowed_and_a_paused_worker_show_what_they_are_left(qtbot: QtBot) -> None:
    slow, still = (replace(SERVING.services[0], granted_permille=permille) for permille in (500, 0))

    window = opened(qtbot, replace(SERVING, services=(slow, still)), "Leases")

    told = words(window)
    assert "1.66 used; 1 of 2 cores granted" in told
    assert "Paused  ·  2 cores, 4 GiB" in told
    assert "1.66 used; 0 of 2 cores granted" in told


@pytest.mark.parametrize(
    ("entry", "title", "word", "told"),
    [
        ("&Stop with notice…", "Stop this worker with notice?", "&Stop it", ("stop", False)),
        ("Stop &at once…", "Stop this worker at once?", "&Stop it", ("stop", True)),
        ("&Block this renter…", "Block 0x71c7…bef1?", "&Block it", ("block", True)),
    ],
)
def test_what_hurts_a_renter_is_done_after_a_yes(
    qtbot: QtBot, entry: str, title: str, word: str, told: tuple[str, bool]
) -> None:
    asked, line = Asked(), SERVING.services[0]
    window = opened(qtbot, SERVING, "Leases", asked=asked)

    _entry(child(window, LeaseMenu), entry).trigger()
    box = child(window, QMessageBox)
    before = list(asked.agent.told)
    next(button for button in box.findChildren(QPushButton) if button.text() == word).click()

    assert box.text() == title
    assert before == []
    named = (line.lease, line.index) if told[0] == "stop" else (line.renter,)
    assert asked.agent.told == [(told[0], *named, told[1])]


def test_a_question_that_is_left_does_nothing(qtbot: QtBot) -> None:
    asked = Asked()
    window = opened(qtbot, SERVING, "Leases", asked=asked)

    _entry(child(window, LeaseMenu), "Stop &at once…").trigger()
    child(window, QMessageBox).reject()

    assert asked.agent.told == []


def test_a_blocked_renter_is_marked_and_can_be_unblocked(qtbot: QtBot) -> None:
    asked, line = Asked(), SERVING.services[0]
    view = replace(SERVING, settings=msgspec.structs.replace(SERVING.settings, blocked=(line.renter,)))
    window = opened(qtbot, view, "Leases", asked=asked)

    _entry(child(window, LeaseMenu), "Un&block this renter").trigger()

    assert f"Renter {line.renter}  ·  blocked" in words(window)
    assert asked.agent.told == [("block", line.renter, False)]


def test_addresses_are_copied_in_full(qtbot: QtBot) -> None:
    window = opened(qtbot, SERVING, "Leases")
    menu = child(window, LeaseMenu)

    _entry(menu, "Copy the renter's a&ddress").trigger()
    address = QGuiApplication.clipboard().text()
    _entry(menu, "Copy the &image's digest").trigger()

    assert address == SERVING.services[0].renter
    assert QGuiApplication.clipboard().text() == SERVING.image


def test_what_is_over_offers_no_stop(qtbot: QtBot) -> None:
    window = opened(qtbot, SERVING, "Leases")

    past = child(child(window, EndedRow), LeaseMenu)

    assert not _entry(past, "&Stop with notice…").isVisible()
    assert _entry(past, "&Block this renter…").isVisible()


@pytest.mark.parametrize(
    ("view", "sentence"),
    [
        (OFF, "Turn on Share resources"),
        (IDLE, "Yours is on the market; nothing more is needed from you."),
        (replace(SERVING, services=SERVING.services[-2:]), "Nothing runs here for others now."),
    ],
)
def test_an_empty_page_says_why(qtbot: QtBot, view: DonorView, sentence: str) -> None:
    assert sentence in words(opened(qtbot, view, "Leases"))


def test_five_hundred_shares_that_are_over_do_not_slow_the_page(qtbot: QtBot) -> None:
    over = tuple(service(n, "ended", "The time that was paid for is over.", 60, ended=True) for n in range(500))
    view = replace(SERVING, services=(*SERVING.services[:2], *over))
    window = opened(qtbot, view, "Leases")

    started = time.perf_counter()
    for second in range(20):
        _draw(window, replace(view, now=view.now + second))
    each_s = (time.perf_counter() - started) / 20

    assert len(window.findChildren(EndedRow)) == 50
    assert "450 earlier shares are not listed" in words(window)
    assert each_s < 0.05


def test_rows_are_kept_when_shares_come_and_go(qtbot: QtBot) -> None:
    window = opened(qtbot, SERVING, "Leases")
    _draw(window, IDLE)
    _draw(window, SERVING)

    rows = window.findChildren(LiveRow)

    assert len(rows) == 3
    assert all(row.isVisible() for row in rows)


def _draw(window: Window, view: DonorView) -> None:
    window.draw(status(view), view)
    QApplication.processEvents()


def _entry(menu: LeaseMenu, text: str) -> QAction:
    return next(action for action in menu.menu().actions() if action.text() == text)
