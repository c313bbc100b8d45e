"""The sensors against real parts: an X server, a bus, the kernel's processes and files; a compositor is played."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from core.observed import Conditions
from core.sensors.bus import mutter_idleness, network_manager_metered
from core.sensors.chain import Unserved
from core.sensors.heat import thermometers
from core.sensors.linux import senses
from core.sensors.machine import MachineSensors
from core.sensors.platforms import machine_sensors
from core.sensors.power import Power, PowerSupplies
from core.sensors.procfs import KernelProcesses
from core.sensors.programs import running
from core.sensors.wayland import NOTICED_AFTER_S, WaylandIdleness, request
from core.sensors.x11_session import XFullScreen, XInputIdleness
from tests.real.bus_services import services
from tests.real.desk import PATIENCE_S, bus, ended, until, window_manager, x_server

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's sensors")
AFFORDABLE_CPU_S = 0.6  # 600 readings at one a second: a thousandth of a core

WINDOW = """
import sys
from PySide6.QtWidgets import QApplication, QWidget
application = QApplication([])
window = QWidget()
window.showFullScreen() if sys.argv[1] == "full" else window.show()
application.exec()
"""


def test_x_counts_idleness_and_a_moved_pointer_ends_it(tmp_path: Path) -> None:
    with x_server(tmp_path) as environ, closing(XInputIdleness(environ)) as idleness:
        away = until(idleness.read, lambda idle_s: idle_s >= 2)

        _xdotool(environ, "mousemove", "100", "100")

        assert away >= 2
        assert idleness.read() == 0


@pytest.mark.parametrize(("size", "fills"), [("full", True), ("small", False)])
def test_a_window_fills_the_screen_or_does_not(tmp_path: Path, size: str, fills: bool) -> None:
    with x_server(tmp_path) as environ, closing(XFullScreen(environ)) as full_screen:
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "QT_QPA_PLATFORM": "xcb", **environ}
        with pytest.raises(Unserved, match="No window manager"):
            full_screen.read()
        with (
            window_manager(environ),
            ended(subprocess.Popen([sys.executable, "-c", WINDOW, size], env=environment)),
        ):
            _active_window(environ)

            told = until(lambda: _told(full_screen), lambda told: told is fills)

            assert told is fills


def test_an_x_server_that_ends_is_told_and_a_new_one_is_found(tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    with closing(XInputIdleness(environ)) as idleness:
        with x_server(tmp_path) as first:
            environ.update(first)
            idleness.read()
        with pytest.raises(Unserved, match="does not answer"):
            idleness.read()
        idleness.close()
        with x_server(tmp_path) as second:
            environ.update(second)

            assert idleness.read() >= 0


def test_without_its_cookie_an_x_server_is_no_provider(tmp_path: Path) -> None:
    with (
        x_server(tmp_path) as environ,
        closing(XInputIdleness({**environ, "XAUTHORITY": "nowhere"})) as idleness,
        pytest.raises(Unserved, match="does not answer"),
    ):
        idleness.read()


def test_in_a_wayland_session_an_x_server_is_not_asked(tmp_path: Path) -> None:
    with (
        x_server(tmp_path) as environ,
        closing(XInputIdleness({**environ, "WAYLAND_DISPLAY": "wayland-0"})) as idleness,
        pytest.raises(Unserved, match="only a part"),
    ):
        idleness.read()


def test_services_on_the_bus_tell_idleness_and_metering(monkeypatch: pytest.MonkeyPatch) -> None:
    with bus() as address, services(address) as desk:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        desk.answer(idle_ms=61_999, metered=3)

        with closing(mutter_idleness()) as idleness, closing(network_manager_metered()) as network:
            assert idleness.read() == 61
            assert network.read() is True
            desk.answer(idle_ms=0, metered=4)
            assert idleness.read() == 0
            assert network.read() is False
            desk.answer(idle_ms=0, metered=0)
            with pytest.raises(Unserved, match="does not know"):
                network.read()


def test_a_bus_without_the_service_and_no_bus_at_all_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with bus() as address, closing(mutter_idleness()) as idleness:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        with pytest.raises(Unserved, match="GNOME does not run"):
            idleness.read()
    with closing(mutter_idleness()) as idleness, pytest.raises(Unserved, match="GNOME does not run"):
        idleness.read()


def test_a_compositor_tells_when_input_ceases_and_is_back(tmp_path: Path) -> None:
    now = 100.0
    with (
        compositor(tmp_path, offers=("wl_output", "wl_seat", "ext_idle_notifier_v1")) as (environ, stage),
        closing(WaylandIdleness(lambda: now, environ)) as idleness,
    ):
        asked = idleness.read()
        stage.say(request(6, 0))
        began = until(idleness.read, lambda idle_s: idle_s > 0)
        now += 60
        later = idleness.read()
        stage.say(request(6, 1))
        back = until(idleness.read, lambda idle_s: idle_s == 0)

    assert asked == 0
    assert (began, later, back) == (NOTICED_AFTER_S, NOTICED_AFTER_S + 60, 0)
    assert stage.heard == (
        request(2, 0, 2, "wl_seat", 1, 4)
        + request(2, 0, 3, "ext_idle_notifier_v1", 1, 5)
        + request(5, 1, 6, NOTICED_AFTER_S * 1000, 4)
    )


def test_a_compositor_that_cannot_tell_is_no_provider(tmp_path: Path) -> None:
    with (
        compositor(tmp_path, offers=("wl_seat",)) as (environ, _),
        closing(WaylandIdleness(lambda: 0.0, environ)) as idleness,
        pytest.raises(Unserved, match="does not tell"),
    ):
        idleness.read()


def test_a_compositor_that_is_gone_is_told(tmp_path: Path) -> None:
    with closing(WaylandIdleness(lambda: 0.0, {})) as idleness, pytest.raises(Unserved, match="No Wayland"):
        idleness.read()
    with (
        compositor(tmp_path, offers=("wl_seat", "ext_idle_notifier_v1")) as (environ, stage),
        closing(WaylandIdleness(lambda: 0.0, environ)) as idleness,
    ):
        idleness.read()
        stage.leave()

        with pytest.raises(Unserved, match="does not answer"):
            idleness.read()


def test_an_owners_program_is_found_while_it_runs(tmp_path: Path) -> None:
    name = "SparecloudTestGameOfTheOwner"
    program = shutil.copy(shutil.which("sleep") or "", tmp_path / name)
    table = KernelProcesses()
    with ended(subprocess.Popen([program, "60"])):
        seen = until(lambda: running({name.lower() + ".exe"}, table), bool)

    assert seen == {name.lower() + ".exe"}
    assert running({name.lower() + ".exe"}, table) == frozenset()


def test_a_process_in_a_pid_namespace_is_listed_but_never_counts(tmp_path: Path) -> None:
    if subprocess.run(["unshare", "--pid", "--fork", "true"], capture_output=True, check=False).returncode:
        pytest.skip("no namespace may be made here")
    name = "SparecloudHostileGame"
    program = shutil.copy(shutil.which("sleep") or "", tmp_path / name)
    table = KernelProcesses()
    # unshare heeds no polite request to end.
    with ended(subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", program, "60"]), within_s=0):
        listed = until(lambda: name in table.names().values(), bool)

        assert listed
        assert running({name}, table) == frozenset()


def test_a_program_that_takes_over_a_settled_process_is_seen_in_the_end(tmp_path: Path) -> None:
    name = "SpareclTakeover"
    program = shutil.copy(shutil.which("sleep") or "", tmp_path / name)
    table = KernelProcesses()
    with ended(subprocess.Popen(["sh", "-c", f"read go; exec {program} 60"], stdin=subprocess.PIPE)) as shell:
        assert until(lambda: table.names()[shell.pid], lambda told: told == "sh") == "sh"
        table.names()
        assert shell.stdin is not None
        shell.stdin.write(b"go\n")
        shell.stdin.flush()

        seen = until(lambda: table.names()[shell.pid], lambda told: told == name)

    assert seen == name


def test_power_supplies_are_read_from_the_kernels_files(tmp_path: Path) -> None:
    _supply(tmp_path / "AC", "Mains", "POWER_SUPPLY_ONLINE=0\n")
    _supply(tmp_path / "BAT0", "Battery", "POWER_SUPPLY_STATUS=Discharging\nPOWER_SUPPLY_CAPACITY=41\n")
    _supply(tmp_path / "mouse", "Battery", "POWER_SUPPLY_SCOPE=Device\nPOWER_SUPPLY_CAPACITY=3\n")

    assert PowerSupplies(tmp_path).read() == Power(on_battery=True, percent=41)
    with pytest.raises(Unserved, match="what powers it"):
        PowerSupplies(tmp_path / "absent").read()


def test_the_processors_thermometer_is_read_and_the_disks_is_not(tmp_path: Path) -> None:
    for place, name, reading in (("hwmon0", "nvme", "80000"), ("hwmon1", "coretemp", "51000")):
        (tmp_path / "hwmon" / place).mkdir(parents=True)
        (tmp_path / "hwmon" / place / "name").write_text(name + "\n")
        (tmp_path / "hwmon" / place / "temp1_input").write_text(reading + "\n")
    processor, zone, _ = thermometers(tmp_path)

    assert processor.read() == 51
    with pytest.raises(Unserved, match="No temperature is told by the processor's thermal zone"):
        zone.read()


async def test_this_machine_is_read_whatever_it_can_tell() -> None:
    sensors = machine_sensors()

    conditions = await sensors.read({"no program has this name"})
    told = sensors.providers()
    await sensors.close()

    assert conditions.programs == frozenset()
    assert told.keys() == set(Conditions.__dataclass_fields__)
    assert all(sentence.endswith(".") and sentence != "Not read yet." for sentence in told.values())


async def test_ten_minutes_of_readings_cost_a_thousandth_of_a_core(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    with bus() as address, services(address) as desk, x_server(tmp_path) as environ:
        for name, value in {**environ, "DBUS_SESSION_BUS_ADDRESS": address, "DBUS_SYSTEM_BUS_ADDRESS": address}.items():
            monkeypatch.setenv(name, value)
        desk.answer(idle_ms=5000, metered=2)
        with window_manager(environ), closing(XFullScreen(environ)) as full_screen:
            until(lambda: _told(full_screen), lambda told: told is not None)
            sensors = MachineSensors(senses(lambda: now))
            await sensors.read({"game", "editor"})
            began = time.process_time()
            for _ in range(600):
                now += 1
                conditions = await sensors.read({"game", "editor"})
            cpu_s = time.process_time() - began
            await sensors.close()

    print(f"600 readings: {cpu_s:.3f} s of processor time")
    assert (conditions.idle_s, conditions.metered, conditions.full_screen) == (5, False, False)
    assert cpu_s <= AFFORDABLE_CPU_S


class Compositor:
    """Plays the server's end of the Wayland protocol for one client."""

    def __init__(self, listener: socket.socket, offers: tuple[str, ...]) -> None:
        self._listener = listener
        self._offers = offers
        self._client: socket.socket | None = None
        self.heard = b""
        """What the client asked for once it knew what is offered."""

    def play(self) -> None:
        """Until the client leaves."""
        client, _ = self._listener.accept()
        client.settimeout(PATIENCE_S)
        self._client = client
        greeting = request(1, 1, 2) + request(1, 0, 3)
        assert client.recv(len(greeting), socket.MSG_WAITALL) == greeting
        for name, interface in enumerate(self._offers, start=1):
            self.say(request(2, 0, name, interface, 9))
        self.say(request(3, 0, 0))
        while heard := client.recv(4096):
            self.heard += heard

    def say(self, event: bytes) -> None:
        """Send an event, in two pieces."""
        assert self._client is not None
        self._client.sendall(event[:5])
        self._client.sendall(event[5:])

    def leave(self) -> None:
        """End the connection from this side."""
        assert self._client is not None
        self._client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            self._client.close()


