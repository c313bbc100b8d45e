"""The donor's application on a real desktop: a panel's tray, the pointer, the keyboard, a screen reader.

All but the agent is real: the process as its owner starts it, its windows on an X server, its icon in xfce4-panel.
"""

import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage

from core.allowance import NEVER
from tests.real.desk import PANEL_HEIGHT, Desk, desk, until
from tests.real.screen import changed, shown
from tests.real.screen_reader import ScreenReader, screen_reader
from tests.real.tray import TrayIcon, tray_icons

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="an X server and its desktop")

TITLE = "Sparecloud"
STARTING = "Sparecloud is starting."
LANDMARKS = {
    "Overview": "Around this machine",
    "Leases": "Now",
    "Earnings": "Earned over time",
    "Settings": "Save",
    "Self-test": "Test now",
}
"""What is read out on each page, and on no other."""


@dataclass(frozen=True, slots=True)
class Donor:
    """The application that runs on a desk."""

    desk: Desk
    process: "subprocess.Popen[bytes]"
    empty: QImage
    """The screen before it."""

    def window(self) -> list[str]:
        """Its visible windows."""
        return self.desk.windows(f"^{TITLE}$")

    def is_asked(self, line: str) -> bool:
        """Whether its agent hears `line` in the end."""
        return until(lambda: line in self.said(), bool)

    def said(self) -> str:
        """What it printed so far."""
        return self.desk.said("donor")

    def icon_box(self) -> QRect:
        """Where its icon shows in the panel; empty where it does not."""
        return changed(self.empty, shown(self.desk.folder), QRect(0, 0, self.empty.width(), PANEL_HEIGHT))

    def docks(self) -> TrayIcon:
        """Its icon, once the panel shows it and its agent was heard."""
        (icon,) = until(lambda: tray_icons(self.desk), bool)
        until(lambda: icon.entries()[0].label, lambda label: label != STARTING)
        until(self.icon_box, lambda box: not box.isEmpty())
        return icon

    def click_icon(self, button: int) -> None:
        """With the pointer, where it shows."""
        self.docks()
        middle = self.icon_box().center()
        self.desk.xdotool("mousemove", str(middle.x()), str(middle.y()), "click", str(button))

    def press(self, *keys: str) -> None:
        """One after the other."""
        self.desk.xdotool("key", "--delay", "50", *keys)

    def opens(self) -> None:
        """Wait until its window is visible and takes the keys."""
        assert until(self.window, bool), self.said()
        assert until(lambda: self.desk.xdotool("getactivewindow") in self.window(), bool)

    def hides(self) -> bool:
        """Whether no window of it is visible in the end."""
        return not until(self.window, lambda windows: not windows)


@contextmanager
def donor(place: Desk, sample: str, *options: str) -> Generator[Donor]:
    """The application around a made-up agent that shows `sample`."""
    empty = shown(place.folder)
    home = str(place.folder / "home")
    command = [sys.executable, "-m", "tests.real.staged_donor", sample, "--home", home, *options]
    with place.running("donor", command) as process:
        yield Donor(place, process, empty)
    assert process.returncode == 0, place.said("donor")


@contextmanager
def listened(sample: str, *options: str) -> Generator[tuple[Donor, ScreenReader]]:
    """The application's open window on a desk without a panel, and what is read out of it."""
    with desk(panel=False) as place, donor(place, sample, "--window", *options) as application:
        application.opens()
        with screen_reader(place) as reader:
            until(
                lambda: {each.name for each in reader.read(TITLE)}, lambda names: bool(names) and STARTING not in names
            )
            yield application, reader


@pytest.fixture
def place() -> Iterator[Desk]:
    with desk() as made:
        yield made


def test_the_icon_docks_in_the_panels_tray_and_leaves_with_the_application(place: Desk) -> None:
    with donor(place, "IDLE") as application:
        icon = application.docks()
        box = application.icon_box()

        assert not application.window()
        assert icon.entries()[0].label == "Sharing 4 cores, 8 GiB, 20 GiB disk; waiting for a renter."
        assert 12 <= box.width() <= PANEL_HEIGHT
        assert 12 <= box.height() <= PANEL_HEIGHT

    assert until(application.icon_box, QRect.isEmpty).isEmpty()
    assert tray_icons(place) == []


def test_a_click_on_the_icon_opens_the_window_and_closing_it_hides_it(place: Desk) -> None:
    with donor(place, "SERVING") as application:
        for _ in range(2):
            application.click_icon(1)
            application.opens()
            # The window manager's own key.
            application.press("alt+F4")

            assert application.hides()
            assert application.process.poll() is None


def test_the_menu_drops_down_from_the_icon_and_begins_with_the_toggle(place: Desk) -> None:
    with donor(place, "SERVING") as application:
        application.click_icon(3)
        below = QRect(0, PANEL_HEIGHT, 200, 200)
        dropped = until(lambda: changed(application.empty, shown(place.folder), below), lambda box: not box.isEmpty())
        application.press("Down", "Return")

        assert dropped.top() <= PANEL_HEIGHT + 2
        assert application.is_asked("share False\n")


def test_every_action_of_the_menu_does_what_it_says(place: Desk) -> None:
    with donor(place, "SERVING") as application:
        icon = application.docks()

        for label, line in (
            ("Pause for 1 hour", "pause 1"),
            ("Pause until I resume", f"pause {NEVER}\n"),
            ("Finish current work, then stop", "finish\n"),
        ):
            icon.choose(label)
            assert application.is_asked(line)
        icon.choose("Take the machine back at once")
        application.opens()
        application.press("alt+t")
        assert application.is_asked("share False at once\n")
        icon.choose("Quit")
        assert application.process.wait(30) == 0


