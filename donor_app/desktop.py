"""The desktop application: bridge, tray and window tied together, from the first click to a clean end."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final

import platformdirs
from PySide6.QtCore import QObject, QSocketNotifier, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from core.errors import SparecloudError
from core.view import DonorView
from donor_app.actions import OwnerActions
from donor_app.agent import Agent, Problem, explain
from donor_app.bridge import Bridge
from donor_app.memory import Memory
from donor_app.notices import Notices
from donor_app.sieve import Sieve
from donor_app.status import Status, status
from donor_app.tray import Tray
from donor_app.words import say

if TYPE_CHECKING:
    from donor_app.window import Window

TRAY_WITHIN_S: Final = 30
"""A desktop may start its tray after us: so long we wait before a plain window takes its place."""

LOOK_EVERY_S: Final = 10
"""A tray that comes after that is taken up within so long."""

WATCH_EVERY_S: Final = 120
"""Whether a tray is still there is asked so rarely, as each question wakes the desktop's bus a dozen times."""

AGENT_AFTER_MS: Final = 100
"""A window that is asked for at the start is painted first: what the agent loads would hold it up."""

STOP_WITHIN_S: Final = 660
"""A clean end gives workers notice (600 s at most), stops them and claims vouchers; it is given up after so long."""


OpenDesktopAgent = Callable[[Callable[[], None], Callable[[SparecloudError], None]], AbstractAsyncContextManager[Agent]]
"""Builds an agent that may ask for the window to be raised, and tell what it waits for; both from any thread."""


class Opening(Enum):
    """What the owner sees at the start: a window, the tray alone (a window where there is none), or no more than that
    window's place among the other windows. Who never chose whether to share sees a window in any case."""

    WINDOW = "window"
    TRAY = "tray"
    MINIMISED = "minimised"


