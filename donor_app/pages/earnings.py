"""The page of what was earned: periods, bars, leases, wallet; or, before anything was, of what could be."""

from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QFont, QHideEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QRadioButton,
    QWidget,
)

from core.earnings import Bar, money, net_milli
from core.owner import Costs
from core.prospects import Prospects
from core.view import DonorView
from donor_app.agent import Problem
from donor_app.bridge import Ask
from donor_app.cards import Card, Figure
from donor_app.earnings_chart import EarningsBars
from donor_app.earnings_table import EarningsTable
from donor_app.pages.page import Page
from donor_app.prospects_card import ProspectsCard
from donor_app.sheet import Sheet
from donor_app.theme import Ink, Tone, sized
from donor_app.wallet_card import WalletCard
from donor_app.withdrawal import WithdrawalDialog
from donor_app.words import say, told

_ASK_EVERY_MS = 60_000


class EarningsPage(Page):
    """What was earned; to who never earned anything, what could be."""

    settings_asked = Signal()
    """What a coin is worth is to be set."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask = ask
        self._asking = False
        self._withdrawal: WithdrawalDialog | None = None
        self._prospects = ProspectsCard()
        self._figures = _Figures()
        self._worth = _MissingWorth()
        self._chart = _ChartCard()
        self._leases = _LeasesCard()
        self._wallet = WalletCard()
        self._again = QTimer(self)
        self._again.setInterval(_ASK_EVERY_MS)
        sheet = Sheet()
        for part in (self._prospects, self._figures, self._worth, self._chart, self._wallet, self._leases):
            sheet.column.addWidget(part)
        sheet.column.addStretch(1)
        self._fill_with(sheet)
        self._again.timeout.connect(self._ask_for_prospects)
        self._worth.settings_asked.connect(self.settings_asked)
        self._wallet.withdrawal_asked.connect(self.withdraw)
        self._leases.export_asked.connect(self._choose_file)

    def withdraw(self) -> None:
        """Open the dialog that pays out; the one of a payment under way comes back instead of another."""
        if self._withdrawal is None or not (self._withdrawal.paying or self._withdrawal.isVisible()):
            if self._withdrawal is not None:
                self._withdrawal.deleteLater()
            self._withdrawal = WithdrawalDialog(self._ask, self)
        if self._view is not None:
            self._withdrawal.draw(self._view)
        self._withdrawal.open()

    def export_to(self, path: Path) -> None:
        """Write every share that served to a file, as CSV, and tell how that went."""

        def write(text: str) -> None:
            try:
                path.write_text(text, "utf-8", newline="")
            except OSError as refused:
                why = refused.strerror or type(refused).__name__
                self._leases.tell(say("{file} cannot be written: {why}. Choose another place.", file=path, why=why))
            else:
                self._leases.tell(say("Written to {file}.", file=path))

        self._ask(lambda agent: agent.export(), write, self._export_refused)

    def hideEvent(self, event: QHideEvent) -> None:
        self._again.stop()
        super().hideEvent(event)

    def _show(self, view: DonorView) -> None:
        earned_before, costs = view.earnings.lifetime.earned > 0, view.settings.costs
        something = earned_before or bool(view.services)
        self._prospects.setVisible(not earned_before)
        for part in (self._figures, self._chart, self._leases):
            part.setVisible(something)
        self._worth.setVisible(something and not costs.coin_milli)
        if something:
            self._figures.draw(view)
            self._chart.draw(view)
            self._leases.draw(view)
        self._wallet.draw(view)
        if self._withdrawal is not None:
            self._withdrawal.draw(view)
        if earned_before:
            self._again.stop()
        elif not self._again.isActive():
            self._again.start()
            self._ask_for_prospects()

    def _ask_for_prospects(self) -> None:
        if not self._asking:
            self._asking = True
            self._ask(lambda agent: agent.prospects(), self._told_prospects, self._prospects_refused)

    def _told_prospects(self, prospects: Prospects) -> None:
        self._asking = False
        if self._view is not None:
            self._prospects.draw(prospects, self._view.settings.costs)

    def _prospects_refused(self, problem: Problem) -> None:
        self._asking = False
        self._prospects.refuse(problem)

    def _choose_file(self) -> None:
        chooser = QFileDialog(self, say("Export earnings"), "sparecloud-earnings.csv", "CSV (*.csv)")
        chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        chooser.setDefaultSuffix("csv")
        chooser.selectFile("sparecloud-earnings.csv")
        chooser.fileSelected.connect(lambda chosen: self.export_to(Path(chosen)))
        chooser.finished.connect(chooser.deleteLater)
        chooser.open()

    def _export_refused(self, problem: Problem) -> None:
        self._leases.tell(f"{told(problem.title)} {told(problem.hint)}".strip())


class _Figures(QWidget):
    """The four periods, the rate and what is not redeemed: as many beside each other as find room."""

    def __init__(self) -> None:
        super().__init__()
        self._today, self._week, self._month = Figure(say("Today")), Figure(say("This week")), Figure(say("This month"))
        self._lifetime = Figure(say("In all"))
        self._rate = Figure(say("An hour, now"))
        self._unredeemed = Figure(say("Not yet redeemed"))
        self._all = (self._today, self._week, self._month, self._lifetime, self._rate, self._unredeemed)
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(16)
        self._flow(3)

    def draw(self, view: DonorView) -> None:
        earnings, costs = view.earnings, view.settings.costs
        for figure, bar in (
            (self._today, earnings.today),
            (self._week, earnings.week),
            (self._month, earnings.month),
            (self._lifetime, earnings.lifetime),
        ):
            figure.draw(bar.earned, _beneath(bar, costs))
        rate = say("What the workers that run earn.") if earnings.hourly else say("Nothing is being earned now.")
        self._rate.draw(earnings.hourly, rate)
        self._unredeemed.draw(view.unredeemed, say("Earned, and not yet paid into the wallet."))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """As many columns as what is shown now leaves room for."""
        needed = 16 + max(figure.sizeHint().width() for figure in self._all)
        self._flow(next((columns for columns in (3, 2) if columns * needed <= self.width() + 16), 1))

    def _flow(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for place, figure in enumerate(self._all):
            self._grid.addWidget(figure, place // columns, place % columns)
        for column in range(3):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)


class _MissingWorth(Card):
    """Says what is missing for net figures, and where it is set."""

    settings_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._set = QPushButton(say("Set the &worth…"))
        self._set.setAccessibleDescription(say("Opens the settings"))
        self._set.clicked.connect(self.settings_asked)
        row = QHBoxLayout()
        row.setSpacing(16)
        missing = Ink(tone=Tone.MUTED, wraps=True)
        missing.setText(say("What is left over is not told before you say what one SPARE is worth to you."))
        row.addWidget(missing, 1)
        row.addWidget(self._set)
        self.body.addLayout(row)


class _ChartCard(Card):
    """The bars of 24 hours or of 30 days."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(say("Earned over time"))
        self._view: DonorView | None = None
        self._bars = EarningsBars()
        self._hours, self._days = QRadioButton(say("24 &hours")), QRadioButton(say("30 &days"))
        self._hours.setChecked(True)
        self._hours.toggled.connect(self._redraw)
        row = QHBoxLayout()
        row.addWidget(Ink(say("Earned over time"), font=sized(1.0, QFont.Weight.DemiBold)), 1)
        row.addWidget(self._hours)
        row.addWidget(self._days)
        self.body.addLayout(row)
        self.body.addWidget(self._bars)

    def draw(self, view: DonorView) -> None:
        self._view = view
        self._redraw()

    def _redraw(self) -> None:
        if self._view is not None:
            daily, earnings = self._days.isChecked(), self._view.earnings
            self._bars.draw(earnings.days if daily else earnings.hours, self._view.settings.costs, daily=daily)


