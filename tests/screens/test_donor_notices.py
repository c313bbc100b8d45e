"""What the application tells of its own accord: a lasting problem, one summary a day, each new version once."""

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from core.earnings import Bar
from core.model import COIN_UNIT, Amount
from core.owner import Notifications
from core.release import Release
from core.view import DonorView
from donor_app.agent import Problem
from donor_app.memory import FILE_NAME, Memory
from donor_app.notices import Notices
from donor_app.update_note import UpdateNote
from tests.screens.donor_desktop import QT_IS_SILENT, child, running, words
from tests.screens.donor_samples import SERVING, FakeAgent

pytestmark = QT_IS_SILENT

DAY_S = 86_400
FULL = Problem("The disk is full.", "Free some space.")
RELEASE = Release("0.2.0", "Faster <b>shuffles</b>.", "https://example.org/0.2.0")
NEXT = Release("0.3.0", "GPUs.", "https://example.org/0.3.0")
MONDAY = SERVING.earnings.today.start


class Told(list[str]):
    """The titles of what was told, by one run of the application after the other."""

    def start(self, memory: Memory | None = None, *, lasts_s: float = 60) -> Notices:
        """Another run."""
        notices = Notices(memory, lasts_s=lasts_s)
        notices.told.connect(lambda title, _: self.append(title))
        return notices


def at(day: int, *coins: int, idle_s: int = 3, hours_off: int = 0, **wanted: bool) -> DonorView:
    """On that day after MONDAY, where `coins` were earned on the days before it, the last one yesterday."""
    midnight = MONDAY + day * DAY_S + hours_off * 3600
    bars = [
        Bar(midnight - back * DAY_S, Amount(each * COIN_UNIT), 0)
        for back, each in zip(range(len(coins), 0, -1), coins, strict=True)
    ]
    today = Bar(midnight, Amount(0), 0)
    return replace(
        SERVING,
        settings=structs.replace(SERVING.settings, notifications=Notifications(**wanted)),
        earnings=replace(SERVING.earnings, today=today, days=(*bars, today)),
        conditions=replace(SERVING.conditions, idle_s=idle_s),
    )


def test_a_problem_is_told_once_it_lasts_and_only_once(qtbot: QtBot) -> None:
    told = Told()
    notices = told.start(lasts_s=0.05)

    notices.notice(FULL, None)
    notices.notice(None, None)
    qtbot.wait(100)
    brief = list(told)
    for _ in range(3):
        notices.notice(FULL, None)
        qtbot.wait(100)
    notices.notice(None, None)
    notices.notice(FULL, None)
    qtbot.wait(100)

    assert brief == []
    assert told == ["The disk is full."]


def test_yesterdays_earnings_are_told_once_and_when_the_owner_is_here(qtbot: QtBot) -> None:
    told = Told()
    notices = told.start()

    notices.notice(None, at(0))
    notices.notice(None, at(1, 2, idle_s=9000))
    away = list(told)
    notices.notice(None, at(1, 2))
    notices.notice(None, at(1, 2))

    assert away == []
    assert told == ["Yesterday you earned 2 SPARE."]


def test_a_day_that_brought_nothing_is_not_told(qtbot: QtBot) -> None:
    told = Told()
    notices = told.start()

    notices.notice(None, at(0))
    notices.notice(None, at(1, 5, 0))

    assert told == []


def test_the_first_start_ever_tells_nothing_of_the_past(qtbot: QtBot) -> None:
    told = Told()

    told.start().notice(None, at(0, 7, 7))

    assert told == []


def test_a_restart_tells_nothing_twice(qtbot: QtBot, tmp_path: Path) -> None:
    told = Told()
    told.start(Memory(tmp_path)).notice(None, at(0))

    for _ in range(3):
        told.start(Memory(tmp_path)).notice(None, at(1, 2))

    assert told == ["Yesterday you earned 2 SPARE."]


def test_what_was_earned_before_some_days_off_is_told_at_the_next_start(qtbot: QtBot, tmp_path: Path) -> None:
    told = Told()
    told.start(Memory(tmp_path)).notice(None, at(0))

    told.start(Memory(tmp_path)).notice(None, at(4, 9, 3, 1, 0, 0))

    assert len(told) == 1
    assert told[0].startswith("Since ") and told[0].endswith(" you earned 4 SPARE.")


@pytest.mark.parametrize("hours", [-11, -3, -1, 1, 3, 11])
def test_a_journey_to_another_time_zone_brings_no_second_summary(qtbot: QtBot, hours: int) -> None:
    told = Told()
    notices = told.start()
    notices.notice(None, at(0))
    notices.notice(None, at(1, 2))

    notices.notice(None, at(1, 2, hours_off=hours))
    same_day = list(told)
    notices.notice(None, at(2, 2, 6, hours_off=hours))

    assert same_day == ["Yesterday you earned 2 SPARE."]
    assert told[1:] == ["Yesterday you earned 6 SPARE."]