class Desktop(QObject):
    """Holds what both screens show: the newest view, the owner's wish, a problem. Emits `finished` when all is over.

    The window is made when it is first opened. While it is hidden only the tray is drawn, and only on change.
    """

    finished = Signal()

    raise_asked = Signal()
    """Somebody wants to see the window: emitted in any thread."""

    _passed = Signal(object)
    """A DonorView that is worth drawing, on its way from the agent's thread."""

    def __init__(
        self,
        bridge: Bridge,
        *,
        home: Path | None = None,
        tray_available: Callable[[], bool] = QSystemTrayIcon.isSystemTrayAvailable,
        tray_within_s: float = TRAY_WITHIN_S,
        look_every_s: float = LOOK_EVERY_S,
        watch_every_s: float = WATCH_EVERY_S,
        stop_within_s: float = STOP_WITHIN_S,
        notices: Notices | None = None,
        memory: Memory | None = None,
    ) -> None:
        super().__init__()
        self.window: Window | None = None
        self.tray: Tray | None = None
        self._bridge = bridge
        self._home = home
        self._actions = OwnerActions(bridge.ask)
        self._memory = memory or Memory()
        self._notices = notices or Notices(self._memory)
        self._sieve = Sieve()
        self._view: DonorView | None = None
        self._wish: bool | None = None
        self._refusal: Problem | None = None
        self._alive = True
        self._quitting = False
        self._opening = Opening.TRAY
        self._tray_available = tray_available
        self._missed = 0
        self._look_every_ms, self._watch_every_ms = round(look_every_s * 1000), round(watch_every_s * 1000)
        self._patience = max(1, round(tray_within_s))
        self._poll = QTimer(self, interval=1000 if tray_within_s >= 1 else round(tray_within_s * 1000))
        self._deadline = QTimer(self, interval=round(stop_within_s * 1000), singleShot=True)
        self._connect()

    def start(self, opening: Opening = Opening.TRAY) -> None:
        """Start the agent, and look for a tray."""
        self._opening = opening
        if opening is Opening.WINDOW:
            self.open()
            QTimer.singleShot(AGENT_AFTER_MS, self._start_agent)
        else:
            self._bridge.start()
        if self._tray_available():
            self._take_tray()
        self._poll.start()
        self._draw()

    @Slot()
    def open(self) -> None:
        """Bring the window to the front."""
        window = self._up_to_date_window()
        window.showNormal() if window.isMinimized() else window.show()
        window.raise_()
        window.activateWindow()

    @Slot(bool)
    def share(self, on: bool) -> None:
        """The owner used the toggle."""
        self._wish, self._refusal = on, None
        self._bridge.share(on)
        self._draw()

    @Slot()
    def take_back(self) -> None:
        """The owner wants the machine at once; asked again where renters lose something by it."""
        workers = self._status().workers
        if not workers:
            self._take_back_now()
            return
        # Imported late, as the window that it stands on.
        from donor_app.confirmation import confirm

        self.open()
        confirm(
            self._up_to_date_window(),
            say("Take the machine back at once?"),
            say(
                "Workers that stop now: {count}. Their renters lose what these hold and are computing. "
                "You are paid for the seconds served.",
                count=workers,
            ),
            say("&Take it back"),
            self._take_back_now,
        )

    @Slot()
    def restart(self) -> None:
        """Start an agent again after one died."""
        self._alive, self._refusal, self._view = True, None, None
        self._sieve.forget()
        self._bridge.start()
        self._draw()

    @Slot()
    def quit(self) -> None:
        """End cleanly: `finished` follows when the agent has ended, or after the deadline."""
        if self._quitting:
            return
        self._quitting = True
        self._poll.stop()
        if self._bridge.running:
            self._draw()
            self._deadline.start()
            self._bridge.stop()
        else:
            self._finish()

    @Slot()
    def _start_agent(self) -> None:
        if not self._quitting:
            self._bridge.start()

    @Slot(object)
    def _sift(self, view: DonorView) -> None:
        """On the agent's thread: what nobody would see does not wake Qt's."""
        if self._sieve.passes(view):
            self._passed.emit(view)

    @Slot(object)
    def _seen(self, view: DonorView) -> None:
        first = self._view is None
        self._view = view
        if first:
            # What kept the agent waiting at its start is over.
            self._refusal = None
        if self._wish == view.sharing:
            self._wish = None
        self._draw()
        if first and not view.chosen and not self._quitting:
            self.open()

    @Slot(object)
    def _failed(self, problem: Problem) -> None:
        self._refusal = problem
        self._draw()

    @Slot()
    def _settled(self) -> None:
        self._wish = None
        self._draw()

    @Slot()
    def _ended(self) -> None:
        self._bridge.join(5)
        if self._quitting:
            self._finish()
            return
        self._alive, self._wish = False, None
        self._refusal = self._refusal or Problem(say("Sparecloud stopped by itself."), say("Start it again."))
        self._draw()

    @Slot()
    def _finish(self) -> None:
        self._deadline.stop()
        if self.tray is not None:
            self.tray.hide()
        if self.window is not None:
            self.window.hide()
        self.finished.emit()

    def _take_back_now(self) -> None:
        self._wish, self._refusal = False, None
        self._bridge.ask(lambda agent: agent.share(False, at_once=True), lambda _: self._settled(), self._refused)
        self._draw()

    def _refused(self, problem: Problem) -> None:
        self._wish = None
        self._failed(problem)

    # The tray: it may come late, go, and come again.

    @Slot()
    def _look_for_tray(self) -> None:
        if self._tray_available():
            if self.tray is None or self._missed:
                self._take_tray()
            return
        self._missed += 1
        if self.tray is None:
            if self._missed == self._patience:
                self._poll.setInterval(self._look_every_ms)
                self._do_without_tray()
        elif self._missed == 1:
            self._poll.setInterval(self._look_every_ms)
        elif self._missed == 2:
            # A panel that is started anew is back by now. Without it a hidden window could not be reached.
            self._do_without_tray()

    def _take_tray(self) -> None:
        self._missed = 0
        self._poll.setInterval(self._watch_every_ms)
        if self.tray is None:
            self.tray = Tray(self._actions)
            self.tray.open_asked.connect(self.open)
            self.tray.quit_asked.connect(self.quit)
        self._draw()
        self.tray.show()
        if self.window is not None:
            self.window.hides_on_close = True

    def _do_without_tray(self) -> None:
        window = self._up_to_date_window()
        window.hides_on_close = False
        if window.isVisible():
            return
        if self._opening is Opening.MINIMISED and self.tray is None:
            window.showMinimized()
        else:
            self.open()

    # What is shown.

    def _up_to_date_window(self) -> "Window":
        if self.window is None:
            # Imported late: a tray whose window nobody opens stays small.
            from donor_app.window import Window

            self.window = Window(self._bridge.ask, self._actions, self._home, self._memory)
            self.window.hides_on_close = self.tray is not None and not self._missed
            self.window.share_asked.connect(self.share)
            self.window.restart_asked.connect(self.restart)
            self.window.quit_asked.connect(self.quit)
            self.window.closed.connect(self._window_closed)
        self._sieve.looked_at = True
        if self._alive:
            self._view = self._sieve.newest or self._view
        self.window.draw(self._status(), self._view)
        return self.window

    @Slot()
    def _window_closed(self) -> None:
        self._sieve.looked_at = False

    def _status(self) -> Status:
        return status(self._view, wish=self._wish, refusal=self._refusal, alive=self._alive, ending=self._quitting)

    def _draw(self) -> None:
        now = self._status()
        self._actions.draw(now)
        self._notices.notice(now.problem, self._view)
        if self.window is not None and self.window.isVisible():
            self.window.draw(now, self._view)
        if self.tray is not None:
            self.tray.draw(now)

    @Slot(str, str)
    def _tell(self, title: str, text: str) -> None:
        # Who looks at the window has read it there.
        if self.tray is not None and (self.window is None or not self.window.isVisible()):
            self.tray.tell(title, text)

    def _connect(self) -> None:
        queued = Qt.ConnectionType.QueuedConnection
        self._bridge.seen.connect(self._sift, Qt.ConnectionType.DirectConnection)
        self._passed.connect(self._seen, queued)
        self.raise_asked.connect(self.open, queued)
        self._bridge.failed.connect(self._failed, queued)
        self._bridge.settled.connect(self._settled, queued)
        self._bridge.ended.connect(self._ended, queued)
        self._actions.share_asked.connect(self.share)
        self._actions.take_back_asked.connect(self.take_back)
        self._notices.told.connect(self._tell)
        self._poll.timeout.connect(self._look_for_tray)
        self._deadline.timeout.connect(self._finish)


