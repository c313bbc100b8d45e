"""The wallet and the stake: what they hold, what hold-back, stake and thaw mean, and the way to withdraw."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton

from core.sentences import donors_stake
from core.view import DonorView, spare
from donor_app.cards import Card
from donor_app.theme import Ink, Tone
from donor_app.words import say, told


class WalletCard(Card):
    """Asks to withdraw; everything else is told."""

    withdrawal_asked = Signal()

    def __init__(self) -> None:
        super().__init__(say("Wallet and stake"))
        self._holds = Ink(wraps=True)
        self._stake = Ink(tone=Tone.MUTED, wraps=True)
        self._withdraw = QPushButton(say("&Withdraw…"))
        self._withdraw.clicked.connect(self.withdrawal_asked)
        self._question = QToolButton()
        self._question.setText(say("What is this?"))
        self._question.setAccessibleName(say("What are hold-back, stake and thaw?"))
        self._question.setCheckable(True)
        self._question.setAutoRaise(True)
        self._question.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._question.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._question.toggled.connect(self._unfold)
        self._explanation = Ink(tone=Tone.MUTED, wraps=True)
        self._explanation.setText(_explanation())
        self._unfold(False)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(self._holds, 1)
        row.addWidget(self._withdraw, 0, Qt.AlignmentFlag.AlignTop)
        self.body.addLayout(row)
        self.body.addWidget(self._stake)
        self.body.addWidget(self._question, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addWidget(self._explanation)

    def draw(self, view: DonorView) -> None:
        """Show what `view` holds."""
        if view.balances is None:
            self._holds.setText(say("The wallet was not read yet."))
            self._stake.hide()
        else:
            self._holds.setText(say("The wallet holds {sum}.", sum=spare(view.balances.coin)))
            stake = donors_stake(view.balances.account, view.held_back, view.now)
            self._stake.setText(told(stake) if stake else say("You have no stake."))
            self._stake.show()
        self._withdraw.setEnabled(view.balances is not None and view.balances.coin > 0)

    def _unfold(self, open_: bool) -> None:
        self._question.setArrowType(Qt.ArrowType.DownArrow if open_ else Qt.ArrowType.RightArrow)
        self._explanation.setVisible(open_)


def _explanation() -> str:
    return "\n\n".join(
        (
            say(
                "Hold-back: a part of what a new donor earns becomes its stake: three quarters in the first 90 days, "
                "then half, then a quarter, and nothing after 270 days. It stays yours."
            ),
            say(
                "Stake: coin that backs your promises. A part is pledged to the leases you serve, and only proven "
                "misbehaviour costs it. Taking your machine back with notice never does."
            ),
            say(
                "Thaw: stake cannot be spent at once. Let it thaw with `sparecloud wallet thaw`; after 45 days it is "
                "free to withdraw."
            ),
        )
    )
