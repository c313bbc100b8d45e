"""The Settings page: it edits the settings as a whole, saves nothing by accident, and explains what contradicts."""

import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeySequence, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QSlider,
    QTimeEdit,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core.errors import InvalidInput
from core.model import Resources
from core.owner import WEEK, Asking, Costs, Donor, Hours, Limits, Notifications, When
from core.settings import parse
from core.view import DonorView
from donor_app.agent import Agent, Problem
from donor_app.autostart import DesktopEntry
from donor_app.form_rows import Quantity, Tick
from donor_app.pages.settings import SettingsPage
from donor_app.settings_form import SettingsForm
from tests.screens.donor_samples import OFF

_Kind = TypeVar("_Kind", bound=QWidget)

# A page on its own is a window, and the offscreen platform tells no window manager how small it may be.
pytestmark = [
    pytest.mark.qt_log_level_fail("WARNING"),
    pytest.mark.qt_log_ignore("propagateSizeHints", r"raise\(\)", "grabbing the keyboard"),
]

BLOCKED = "0x" + "ab" * 20
EVERYTHING = Donor(
    name="linen-laptop",
    limits=Limits(cpu_millis=3333, memory_mib=8001, disk_mib=20_481, gpu_count=1, gpu_memory_mib=4097, up_kib_s=513),
    in_use=Limits(cpu_millis=777, memory_mib=1500, down_kib_s=77),
    when=When(
        idle_after_s=77,
        on_battery=True,
        battery_stop_percent=33,
        battery_resume_percent=66,
        on_metered=True,
        schedule=(Hours(), Hours(days=("sun", "sat"), start="22:15", end="00:00")),
        pause_for=("blender", "steam"),
        pause_for_full_screen=True,
        hottest_celsius=0,
        hold_for_s=77,
    ),
    asking=Asking(cpu_milli=5_555_555_557, memory_mib=1, disk_mib=7, gpu=55_555_555_555_557),
    costs=Costs(currency="USD", kwh_milli=123, coin_milli=4567, watts_a_core=7, watts_a_gpu=151),
    notifications=Notifications(problems=False, daily_summary=False, updates=False),
    blocked=(BLOCKED, "0x" + "Cd" * 20),
    isolation="gvisor",
    language="de",
    offer_every_s=21,
    reclaim_notice_s=61,
    highest_penalty_percent=251,
)
"""Settings of which nothing is a default, or as round as it is shown."""


@dataclass
class Owner:
    """Stands for bridge and agent: keeps what was changed, and can refuse it."""

    refuses: Problem | None = None
    changed: list[Donor] = field(default_factory=list)

    def ask(
        self,
        action: Callable[[Agent], Coroutine[object, object, Any]],
        then: Callable[[Any], object] | None = None,
        refused: Callable[[Problem], object] | None = None,
    ) -> None:
        coroutine = action(cast(Agent, self))
        if inspect.iscoroutine(coroutine) and coroutine.__name__ != "change":
            # Listing programs is not waited for here.
            coroutine.close()
            return
        try:
            coroutine.send(None)
        except StopIteration as done:
            if self.refuses is None:
                assert then is not None
                then(done.value)
            else:
                assert refused is not None
                refused(self.refuses)

    async def change(self, donor: Donor) -> None:
        self.changed.append(donor)


def shown(donor: Donor) -> DonorView:
    """A view with these settings."""
    return replace(OFF, settings=donor)


def open_page(qtbot: QtBot, donor: Donor = OFF.settings, owner: Owner | None = None, **more: Any) -> SettingsPage:
    """A page that shows `donor`."""
    page = SettingsPage((owner or Owner()).ask, **more)
    qtbot.addWidget(page)
    page.resize(760, 560)
    page.show()
    page.draw(shown(donor))
    return page


def named(page: QWidget, kind: type[_Kind], name: str, at: int = 0) -> _Kind:
    """The control of this kind that screen readers call `name`."""
    return [each for each in page.findChildren(kind) if each.accessibleName() == name][at]


