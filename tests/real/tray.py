"""The icons in the tray of a desk's panel, and their menus, over the session bus: StatusNotifierItem and dbusmenu."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from jeepney import DBusAddress, Properties  # type: ignore[import-untyped]  # it ships no types
from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]  # it ships no types
from jeepney.wrappers import unwrap_msg  # type: ignore[import-untyped]  # it ships no types

from tests.real.desk import PATIENCE_S, TRAY, Desk, asked

_WATCHER: Final = DBusAddress("/StatusNotifierWatcher", TRAY, TRAY)
_ITEM, _MENU = "org.kde.StatusNotifierItem", "com.canonical.dbusmenu"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a menu, as the panel is told it."""

    number: int
    label: str
    enabled: bool
    visible: bool


@dataclass(frozen=True, slots=True)
class TrayIcon:
    """One icon of the tray."""

    desk: Desk
    owner: str
    path: str

    def entries(self) -> list[Entry]:
        """The menu's lines, without their mnemonics; separators are none."""
        _, (_, _, children) = asked(self.desk.bus, self._menu(), "GetLayout", "iias", 0, -1, [])
        return list(_entries(children))

    def choose(self, label: str) -> None:
        """What the panel does when its user clicks on that line of the menu."""
        entry = next(each for each in self.entries() if each.label == label)
        assert entry.enabled and entry.visible, f"{label} is not offered"
        asked(self.desk.bus, self._menu(), "Event", "isvu", entry.number, "clicked", ("i", 0), 0)

    def _menu(self) -> DBusAddress:
        item = DBusAddress(self.path, self.owner, _ITEM)
        return DBusAddress(_property(self.desk, item, "Menu"), self.owner, _MENU)


def tray_icons(desk: Desk) -> list[TrayIcon]:
    """Those that the panel on `desk` holds now."""
    items: list[str] = _property(desk, _WATCHER, "RegisteredStatusNotifierItems")
    return [TrayIcon(desk, owner, f"/{path}") for owner, _, path in (item.partition("/") for item in items)]


def _entries(children: list[tuple[str, Any]]) -> Iterator[Entry]:
    for _, (number, properties, _) in children:
        told = {name: value for name, (_, value) in properties.items()}
        if told.get("type") != "separator":
            label = str(told.get("label", "")).replace("__", "\0").replace("_", "").replace("\0", "_")
            yield Entry(number, label, bool(told.get("enabled", True)), bool(told.get("visible", True)))


def _property(desk: Desk, whom: DBusAddress, name: str) -> Any:
    with open_dbus_connection(desk.bus) as connection:
        ((_, value),) = unwrap_msg(connection.send_and_get_reply(Properties(whom).get(name), timeout=PATIENCE_S))
    return value
