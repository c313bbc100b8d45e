"""Every control of the donor's window has a name for those who do not see it, and is reached by keyboard."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface, QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QLineEdit, QMenu, QWidget
from pytestqt.qtbot import QtBot

from core.view import DonorView
from donor_app.window import PAGES, Window
from tests.screens.donor_desktop import QT_IS_SILENT, opened
from tests.screens.donor_samples import HELD, OFF, PROBLEM, SERVING

pytestmark = QT_IS_SILENT

_BROKEN = replace(PROBLEM, problem_kind="EngineUnavailable")
_NEW = replace(OFF, chosen=False)


@pytest.mark.parametrize("view", [OFF, SERVING, HELD, _BROKEN], ids=["off", "serving", "held", "broken"])
@pytest.mark.parametrize("page", PAGES)
def test_every_control_has_a_name(qtbot: QtBot, page: str, view: DonorView) -> None:
    window = opened(qtbot, view, page)

    assert len(_named(window)) > 2
    assert _nameless(window) == []


def test_every_control_of_each_step_of_the_first_run_has_a_name(qtbot: QtBot) -> None:
    window = opened(qtbot, _NEW)

    for step in range(4):
        assert len(_named(window)) > 1, step
        assert _nameless(window) == [], step
        if step < 3:
            _press(window, "Next")


@pytest.mark.parametrize("steps", [(), ("Continue",), ("Continue", "Send it")], ids=["form", "question", "outcome"])
def test_every_control_of_a_withdrawal_has_a_name(qtbot: QtBot, steps: tuple[str, ...]) -> None:
    window = opened(qtbot, SERVING, "Earnings")
    _press(window, "Withdraw…")
    dialog = _dialog(window)
    to, amount = dialog.findChildren(QLineEdit)
    to.setText("0x" + "1" * 40)
    amount.setText("1")
    for step in steps:
        _press(dialog, step)

    assert _named(dialog)
    assert _nameless(dialog) == []


@pytest.mark.parametrize("entry", ["Stop with notice…", "Stop at once…", "Block this renter…"])
def test_every_control_of_a_question_has_a_name(qtbot: QtBot, entry: str) -> None:
    window = opened(qtbot, SERVING, "Leases")

    next(action for action in _entries(window) if _plain(action.text()) == entry).trigger()

    assert "Cancel" in _named(_dialog(window))
    assert _nameless(_dialog(window)) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_entry_of_a_menu_has_a_text(qtbot: QtBot, page: str) -> None:
    window = opened(qtbot, SERVING, page)

    assert [action.parent() for action in _entries(window) if not action.isSeparator() and not action.text()] == []


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


def _named(window: QWidget) -> list[str]:
    return [name for control in _read_out(window) if (name := control.text(QAccessible.Text.Name))]


def _nameless(window: QWidget) -> list[str]:
    """All that can have the focus, and of which a screen reader says nothing but what kind of thing it is."""
    return [_described(control.object()) for control in _read_out(window) if not control.text(QAccessible.Text.Name)]


def _read_out(window: QWidget) -> Iterator[QAccessibleInterface]:
    """All that can be seen and have the focus, parts of other controls among it."""
    rest = [QAccessible.queryAccessibleInterface(window)]
    while rest:
        place = rest.pop()
        if place is None or place.state().invisible:
            continue
        rest.extend(place.child(index) for index in range(place.childCount()))
        if place.state().focusable:
            yield place


def _controls(window: Window) -> list[QWidget]:
    """All that takes the focus by Tab and can be seen."""
    tab = Qt.FocusPolicy.TabFocus.value
    return [
        widget
        for widget in window.findChildren(QWidget)
        if widget.isVisibleTo(window) and widget.focusPolicy().value & tab and widget.focusProxy() is None
    ]


def _press(window: QWidget, text: str) -> None:
    """Click the button that is seen and called `text`."""
    buttons = (each for each in window.findChildren(QAbstractButton) if each.isVisibleTo(window))
    next(each for each in buttons if _plain(each.text()) == text).click()


def _dialog(window: QWidget) -> QDialog:
    """The one that is open."""
    (dialog,) = (each for each in window.findChildren(QDialog) if each.isVisible())
    return dialog


def _entries(window: QWidget) -> list[QAction]:
    return [action for menu in window.findChildren(QMenu) for action in menu.actions() if action.isVisible()]


def _plain(text: str) -> str:
    return text.replace("&", "")


def _focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def _in_a_group(control: QWidget) -> bool:
    return control.metaObject().className() == "QRadioButton"


def _described(control: QObject | None) -> str:
    if not isinstance(control, QWidget):
        return "the window"
    return f"{type(control).__name__} {control.accessibleName()!r} < {_described(control.parentWidget())}"
