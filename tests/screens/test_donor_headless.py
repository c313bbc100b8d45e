"""`sparecloud-donor --headless` as a process of its own, around a fake agent put in place of donor_app.wiring."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from donor_app import logs

ROOT = Path(__file__).parents[2]

SCRIPT = """
import sys, types
sys.path.insert(0, {root!r})
from tests.screens.donor_samples import FakeAgent, IDLE, PROBLEM, SERVING
from core.errors import EngineUnavailable
agent = {agent}
wiring = types.ModuleType("donor_app.wiring")
wiring.build_agent = lambda home, **_: agent.open()
sys.modules["donor_app.wiring"] = wiring
from donor_app.__main__ import main
"""


def started(agent: str, *arguments: str) -> subprocess.Popen[str]:
    """The command with `agent` (an expression) behind it."""
    script = SCRIPT.format(root=str(ROOT), agent=agent)
    script += (
        "import atexit\n"
        "atexit.register(lambda: print('closed', agent.closed, 'qt', any('PySide6' in name for name in sys.modules)))\n"
        "main()\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_headless_serves_until_a_signal_and_ends_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    with started("FakeAgent(view=IDLE)", "--headless", "--home", str(tmp_path)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "Sharing 4 cores, 8 GiB, 20 GiB disk; waiting for a renter.\n"

        process.send_signal(number)
        output, errors = process.communicate(timeout=20)

    assert process.returncode == 0, errors
    assert errors == ""
    assert output.splitlines() == ["Stopping: the workers end first.", "closed True qt False"]


def test_headless_says_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    with started("FakeAgent(view=PROBLEM)", "--headless", "--home", str(tmp_path)) as process:
        assert process.stdout is not None

        lines = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)

    assert lines[0] == "Sharing is paused.\n"
    assert lines[1].startswith("No container engine answers. Start Docker")


def test_headless_exits_with_the_code_of_what_ended_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    agent = "FakeAgent(death=EngineUnavailable('No container engine answers.', 'Start Docker.'))"

    with started(agent, "--headless", "--home", str(tmp_path), "--log", str(log)) as process:
        _, errors = process.communicate(timeout=20)

    assert process.returncode == 3
    assert errors == "No container engine answers.\nStart Docker.\n"
    assert log.exists()


def test_a_log_that_cannot_be_written_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with started(
        "FakeAgent()", "--headless", "--home", str(tmp_path), "--log", str(tmp_path / "no" / "log")
    ) as process:
        _, errors = process.communicate(timeout=20)

    assert process.returncode == 1
    assert "cannot be written" in errors


def test_the_desktop_ends_cleanly_at_a_signal(tmp_path: Path) -> None:
    with started("FakeAgent(view=IDLE)", "--home", str(tmp_path), "--window") as process:
        serving = _until((tmp_path / "donor" / "control.json").exists)
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=20)

    assert serving
    assert process.returncode == 0, errors
    assert output.splitlines()[-1] == "closed True qt True"


def test_the_desktop_without_a_screen_says_so(tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    code = (
        "import os; from donor_app.desktop import run_desktop\n"
        "os.environ.pop('QT_QPA_PLATFORM', None)\n"
        "try: run_desktop(None, open_window=False)\n"
        "except Exception as refused: print(refused)"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True, env=clean, cwd=ROOT
    )

    assert ended.stdout.strip() == "No screen can be reached. Start it inside a desktop session, or with --headless."


def test_importing_the_command_imports_no_qt() -> None:
    code = "import sys, donor_app.__main__; print(any('PySide6' in name for name in sys.modules))"

    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True, cwd=ROOT
    )

    assert ended.stdout.strip() == "False"


def _until(true: Callable[[], bool]) -> bool:
    """True once `true()` is, within a while."""
    until = time.monotonic() + 20
    while not true() and time.monotonic() < until:
        time.sleep(0.05)
    return true()


def test_verbs_reach_the_agent_that_runs(tmp_path: Path) -> None:
    home = ("--home", str(tmp_path))

    with started("FakeAgent(view=SERVING)", "--headless", *home) as process:
        assert process.stdout is not None
        process.stdout.readline()
        said = {
            verb: _command(*home, *verb.split())
            for verb in ("status", "leases", "earnings", "pause --for 1h --json", "selftest --json")
        }
        stopped = _command(*home, "stop", f"0x{1:064x}/0")
        unknown = _command(*home, "stop", "0xff/0")
        several = _command(*home, "stop", "0x00/0")
        csv = _command(*home, "earnings", "--csv", str(tmp_path / "all.csv"))
        said["share"] = _command(*home, "share", "off", "--json")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)

    assert said["status"].stdout.startswith("Sharing 3 cores, 6 GiB; 2 workers running.\n")
    assert len(said["leases"].stdout.splitlines()) == 5
    assert "This month: " in said["earnings"].stdout
    assert json.loads(said["pause --for 1h --json"].stdout)["headline"] == "Sharing 3 cores, 6 GiB; 2 workers running."
    assert json.loads(said["share"].stdout)["sharing"] is False
    assert json.loads(said["selftest --json"].stdout)[0]["state"] == "passed"
    assert all(answer.returncode == 0 and answer.stderr == "" for answer in said.values())
    assert (stopped.returncode, csv.returncode) == (0, 0)
    assert (tmp_path / "all.csv").read_bytes() == b"lease,share\r\n"
    assert (unknown.returncode, several.returncode) == (8, 2)
    assert several.stderr.startswith("0x00/0 names several shares.\n")


def test_a_verb_without_an_agent_says_how_to_start_one(tmp_path: Path) -> None:
    told, as_json = (_command("--home", str(tmp_path), "status", *more) for more in ((), ("--json",)))

    assert (told.returncode, as_json.returncode) == (10, 10)
    assert told.stderr.startswith("Sparecloud does not run here.\nStart it with `sparecloud-donor`")
    assert json.loads(as_json.stderr)["error"] == "AgentUnavailable"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words", ["pause --for soon", "pause --until 25:00", "pause --for 1h --until 07:00", "block somebody", "stop first"]
)
def test_what_cannot_be_understood_is_refused_with_a_sentence(words: str, tmp_path: Path) -> None:
    refused = _command("--home", str(tmp_path), *words.split())

    assert refused.returncode in (2, 10)
    assert "Traceback" not in refused.stderr
    if words != "stop first":
        assert refused.returncode == 2


def test_a_second_start_says_that_one_runs_and_exits_with_0(tmp_path: Path) -> None:
    with started("FakeAgent(view=IDLE)", "--headless", "--home", str(tmp_path)) as process:
        assert process.stdout is not None
        process.stdout.readline()

        with started("FakeAgent(view=IDLE)", "--headless", "--home", str(tmp_path)) as second:
            said, errors = second.communicate(timeout=20)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)

    assert (second.returncode, errors) == (0, "")
    assert said.splitlines()[0] == "Sparecloud runs already, without a window."


def test_a_copy_that_was_killed_does_not_lock_out_the_next(tmp_path: Path) -> None:
    with started("FakeAgent(view=IDLE)", "--headless", "--home", str(tmp_path)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
        process.communicate(timeout=20)

    with started("FakeAgent(view=IDLE)", "--headless", "--home", str(tmp_path)) as second:
        assert second.stdout is not None
        line = second.stdout.readline()
        second.send_signal(signal.SIGTERM)
        second.communicate(timeout=20)

    assert line == "Sharing 4 cores, 8 GiB, 20 GiB disk; waiting for a renter.\n"


def test_the_log_is_kept_in_the_home_folder_and_told_without_secrets(tmp_path: Path) -> None:
    secret = "FakeAgent(death=RuntimeError('node nats://donor:letmein@relay.example:4222 went away'))"

    with started(secret, "--headless", "--home", str(tmp_path)) as process:
        _, errors = process.communicate(timeout=20)
    shown = _command("--home", str(tmp_path), "logs", "--lines", "50")

    assert process.returncode == 1
    assert "Traceback" not in errors
    kept = (tmp_path / "donor" / "donor.log").read_text()
    for text in (kept, shown.stdout):
        assert "RuntimeError: node nats://[hidden]@relay.example:4222 went away" in text
        assert "letmein" not in text


def test_a_log_that_is_followed_goes_on_over_its_rotation(tmp_path: Path) -> None:
    (tmp_path / "donor").mkdir()
    log = tmp_path / "donor" / "donor.log"
    log.write_text("before\n")
    lines = logs.follow(tmp_path)
    found: list[str] = []

    def read() -> None:
        found.extend(itertools.islice(lines, 3))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    time.sleep(0.5)
    with log.open("a") as file:
        file.write("one\ntw")
        file.flush()
        time.sleep(0.5)
        file.write("o\n")
    time.sleep(0.7)
    log.rename(log.with_name("donor.log.1"))
    log.write_text("3\n")
    reader.join(10)

    assert found == ["one", "two", "3"]
    assert logs.tail(tmp_path, 2) == "two\n3"


def _command(*words: str) -> subprocess.CompletedProcess[str]:
    """`sparecloud-donor words`, run to its end."""
    return subprocess.run(
        [sys.executable, "-m", "donor_app", *words], capture_output=True, text=True, timeout=60, cwd=ROOT, check=False
    )
