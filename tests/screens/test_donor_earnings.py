"""The page of earnings: periods, bars, leases, prospects, the dialog that withdraws, and the file of it all."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar, cast

import msgspec
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QToolButton,
    QToolTip,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core.errors import ChainUnavailable, SparecloudError
from core.model import Address, Amount, Resources
from core.owner import Costs
from core.payee import spelled
from core.prospects import Prospects, prospects
from core.sentences import exact
from core.view import DonorView
from donor_app.agent import Agent, explain
from donor_app.bridge import Ask
from donor_app.earnings_chart import EarningsBars
from donor_app.earnings_table import EarningsTable, by_lease
from donor_app.pages.earnings import EarningsPage
from donor_app.withdrawal import WithdrawalDialog
from tests.pure.test_prospects import offer
from tests.screens.donor_samples import IDLE, OFF, SERVING, FakeAgent, service

pytestmark = [
    pytest.mark.qt_log_level_fail("WARNING"),
    pytest.mark.qt_log_ignore("does not support"),
]

_Kind = TypeVar("_Kind", bound=QWidget)
Answer = TypeVar("Answer")

FRIEND = Address("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")
SELLABLE = Resources(4000, 8192)
WORTH = replace(SERVING, settings=msgspec.structs.replace(SERVING.settings, costs=Costs(coin_milli=500)))


@dataclass
class Counting(FakeAgent):
    """Also tells prospects, beside so many offers."""

    donors: int = 4

    async def prospects(self) -> Prospects:
        self._told("prospects")
        offers = [offer(index, 10**index) for index in range(1, 1 + self.donors)]
        return prospects(offers, SELLABLE, self.view.settings, address=self.view.address)


@dataclass
class Asking:
    """Answers at once, or, while `holds`, once `let_go` is called."""

    agent: Counting = field(default_factory=Counting)
    holds: bool = False
    kept: list[Callable[[], None]] = field(default_factory=list)

    def __call__(
        self,
        action: Callable[[Agent], Coroutine[object, object, Answer]],
        then: Callable[[Answer], object] | None = None,
        refused: Callable[..., object] | None = None,
    ) -> None:
        def answer() -> None:
            try:
                found = asyncio.run(cast("Coroutine[None, None, Answer]", action(cast("Agent", self.agent))))
            except SparecloudError as error:
                assert refused is not None
                refused(explain(error))
            else:
                assert then is not None
                then(found)

        if self.holds:
            self.kept.append(answer)
        else:
            answer()

    def let_go(self) -> None:
        """Answer what was kept."""
        while self.kept:
            self.kept.pop(0)()


def page_of(view: DonorView, qtbot: QtBot, asking: Asking | None = None, *, width: int = 760) -> EarningsPage:
    """The page, open, with `view` on it."""
    page = EarningsPage(cast("Ask", asking or Asking(Counting(view=view))))
    qtbot.addWidget(page)
    _open_pages.append(page)
    page.resize(width, 700)
    page.show()
    page.draw(view)
    return page


_open_pages: list[EarningsPage] = []
"""A page that nobody holds would be collected while Qt paints it."""


@pytest.fixture(autouse=True)
def _hold_pages() -> Iterator[None]:
    yield
    _open_pages.clear()


def words(parent: QWidget) -> str:
    """Everything that the visible labels say."""
    return "\n".join(label.text() for label in parent.findChildren(QLabel) if label.isVisibleTo(parent))


def child(parent: QWidget, kind: type[_Kind]) -> _Kind:
    """The first widget of `kind` below `parent`."""
    found = parent.findChild(kind)
    assert isinstance(found, kind)
    return found


def button(parent: QWidget, text: str) -> QAbstractButton:
    """The visible button that says `text`, its mnemonic left out."""
    return next(
        found
        for found in parent.findChildren(QAbstractButton)
        if found.text().replace("&", "") == text and found.isVisibleTo(parent)
    )


def withdrawal(page: EarningsPage, to: str, amount: str) -> WithdrawalDialog:
    """The dialog, filled in and sent on to its question."""
    button(page, "Withdraw…").click()
    dialog = child(page, WithdrawalDialog)
    fields = {each.accessibleName(): each for each in dialog.findChildren(QLineEdit)}
    fields["Address to pay to"].setText(to)
    fields["Amount in SPARE"].setText(amount)
    button(dialog, "Continue").click()
    return dialog


def test_periods_rate_and_electricity_are_shown_and_no_net_is_made_up(qtbot: QtBot) -> None:
    page = page_of(SERVING, qtbot)

    said = words(page)
    for text in ("Today", "0.214187", "In all", "3.204187", "An hour, now", "0.149999", "0.088756"):
        assert text in said
    assert "Electricity about 0.041 EUR" in said
    assert "Left over" not in said.replace("What is left over is not told", "")
    assert "before you say what one SPARE is worth" in said
    with qtbot.waitSignal(page.settings_asked):
        button(page, "Set the worth…").click()


def test_with_a_worth_what_is_left_over_stands_beneath(qtbot: QtBot) -> None:
    said = words(page_of(WORTH, qtbot))

    assert "Electricity about 0.041 EUR\nLeft over about 0.066 EUR" in said
    assert "before you say" not in said


def test_a_hidden_page_draws_nothing_and_catches_up_when_it_is_shown(qtbot: QtBot) -> None:
    page = page_of(SERVING, qtbot)
    page.hide()

    page.draw(WORTH)
    before = words(page)
    page.show()

    assert "Left over about 0.066 EUR" not in before
    assert "Left over about 0.066 EUR" in words(page)


def test_arrow_keys_read_out_each_bar_exactly(qtbot: QtBot) -> None:
    page = page_of(WORTH, qtbot)
    bars = child(page, EarningsBars)

    QTest.keyClick(bars, Qt.Key.Key_Left)
    newest = bars.readout
    QTest.keyClick(bars, Qt.Key.Key_Left)
    second = bars.readout
    QTest.keyClick(bars, Qt.Key.Key_Home)
    QTest.keyClick(bars, Qt.Key.Key_Left)
    oldest = bars.readout

    hours = [exact(bar.earned) for bar in WORTH.earnings.hours]
    assert f": {hours[-1]}, electricity about 0.069 EUR, left over about -0.061 EUR" in newest
    assert f": {hours[-2]}, " in second
    assert ": 0 SPARE" in oldest
    assert oldest in bars.accessibleDescription()
    assert "Arrow keys read out each hour." in bars.accessibleDescription()


def test_the_pointer_tells_the_bar_below_it(qtbot: QtBot) -> None:
    page = page_of(SERVING, qtbot)
    bars = child(page, EarningsBars)

    at = QPointF(bars.width() - 14, bars.height() / 2)
    button, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(bars, QMouseEvent(QEvent.Type.MouseMove, at, bars.mapToGlobal(at), button, button, keys))

    assert exact(SERVING.earnings.hours[-1].earned) in bars.readout
    assert QToolTip.text() == bars.readout
    QToolTip.hideText()


def test_the_chart_changes_between_hours_and_days(qtbot: QtBot) -> None:
    page = page_of(SERVING, qtbot)
    bars = child(page, EarningsBars)

    next(each for each in page.findChildren(QRadioButton) if "days" in each.text()).click()
    QTest.keyClick(bars, Qt.Key.Key_End)

    assert bars.accessibleName() == "Earned each day of the last 30 days"
    assert "0.214187301223 SPARE" in bars.readout


def test_leases_are_listed_the_newest_first_with_their_shares_together(qtbot: QtBot) -> None:
    first, second = service(7, "serving", "", 100), service(8, "ended", "", 50, ended=True)
    twin = replace(first, index=1, state="ended", ended=True)
    page = page_of(replace(SERVING, services=(twin, first, second)), qtbot)
    model = child(page, EarningsTable).model()

    rows = [[model.index(row, column).data() for column in range(6)] for row in range(model.rowCount())]

    assert [row[1:4] for row in rows] == [
        ["0x0000…0007", "Serving", "3 min 20 s"],
        ["0x0000…0008", "Ended", "50 s"],
    ]
    assert rows[0][4:] == ["0.003333", "0"]
    assert model.index(0, 3).data(Qt.ItemDataRole.ToolTipRole) == "200 seconds"
    assert by_lease((first, twin))[0].earned == 2 * first.vouched


def test_a_row_that_changed_keeps_the_selection(qtbot: QtBot) -> None:
    page = page_of(SERVING, qtbot)
    table = child(page, EarningsTable)
    table.selectRow(1)

    grown = tuple(replace(line, served_s=line.served_s + 1) for line in SERVING.services)
    page.draw(replace(SERVING, services=grown))

    assert [index.row() for index in table.selectionModel().selectedRows()] == [1]
    assert table.model().index(0, 3).data() == "15 min 43 s"


def test_who_never_earned_is_told_what_could_be_earned_at_a_bounded_pace(qtbot: QtBot) -> None:
    asking = Asking(Counting(view=OFF))
    page = page_of(OFF, qtbot, asking)

    page.draw(replace(OFF, now=OFF.now + 1))
    page.draw(replace(OFF, now=OFF.now + 2))

    said = words(page)
    assert asking.agent.told == [("prospects",)]
    assert "2.688 SPARE" in said and "24 hours" in said
    assert "of 4 other donors" in said and "is a guess" in said
    assert "What could I earn?" in said and "Earned over time" not in said


def test_an_empty_market_is_told_and_only_the_own_price_estimated(qtbot: QtBot) -> None:
    said = words(page_of(OFF, qtbot, Asking(Counting(view=OFF, donors=0))))

    assert "Nobody else offers anything right now" in said
    assert "At the market's price" not in said
    assert "2.688 SPARE" in said


def test_a_market_that_cannot_be_read_is_told(qtbot: QtBot) -> None:
    refusing = Counting(view=OFF, refuses=ChainUnavailable("No relay answers.", "Check the connection."))

    assert "No relay answers. Check the connection." in words(page_of(OFF, qtbot, Asking(refusing)))


def test_the_explanation_unfolds(qtbot: QtBot) -> None:
    page = page_of(SERVING, qtbot)
    before = words(page)

    child(page, QToolButton).click()

    assert "three quarters in the first 90 days" not in before
    assert "three quarters in the first 90 days" in words(page)
    assert "Your stake is 7.40314 SPARE" in before


def test_a_withdrawal_repeats_address_and_amount_in_full_and_pays_once(qtbot: QtBot) -> None:
    asking = Asking(Counting(view=SERVING), holds=True)
    page = page_of(SERVING, qtbot, asking)

    dialog = withdrawal(page, spelled(FRIEND), "1.000000000000000001")
    question = words(dialog)
    send = button(dialog, "Send it")
    send.click()
    send.click()
    paying = words(dialog)
    again = len(asking.kept)
    asking.let_go()

    assert "1.000000000000000001 SPARE" in question and spelled(FRIEND) in question
    assert "cannot be undone" in question
    assert "You may close this window" in paying
    assert again == 1
    assert asking.agent.told == [("withdraw", FRIEND, Amount(10**18 + 1))]
    assert f"1.000000000000000001 SPARE went to {spelled(FRIEND)}." in words(dialog)


def test_the_safe_button_is_the_default_of_the_question(qtbot: QtBot) -> None:
    asking = Asking(Counting(view=SERVING))
    page = page_of(SERVING, qtbot, asking)
    dialog = withdrawal(page, FRIEND, "1")

    QTest.keyClick(dialog, Qt.Key.Key_Return)

    assert asking.agent.told == []
    assert button(dialog, "Continue").isVisible()


def test_while_a_payment_is_under_way_no_second_dialog_opens(qtbot: QtBot) -> None:
    asking = Asking(Counting(view=SERVING), holds=True)
    page = page_of(SERVING, qtbot, asking)
    dialog = withdrawal(page, FRIEND, "1")
    button(dialog, "Send it").click()
    dialog.close()

    button(page, "Withdraw…").click()

    assert dialog.isVisible() and len(page.findChildren(WithdrawalDialog)) == 1
    assert "Paying…" in words(dialog)


@pytest.mark.parametrize(
    ("to", "amount", "said"),
    [
        ("0x12", "1", "forty hexadecimal digits"),
        (spelled(FRIEND).replace("B", "b"), "1", "checksum does not fit"),
        (SERVING.address, "1", "this wallet's own address"),
        (FRIEND, "1,5", "not an amount"),
        (FRIEND, "0", "more than zero"),
        (FRIEND, "12.340000000000000001", "does not hold so much"),
    ],
)
def test_what_cannot_be_paid_is_refused_on_the_form(qtbot: QtBot, to: str, amount: str, said: str) -> None:
    asking = Asking(Counting(view=SERVING))

    page = page_of(SERVING, qtbot, asking)
    dialog = withdrawal(page, to, amount)

    assert said in words(dialog)
    assert button(dialog, "Continue").isVisible()
    assert asking.agent.told == []


def test_all_takes_the_wallet_to_its_last_unit(qtbot: QtBot) -> None:
    assert SERVING.balances is not None
    rich = replace(SERVING, balances=replace(SERVING.balances, coin=Amount(1_234_567 * 10**18 + 1)))
    asking = Asking(Counting(view=rich))
    page = page_of(rich, qtbot, asking)
    dialog = withdrawal(page, FRIEND, "")

    button(dialog, "All").click()
    button(dialog, "Continue").click()
    button(dialog, "Send it").click()

    assert asking.agent.told == [("withdraw", FRIEND, Amount(1_234_567 * 10**18 + 1))]


def test_a_refused_payment_says_why_and_what_to_look_at_first(qtbot: QtBot) -> None:
    refusing = Counting(view=SERVING, refuses=ChainUnavailable("No chain node answers.", "Check the connection."))
    page = page_of(SERVING, qtbot, Asking(refusing))
    dialog = withdrawal(page, FRIEND, "1")

    button(dialog, "Send it").click()
    said = words(dialog)
    button(dialog, "Back").click()

    assert "No chain node answers." in said and "Check the connection." in said
    assert "Look at what the wallet holds before you try again" in said
    assert button(dialog, "Continue").isVisible()


def test_an_export_is_written_as_it_came_and_told(qtbot: QtBot, tmp_path: Path) -> None:
    page = page_of(SERVING, qtbot)

    page.export_to(tmp_path / "earned.csv")

    assert (tmp_path / "earned.csv").read_bytes() == b"lease,share\r\n"
    assert f"Written to {tmp_path / 'earned.csv'}." in words(page)


def test_an_export_that_cannot_be_written_is_told(qtbot: QtBot, tmp_path: Path) -> None:
    page = page_of(SERVING, qtbot)

    page.export_to(tmp_path / "nowhere" / "earned.csv")

    assert "cannot be written: No such file or directory." in words(page)


@pytest.mark.parametrize("view", [OFF, IDLE, SERVING, WORTH], ids=["off", "idle", "serving", "worth"])
@pytest.mark.parametrize("width", [480, 580, 900])
def test_nothing_is_cut_off_and_every_control_has_a_name(qtbot: QtBot, view: DonorView, width: int) -> None:
    page = page_of(view, qtbot, width=width)
    child(page, QToolButton).click()
    qtbot.wait(20)

    for label in page.findChildren(QLabel):
        if label.isVisible() and label.text():
            needed = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
            assert label.height() >= needed, label.text()
            if not label.wordWrap():
                assert label.width() >= label.sizeHint().width(), label.text()
    for control in (*page.findChildren(QPushButton), *page.findChildren(QToolButton), *page.findChildren(QRadioButton)):
        if control.isVisible():
            assert control.text() or control.accessibleName()
    for bars in page.findChildren(EarningsBars):
        assert not bars.isVisible() or bars.accessibleName()
