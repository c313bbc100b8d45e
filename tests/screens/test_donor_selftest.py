"""The self-test page: what it draws of each check, what it copies, and the log below."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QLabel, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from core.selftest import Check, State, Tell
from donor_app import logs
from donor_app.agent import Problem
from donor_app.check_rows import CheckRow
from donor_app.pages.selftest import SelftestPage
from tests.screens.donor_samples import FakeAgent

CHECKS = (
    Check("Container engine", State.RUNNING, "Asking the container engine."),
    Check("Container engine", State.PASSED, "It answers: version 29.1."),
    Check("Wallet", State.FAILED, "The wallet has none of the chain's own coin.", "Send a little of it to 0x12."),
    Check("Limits", State.WARNED, "On battery; sharing waits for mains power."),
)


class Checking(FakeAgent):
    """Tells what it is given."""

    checks: tuple[Check, ...] = CHECKS

    async def selftest(self, tell: Tell) -> None:
        for check in self.checks:
            tell(check)


class Asking:
    """donor_app.bridge.Ask without a thread; `refusal` is what it answers with instead."""

    def __init__(self, agent: FakeAgent, refusal: Problem | None = None) -> None:
        self.agent, self.refusal = agent, refusal
        self.finish: Callable[[], object] = lambda: None

    def __call__(
        self,
        action: Callable[[Any], Coroutine[object, object, Any]],
        then: Callable[[Any], object] | None = None,
        refused: Callable[[Problem], object] | None = None,
    ) -> None:
        if self.refusal is not None:
            assert refused is not None
            refused(self.refusal)
            return
        answer = asyncio.run(_of(action(self.agent)))
        # Queued, as the bridge does it.
        self.finish = lambda: then(answer) if then is not None else None


async def _of(work: Coroutine[object, object, Any]) -> Any:
    return await work


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "donor").mkdir()
    with logs.logged(tmp_path):
        yield tmp_path


def opened(qtbot: QtBot, ask: Asking) -> SelftestPage:
    page = SelftestPage(ask)
    qtbot.addWidget(page)
    page.resize(760, 480)
    page.show()
    return page


def press(page: SelftestPage, word: str) -> None:
    (button,) = [each for each in page.findChildren(QPushButton) if each.text().replace("&", "") == word]
    button.click()


def said(page: SelftestPage) -> list[str]:
    """Every text in sight."""
    return [label.text() for label in page.findChildren(QLabel) if label.isVisibleTo(page)]


def carry_out(qtbot: QtBot, page: SelftestPage, ask: Asking, rows: int) -> None:
    press(page, "Test now")
    qtbot.waitUntil(lambda: len(page.findChildren(CheckRow)) == rows)
    ask.finish()


def test_every_check_is_a_row_with_its_newest_word(qtbot: QtBot, home: Path) -> None:
    ask = Asking(Checking())
    page = opened(qtbot, ask)

    carry_out(qtbot, page, ask, 3)

    texts = said(page)
    assert "It answers: version 29.1." in texts
    assert "Asking the container engine." not in texts
    assert {"Passed", "Failed", "Worth knowing"} <= set(texts)
    assert "Send a little of it to 0x12." in texts
    assert "Checks that failed: 1. What to do stands below each." in texts


def test_a_second_test_starts_over(qtbot: QtBot, home: Path) -> None:
    ask = Asking(agent := Checking())
    page = opened(qtbot, ask)
    carry_out(qtbot, page, ask, 3)

    agent.checks = CHECKS[1:2]
    carry_out(qtbot, page, ask, 1)

    assert "All is well: renters can lease this machine." in said(page)


def test_what_was_found_is_copied_as_text(qtbot: QtBot, home: Path) -> None:
    ask = Asking(Checking())
    page = opened(qtbot, ask)
    carry_out(qtbot, page, ask, 3)

    press(page, "Copy as text")

    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[1:] == [
        "Passed: Container engine. It answers: version 29.1.",
        "Failed: Wallet. The wallet has none of the chain's own coin. Send a little of it to 0x12.",
        "Worth knowing: Limits. On battery; sharing waits for mains power.",
    ]


def test_a_refusal_is_told_and_the_button_comes_back(qtbot: QtBot, home: Path) -> None:
    page = opened(qtbot, Asking(Checking(), Problem("A self-test runs already.", "Wait until it has ended.")))

    press(page, "Test now")

    assert "A self-test runs already. Wait until it has ended." in said(page)
    assert all(button.isEnabled() for button in page.findChildren(QPushButton))


def test_the_log_is_shown_without_secrets_and_read_again_on_demand(qtbot: QtBot, home: Path) -> None:
    page = opened(qtbot, Asking(Checking()))
    (text,) = page.findChildren(QPlainTextEdit)
    assert text.toPlainText() == "Nothing has been logged yet."

    logging.getLogger("core.donor").warning("node %s refused", "https://donor:letmein@node.example/v1")
    press(page, "Read again")
    press(page, "Copy log")

    assert "node https://[hidden]@node.example/v1 refused" in text.toPlainText()
    assert "letmein" not in QGuiApplication.clipboard().text()


def test_the_log_shows_its_last_lines(qtbot: QtBot, home: Path) -> None:
    for number in range(300):
        logging.getLogger("core.donor").warning("line %d", number)

    page = opened(qtbot, Asking(Checking()))

    (text,) = page.findChildren(QPlainTextEdit)
    assert text.toPlainText().count("\n") == 199
    assert text.toPlainText().endswith("line 299")


def test_every_control_has_a_name_and_is_reached_by_the_keyboard(qtbot: QtBot, home: Path) -> None:
    page = opened(qtbot, Asking(Checking()))

    buttons = page.findChildren(QAbstractButton)
    mnemonics = [button.text()[button.text().index("&") + 1].lower() for button in buttons if "&" in button.text()]
    assert len(set(mnemonics)) == len(mnemonics) == 5
    assert all(text.accessibleName() for text in page.findChildren(QPlainTextEdit))
