"""The first run: four steps, nothing shared before consent, and what stands in the way is said."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QLabel, QProgressBar, QPushButton, QRadioButton, QWidget
from pytestqt.qtbot import QtBot

from core.errors import EngineUnavailable, InvalidInput
from core.model import Amount
from core.observed import Balances
from core.owner import Donor
from core.view import DonorView
from donor_app.bridge import Bridge
from donor_app.engine_page import installation_page
from donor_app.first_run import FirstRun
from donor_app.form_rows import Quantity
from donor_app.presets import Preset, preset
from tests.screens.donor_samples import OFF, FakeAgent

# A page on its own is a window, and the offscreen platform tells no window manager how small it may be.
pytestmark = [pytest.mark.qt_log_level_fail("WARNING"), pytest.mark.qt_log_ignore("propagateSizeHints")]

NEW = replace(OFF, settings=Donor(name="linen-laptop"), chosen=False)
NO_ENGINE = replace(
    NEW,
    measured=None,
    problem="No container engine answers.",
    hint="Start Docker, or install it.",
    problem_kind=EngineUnavailable.__name__,
)
CONSENT = "I understand this, and want to share this machine."


class Recorder:
    """Stands for a bridge that nothing should be asked of."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, *_: object) -> None:
        self.asked += 1


def begin(qtbot: QtBot, view: DonorView = NEW, ask: object = None) -> FirstRun:
    """A first run that shows `view`."""
    run = FirstRun(ask or Recorder())  # type: ignore[arg-type]  # what it is asked is not looked at
    qtbot.addWidget(run)
    run.resize(760, 480)
    run.show()
    run.draw(view)
    return run


def button(run: QWidget, text: str) -> QAbstractButton:
    """The button with this text, mnemonic or not."""
    return next(each for each in run.findChildren(QAbstractButton) if each.text().replace("&", "") == text)


def choose(run: QWidget, text: str) -> None:
    """Click a button that is seen and can be."""
    found = button(run, text)
    assert found.isVisibleTo(run)
    assert found.isEnabled()
    found.click()


def words(run: QWidget) -> str:
    """Everything that visible labels say."""
    return "\n".join(label.text() for label in run.findChildren(QLabel) if label.isVisibleTo(run))


def test_four_steps_lead_to_sharing_within_the_limits_that_were_chosen(qtbot: QtBot) -> None:
    agent = FakeAgent(view=NEW)
    bridge = Bridge(agent.open)
    bridge.start()
    qtbot.waitUntil(lambda: bool(agent.opened_in))
    qtbot.wait(50)
    run = begin(qtbot, ask=bridge.ask)
    seen = []
    for step in ("Next", "Next", "Next"):
        seen.append(words(run))
        choose(run, step)
    seen.append(words(run))
    choose(run, CONSENT)

    with qtbot.waitSignal(run.finished, timeout=5000):
        choose(run, "Start sharing")

    assert [f"Step {number} of 4" in said for number, said in enumerate(seen, 1)] == [True] * 4
    assert NEW.measured is not None
    assert agent.told == [("change", preset(Preset.BALANCED, NEW.settings, NEW.measured))]
    assert agent.asked == [True]
    bridge.stop()
    assert bridge.join(5)


def test_nothing_is_asked_of_the_agent_before_the_last_button(qtbot: QtBot) -> None:
    ask = Recorder()
    run = begin(qtbot, ask=ask)

    for step in ("Next", "Generous", "Next", "Back", "Gentle", "Next", "Next", CONSENT):
        choose(run, step)

    assert ask.asked == 0
    assert not run.findChildren(QCheckBox)[0].isHidden()


def test_without_consent_sharing_cannot_start(qtbot: QtBot) -> None:
    run = begin(qtbot)
    for _ in range(3):
        choose(run, "Next")

    before = button(run, "Start sharing").isEnabled()
    choose(run, CONSENT)
    given = button(run, "Start sharing").isEnabled()
    choose(run, CONSENT)

    assert (before, given, button(run, "Start sharing").isEnabled()) == (False, True, False)


def test_a_refusal_is_told_and_can_be_tried_again(qtbot: QtBot) -> None:
    agent = FakeAgent(view=NEW, refuses=InvalidInput("The settings cannot be written.", "Make room."))
    bridge = Bridge(agent.open)
    bridge.start()
    qtbot.waitUntil(lambda: bool(agent.opened_in))
    qtbot.wait(50)
    run = begin(qtbot, ask=bridge.ask)
    for step in ("Next", "Next", "Next", CONSENT, "Start sharing"):
        choose(run, step)

    qtbot.waitUntil(lambda: "The settings cannot be written. Make room." in words(run))

    assert button(run, "Start sharing").isEnabled()
    assert agent.asked == []
    bridge.stop()
    assert bridge.join(5)


def test_a_missing_engine_says_what_to_do_and_opens_the_right_page(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url))
    run = begin(qtbot, NO_ENGINE)

    said = words(run)
    choose(run, "How to get Docker")

    assert "No container engine answers." in said
    assert "Start Docker, or install it." in said
    assert opened == [QUrl(installation_page())]
    assert not button(run, "Next").isEnabled()


