"""The donor's window: the header, what is wrong, and a list of pages beside the one that was chosen."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QMargins, QSize, Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from core.view import DonorView
from donor_app.actions import OwnerActions
from donor_app.banner import Banner
from donor_app.bridge import Ask
from donor_app.header import Header
from donor_app.icon import application_icon
from donor_app.memory import Memory
from donor_app.page_list import PageList
from donor_app.status import Status
from donor_app.words import say, told

if TYPE_CHECKING:
    from donor_app.first_run import FirstRun
    from donor_app.pages.page import Page

_FRAME: Final = QMargins(16, 40, 16, 16)
"""Left free on a small screen for what the desktop draws around a window."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What pages are made with."""

    ask: Ask
    change_settings: Callable[[], object]
    home: Path | None
    memory: Memory


class Window(QWidget):
    """Draws a Status and a DonorView, and says what the owner asked for. Closing hides it where `hides_on_close`.

    A page that nobody looks at is not drawn; the newest view waits for it. Who never chose whether to share meets the
    first run in place of the pages.
    """

    share_asked = Signal(bool)
    restart_asked = Signal()
    quit_asked = Signal()
    closed = Signal()
    """It was hidden by closing it."""

    def __init__(self, ask: Ask, actions: OwnerActions, home: Path | None = None, memory: Memory | None = None) -> None:
        """`home` is what the application is started with at login; None is the usual place."""
        super().__init__()
        self.hides_on_close = False
        self._needs = Needs(ask, lambda: self.show_page("Settings"), home, memory or Memory())
        self._view: DonorView | None = None
        self._made: dict[str, Page] = {}
        self._header = Header(actions)
        self._banner = Banner()
        self._list = PageList([say(name) for name in PAGES])
        self._stack = QStackedWidget()
        self._shell = QWidget()
        self._sides = QStackedWidget()
        self._first_run: FirstRun | None = None
        self._introduced = False
        self._quit = QPushButton(say("&Quit"))

        self.setWindowTitle("Sparecloud")
        self.setWindowIcon(application_icon())
        self.resize(QSize(1040, 780).boundedTo(self.screen().availableSize().shrunkBy(_FRAME)))
        self.setMinimumSize(QSize(760, 480))
        self._lay_out()
        self._header.share_asked.connect(self.share_asked)
        self._banner.restart_asked.connect(self.restart_asked)
        self._banner.check_asked.connect(self._look_again)
        self._quit.clicked.connect(self.quit_asked)
        self._list.currentRowChanged.connect(self._turn)
        self._list.setCurrentRow(0)
        QShortcut(QKeySequence.StandardKey.Close, self, self.close)
        for key, pages in ((Qt.Key.Key_PageUp, -1), (Qt.Key.Key_PageDown, 1)):
            QShortcut(QKeySequence(key), self, lambda by=pages: self._scroll(by))

    def draw(self, status: Status, view: DonorView | None) -> None:
        """Show the newest of both."""
        self._header.draw(status, view.name if view is not None else "")
        self._banner.draw(status.problem, can_restart=status.can_restart)
        # Without an agent nobody knows what runs: old news would be told as if it were true.
        self._stack.setVisible(not status.can_restart)
        self._view = view
        if view is not None and not view.chosen and not self._introduced and not status.can_restart:
            self._introduce(view)
        else:
            self._sides.setCurrentWidget(self._shell)
            self._draw_page()

    def show_page(self, name: str) -> None:
        """Turn to the page `name` of PAGES."""
        self._list.setCurrentRow(list(PAGES).index(name))

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        if self.hides_on_close:
            self.hide()
            self.closed.emit()
        else:
            self.quit_asked.emit()

    @Slot()
    def _look_again(self) -> None:
        def checked(_: object) -> None:
            self._banner.checked()

        self._needs.ask(lambda agent: agent.look_again(), checked, checked)

    def _turn(self, row: int) -> None:
        name = list(PAGES)[row]
        if name not in self._made:
            self._made[name] = PAGES[name](self._needs)
            self._stack.addWidget(self._made[name])
        self._page = self._made[name]
        self._stack.setCurrentWidget(self._page)
        self._draw_page()

    def _introduce(self, view: DonorView) -> None:
        if self._first_run is None:
            # Imported late: who has chosen never meets it again.
            from donor_app.first_run import FirstRun

            self._first_run = FirstRun(self._needs.ask)
            self._first_run.finished.connect(self._be_introduced)
            self._sides.addWidget(self._first_run)
            estimate = self._first_run.estimate
            self._needs.ask(
                lambda agent: agent.prospects(), lambda found: estimate(told(found.estimate)), lambda _: None
            )
        self._sides.setCurrentWidget(self._first_run)
        self._first_run.draw(view)

    @Slot()
    def _be_introduced(self) -> None:
        self._introduced = True
        self._sides.setCurrentWidget(self._shell)
        self._draw_page()

    def _draw_page(self) -> None:
        if self._view is not None:
            self._page.draw(self._view)

    def _scroll(self, pages: int) -> None:
        for area in self._page.findChildren(QScrollArea):
            if area.isVisible():
                bar = area.verticalScrollBar()
                bar.setValue(bar.value() + pages * bar.pageStep())
                return

    def _lay_out(self) -> None:
        policy = self._stack.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._stack.setSizePolicy(policy)
        side = QVBoxLayout()
        side.setContentsMargins(16, 4, 0, 16)
        side.addWidget(self._list, 1)
        side.addWidget(self._quit)
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addLayout(side)
        body.addWidget(self._stack, 1)
        news = QVBoxLayout()
        news.setContentsMargins(28, 0, 28, 12)
        news.addWidget(self._banner)
        column = QVBoxLayout(self._shell)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._header)
        column.addLayout(news)
        column.addLayout(body, 1)
        self._sides.addWidget(self._shell)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._sides)


# Each page is imported when it is first looked at: the window opens as soon as its first is there.


def _overview(needs: Needs) -> "Page":
    from donor_app.pages.overview import OverviewPage

    page = OverviewPage(needs.ask, needs.memory)
    page.settings_asked.connect(needs.change_settings)
    return page


def _leases(needs: Needs) -> "Page":
    from donor_app.pages.leases import LeasesPage

    return LeasesPage(needs.ask)


def _earnings(needs: Needs) -> "Page":
    from donor_app.pages.earnings import EarningsPage

    page = EarningsPage(needs.ask)
    page.settings_asked.connect(needs.change_settings)
    return page


def _settings(needs: Needs) -> "Page":
    from donor_app.autostart import autostart
    from donor_app.pages.settings import SettingsPage

    return SettingsPage(needs.ask, autostart=autostart(needs.home))


def _selftest(needs: Needs) -> "Page":
    from donor_app.pages.selftest import SelftestPage

    return SelftestPage(needs.ask)


PAGES: Final[dict[str, "Callable[[Needs], Page]"]] = {
    "Overview": _overview,
    "Leases": _leases,
    "Earnings": _earnings,
    "Settings": _settings,
    "Self-test": _selftest,
}
"""How each page is made, by its name, which is a template of donor_app.words."""
