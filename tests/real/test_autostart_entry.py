"""Starting at login on a real desktop: the entry that a session reads starts the application without a window."""

import sys
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from donor_app.autostart import DesktopEntry, own_command
from tests.pure.test_autostart import executed, keys
from tests.real.desk import Desk, desk, until
from tests.real.tray import tray_icons

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="an X server and its desktop")

TITLE = "^Sparecloud$"


@contextmanager
def logged_in(place: Desk) -> Generator[None]:
    """A session on `place` that has started all that its autostart folder names, as the specification has it."""
    home, folder = place.folder / "a home", place.folder / "config" / "autostart"
    # A made-up agent in the place of the installed program; the options are those that are really written.
    _, *options = own_command(home)
    DesktopEntry(folder, (sys.executable, "-m", "tests.real.staged_donor", "IDLE", *options)).switch(True)
    [entry] = folder.iterdir()
    with place.running("donor", executed(keys(entry.read_text("utf-8"))["Exec"])):
        yield


def test_a_session_with_a_tray_gets_an_icon_and_no_window() -> None:
    with desk() as place, logged_in(place):
        icons = until(lambda: tray_icons(place), bool)
        windows = place.windows(TITLE)

    assert len(icons) == 1, place.said("donor")
    assert windows == []


def test_a_session_without_a_tray_gets_a_window_among_the_minimised_ones() -> None:
    with desk(panel=False) as place, logged_in(place):
        there = until(lambda: place.xdotool("search", "--name", TITLE).split(), bool)
        shown = place.windows(TITLE)
        for window in there:
            # As a click in the list of windows does; a window that is no more than Qt's own helper is left alone.
            place.xdotool("windowactivate", window)
        restored = until(lambda: place.windows(TITLE), bool)

    assert there, place.said("donor")
    assert shown == []
    assert restored
