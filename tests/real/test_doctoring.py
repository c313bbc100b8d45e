"""What the doctor says of a folder, with a real engine and real ports."""

import asyncio
import socket
from pathlib import Path

from core import settings
from core.selftest import Check, State
from core.settings import Renter, Settings
from renter_tui.doctoring import examine


def agent_check(home: Path) -> Check:
    told: list[Check] = []
    asyncio.run(examine(home, told.append))
    # Each is told twice: as it begins, and as it ends.
    return [each for each in told if each.name == "Background agent"][-1]


def test_a_port_that_another_program_has_is_named_with_its_cure(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings.write(tmp_path, Settings(renter=Renter(agent_port=port)))
        ill = agent_check(tmp_path)
    well = agent_check(tmp_path)

    assert ill.state is State.FAILED
    assert f"port {port}, which it is to use, is taken" in ill.sentence
    assert "agent_port under [renter]" in ill.hint
    assert well.state is State.PASSED


def test_settings_that_cannot_be_read_are_the_settings_check_s_to_tell(tmp_path: Path) -> None:
    (tmp_path / settings.FILE_NAME).write_text("[renter\n", "utf-8")

    assert agent_check(tmp_path).state is State.PASSED
