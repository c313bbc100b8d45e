"""A desktop of one's own: an X server, a session bus, a window manager and a panel with a tray, real programs each.

Tests, pictures and benchmarks share it. tools/screens.sh installs what it takes.
"""

import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from jeepney import DBusAddress, new_method_call  # type: ignore[import-untyped]  # it ships no types
from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]  # it ships no types
from jeepney.wrappers import unwrap_msg  # type: ignore[import-untyped]  # it ships no types

from core.errors import SparecloudError

PATIENCE_S: Final = 10.0
TRAY: Final = "org.kde.StatusNotifierWatcher"
"""The bus name under which a panel's tray is found."""

NEEDED: Final = ("Xvfb", "dbus-daemon", "openbox", "xfce4-panel", "xfconf-query", "xdotool")
PANEL_HEIGHT: Final = 32
_ROOT: Final = Path(__file__).parents[2]
_PANEL: Final = f"""<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array"><value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="{PANEL_HEIGHT}"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty"><property name="plugin-1" type="string" value="systray"/></property>
</channel>
"""

_Got = TypeVar("_Got")


def needs(*programs: str) -> None:
    """Raises SparecloudError where one of `programs` is not installed."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        raise SparecloudError(f"Not installed: {', '.join(missing)}.", "Run tools/screens.sh, which installs them.")


@contextmanager
def ended(process: "subprocess.Popen[Any]", within_s: float = PATIENCE_S) -> Generator["subprocess.Popen[Any]"]:
    """Runs `process` for as long as the block lasts; it may end cleanly `within_s`."""
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(within_s)
        process.kill()
        process.wait(PATIENCE_S)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def until(get: Callable[[], _Got], good: Callable[[_Got], bool], within_s: float = PATIENCE_S) -> _Got:
    """What `get` gives once it is good, and in the end whatever it gives."""
    deadline = time.monotonic() + within_s
    while not good(got := get()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return got


@contextmanager
def x_server(folder: Path, size: str = "640x480") -> Generator[dict[str, str]]:
    """A screen of its own that wants a cookie; gives the environment of its session.

    What it shows stands in `folder`: see tests.real.screen.
    """
    needs("Xvfb")
    key, authority = os.urandom(16), folder / "authority"
    fields = (socket.gethostname().encode(), b"", b"MIT-MAGIC-COOKIE-1", key)
    authority.write_bytes(struct.pack(">H", 256) + b"".join(struct.pack(">H", len(field)) + field for field in fields))
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-auth", str(authority), "-screen", "0", f"{size}x24"]
    command += ["-nolisten", "tcp", "-fbdir", str(folder)]
    with ended(subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)), os.fdopen(read) as told:
        os.close(write)
        yield {"DISPLAY": f":{told.readline().strip()}", "XAUTHORITY": str(authority)}


@contextmanager
def window_manager(environ: Mapping[str, str]) -> Generator[None]:
    """Openbox on the screen of `environ`, which it manages already."""
    needs("openbox", "xdotool")
    environment = {**os.environ, **environ}
    quietly = subprocess.DEVNULL
    with ended(subprocess.Popen(["openbox"], env=environment, stdout=quietly, stderr=quietly)):
        asked = ["xdotool", "get_num_desktops"]
        until(
            lambda: subprocess.run(asked, env=environment, capture_output=True, timeout=PATIENCE_S, check=False),
            lambda answered: answered.returncode == 0,
        )
        yield


@contextmanager
def bus(environ: Mapping[str, str] | None = None) -> Generator[str]:
    """A bus of its own, whose services are started in `environ`; gives its address."""
    needs("dbus-daemon")
    command = ["dbus-daemon", "--session", "--nofork", "--nosyslog", "--print-address"]
    started = subprocess.Popen(
        command, env={**os.environ, **(environ or {})}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with ended(started) as daemon:
        assert daemon.stdout is not None
        yield daemon.stdout.readline().strip()


def asked(address: str, whom: DBusAddress, method: str, signature: str | None = None, *body: object) -> Any:
    """What `whom` on the bus at `address` answers; a value alone where it is only one."""
    with open_dbus_connection(address) as connection:
        answer = connection.send_and_get_reply(new_method_call(whom, method, signature, body), timeout=PATIENCE_S)
    values = unwrap_msg(answer)
    return values[0] if len(values) == 1 else values


@dataclass(frozen=True, slots=True)
class Desk:
    """Where programs are started on it, and the owner's hands."""

    environment: Mapping[str, str]
    folder: Path

    @property
    def bus(self) -> str:
        """The session bus's address."""
        return self.environment["DBUS_SESSION_BUS_ADDRESS"]

    @contextmanager
    def running(
        self, name: str, command: Sequence[str], cwd: Path | None = None
    ) -> Generator["subprocess.Popen[bytes]"]:
        """`command` on this desktop, ended on the way out; what it says is appended to `said(name)`."""
        with self._log(name).open("ab") as log:
            process = subprocess.Popen(
                command, env=dict(self.environment), cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        # The agent of a real market gives its workers notice.
        with ended(process, within_s=60):
            yield process

    def said(self, name: str) -> str:
        """All that the program started as `name` has said."""
        return self._log(name).read_text("utf-8", errors="replace")

    @contextmanager
    def panel(self) -> Generator[None]:
        """A panel whose tray takes icons already."""
        there = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
        with self.running("panel", ["xfce4-panel", "--disable-wm-check"]):
            if not until(lambda: bool(asked(self.bus, there, "NameHasOwner", "s", TRAY)), bool, within_s=30):
                raise SparecloudError(f"The panel shows no tray: {self.said('panel')[-500:]}")
            yield

    def xdotool(self, *arguments: str) -> str:
        """What xdotool prints; nothing where it fails, as a search does that finds no window."""
        done = subprocess.run(
            ["xdotool", *arguments],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return done.stdout.strip()

    def windows(self, title: str) -> list[str]:
        """The visible windows of that title."""
        return self.xdotool("search", "--onlyvisible", "--name", title).split()

    def window_after_s(
        self, process: "subprocess.Popen[bytes]", name: str, title: str, since: float, within_s: float = 30
    ) -> float:
        """Seconds from `since` until a window of that title is on the screen. Raises SparecloudError."""
        while time.monotonic() - since < within_s:
            if process.poll() is not None:
                raise SparecloudError(f"{process.args!r} ended before it showed a window: {self.said(name)[-500:]}")
            if self.windows(title):
                return time.monotonic() - since
            time.sleep(0.01)
        raise SparecloudError(f"No window called {title} within {within_s:g} s.")

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"


@contextmanager
def desk(*, panel: bool = True, size: str = "1280x800", environ: Mapping[str, str] | None = None) -> Generator[Desk]:
    """The desktop, up, with or without its panel; everything of it is gone afterwards. Raises SparecloudError.

    Programs on it find what `environ` adds.
    """
    needs(*NEEDED)
    # Sockets lie in it: pytest's own folders have names that are too long for them.
    with tempfile.TemporaryDirectory(prefix="desk-", ignore_cleanup_errors=True) as made, ExitStack() as stack:
        folder = Path(made)
        settings = folder / "config" / "xfce4" / "xfconf" / "xfce-perchannel-xml"
        settings.mkdir(parents=True)
        (settings / "xfce4-panel.xml").write_text(_PANEL, "utf-8")
        environment = {
            **os.environ,
            **stack.enter_context(x_server(folder, size)),
            "HOME": made,
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(_ROOT),
            "QT_QPA_PLATFORM": "xcb",
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_RUNTIME_DIR": made,
            **(environ or {}),
        }
        for unwanted in ("WAYLAND_DISPLAY", "QT_SCALE_FACTOR", "XDG_CURRENT_DESKTOP"):
            environment.pop(unwanted, None)
        environment["DBUS_SESSION_BUS_ADDRESS"] = stack.enter_context(bus(environment))
        stack.enter_context(window_manager(environment))
        place = Desk(environment, folder)
        if panel:
            stack.enter_context(place.panel())
        yield place
