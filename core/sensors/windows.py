"""Who is asked for what on Windows."""

import ctypes
import sys
import uuid
from collections.abc import Callable
from typing import Final

from core.sensors.chain import Chain, Unserved, Untold
from core.sensors.machine import Senses
from core.sensors.power import SystemBattery
from core.sensors.programs import ProgramWatch, SystemProcesses

POWER_EVERY_S: Final = 5
SCREEN_EVERY_S: Final = 3
NETWORK_EVERY_S: Final = 10

_NAME: Final = "Windows (no test has run there yet)"
_TICKS: Final = 2**32
_SLACK_MS: Final = 60_000
_FULL_SCREEN: Final = frozenset({2, 3, 4})  # QUNS_BUSY, QUNS_RUNNING_D3D_FULL_SCREEN, QUNS_PRESENTATION_MODE
_UNRESTRICTED: Final = 0x1
_COUNTED: Final = 0x2 | 0x4 | 0x10000 | 0x40000  # NLM_CONNECTION_COST: FIXED, VARIABLE, OVERDATALIMIT, ROAMING


def since_ms(now_ticks: int, then_ticks: int) -> int:
    """Milliseconds between two readings of a clock that begins anew every 2^32 of them; 0 for an instant to come."""
    passed = (now_ticks - then_ticks) % _TICKS
    return 0 if passed > _TICKS - _SLACK_MS else passed


def is_counted(cost: int) -> bool:
    """Whether a connection of `cost` (NLM_CONNECTION_COST) counts what is sent. Raises Unserved where none is known."""
    if cost & _COUNTED:
        return True
    if cost & _UNRESTRICTED:
        return False
    raise Unserved("Windows does not know whether the network counts what is sent.")


if sys.platform == "win32":

    class _LastInput(ctypes.Structure):
        _fields_ = (("cbSize", ctypes.c_uint), ("dwTime", ctypes.c_uint))

    class LastInputIdleness:
        """GetLastInputInfo: the last key or pointer of this session."""

        name = _NAME

        def __init__(self) -> None:
            self._last = _LastInput(cbSize=ctypes.sizeof(_LastInput))

        def read(self) -> int:
            """Whole seconds without input. Raises Unserved."""
            if not ctypes.windll.user32.GetLastInputInfo(ctypes.byref(self._last)):
                raise Unserved("Windows does not say how long nobody touched anything.")
            return since_ms(ctypes.windll.kernel32.GetTickCount(), self._last.dwTime) // 1000

        def close(self) -> None:
            """Nothing is held."""

    class NotificationState:
        """SHQueryUserNotificationState: whether a program that fills the screen keeps notices away."""

        name = _NAME

        def read(self) -> bool:
            """Whether a program fills the screen. Raises Unserved."""
            state = ctypes.c_int()
            if ctypes.windll.shell32.SHQueryUserNotificationState(ctypes.byref(state)) < 0:
                raise Unserved("Windows does not say whether a program fills the screen.")
            return state.value in _FULL_SCREEN

        def close(self) -> None:
            """Nothing is held."""

    class NetworkCost:
        """INetworkCostManager of the network list manager: what the connection to the internet costs."""

        name = _NAME

        def read(self) -> bool:
            """Whether the network counts what is sent. Raises Unserved."""
            # Threads come and go beneath us, and each has to enter COM and leave it again.
            entered = ctypes.windll.ole32.CoInitializeEx(None, 0) >= 0
            try:
                return is_counted(_connection_cost())
            except OSError as error:
                raise Unserved("Windows does not say whether the network counts what is sent.") from error
            finally:
                if entered:
                    ctypes.windll.ole32.CoUninitialize()

        def close(self) -> None:
            """Nothing is held."""

    _LIST_MANAGER: Final = uuid.UUID("DCB00C01-570F-4A9B-8D69-199FDBA5723B").bytes_le
    _COST_MANAGER: Final = uuid.UUID("DCB00008-570F-4A9B-8D69-199FDBA5723B").bytes_le
    _ANY_SERVER: Final = 23  # CLSCTX_ALL
    _RELEASE, _GET_COST = 2, 3  # places in the interface's table of methods

    def _connection_cost() -> int:
        """NLM_CONNECTION_COST of the way to the internet. Raises OSError."""
        manager, cost = ctypes.c_void_p(), ctypes.c_uint()
        created = ctypes.windll.ole32.CoCreateInstance(
            _LIST_MANAGER, None, _ANY_SERVER, _COST_MANAGER, ctypes.byref(manager)
        )
        if created < 0:
            raise ctypes.WinError(created)
        methods = ctypes.cast(manager, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p))).contents
        get_cost = ctypes.WINFUNCTYPE(ctypes.HRESULT, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
        release = ctypes.WINFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)
        try:
            get_cost(methods[_GET_COST] or 0)(manager, ctypes.addressof(cost), None)
        finally:
            release(methods[_RELEASE] or 0)(manager)
        return cost.value

    def senses(now: Callable[[], float]) -> Senses:
        """The session's own calls, and psutil."""
        return Senses(
            idle_s=Chain([LastInputIdleness()], now),
            power=Chain([SystemBattery()], now, every_s=POWER_EVERY_S),
            metered=Chain([NetworkCost()], now, every_s=NETWORK_EVERY_S),
            full_screen=Chain([NotificationState()], now, every_s=SCREEN_EVERY_S),
            celsius=Chain([Untold("Windows does not tell programs like this one how hot the machine is.")], now),
            programs=ProgramWatch(SystemProcesses(), now),
        )