def run_desktop(
    open_agent: OpenDesktopAgent, *, open_window: bool, minimised: bool = False, home: Path | None = None
) -> int:
    """Run until the owner quits or a signal says so; the exit code. `open_window` outdoes `minimised`: see Opening.

    Raises SparecloudError where there is no screen.
    """
    if not _screen_there():
        raise SparecloudError("No screen can be reached.", "Start it inside a desktop session, or with --headless.")
    application = QApplication(sys.argv[:1])
    application.setApplicationName("Sparecloud")
    application.setDesktopFileName("sparecloud-donor")
    application.setQuitOnLastWindowClosed(False)
    bridge = Bridge(lambda: open_agent(desktop.raise_asked.emit, lambda problem: bridge.failed.emit(explain(problem))))
    kept_in = (home or platformdirs.user_data_path("sparecloud")) / "donor"
    desktop = Desktop(bridge, home=home, memory=Memory(kept_in))
    desktop.finished.connect(application.quit)
    with _signals_call(desktop.quit):
        desktop.start(Opening.WINDOW if open_window else Opening.MINIMISED if minimised else Opening.TRAY)
        code = application.exec()
    return code if bridge.join(1) else 1


def _screen_there() -> bool:
    # Qt aborts the whole process where it finds none, so we look first.
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


@contextmanager
def _signals_call(ask: Callable[[], None]) -> Iterator[None]:
    # Python runs its handlers only between two bytecodes, and Qt's loop runs none: a socket wakes it.
    inner, outer = socket.socketpair()
    outer.setblocking(False)
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    before_wakeup = signal.set_wakeup_fd(outer.fileno())
    notifier = QSocketNotifier(inner.fileno(), QSocketNotifier.Type.Read)

    def woken() -> None:
        inner.recv(64)
        ask()

    notifier.activated.connect(woken)
    try:
        yield
    finally:
        notifier.setEnabled(False)
        signal.set_wakeup_fd(before_wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        inner.close()
        outer.close()