@pytest.mark.parametrize("refuses", [None, EngineUnavailable("No container engine answers.", "Start Docker.")])
def test_check_again_has_the_agent_look_at_once_and_says_so_until_it_has(
    qtbot: QtBot, refuses: Exception | None
) -> None:
    agent = FakeAgent(view=NO_ENGINE, takes_s=0.2, refuses=refuses)
    bridge = Bridge(agent.open)
    bridge.start()
    qtbot.waitUntil(lambda: bool(agent.opened_in))
    qtbot.wait(50)
    run = begin(qtbot, NO_ENGINE, bridge.ask)
    again = button(run, "Check again")

    again.click()
    run.draw(replace(NO_ENGINE, now=NO_ENGINE.now + 1))
    meanwhile = (again.text(), again.isEnabled())
    qtbot.waitUntil(again.isEnabled, timeout=5000)
    run.draw(NEW)

    assert meanwhile == ("Checking…", False)
    assert agent.told == [("look_again",)]
    assert "No container engine answers." not in words(run)
    assert button(run, "Next").isEnabled()
    bridge.stop()
    assert bridge.join(5)


def test_another_problem_leads_to_no_page_of_an_engine(qtbot: QtBot) -> None:
    run = begin(qtbot, replace(NO_ENGINE, problem="No chain node answers.", problem_kind="ChainUnavailable"))

    assert not button(run, "How to get Docker").isVisibleTo(run)


def test_the_machine_is_told_in_words_beside_the_picture(qtbot: QtBot) -> None:
    run = begin(qtbot)

    assert "8 cores, 6.4 idle, 4 shared" in words(run)
    assert "15.5 GiB, 9.6 idle, 7.5 shared" in words(run)


def test_limits_of_ones_own_are_taken_as_they_are_and_contradictions_told(qtbot: QtBot) -> None:
    run = begin(qtbot)
    choose(run, "Next")
    choose(run, "Choose myself")

    processor = next(each for each in run.findChildren(Quantity) if each.accessibleName() == "Processor")
    processor.setValue(12)
    above = words(run)
    processor.setValue(3)

    assert "are above what this machine has" in above
    assert run.chosen is not None
    assert run.chosen.limits.cpu_millis == 3000
    assert "are above what this machine has" not in words(run)


def test_the_cost_in_electricity_is_that_of_the_chosen_limits(qtbot: QtBot) -> None:
    run = begin(qtbot)
    choose(run, "Next")
    choose(run, "Generous")
    for _ in range(2):
        choose(run, "Next")

    # 6 cores of 6 W at 0.3 EUR a kilowatt-hour.
    assert "About 0.011 EUR of electricity an hour" in words(run)
    assert "7.776 EUR a month" in words(run)
    assert "At most: 6 cores, 11.5 GiB, 87 GiB disk." in words(run)


@pytest.mark.parametrize(
    ("balances", "said"),
    [
        (None, "What the wallet holds has not been read yet."),
        (Balances(Amount(0), Amount(0)), "It holds none of the chain's own coin yet."),
        (Balances(Amount(0), Amount(2 * 10**17)), "It holds 0.2 of the chain's own coin."),
    ],
)
def test_the_wallet_says_what_it_has_for_fees(qtbot: QtBot, balances: Balances | None, said: str) -> None:
    run = begin(qtbot, replace(NEW, balances=balances))
    for _ in range(2):
        choose(run, "Next")

    assert said in words(run)


def test_the_address_is_copied(qtbot: QtBot) -> None:
    run = begin(qtbot)
    for _ in range(2):
        choose(run, "Next")

    copy = next(each for each in run.findChildren(QPushButton) if each.accessibleName() == "Copy: Your address")
    copy.click()

    assert QGuiApplication.clipboard().text() == NEW.address
    assert copy.text() == "Copied"


def test_an_estimate_is_shown_once_there_is_one(qtbot: QtBot) -> None:
    run = begin(qtbot)

    before = words(run)
    run.estimate("At today's prices this machine would earn 2 SPARE a day.")

    assert "What you could earn" not in before
    assert "At today's prices this machine would earn 2 SPARE a day." in words(run)


def test_all_steps_can_be_walked_by_keyboard(qtbot: QtBot) -> None:
    run = begin(qtbot)

    for _ in range(3):
        QTest.keyClick(button(run, "Next"), Qt.Key.Key_Space)
    QTest.keyClick(run.findChildren(QCheckBox)[0], Qt.Key.Key_Space)

    assert run.findChildren(QProgressBar)[0].accessibleName() == "Step 4 of 4"
    assert button(run, "Start sharing").isEnabled()


def test_every_control_has_a_name_and_presets_say_what_they_share(qtbot: QtBot) -> None:
    run = begin(qtbot)

    assert [each for each in run.findChildren(QAbstractButton) if not (each.accessibleName() or each.text())] == []
    gentle = next(each for each in run.findChildren(QRadioButton) if each.accessibleName() == "Gentle")
    assert gentle.accessibleDescription() == "2 cores, 3.5 GiB, 29 GiB disk. Only while you are away."


def test_a_hidden_run_draws_nothing_and_shows_the_newest_when_it_comes_up(qtbot: QtBot) -> None:
    run = begin(qtbot, NO_ENGINE)
    run.hide()

    run.draw(NEW)
    hidden = button(run, "Next").isEnabled()
    run.show()

    assert not hidden
    assert button(run, "Next").isEnabled()
