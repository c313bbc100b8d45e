"""What an X server tells of its session: how long nobody touched anything, and whether a program fills the screen."""

import os
import struct
from abc import ABC, abstractmethod
from collections.abc import Mapping

from core.sensors.chain import Unserved
from core.sensors.local_socket import translated
from core.sensors.x11 import Display

_QUERY_INFO = 1
_SINCE_INPUT_AT = 16


class _OnDisplay(ABC):
    """Keeps one connection for as long as it serves."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._display: Display | None = None

    def close(self) -> None:
        """End the connection."""
        if self._display is not None:
            self._display.close()
            self._display = None

    def _opened(self) -> Display:
        if self._display is None:
            self._display = Display.open(self._environ)
            self._prepare(self._display)
        return self._display

    @abstractmethod
    def _prepare(self, display: Display) -> None:
        """Learn from a connection just made what every reading needs. Raises Unserved."""


class XInputIdleness(_OnDisplay):
    """The MIT-SCREEN-SAVER extension, which counts the milliseconds since the last key or pointer moved."""

    name = "the X server's screen saver extension"
    _request = b""

    def read(self) -> int:
        """Whole seconds without input. Raises Unserved."""
        with translated("The X server does not answer."):
            reply = self._opened().ask(self._request)
            if reply is None:
                raise ValueError("the X server refused to tell its idleness")
            idle_ms: int = struct.unpack_from("<I", reply, _SINCE_INPUT_AT)[0]
            return idle_ms // 1000

    def _prepare(self, display: Display) -> None:
        extension = display.extension(b"MIT-SCREEN-SAVER")
        if extension is None:
            raise Unserved("The X server has no screen saver extension.")
        self._request = struct.pack("<BBHI", extension, _QUERY_INFO, 2, display.root)


class XFullScreen(_OnDisplay):
    """The active window's state, as the window manager keeps it (Extended Window Manager Hints, 1.5)."""

    name = "the window manager"
    _manager = _active = _state = _full_screen = 0

    def read(self) -> bool:
        """Whether the active window fills the screen. Raises Unserved."""
        with translated("The X server does not answer."):
            display = self._opened()
            active = display.property(display.root, self._active)
            if not active and not display.property(display.root, self._manager):
                raise Unserved("No window manager says which window is active.")
            return bool(active) and self._full_screen in display.property(active[0], self._state)

    def _prepare(self, display: Display) -> None:
        self._manager = display.atom(b"_NET_SUPPORTING_WM_CHECK")
        self._active = display.atom(b"_NET_ACTIVE_WINDOW")
        self._state = display.atom(b"_NET_WM_STATE")
        self._full_screen = display.atom(b"_NET_WM_STATE_FULLSCREEN")