def test_a_clock_that_was_years_ahead_does_not_silence_the_summary(qtbot: QtBot) -> None:
    told = Told()
    notices = told.start()
    notices.notice(None, at(4000))

    notices.notice(None, at(0))
    notices.notice(None, at(1, 2))

    assert told == ["Yesterday you earned 2 SPARE."]


def test_a_new_version_is_told_once_also_over_restarts_and_the_next_one_again(qtbot: QtBot, tmp_path: Path) -> None:
    told = Told()
    out, away = replace(at(0), update=RELEASE), replace(at(0, idle_s=9000), update=RELEASE)

    told.start(Memory(tmp_path)).notice(None, away)
    unseen = list(told)
    for _ in range(2):
        told.start(Memory(tmp_path)).notice(None, out)
    told.start(Memory(tmp_path)).notice(None, replace(at(0), update=NEXT))

    assert unseen == []
    assert told == ["Version 0.2.0 is out.", "Version 0.3.0 is out."]


def test_each_kind_is_told_only_where_the_owner_wants_it_and_a_change_counts_at_once(qtbot: QtBot) -> None:
    told = Told()
    notices = told.start(lasts_s=0.03)
    nothing = {"problems": False, "daily_summary": False, "updates": False}

    notices.notice(FULL, replace(at(0, **nothing), update=RELEASE))
    notices.notice(FULL, replace(at(1, 2, **nothing), update=RELEASE))
    qtbot.wait(80)
    unwanted = list(told)
    notices.notice(None, at(1, 2))
    notices.notice(FULL, replace(at(2, 4), update=NEXT))
    qtbot.waitUntil(lambda: len(told) == 3)

    assert unwanted == []
    assert told == ["Yesterday you earned 4 SPARE.", "Version 0.3.0 is out.", "The disk is full."]


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"earned_until": "yesterday"}'])
def test_a_damaged_memory_is_begun_anew(
    qtbot: QtBot, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told()
    (tmp_path / FILE_NAME).write_bytes(content)

    told.start(Memory(tmp_path)).notice(None, at(0, 5))
    told.start(Memory(tmp_path)).notice(None, at(1, 2))

    assert told == ["Yesterday you earned 2 SPARE."]
    assert [line for line in caplog.messages if line.startswith("what was told before is not known")]


def test_a_memory_that_cannot_be_written_lasts_until_the_end(
    qtbot: QtBot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told()
    notices = told.start(Memory(tmp_path / "not" / "there"))

    for view in (at(0), at(1, 2), at(1, 2)):
        notices.notice(None, view)

    assert told == ["Yesterday you earned 2 SPARE."]
    assert [line for line in caplog.messages if line.startswith("what was told is not kept")]


def test_the_window_shows_a_new_version_until_it_is_dismissed_and_the_next_one_again(
    qtbot: QtBot, tmp_path: Path
) -> None:
    note = UpdateNote(Memory(tmp_path))
    qtbot.addWidget(note)

    note.draw(None)
    before = note.isVisible()
    note.draw(RELEASE)
    shown = (note.isVisible(), words(note))
    child(note, QPushButton).click()
    dismissed = note.isVisible()
    note.draw(RELEASE)
    again = note.isVisible()
    after_a_restart = UpdateNote(Memory(tmp_path))
    qtbot.addWidget(after_a_restart)
    after_a_restart.draw(RELEASE)
    restarted = after_a_restart.isVisible()
    after_a_restart.draw(NEXT)

    assert not before and not dismissed and not again and not restarted
    assert shown[0]
    assert "Version 0.2.0 is out." in shown[1]
    assert "Faster <b>shuffles</b>." in shown[1]
    assert "It is at https://example.org/0.2.0" in shown[1]
    assert after_a_restart.isVisible()


def test_words_that_do_not_fit_make_no_page_wider(qtbot: QtBot) -> None:
    note = UpdateNote(Memory())
    qtbot.addWidget(note)

    note.draw(Release("0.2.0", "W" * 200, "https://example.org/" + "x" * 80))

    assert note.minimumSizeHint().width() < 300


def test_a_new_version_shows_on_the_overview_of_a_running_application(qtbot: QtBot) -> None:
    agent = FakeAgent(view=replace(SERVING, update=RELEASE))

    with running(agent, qtbot) as desktop:
        qtbot.waitUntil(lambda: desktop.window is not None and "Version 0.2.0 is out." in words(desktop.window))
