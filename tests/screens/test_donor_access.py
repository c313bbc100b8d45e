"""Every control of the donor's window has a name for those who do not see it, and is reached by keyboard."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from core.view import DonorView
from donor_app.window import PAGES, Window
from tests.screens.donor_desktop import QT_IS_SILENT, opened
from tests.screens.donor_samples import HELD, OFF, PROBLEM, SERVING

pytestmark = QT_IS_SILENT

_BROKEN = replace(PROBLEM, problem_kind="EngineUnavailable")
_NEW = replace(OFF, chosen=False)


@pytest.mark.parametrize("view", [SERVING, HELD, _BROKEN, _NEW], ids=["serving", "held", "broken", "new"])
@pytest.mark.parametrize("page", PAGES)
def test_every_control_has_a_name(qtbot: QtBot, page: str, view: DonorView) -> None:
    window = opened(qtbot, view, page)

    controls = _controls(window)
    nameless = [_described(control) for control in controls if not _name(control)]

    assert controls
    assert nameless == []


@pytest.mark.parametrize("page", PAGES)
def test_tab_reaches_every_control(qtbot: QtBot, page: str) -> None:
    window = opened(qtbot, SERVING, page)
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
    # An arrow, not Tab, goes from one radio button of a group to the next.
    wanted = [control for control in _controls(window) if control.isEnabled() and not _in_a_group(control)]

    wanted[0].setFocus()
    reached = [_focused()]
    for _ in range(300):
        QTest.keyClick(reached[-1], Qt.Key.Key_Tab)
        if _focused() is reached[0]:
            break
        reached.append(_focused())

    missed = [_described(control) for control in wanted if control not in reached]
    assert missed == []


def _controls(window: Window) -> list[QWidget]:
    """All that takes the focus by Tab and can be seen."""
    tab = Qt.FocusPolicy.TabFocus.value
    return [
        widget
        for widget in window.findChildren(QWidget)
        if widget.isVisibleTo(window) and widget.focusPolicy().value & tab and widget.focusProxy() is None
    ]


def _focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def _name(control: QWidget) -> str:
    return QAccessible.queryAccessibleInterface(control).text(QAccessible.Text.Name)


def _in_a_group(control: QWidget) -> bool:
    return control.metaObject().className() == "QRadioButton"


def _described(control: QWidget) -> str:
    parent = control.parentWidget()
    return f"{type(control).__name__} {_name(control)!r}" + (f" < {_described(parent)}" if parent else "")
