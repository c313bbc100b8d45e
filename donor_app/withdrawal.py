"""The dialog that pays out of the wallet: whom and how much, the question repeated in full, and what came of it."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.errors import InvalidInput
from core.model import Address, Amount
from core.payee import has_checksum, payee, spelled, sum_of
from core.sentences import exact
from core.view import DonorView
from donor_app.agent import Problem
from donor_app.bridge import Ask
from donor_app.theme import Ink, Tone, sized
from donor_app.words import say, told


@dataclass(frozen=True, slots=True)
class Payment:
    """What the owner is asked to confirm."""

    to: Address
    amount: Amount


class WithdrawalDialog(QDialog):
    """Asks, asks again, and pays once. It may be closed at any time: a payment under way goes on."""

    def __init__(self, ask: Ask, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ask = ask
        self._payment: Payment | None = None
        self._paying = False
        self._form = _Form()
        self._question = _Question()
        self._outcome = _Outcome()
        self._steps = QStackedWidget()
        for step in (self._form, self._question, self._outcome):
            self._steps.addWidget(step)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.addWidget(self._steps)
        self.setWindowTitle(say("Withdraw"))
        self.setMinimumWidth(560)
        self._form.onward.clicked.connect(self._ask_again)
        self._form.cancel.clicked.connect(self.reject)
        self._question.back.clicked.connect(self._back)
        self._question.send.clicked.connect(self._send)
        self._outcome.back.clicked.connect(self._back)
        self._outcome.close_it.clicked.connect(self.accept)
        self._back()

    @property
    def paying(self) -> bool:
        """Whether a payment is under way, of which nothing was heard yet."""
        return self._paying

    def draw(self, view: DonorView) -> None:
        """Know the wallet of `view`."""
        self._form.know(view.address, view.balances.coin if view.balances else None)

    def _back(self) -> None:
        self._steps.setCurrentWidget(self._form)
        self._form.onward.setDefault(True)
        self._form.to.setFocus()

    def _ask_again(self) -> None:
        self._payment = self._form.read()
        if self._payment is not None:
            self._question.draw(self._payment)
            self._steps.setCurrentWidget(self._question)
            # What cannot be undone is not a stray Enter away.
            self._question.back.setDefault(True)
            self._question.back.setFocus()

    def _send(self) -> None:
        payment = self._payment
        if payment is None or self._paying:
            return
        self._paying, self._payment = True, None
        self._outcome.wait(payment)
        self._steps.setCurrentWidget(self._outcome)
        self._ask(
            lambda agent: agent.withdraw(payment.to, payment.amount), lambda _: self._sent(payment), self._refused
        )

    def _sent(self, payment: Payment) -> None:
        self._paying = False
        self._form.clear()
        self._outcome.tell_sent(payment)

    def _refused(self, problem: Problem) -> None:
        self._paying = False
        self._outcome.tell_refused(problem)


class _Form(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._own = Address("")
        self._available: Amount | None = None
        self.to = QLineEdit()
        self.to.setFont(_fixed_font())
        self.to.setPlaceholderText("0x…")
        self.to.setAccessibleName(say("Address to pay to"))
        self.amount = QLineEdit()
        self.amount.setPlaceholderText("0.25")
        self.amount.setAccessibleName(say("Amount in SPARE"))
        self.all_of_it = QPushButton(say("&All"))
        self.all_of_it.setAccessibleName(say("All that the wallet holds"))
        self.cancel, self.onward = QPushButton(say("Cancel")), QPushButton(say("&Continue"))
        self._holds = Ink(tone=Tone.MUTED, font=sized(0.92), wraps=True)
        self._problem = Ink(tone=Tone.WARNING, wraps=True)
        self._problem.hide()
        self._lay_out()
        self.all_of_it.clicked.connect(self._take_all)
        for field in (self.to, self.amount):
            field.textEdited.connect(self._problem.hide)

    def know(self, own: Address, available: Amount | None) -> None:
        """The wallet's own address, and what it holds (None: not read yet)."""
        self._own, self._available = own, available
        self.all_of_it.setEnabled(bool(available))
        if available is None:
            self._holds.setText(say("The wallet was not read yet."))
        else:
            self._holds.setText(say("The wallet holds {sum}.", sum=exact(available)))

    def read(self) -> Payment | None:
        """What was typed; None, and a sentence on the form, where that cannot be paid."""
        try:
            payment = Payment(payee(self.to.text()), sum_of(self.amount.text()))
        except InvalidInput as refused:
            self._object(f"{told(refused.title)} {told(refused.hint)}")
            return None
        if payment.to == self._own:
            self._object(say("That is this wallet's own address. Name the one that you want to pay to."))
            return None
        if self._available is None or payment.amount > self._available:
            self._object(say("The wallet does not hold so much. Name less, or press All."))
            return None
        return payment

    def clear(self) -> None:
        """Forget what was typed, so that nothing is paid twice by accident."""
        self.to.clear()
        self.amount.clear()

    def _take_all(self) -> None:
        if self._available:
            self.amount.setText(exact(self._available, "").strip().replace(",", ""))
            self._problem.hide()

    def _object(self, sentence: str) -> None:
        self._problem.setText(sentence)
        self._problem.setAccessibleName(sentence)
        self._problem.show()

    def _lay_out(self) -> None:
        to_label, amount_label = QLabel(say("&To this address")), QLabel(say("A&mount in SPARE"))
        to_label.setBuddy(self.to)
        amount_label.setBuddy(self.amount)
        sum_row = QHBoxLayout()
        sum_row.addWidget(self.amount, 1)
        sum_row.addWidget(self.all_of_it)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(_heading(say("Withdraw from the wallet")))
        column.addWidget(to_label)
        column.addWidget(self.to)
        column.addSpacing(6)
        column.addWidget(amount_label)
        column.addLayout(sum_row)
        column.addWidget(self._holds)
        column.addWidget(self._problem)
        column.addStretch(1)
        column.addLayout(_buttons(self.cancel, self.onward))


