"""A desktop of the benchmark's own: a display, a session bus, a window manager and a panel with a tray."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import SparecloudError

NEEDED: Final = ("Xvfb", "dbus-daemon", "openbox", "xfce4-panel", "xdotool")
_PANEL: Final = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array"><value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty"><property name="plugin-1" type="string" value="systray"/></property>
</channel>
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where programs are started on it."""

    environment: Mapping[str, str]
    folder: Path

    @contextmanager
    def running(self, name: str, command: Sequence[str], cwd: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
        """`command` on this desktop, ended on the way out."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, env=dict(self.environment), cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)

    def said(self, name: str) -> str:
        """The last words of what was started under that name."""
        return (self.folder / f"{name}.log").read_text("utf-8", errors="replace")[-500:]

    def window_after_s(
        self, process: subprocess.Popen[bytes], name: str, title: str, since: float, within_s: float = 30
    ) -> float:
        """Seconds from `since` until a window of that title is on the screen. Raises SparecloudError."""
        while time.monotonic() - since < within_s:
            if process.poll() is not None:
                raise SparecloudError(f"{process.args!r} ended before it showed a window: {self.said(name)}")
            found = subprocess.run(
                ["xdotool", "search", "--onlyvisible", "--name", title],
                env=dict(self.environment),
                capture_output=True,
                timeout=10,
                check=False,
            )
            if found.stdout.strip():
                return time.monotonic() - since
            time.sleep(0.01)
        raise SparecloudError(f"No window called {title} within {within_s:g} s.")


@contextmanager
def desk(number: int = 78) -> Iterator[Desk]:
    """The desktop, up; everything of it is gone afterwards."""
    with ExitStack() as stack, tempfile.TemporaryDirectory(prefix="desk-") as made:
        folder = Path(made)
        settings = folder / "config" / "xfce4" / "xfconf" / "xfce-perchannel-xml"
        settings.mkdir(parents=True)
        (settings / "xfce4-panel.xml").write_text(_PANEL, "utf-8")
        environment = {
            **_as_installed(made),
            "DISPLAY": f":{number}",
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/bus",
            "XDG_CONFIG_HOME": str(folder / "config"),
            "QT_QPA_PLATFORM": "xcb",
            "HOME": made,
        }
        bare = Desk(environment, folder)
        stack.enter_context(bare.running("display", ["Xvfb", f":{number}", "-screen", "0", "1280x800x24"]))
        address = f"--address={environment['DBUS_SESSION_BUS_ADDRESS']}"
        stack.enter_context(bare.running("bus", ["dbus-daemon", "--session", "--nofork", address]))
        time.sleep(1)
        stack.enter_context(bare.running("manager", ["openbox"]))
        stack.enter_context(bare.running("panel", ["xfce4-panel", "--disable-wm-check"]))
        time.sleep(4)
        yield bare


def _as_installed(folder: str) -> dict[str, str]:
    """This process's environment, but that modules are compiled once, as they are where programs are installed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **kept,
        "PYTHONPYCACHEPREFIX": f"{folder}/compiled",
        # Images that were built are this machine's: nobody builds them anew for a home of a minute.
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"),
    }