def button(page: QWidget, text: str) -> QPushButton:
    """The button with this text, mnemonic or not."""
    return next(each for each in page.findChildren(QPushButton) if each.text().replace("&", "") == text)


def words(page: QWidget) -> str:
    """Everything that visible labels say."""
    return "\n".join(label.text() for label in page.findChildren(QLabel) if label.isVisibleTo(page))


def rename(page: QWidget, name: str) -> None:
    """Type another name for the machine."""
    line = named(page, QLineEdit, "Name")
    line.selectAll()
    QTest.keyClicks(line, name)


_count = st.integers(0, 2**31 - 1)
_limits = st.builds(Limits, cpu_millis=_count, memory_mib=_count, disk_mib=_count, gpu_count=_count, up_kib_s=_count)
_time = st.integers(0, 1439).map(lambda minute: f"{minute // 60:02d}:{minute % 60:02d}")
_hours = st.builds(
    Hours,
    days=st.lists(st.sampled_from(WEEK), min_size=1, max_size=7, unique=True).map(tuple),
    start=_time,
    end=_time | st.just("24:00"),
)
_donors = st.builds(
    Donor,
    limits=_limits,
    in_use=st.none() | _limits,
    when=st.builds(When, idle_after_s=st.integers(10, 86_400), schedule=st.lists(_hours, max_size=3).map(tuple)),
    asking=st.builds(Asking, cpu_milli=st.integers(0, 10**18), gpu=st.integers(0, 10**18)),
    costs=st.builds(Costs, kwh_milli=st.integers(0, 10**9), coin_milli=st.integers(0, 10**9)),
)


