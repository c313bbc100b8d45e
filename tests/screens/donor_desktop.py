"""A whole donor application, or its window alone, around a fake agent: for tests of screens only."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from core.view import DonorView
from donor_app.actions import OwnerActions
from donor_app.agent import Agent, OpenAgent, Problem
from donor_app.bridge import Bridge
from donor_app.desktop import Desktop, Opening
from donor_app.notices import Notices
from donor_app.status import status
from donor_app.window import Window
from tests.screens.donor_samples import FakeAgent

QT_IS_SILENT = [
    pytest.mark.qt_log_level_fail("WARNING"),
    pytest.mark.qt_log_ignore(
        r"does not support raise\(\)",
        r"does not support propagateSizeHints\(\)",
        "systemTrayWindowChanged",
        "No Icon set",
    ),
]
"""Marks of tests: no warning of Qt, but that the offscreen platform has no window order and no tray."""

_Kind = TypeVar("_Kind", bound=QWidget)
_Answer = TypeVar("_Answer")


@contextmanager
def running(
    agent: FakeAgent,
    qtbot: QtBot,
    *,
    tray: Callable[[], bool] = lambda: False,
    opening: Opening = Opening.TRAY,
    notices: Notices | None = None,
    open_agent: OpenAgent | None = None,
) -> Iterator[Desktop]:
    """A whole application around `agent`; when it is over, its thread is too."""
    bridge = Bridge(open_agent or agent.open)
    desktop = Desktop(
        bridge,
        tray_available=tray,
        tray_within_s=0.05,
        look_every_s=0.05,
        watch_every_s=0.05,
        stop_within_s=5,
        notices=notices,
    )
    desktop.start(opening)
    try:
        yield desktop
    finally:
        if not desktop._quitting:
            with qtbot.waitSignal(desktop.finished, timeout=5000):
                desktop.quit()
        assert bridge.join(5), "the agent's thread is still there"
        assert not any(thread.name == "sparecloud-agent" for thread in threading.enumerate())
        if desktop.window is not None:
            qtbot.addWidget(desktop.window)


@dataclass
class Asked:
    """An Ask that is carried out on a FakeAgent at once."""

    agent: FakeAgent = field(default_factory=FakeAgent)

    def __call__(
        self,
        action: Callable[[Agent], Coroutine[object, object, _Answer]],
        then: Callable[[_Answer], object] | None = None,
        refused: Callable[[Problem], object] | None = None,
    ) -> None:
        answer = asyncio.run(action(self.agent))
        if then is not None:
            then(answer)


def opened(qtbot: QtBot, view: DonorView, page: str = "Overview", *, asked: Asked | None = None) -> Window:
    """A visible window that shows `page` of `view`."""
    ask = asked or Asked()
    actions = OwnerActions(ask)
    window = Window(ask, actions)
    # Actions are no widgets: they live as long as the window that shows them.
    actions.setParent(window)
    qtbot.addWidget(window, before_close_func=lambda each: setattr(each, "hides_on_close", True))
    now = status(view)
    actions.draw(now)
    window.show()
    window.show_page(page)
    window.draw(now, view)
    QApplication.processEvents()
    return window


def words(window: QWidget | None) -> str:
    """Everything that the visible labels of `window` say; nothing before there is one."""
    if window is None:
        return ""
    return "\n".join(label.text() for label in window.findChildren(QLabel) if label.isVisibleTo(window))


def child(parent: QWidget | None, kind: type[_Kind]) -> _Kind:
    """The first widget of `kind` below `parent`."""
    assert parent is not None
    found = parent.findChild(kind)
    assert isinstance(found, kind)
    return found
