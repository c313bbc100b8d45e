"""`sparecloud-donor --headless` as a process of its own, around a fake agent put in place of donor_app.wiring."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SCRIPT = """
import sys, types
sys.path.insert(0, {root!r})
from tests.screens.donor_samples import FakeAgent, IDLE, PROBLEM
from core.errors import EngineUnavailable
agent = {agent}
wiring = types.ModuleType("donor_app.wiring")
wiring.build_agent = lambda home, consented: agent.open()
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
        assert process.stdout.readline() == "On the market: 4 cores, 8 GiB.\n"

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
    with started("FakeAgent()", "--headless", "--log", str(tmp_path / "no" / "log")) as process:
        _, errors = process.communicate(timeout=20)

    assert process.returncode == 1
    assert "cannot be written" in errors


def test_the_desktop_ends_cleanly_at_a_signal(tmp_path: Path) -> None:
    with started("FakeAgent(view=IDLE)", "--home", str(tmp_path), "--window") as process:
        script_up = _wait_for_handler(process.pid)
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=20)

    assert script_up
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


def _wait_for_handler(pid: int) -> bool:
    """True once the process catches SIGTERM itself (Linux: its status says so)."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        status = Path(f"/proc/{pid}/status").read_text()
        caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1], 16)
        if caught >> (signal.SIGTERM - 1) & 1:
            time.sleep(0.3)
            return True
        time.sleep(0.05)
    return False