def test_a_tray_that_comes_late_is_taken_up_without_a_window() -> None:
    with desk(panel=False) as place, donor(place, "IDLE") as application, place.panel():
        icon = until(lambda: tray_icons(place), bool)

        assert icon
        assert not application.window()


def test_without_a_tray_a_window_opens_and_the_tray_that_comes_at_last_is_taken_up() -> None:
    with desk(panel=False) as place, donor(place, "IDLE") as application:
        application.opens()
        with place.panel():
            assert until(lambda: tray_icons(place), bool)
            application.press("ctrl+w")

            assert application.hides()
            assert application.process.poll() is None


def test_where_no_tray_ever_comes_closing_the_window_quits() -> None:
    with desk(panel=False) as place, donor(place, "IDLE") as application:
        application.opens()
        application.press("ctrl+w")

        assert application.process.wait(30) == 0


def test_a_panel_that_dies_leaves_no_window_out_of_reach_and_gets_the_icon_back() -> None:
    with desk(panel=False) as place, donor(place, "IDLE") as application:
        with place.panel():
            assert until(lambda: tray_icons(place), bool)
            assert not application.window()
        application.opens()
        with place.panel():
            assert until(lambda: tray_icons(place), bool)


def test_a_second_start_raises_the_first_ones_window_and_ends(place: Desk) -> None:
    with donor(place, "IDLE") as application:
        application.docks()
        assert not application.window()

        command = [sys.executable, "-m", "tests.real.staged_donor", "IDLE", "--home", str(place.folder / "home")]
        with place.running("second", command) as second:
            assert second.wait(60) == 0

        application.opens()
        assert place.said("second") == "Sparecloud runs already; its window is in front now.\n"


def test_the_window_fits_onto_a_laptops_screen_below_its_panel() -> None:
    with desk(size="1280x720") as place, donor(place, "SERVING", "--window") as application:
        application.opens()

        told = place.xdotool("getwindowgeometry", "--shell", *application.window())
        box = {name: int(number) for name, number in (line.split("=") for line in told.splitlines())}
        assert box["Y"] >= PANEL_HEIGHT
        assert box["Y"] + box["HEIGHT"] <= 720
        assert box["X"] + box["WIDTH"] <= 1280


def test_tab_and_space_work_the_toggle() -> None:
    with listened("OFF") as (application, reader):
        tab_to(application, reader, "Share resources")
        application.press("space")

        assert application.is_asked("share True\n")


def test_letters_with_alt_open_the_menu_and_choose_from_it() -> None:
    with listened("SERVING") as (application, _):
        application.press("alt+t", "1")

        assert application.is_asked("pause 1")


def test_arrows_and_numbers_turn_the_pages() -> None:
    with listened("SERVING") as (application, reader):
        tab_to(application, reader, "Pages")
        for page in list(LANDMARKS)[1:]:
            application.press("Down")
            assert hears(reader, LANDMARKS[page]), page
        application.press("ctrl+1")

        assert hears(reader, LANDMARKS["Overview"])


def test_page_keys_scroll_the_page() -> None:
    with listened("SERVING") as (application, reader):
        application.press("ctrl+4")
        assert hears(reader, "Save")
        top = shown(application.desk.folder)
        # Below the header, beside the list of pages.
        page = QRect(200, 260, 800, 300)

        application.press("Next")
        scrolled = until(lambda: changed(top, shown(application.desk.folder), page), lambda box: box.height() > 200)
        application.press("Prior")
        back = until(lambda: changed(top, shown(application.desk.folder), page), QRect.isEmpty)

        assert scrolled.height() > 200
        assert back.isEmpty()


def test_a_setting_is_changed_and_saved_by_keyboard_alone() -> None:
    with listened("SERVING") as (application, reader):
        application.press("ctrl+4")
        assert hears(reader, "Save")

        tab_to(application, reader, "Share only while I am away")
        application.press("space")
        application.press("alt+s")

        assert application.is_asked("change Donor(")
        assert "only_when_idle=True" in application.said()


def test_the_first_run_is_walked_by_keyboard_alone(place: Desk) -> None:
    with donor(place, "NEW") as application, screen_reader(place) as reader:
        application.opens()
        assert hears(reader, "Step 1 of 4")

        for step in (2, 3, 4):
            application.press("alt+n")
            assert hears(reader, f"Step {step} of 4")
        assert "share True" not in application.said()
        tab_to(application, reader, "I understand this, and want to share this machine.")
        application.press("space", "alt+s")

        assert application.is_asked("share True\n")


@pytest.mark.parametrize("sample", ["SERVING", "HELD"])
def test_a_screen_reader_is_told_a_name_for_every_control(sample: str) -> None:
    with listened(sample) as (application, reader):
        for number, (page, landmark) in enumerate(LANDMARKS.items(), start=1):
            application.press(f"ctrl+{number}")
            assert hears(reader, landmark), page

            controls = [each for each in reader.read(TITLE) if each.focusable]
            assert len(controls) > len(LANDMARKS)
            assert [each for each in controls if not each.name] == []


def hears(reader: ScreenReader, name: str) -> bool:
    """Whether `name` is read out of the window in the end."""
    return until(lambda: any(each.name == name for each in reader.read(TITLE)), bool)


def tab_to(application: Donor, reader: ScreenReader, name: str) -> None:
    """Press Tab until the keyboard is at `name`."""
    reached: list[str] = []
    while len(reached) < 80:
        reached.append(reader.focus(TITLE))
        if reached[-1] == name:
            return
        application.press("Tab")
    raise AssertionError(f"Tab never reaches {name}: {reached}")