@contextmanager
def compositor(folder: Path, *, offers: tuple[str, ...]) -> Generator[tuple[dict[str, str], Compositor]]:
    """A Wayland session in which the globals `offers` are offered; gives its environment."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "wayland-7"))
        listener.listen()
        listener.settimeout(PATIENCE_S)
        with closing(Compositor(listener, offers)) as stage:
            playing = threading.Thread(target=stage.play)
            playing.start()
            yield {"XDG_RUNTIME_DIR": str(folder), "WAYLAND_DISPLAY": "wayland-7"}, stage
            playing.join(PATIENCE_S)
            assert not playing.is_alive()


def _xdotool(environ: Mapping[str, str], *arguments: str) -> None:
    subprocess.run(["xdotool", *arguments], env={**os.environ, **environ}, check=True, timeout=PATIENCE_S)


def _active_window(environ: Mapping[str, str]) -> None:
    """Wait until the window manager says that a window is active."""

    def asked() -> int:
        command = ["xdotool", "getactivewindow"]
        environment = {**os.environ, **environ}
        return subprocess.run(command, env=environment, capture_output=True, check=False, timeout=PATIENCE_S).returncode

    assert until(asked, lambda code: code == 0) == 0


def _told(full_screen: XFullScreen) -> bool | None:
    try:
        return full_screen.read()
    except Unserved:
        return None


def _supply(folder: Path, kind: str, uevent: str) -> None:
    folder.mkdir()
    (folder / "type").write_text(kind + "\n")
    (folder / "uevent").write_text(uevent)
