"""What a screen reader is told of the programs on a desk: AT-SPI, asked over the desk's accessibility bus."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from jeepney import DBusAddress, Properties, new_method_call  # type: ignore[import-untyped]  # it ships no types
from jeepney.io.blocking import (  # type: ignore[import-untyped]  # it ships no types
    DBusConnection,
    open_dbus_connection,
)
from jeepney.wrappers import unwrap_msg  # type: ignore[import-untyped]  # it ships no types

from tests.real.desk import PATIENCE_S, Desk, asked

_ACCESSIBLE: Final = "org.a11y.atspi.Accessible"
_FOCUSABLE, _FOCUSED, _SHOWING = 11, 12, 25
"""Bits of the state, as in atspi-constants.h."""

_WITHIN_A_CONTROL: Final = ("list item", "table cell")
"""Qt calls the current one focused wherever the keyboard is."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing on the screen as it is read out."""

    role: str
    name: str
    focusable: bool
    focused: bool


@contextmanager
def screen_reader(desk: Desk) -> Generator["ScreenReader"]:
    """One that listens while the block lasts."""
    whom = DBusAddress("/org/a11y/bus", "org.a11y.Bus", "org.a11y.Bus")
    with open_dbus_connection(asked(desk.bus, whom, "GetAddress")) as connection:
        yield ScreenReader(connection)


class ScreenReader:
    """Reads out windows."""

    def __init__(self, connection: DBusConnection) -> None:
        self._connection = connection

    def read(self, title: str) -> list[Heard]:
        """Everything that shows in the windows of that title, top-down; nothing while there is none."""
        root = DBusAddress("/org/a11y/atspi/accessible/root", "org.a11y.atspi.Registry", _ACCESSIBLE)
        return [
            heard
            for program in self._children(root)
            for window in self._children(program)
            if self._property(window, "Name") == title
            for heard in self._below(window)
        ]

    def focus(self, title: str) -> str:
        """The name of what has the keyboard's focus in that window; empty where nothing has."""
        # What hands its focus on to a part of it is called focused, too: the part comes after it.
        found = (each for each in reversed(self.read(title)) if each.focused and each.role not in _WITHIN_A_CONTROL)
        return next((each.name for each in found), "")

    def _below(self, place: DBusAddress) -> Iterator[Heard]:
        low, *_ = self._call(place, "GetState")
        if not low >> _SHOWING & 1:
            return
        role, name = self._call(place, "GetRoleName"), self._property(place, "Name")
        yield Heard(role, name, *(bool(low >> bit & 1) for bit in (_FOCUSABLE, _FOCUSED)))
        for child in self._children(place):
            yield from self._below(child)

    def _children(self, place: DBusAddress) -> list[DBusAddress]:
        return [DBusAddress(path, name, _ACCESSIBLE) for name, path in self._call(place, "GetChildren")]

    def _property(self, place: DBusAddress, name: str) -> Any:
        return self._answer(Properties(place).get(name))[1]

    def _call(self, place: DBusAddress, method: str) -> Any:
        return self._answer(new_method_call(place, method))

    def _answer(self, call: Any) -> Any:
        (value,) = unwrap_msg(self._connection.send_and_get_reply(call, timeout=PATIENCE_S))
        return value