@given(donor=_donors, total=st.none() | st.just(Resources(8000, 16_384, 200_000, 1, 8192)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
def test_what_is_shown_and_read_back_untouched_is_the_same(qapp: QApplication, donor: Donor, total: Resources) -> None:
    form = SettingsForm()

    form.fill(donor, total)

    assert form.read() == donor
    form.deleteLater()


def test_every_setting_survives_the_page_untouched(qtbot: QtBot) -> None:
    page = open_page(qtbot, EVERYTHING)

    assert page.findChildren(SettingsForm)[0].read() == EVERYTHING
    assert not button(page, "Save").isEnabled()
    assert not button(page, "Discard").isEnabled()


def test_an_edit_is_saved_as_a_whole_and_only_by_save(qtbot: QtBot) -> None:
    owner = Owner()
    page = open_page(qtbot, EVERYTHING, owner)

    rename(page, "other")
    unsaved = words(page)
    before = list(owner.changed)
    button(page, "Save").click()

    assert "Not saved yet." in unsaved
    assert before == []
    assert owner.changed == [msgspec.structs.replace(EVERYTHING, name="other")]
    assert "Saved." in words(page)
    assert not button(page, "Save").isEnabled()


def test_the_usual_keys_save(qtbot: QtBot) -> None:
    owner = Owner()
    page = open_page(qtbot, owner=owner)
    with qtbot.waitActive(page):
        page.activateWindow()
    rename(page, "other")

    QTest.keySequence(named(page, QLineEdit, "Name"), QKeySequence(QKeySequence.StandardKey.Save))

    qtbot.waitUntil(lambda: [donor.name for donor in owner.changed] == ["other"])


def test_discard_brings_back_what_counts(qtbot: QtBot) -> None:
    page = open_page(qtbot, EVERYTHING)

    rename(page, "other")
    button(page, "Discard").click()

    assert named(page, QLineEdit, "Name").text() == "linen-laptop"
    assert not button(page, "Save").isEnabled()


def test_a_refused_save_says_why_and_keeps_what_was_edited(qtbot: QtBot) -> None:
    owner = Owner(refuses=Problem("The settings cannot be written.", "Make room."))
    page = open_page(qtbot, owner=owner)

    rename(page, "other")
    button(page, "Save").click()

    assert "The settings cannot be written. Make room." in words(page)
    assert named(page, QLineEdit, "Name").text() == "other"
    assert button(page, "Save").isEnabled()


@pytest.mark.parametrize(
    ("control", "text", "said"),
    [
        ("Name", " ", "This machine needs a name."),
        ("One core", "much", '"much" is not a sum.'),
        ("A kilowatt-hour costs", "0.1234", '"0.1234" is not a sum.'),
        ("Currency", "eu", "A currency has three letters."),
    ],
)
def test_what_makes_no_sense_is_told_at_once_and_cannot_be_saved(
    qtbot: QtBot, control: str, text: str, said: str
) -> None:
    page = open_page(qtbot)

    line = named(page, QLineEdit, control)
    line.selectAll()
    QTest.keyClicks(line, text)

    assert said in words(page)
    assert not button(page, "Save").isEnabled()
    assert button(page, "Discard").isEnabled()


def test_contradictions_are_explained_while_they_are_edited(qtbot: QtBot) -> None:
    page = open_page(qtbot)
    processor = named(page, Quantity, "Processor")

    processor.setValue(12)
    above = words(page)
    processor.setValue(4)

    assert "The limits while you are away are above what this machine has: what it has counts." in above
    assert "what it has counts" not in words(page)


def test_changes_elsewhere_are_shown_while_nothing_is_edited(qtbot: QtBot) -> None:
    page = open_page(qtbot)

    page.draw(shown(EVERYTHING))

    assert page.findChildren(SettingsForm)[0].read() == EVERYTHING
    assert "changed elsewhere" not in words(page)


def test_changes_elsewhere_wait_while_something_is_edited_and_can_be_loaded(qtbot: QtBot) -> None:
    page = open_page(qtbot)
    rename(page, "mine")

    page.draw(shown(EVERYTHING))
    kept, told = named(page, QLineEdit, "Name").text(), words(page)
    button(page, "Load the new settings").click()

    assert kept == "mine"
    assert "The settings were changed elsewhere meanwhile." in told
    assert page.findChildren(SettingsForm)[0].read() == EVERYTHING
    assert "changed elsewhere" not in words(page)


def test_a_renter_that_is_blocked_elsewhere_stays_blocked_by_a_save(qtbot: QtBot) -> None:
    owner = Owner()
    page = open_page(qtbot, Donor(), owner)
    rename(page, "mine")

    page.draw(shown(Donor(blocked=(BLOCKED,))))
    button(page, "Save").click()

    assert owner.changed == [Donor(name="mine", blocked=(BLOCKED,))]


def test_unblocking_counts_once_it_is_saved(qtbot: QtBot) -> None:
    owner = Owner()
    page = open_page(qtbot, Donor(blocked=(BLOCKED,)), owner)

    named(page, QPushButton, f"Unblock {BLOCKED}").click()
    before = list(owner.changed)
    button(page, "Save").click()

    assert before == []
    assert owner.changed == [Donor()]


def test_a_hidden_page_draws_nothing_and_shows_the_newest_when_it_comes_up(qtbot: QtBot) -> None:
    page = open_page(qtbot, Donor(name="first"))
    page.hide()

    page.draw(shown(Donor(name="second")))
    hidden = named(page, QLineEdit, "Name").text()
    page.show()

    assert hidden == "first"
    assert named(page, QLineEdit, "Name").text() == "second"


def test_before_the_first_view_nothing_can_be_edited(qtbot: QtBot) -> None:
    page = SettingsPage(Owner().ask)
    qtbot.addWidget(page)
    page.show()

    assert not named(page, QLineEdit, "Name").isEnabled()
    assert not button(page, "Save").isEnabled()
    assert not button(page, "Import…").isEnabled()


def test_the_same_limits_while_in_use_are_no_limits_of_their_own(qtbot: QtBot) -> None:
    owner = Owner()
    page = open_page(qtbot, EVERYTHING, owner)

    named(page, Tick, "The same as while you are away").click()
    button(page, "Save").click()

    assert [donor.in_use for donor in owner.changed] == [None]


def test_prices_and_electricity_are_told_for_this_machine(qtbot: QtBot) -> None:
    donor = Donor(limits=Limits(cpu_millis=4000, memory_mib=8192), costs=Costs(coin_milli=500))
    page = open_page(qtbot, donor)

    line = named(page, QLineEdit, "One core")
    line.selectAll()
    QTest.keyClicks(line, "0.1")

    assert "Leased in full, 4 cores, 8 GiB, 20 GiB disk earn 0.432 SPARE an hour. That is about 0.216 EUR." in words(
        page
    )
    assert "Serving all of that costs about 0.008 EUR of electricity an hour." in words(page)


def test_hours_are_added_edited_and_removed_by_keyboard(qtbot: QtBot) -> None:
    owner = Owner()
    page = open_page(qtbot, Donor(), owner)

    QTest.keyClick(button(page, "Add hours"), Qt.Key.Key_Space)
    QTest.keyClick(named(page, QToolButton, "Sunday, hours 1"), Qt.Key.Key_Space)
    QTest.keyClick(named(page, QTimeEdit, "Start of hours 1"), Qt.Key.Key_Up)
    button(page, "Save").click()
    QTest.keyClick(named(page, QToolButton, "Remove hours 1"), Qt.Key.Key_Space)
    button(page, "Save").click()

    assert [donor.when.schedule for donor in owner.changed] == [(Hours(days=WEEK[:6], start="21:00", end="08:00"),), ()]


def test_hours_keep_at_least_one_day(qtbot: QtBot) -> None:
    page = open_page(qtbot, Donor(when=When(schedule=(Hours(days=("mon",)),))))

    named(page, QToolButton, "Monday, hours 1").click()

    assert named(page, QToolButton, "Monday, hours 1").isChecked()
    assert not button(page, "Save").isEnabled()


def test_programs_are_typed_or_chosen_from_what_runs(qtbot: QtBot) -> None:
    owner = Owner()
    page = open_page(qtbot, Donor(), owner)
    form = page.findChildren(SettingsForm)[0]

    form.offer_programs(["blender", "steam"])
    name = named(page, QComboBox, "Name of a program")
    QTest.keyClicks(name.lineEdit() or name, "blender")
    QTest.keyClick(name.lineEdit() or name, Qt.Key.Key_Return)
    name.setEditText("blender")
    button(page, "Add").click()
    name.setCurrentIndex(name.findText("steam"))
    button(page, "Add").click()
    named(page, QListWidget, "Programs that sharing pauses for").setCurrentRow(0)
    button(page, "Remove").click()
    button(page, "Save").click()

    assert [donor.when.pause_for for donor in owner.changed] == [("steam",)]


@pytest.mark.parametrize(
    ("tick", "wanted"),
    [
        ("When something needs me", Notifications(problems=False)),
        ("What I earned, at most once a day", Notifications(daily_summary=False)),
        ("When a new version is out", Notifications(updates=False)),
    ],
)
def test_each_kind_of_notification_can_be_switched_off(qtbot: QtBot, tick: str, wanted: Notifications) -> None:
    owner = Owner()
    page = open_page(qtbot, Donor(), owner)

    named(page, Tick, tick).click()
    button(page, "Save").click()

    assert [donor.notifications for donor in owner.changed] == [wanted]


def test_the_wheel_changes_nothing_on_its_way(qtbot: QtBot) -> None:
    page = open_page(qtbot)
    named(page, QLineEdit, "Name").setFocus()

    for control in (*page.findChildren(QAbstractSpinBox), *page.findChildren(QSlider), *page.findChildren(QComboBox)):
        place = QPointF(control.rect().center())
        turn = QWheelEvent(
            place,
            control.mapToGlobal(place),
            QPoint(0, 0),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(control, turn)

    assert page.findChildren(SettingsForm)[0].read() == OFF.settings


def test_what_is_exported_is_the_donors_table_alone_and_reads_back(qtbot: QtBot, tmp_path: Path) -> None:
    page = open_page(qtbot, EVERYTHING)

    page.export_file(tmp_path / "mine.toml")

    written = (tmp_path / "mine.toml").read_text("utf-8")
    assert parse(written, "mine.toml").donor == EVERYTHING
    assert all(line.startswith("[donor") for line in written.splitlines() if line.startswith("["))
    assert f"Written to {tmp_path / 'mine.toml'}." in words(page)


def test_what_is_imported_is_looked_at_before_it_counts(qtbot: QtBot, tmp_path: Path) -> None:
    owner = Owner()
    page = open_page(qtbot, Donor(name="here", blocked=(BLOCKED,)), owner)
    (tmp_path / "theirs.toml").write_text('[donor]\nname = "theirs"\n[donor.limits]\ncpu_millis = 1500\n', "utf-8")

    page.import_file(tmp_path / "theirs.toml")
    before = list(owner.changed)
    button(page, "Save").click()

    assert before == []
    assert owner.changed == [Donor(name="theirs", limits=Limits(cpu_millis=1500), blocked=(BLOCKED,))]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[donor]\nnmae = 'x'", "nmae"),
        ("[donor.limits]\ncpu_millis = -1", "donor.limits.cpu_millis"),
        ("[donor", "is not valid TOML"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_not_acceptable_is_refused_with_file_and_key(
    qtbot: QtBot, tmp_path: Path, content: str | None, said: str
) -> None:
    page = open_page(qtbot)
    if content is not None:
        (tmp_path / "bad.toml").write_text(content, "utf-8")

    page.import_file(tmp_path / "bad.toml")

    assert str(tmp_path / "bad.toml") in words(page)
    assert said in words(page)
    assert page.findChildren(SettingsForm)[0].read() == OFF.settings


def test_starting_at_login_is_switched_by_save(qtbot: QtBot, tmp_path: Path) -> None:
    session = DesktopEntry(tmp_path, ("sparecloud-donor",))
    page = open_page(qtbot, autostart=session)

    named(page, Tick, "Start when I log in, in the tray").click()
    before = session.is_on()
    button(page, "Save").click()

    assert (before, session.is_on()) == (False, True)
    assert not button(page, "Save").isEnabled()


def test_a_session_that_cannot_be_changed_says_so_and_saves_nothing(qtbot: QtBot) -> None:
    @dataclass
    class Locked:
        def is_on(self) -> bool:
            return False

        def switch(self, on: bool) -> None:
            raise InvalidInput("Starting at login cannot be changed.", "Make that place writable.")

    owner = Owner()
    page = open_page(qtbot, owner=owner, autostart=Locked())

    named(page, Tick, "Start when I log in, in the tray").click()
    button(page, "Save").click()

    assert "Starting at login cannot be changed. Make that place writable." in words(page)
    assert owner.changed == []


def test_every_control_has_a_name_and_can_be_reached_by_keyboard(qtbot: QtBot, tmp_path: Path) -> None:
    page = open_page(qtbot, EVERYTHING, autostart=DesktopEntry(tmp_path, ("x",)))

    controls = [
        each
        for kind in (QAbstractSpinBox, QSlider, QComboBox, QPushButton, QToolButton, Tick, QListWidget)
        for each in page.findChildren(kind)
        if each.isVisibleTo(page)
    ]

    assert len(controls) > 40
    assert [each for each in controls if not (each.accessibleName() or getattr(each, "text", str)())] == []
    assert [each for each in controls if not each.focusPolicy() & Qt.FocusPolicy.TabFocus] == []


def test_the_page_fits_beside_the_list_of_pages_on_a_small_screen(qtbot: QtBot) -> None:
    page = open_page(qtbot, EVERYTHING)

    assert page.minimumSizeHint().width() <= 580
    sheet = page.findChildren(SettingsForm)[0].widget()
    assert sheet is not None
    assert sheet.minimumSizeHint().width() <= 580