class _Question(QWidget):
    """Repeats address and amount in full."""

    def __init__(self) -> None:
        super().__init__()
        self.back, self.send = QPushButton(say("&Back")), QPushButton(say("&Send it"))
        self.send.setAutoDefault(False)
        self._sum = Ink(font=sized(1.25, QFont.Weight.DemiBold), wraps=True)
        self._to = Ink(font=_fixed_font(), wraps=True)
        self._advice = Ink(wraps=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(_heading(say("Is this right?")))
        column.addWidget(self._sum)
        column.addWidget(Ink(say("to the account"), tone=Tone.MUTED))
        column.addWidget(self._to)
        column.addSpacing(6)
        column.addWidget(self._advice)
        column.addStretch(1)
        column.addLayout(_buttons(self.back, self.send))

    def draw(self, payment: Payment) -> None:
        """Ask for `payment`."""
        self._sum.setText(exact(payment.amount))
        self._to.setText(spelled(payment.to))
        advice = say("This cannot be undone: it is that account's then, and nobody can bring it back.")
        if not has_checksum(spelled(payment.to)):
            advice += " " + say("This address carries no checksum: compare every character.")
        self._advice.setText(advice)
        self.send.setAccessibleDescription(
            say("Pays {sum} to {to}. This cannot be undone.", sum=exact(payment.amount), to=payment.to)
        )


class _Outcome(QWidget):
    """Waits, and tells what came of it."""

    def __init__(self) -> None:
        super().__init__()
        self.back, self.close_it = QPushButton(say("&Back")), QPushButton(say("&Close"))
        self._title = _heading("")
        self._words = Ink(font=sized(1.0), wraps=True)
        self._busy = QProgressBar()
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self._busy.setAccessibleName(say("The payment is on its way"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self._title)
        column.addWidget(self._words)
        column.addWidget(self._busy)
        column.addStretch(1)
        column.addLayout(_buttons(self.back, self.close_it))

    def wait(self, payment: Payment) -> None:
        """The payment was asked for."""
        words = say("{sum} to {to}. You may close this window: the payment goes on.", **_said(payment))
        self._show(say("Paying…"), words, busy=True, can_go_back=False)

    def tell_sent(self, payment: Payment) -> None:
        """It was carried out."""
        self._show(say("Paid."), say("{sum} went to {to}.", **_said(payment)), busy=False, can_go_back=False)

    def tell_refused(self, problem: Problem) -> None:
        """It was refused, or nobody knows."""
        look_first = say(
            "Look at what the wallet holds before you try again: a payment may have gone out all the same."
        )
        words = f"{told(problem.hint)} {look_first}".strip()
        self._show(told(problem.title), words, busy=False, can_go_back=True)

    def _show(self, title: str, words: str, *, busy: bool, can_go_back: bool) -> None:
        self._title.setText(title)
        self._words.setText(words)
        self._busy.setVisible(busy)
        self.back.setVisible(can_go_back)
        self.close_it.setDefault(True)
        self.close_it.setFocus()
        self.close_it.setAccessibleDescription(f"{title} {words}")


def _said(payment: Payment) -> dict[str, str]:
    return {"sum": exact(payment.amount), "to": spelled(payment.to)}


def _heading(text: str) -> Ink:
    return Ink(text, font=sized(1.25, QFont.Weight.DemiBold), wraps=True)


def _fixed_font() -> QFont:
    return QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)


def _buttons(*buttons: QPushButton) -> QHBoxLayout:
    row = QHBoxLayout()
    row.addStretch(1)
    for button in buttons:
        row.addWidget(button, 0, Qt.AlignmentFlag.AlignRight)
    return row
