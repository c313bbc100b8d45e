"""Starting with the owner's session, minimised: an autostart entry, a Run key or a launch agent, by the platform."""

import os
import plistlib
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

import platformdirs

from core.errors import InvalidInput

ENTRY: Final = "sparecloud-donor.desktop"
LABEL: Final = "sparecloud.donor"


class Autostart(Protocol):
    """Whether the application starts at login. Raises InvalidInput where the system does not let it be changed."""

    def is_on(self) -> bool:
        """Whether it starts at the next login."""
        ...

    def switch(self, on: bool) -> None:
        """Start at login from now on, or no longer. Switching on again takes up a program that moved."""
        ...


def autostart(home: Path | None = None) -> Autostart:
    """The one of this platform, for the application of `home` (None: the usual place)."""
    command = own_command(home)
    if sys.platform == "win32":
        return RunKey(command)
    if sys.platform == "darwin":
        return LaunchAgent(Path.home() / "Library" / "LaunchAgents", command)
    return DesktopEntry(platformdirs.user_config_path("autostart"), command)


def own_command(home: Path | None = None) -> tuple[str, ...]:
    """How this very installation is started without a window."""
    where = ("--home", str(home.absolute())) if home is not None else ()
    return (*_program(), "--minimised", *where)


class DesktopEntry:
    """A file in the session's autostart folder (freedesktop.org, Desktop Application Autostart Specification 0.5)."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self._file, self._command = folder / ENTRY, command

    def is_on(self) -> bool:
        """Whether the entry is there, and no desktop's own settings have switched it off."""
        try:
            lines = [line.replace(" ", "").lower() for line in self._file.read_text("utf-8").splitlines()]
        except (OSError, UnicodeDecodeError):
            return False
        return "hidden=true" not in lines and "x-gnome-autostart-enabled=false" not in lines

    def switch(self, on: bool) -> None:
        """Write the entry, or remove it."""
        with _explained(self._file):
            if on:
                self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file.write_text(desktop_entry(self._command), "utf-8")
            else:
                self._file.unlink(missing_ok=True)


class LaunchAgent:
    """A property list that launchd reads when the owner logs in (launchd.plist(5))."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self._file, self._command = folder / f"{LABEL}.plist", command

    def is_on(self) -> bool:
        """Whether the list is there and not disabled."""
        try:
            agent = plistlib.loads(self._file.read_bytes())
        except (OSError, plistlib.InvalidFileException, ValueError):
            return False
        return isinstance(agent, dict) and bool(agent.get("RunAtLoad")) and not agent.get("Disabled")

    def switch(self, on: bool) -> None:
        """Write the list, or remove it; what runs already goes on."""
        with _explained(self._file):
            if on:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._file.write_bytes(launch_agent(self._command))
            else:
                self._file.unlink(missing_ok=True)


if sys.platform == "win32":
    import subprocess
    import winreg

    class RunKey:
        """A value of the current user's Run key."""

        _KEY: Final = r"Software\Microsoft\Windows\CurrentVersion\Run"
        _VALUE: Final = "Sparecloud"

        def __init__(self, command: Sequence[str]) -> None:
            self._command = command

        def is_on(self) -> bool:
            """Whether the value is there."""
            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, self._KEY) as key:
                    winreg.QueryValueEx(key, self._VALUE)
            except OSError:
                return False
            return True

        def switch(self, on: bool) -> None:
            """Write the value, or delete it."""
            current_user = winreg.HKEY_CURRENT_USER
            with _explained(rf"HKEY_CURRENT_USER\{self._KEY}"), winreg.CreateKey(current_user, self._KEY) as key:
                if on:
                    winreg.SetValueEx(key, self._VALUE, 0, winreg.REG_SZ, subprocess.list2cmdline(self._command))
                elif self.is_on():
                    winreg.DeleteValue(key, self._VALUE)


def desktop_entry(command: Sequence[str]) -> str:
    """An autostart entry that runs `command` (Desktop Entry Specification 1.5)."""
    line = " ".join(map(_quoted, command))
    return (
        "[Desktop Entry]\n"
        "Type=Application\n"
        "Version=1.5\n"
        "Name=Sparecloud\n"
        "Comment=Shares what this machine has to spare\n"
        f"Exec={line}\n"
        "Icon=sparecloud-donor\n"
        "Terminal=false\n"
        "X-GNOME-Autostart-enabled=true\n"
    )


def launch_agent(command: Sequence[str]) -> bytes:
    """A launch agent that runs `command` once at login, within the session that has a screen."""
    return plistlib.dumps(
        {
            "Label": LABEL,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "LimitLoadToSessionType": "Aqua",
            "ProcessType": "Interactive",
        }
    )


def _quoted(argument: str) -> str:
    """`argument` as the Exec key wants it: quoted for its own grammar, then escaped as any string of the file."""
    plain = re.fullmatch(r"[\w@%+=:,./-]+", argument, re.ASCII)
    quoted = argument if plain else '"' + re.sub(r'(["`$\\])', r"\\\1", argument) + '"'
    escaped = quoted.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return escaped.replace("%", "%%")


def _program() -> tuple[str, ...]:
    if getattr(sys, "frozen", False):
        # An AppImage runs from a folder that is gone after it ended: the file itself is what starts again.
        return (os.environ.get("APPIMAGE") or sys.executable,)
    beside = Path(sys.executable).parent
    script = shutil.which("sparecloud-donor", path=str(beside)) or shutil.which("sparecloud-donor")
    return (script,) if script else (sys.executable, "-m", "donor_app")


@contextmanager
def _explained(place: Path | str) -> Iterator[None]:
    try:
        yield
    except OSError as refused:
        raise InvalidInput(
            f"Starting at login cannot be changed: {place}: {refused.strerror}.", "Make that place writable."
        ) from refused
