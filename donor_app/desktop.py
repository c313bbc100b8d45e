"""The desktop application: bridge, tray and window tied together, from the first click to a clean end."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from PySide6.QtCore import QObject, QSocketNotifier, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from core.errors import SparecloudError
from core.view import DonorView
from donor_app.agent import OpenAgent, Problem
from donor_app.bridge import Bridge
from donor_app.icon import application_icon
from donor_app.status import status
from donor_app.tray import Tray
from donor_app.window import Window

TRAY_WITHIN_S: Final = 30
"""A desktop may start its tray after us: so long we wait before a plain window takes its place."""

STOP_WITHIN_S: Final = 660
"""A clean end gives workers notice (600 s at most), stops them and claims vouchers; it is given up after so long."""


class Desktop(QObject):
    """Holds what both screens show: the newest view, the owner's wish, a problem. Emits `finished` when all is over."""

    finished = Signal()

    def __init__(
        self,
        bridge: Bridge,
        *,
        tray_available: Callable[[], bool] = QSystemTrayIcon.isSystemTrayAvailable,
        tray_within_s: float = TRAY_WITHIN_S,
        stop_within_s: float = STOP_WITHIN_S,
    ) -> None:
        super().__init__()
        self.window = Window()
        self.tray: Tray | None = None
        self._bridge = bridge
        self._view: DonorView | None = None
        self._wish: bool | None = None
        self._refusal: Problem | None = None
        self._alive = True
        self._quitting = False
        self._tray_available = tray_available
        self._polls_left = max(1, round(tray_within_s))
        self._poll = QTimer(self, interval=1000 if tray_within_s >= 1 else round(tray_within_s * 1000))
        self._deadline = QTimer(self, interval=round(stop_within_s * 1000), singleShot=True)
        self._connect()

    def start(self, *, open_window: bool = False) -> None:
        """Start the agent, and look for a tray."""
        self._draw()
        self._bridge.start()
        if open_window:
            self.open()
        if not self._find_tray():
            self._poll.start()

    @Slot()
    def open(self) -> None:
        """Bring the window to the front."""
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()

    @Slot(bool)
    def share(self, on: bool) -> None:
        """The owner used the toggle."""
        self._wish, self._refusal = on, None
        self._bridge.share(on)
        self._draw()

    @Slot()
    def restart(self) -> None:
        """Start an agent again after one died."""
        self._alive, self._refusal, self._view = True, None, None
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

    @Slot(object)
    def _seen(self, view: DonorView) -> None:
        self._view = view
        if self._wish == view.sharing:
            self._wish = None
        self._draw()

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
        self._refusal = self._refusal or Problem("Sparecloud stopped by itself.", "Start it again.")
        self._draw()

    @Slot()
    def _finish(self) -> None:
        self._deadline.stop()
        if self.tray is not None:
            self.tray.hide()
        self.window.hide()
        self.finished.emit()

    @Slot()
    def _look_for_tray(self) -> None:
        self._polls_left -= 1
        if self._find_tray():
            self._poll.stop()
        elif self._polls_left <= 0:
            self._poll.stop()
            self.open()

    def _find_tray(self) -> bool:
        if not self._tray_available():
            return False
        self.tray = Tray()
        self.tray.share_asked.connect(self.share)
        self.tray.open_asked.connect(self.open)
        self.tray.quit_asked.connect(self.quit)
        self.window.hides_on_close = True
        self._draw()
        self.tray.show()
        return True

    def _draw(self) -> None:
        now = status(self._view, wish=self._wish, refusal=self._refusal, alive=self._alive, ending=self._quitting)
        self.window.draw(now, self._view)
        if self.tray is not None:
            self.tray.draw(now)

    def _connect(self) -> None:
        queued = Qt.ConnectionType.QueuedConnection
        self._bridge.seen.connect(self._seen, queued)
        self._bridge.failed.connect(self._failed, queued)
        self._bridge.settled.connect(self._settled, queued)
        self._bridge.ended.connect(self._ended, queued)
        self.window.share_asked.connect(self.share)
        self.window.restart_asked.connect(self.restart)
        self.window.quit_asked.connect(self.quit)
        self._poll.timeout.connect(self._look_for_tray)
        self._deadline.timeout.connect(self._finish)


def run_desktop(open_agent: OpenAgent, *, open_window: bool) -> int:
    """Run until the owner quits or a signal says so; the exit code. Raises SparecloudError where there is no screen."""
    if not _screen_there():
        raise SparecloudError("No screen can be reached.", "Start it inside a desktop session, or with --headless.")
    application = QApplication(sys.argv[:1])
    application.setApplicationName("Sparecloud")
    application.setDesktopFileName("sparecloud-donor")
    application.setWindowIcon(application_icon())
    application.setQuitOnLastWindowClosed(False)
    bridge = Bridge(open_agent)
    desktop = Desktop(bridge)
    desktop.finished.connect(application.quit)
    with _signals_call(desktop.quit):
        desktop.start(open_window=open_window)
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
