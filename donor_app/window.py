"""The donor's window: one headline, one toggle, what is earned, what is shared, who is served."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from core.sentences import donors_stake
from core.view import DonorView, spare
from donor_app.cards import Banner, Card, Figure, Note
from donor_app.chart import EarningsChart
from donor_app.gauge import SharedCard
from donor_app.history import EarningsHistory
from donor_app.icon import application_icon, draw_mark
from donor_app.services import ServicesCard
from donor_app.status import Mark, Status, serving
from donor_app.theme import Ink, Tone, sized, theme
from donor_app.toggle import Toggle

_MARGIN, _BAR = 28, 12

_SLIM_BAR = f"""
QScrollBar {{ background: transparent; width: {_BAR}px; margin: 0; }}
QScrollBar::handle {{ background: palette(mid); border-radius: 3px; margin: 3px; min-height: 32px; }}
QScrollBar::handle:disabled {{ background: transparent; }}
QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
"""


class Window(QWidget):
    """Draws a Status and a DonorView, and says what the owner asked for. Closing hides it where `hides_on_close`."""

    share_asked = Signal(bool)
    restart_asked = Signal()
    quit_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.hides_on_close = False
        self._history = EarningsHistory()
        self._picture = _Picture()
        self._headline = Ink("Sparecloud is starting.", font=sized(1.55, QFont.Weight.DemiBold), wraps=True)
        self._word = Ink(tone=Tone.MUTED)
        self._toggle = Toggle("Share resources")
        self._toggle_word = Ink(tone=Tone.MUTED, font=sized(0.92))
        self._banner = Banner()
        self._today = Figure("Earned today")
        self._total = Figure("Earned in all")
        self._unredeemed = Figure("Not yet redeemed")
        self._stake = Note("Stake")
        self._chart = EarningsChart()
        self._shared = SharedCard()
        self._services = ServicesCard()
        self._live = QWidget()
        self._account = Ink(tone=Tone.MUTED, font=sized(0.92))
        self._account.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._quit = QPushButton("Quit")

        self.setWindowTitle("Sparecloud")
        self.setWindowIcon(application_icon())
        self.resize(QSize(940, 760))
        self.setMinimumSize(QSize(760, 480))
        self._lay_out()
        self._toggle.clicked.connect(self.share_asked)
        self._banner.restart_asked.connect(self.restart_asked)
        self._quit.clicked.connect(self.quit_asked)

    def draw(self, status: Status, view: DonorView | None) -> None:
        """Show the newest of both. Called also while hidden, so that the chart has no gaps."""
        self._picture.draw(status.mark)
        self._headline.setText(status.headline)
        self._word.setText(status.word if view is None else f"{status.word}  ·  {view.name}")
        self._toggle.setChecked(status.sharing)
        self._toggle.setEnabled(status.can_share)
        self._toggle.setAccessibleDescription(status.toggle_word)
        self._toggle_word.setText(status.toggle_word)
        self._banner.draw(status.problem, can_restart=status.can_restart)
        # Without an agent nobody knows what runs: old news would be told as if it were true.
        self._live.setVisible(not status.can_restart)
        if view is not None:
            self._draw_view(view, fresh=not status.can_restart)

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        if self.hides_on_close:
            self.hide()
        else:
            self.quit_asked.emit()

    def _draw_view(self, view: DonorView, *, fresh: bool) -> None:
        self._history.add(view.now, view.earned_total)
        hourly = 3600 * sum(service.rate for service in serving(view))
        pace = f"{spare(hourly)} an hour now." if hourly else "Nothing is being earned now."
        self._today.draw(view.earned_today, pace if fresh else "As last known.")
        wallet = f"The wallet holds {spare(view.balances.coin)}." if view.balances else "The wallet is not read yet."
        self._total.draw(view.earned_total, wallet)
        self._unredeemed.draw(view.unredeemed, "Earned, and not yet paid into the wallet.")
        stake = donors_stake(view.balances.account, view.held_back, view.now) if view.balances else ""
        self._stake.draw(stake)
        self._chart.draw(self._history.bars(view.now))
        self._shared.draw(view)
        self._services.draw(view)
        self._account.setText(f"Account {view.address}")

    def _lay_out(self) -> None:
        page = _Page()
        body = QVBoxLayout(page)
        body.setContentsMargins(_MARGIN, 4, _MARGIN - _BAR, 16)
        body.setSpacing(16)
        body.addWidget(self._banner)
        body.addLayout(_row(self._today, self._total, self._unredeemed))
        earnings = Card("Earned each minute")
        earnings.body.addWidget(self._chart, 1)
        live = QVBoxLayout(self._live)
        live.setContentsMargins(0, 0, 0, 0)
        live.setSpacing(16)
        live.addWidget(self._stake)
        live.addLayout(_row(earnings, self._shared))
        live.addWidget(self._services)
        body.addWidget(self._live)
        body.addStretch(1)

        scroll = QScrollArea()
        scroll.setWidget(page)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Always there and seen only where there is more: content keeps its width and the header's margins.
        scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        scroll.verticalScrollBar().setStyleSheet(_SLIM_BAR)

        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._header())
        column.addWidget(scroll, 1)
        column.addLayout(self._footer())

    def _header(self) -> QHBoxLayout:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._headline)
        words.addWidget(self._word)
        label = QVBoxLayout()
        label.setSpacing(2)
        label.addStretch(1)
        side = Qt.AlignmentFlag.AlignRight
        label.addWidget(Ink("Share resources", font=sized(1.05, QFont.Weight.DemiBold)), 0, side)
        label.addWidget(self._toggle_word, 0, side)
        label.addStretch(1)
        header = QHBoxLayout()
        header.setContentsMargins(_MARGIN, 24, _MARGIN, 18)
        header.setSpacing(14)
        header.addWidget(self._picture)
        header.addLayout(words, 1)
        header.addLayout(label)
        header.addWidget(self._toggle)
        return header

    def _footer(self) -> QHBoxLayout:
        footer = QHBoxLayout()
        footer.setContentsMargins(_MARGIN, 8, _MARGIN, 14)
        footer.addWidget(self._account, 1)
        footer.addWidget(self._quit)
        return footer


class _Page(QWidget):
    """What scrolls: never squeezed below the height that its wrapped sentences need at the width it has."""

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        layout = self.layout()
        if layout is not None and event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            self.setMinimumHeight(max(0, layout.totalHeightForWidth(self.width())))
        return done


class _Picture(QWidget):
    """The tray's mark, large."""

    def __init__(self) -> None:
        super().__init__()
        self._mark = Mark.OFF
        self.setFixedSize(48, 48)

    def draw(self, mark: Mark) -> None:
        self._mark = mark
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        colours = {Mark.OFF: look.muted, Mark.PROBLEM: look.warning_line}
        painter = QPainter(self)
        painter.scale(48 / 32, 48 / 32)
        draw_mark(painter, self._mark, colours.get(self._mark, look.accent))
        painter.end()


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(16)
    for widget in widgets:
        row.addWidget(widget, 1)
    return row