class _LeasesCard(Card):
    """The table of leases, and the way to a file of them."""

    export_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(say("Earned by each lease"))
        self._table = EarningsTable()
        self._export = QPushButton(say("E&xport CSV…"))
        self._export.clicked.connect(self.export_asked)
        self._outcome = Ink(tone=Tone.MUTED, font=sized(0.92), wraps=True)
        self._outcome.hide()
        row = QHBoxLayout()
        row.addWidget(Ink(say("Earned by each lease, in SPARE"), font=sized(1.0, QFont.Weight.DemiBold)), 1)
        row.addWidget(self._export)
        self.body.addLayout(row)
        self.body.addWidget(self._table)
        self.body.addWidget(self._outcome)

    def draw(self, view: DonorView) -> None:
        self._table.draw(view.services, view.now)

    def tell(self, sentence: str) -> None:
        """Say how an export went."""
        self._outcome.setText(sentence)
        self._outcome.setAccessibleName(sentence)
        self._outcome.show()


def _beneath(bar: Bar, costs: Costs) -> str:
    cost = say("Electricity about {cost}", cost=money(bar.electricity_milli, costs.currency))
    left = net_milli(costs, bar.earned, bar.electricity_milli)
    if left is None:
        return cost
    return f"{cost}\n{say('Left over about {left}', left=money(left, costs.currency))}"
