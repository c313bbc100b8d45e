"""Starting at login: what is written for each session can be read back to the very command."""

import plistlib
import shlex
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from donor_app.autostart import (
    LABEL,
    Autostart,
    DesktopEntry,
    LaunchAgent,
    autostart,
    desktop_entry,
    launch_agent,
    own_command,
)

COMMAND = ("sparecloud-donor", "--minimised")

_argument = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\"'`$\\% \t~"), max_size=20)
_session = pytest.mark.parametrize("session", [DesktopEntry, LaunchAgent])


def keys(entry: str) -> dict[str, str]:
    """The keys of an entry's one group."""
    lines = entry.splitlines()
    assert lines[0] == "[Desktop Entry]"
    return dict(line.split("=", 1) for line in lines[1:])


def executed(line: str) -> list[str]:
    """The arguments that a session makes of an Exec key, step by step as the specification has it."""
    unescaped, rest = "", line
    while rest:
        if rest[0] == "\\":
            unescaped, rest = unescaped + {"\\": "\\", "n": "\n", "t": "\t", "r": "\r", "s": " "}[rest[1]], rest[2:]
        else:
            unescaped, rest = unescaped + rest[0], rest[1:]
    # Double quotes with a backslash before ", `, $ and \ are the shell's own rules within quotes.
    return [argument.replace("%%", "%") for argument in shlex.split(unescaped.replace("\\`", "`").replace("\\$", "$"))]


def test_an_entry_names_what_a_session_needs() -> None:
    entry = keys(desktop_entry(COMMAND))

    assert entry["Type"] == "Application"
    assert entry["Name"] == "Sparecloud"
    assert entry["Exec"] == "sparecloud-donor --minimised"
    assert entry["Terminal"] == "false"


@given(st.lists(_argument, min_size=1, max_size=4))
def test_a_session_reads_back_the_very_command(command: list[str]) -> None:
    assert executed(keys(desktop_entry(command))["Exec"]) == command


@given(st.lists(_argument, min_size=1, max_size=4))
def test_launchd_reads_back_the_very_command(command: list[str]) -> None:
    agent = plistlib.loads(launch_agent(command))

    assert agent["ProgramArguments"] == command
    assert (agent["Label"], agent["RunAtLoad"]) == (LABEL, True)


@_session
def test_what_is_switched_on_is_on_until_it_is_switched_off(
    session: Callable[[Path, tuple[str, ...]], Autostart], tmp_path: Path
) -> None:
    start = session(tmp_path / "not" / "there", COMMAND)

    seen = [start.is_on()]
    for on in (True, True, False, False):
        start.switch(on)
        seen.append(start.is_on())

    assert seen == [False, True, True, False, False]


@_session
def test_switching_on_again_takes_up_a_program_that_moved(
    session: Callable[[Path, tuple[str, ...]], Autostart], tmp_path: Path
) -> None:
    session(tmp_path, ("old",)).switch(True)

    session(tmp_path, ("new",)).switch(True)

    (file,) = tmp_path.iterdir()
    assert b"new" in file.read_bytes()
    assert b"old" not in file.read_bytes()


@pytest.mark.parametrize("line", ["Hidden=true", "Hidden = true", "X-GNOME-Autostart-enabled=false"])
def test_an_entry_that_the_desktop_switched_off_is_off(line: str, tmp_path: Path) -> None:
    start = DesktopEntry(tmp_path, COMMAND)
    start.switch(True)
    (file,) = tmp_path.iterdir()

    file.write_text(file.read_text("utf-8").replace("X-GNOME-Autostart-enabled=true", line), "utf-8")

    assert not start.is_on()


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xfe", plistlib.dumps(["a list"])])
def test_a_launch_agent_that_cannot_be_read_is_off(content: bytes, tmp_path: Path) -> None:
    (tmp_path / f"{LABEL}.plist").write_bytes(content)

    assert not LaunchAgent(tmp_path, COMMAND).is_on()


@_session
def test_a_place_that_cannot_be_written_is_told(
    session: Callable[[Path, tuple[str, ...]], Autostart], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(InvalidInput, match="Starting at login cannot be changed"):
        session(tmp_path / "file", COMMAND).switch(True)


@pytest.mark.skipif(sys.platform != "linux", reason="where Linux desktops look")
def test_a_linux_session_is_told_where_it_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    autostart().switch(True)

    assert [file.name for file in (tmp_path / "autostart").iterdir()] == ["sparecloud-donor.desktop"]


def test_a_frozen_application_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", "/opt/sparecloud/sparecloud-donor")
    monkeypatch.delenv("APPIMAGE", raising=False)

    assert own_command() == ("/opt/sparecloud/sparecloud-donor", "--minimised")


def test_an_appimage_starts_its_own_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("APPIMAGE", "/apps/Sparecloud.AppImage")

    assert own_command()[0] == "/apps/Sparecloud.AppImage"


def test_an_installed_application_starts_the_script_beside_its_interpreter(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "sparecloud-donor"
    script.write_text("")
    script.chmod(stat.S_IRWXU)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    assert own_command(Path("/data")) == (str(script), "--minimised", "--home", "/data")


def test_without_a_script_the_module_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))

    assert own_command() == (str(tmp_path / "python"), "-m", "donor_app", "--minimised")
