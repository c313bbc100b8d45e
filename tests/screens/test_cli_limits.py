"""`sparecloud limits`: what clusters cost and may cost."""

import json

import pytest

from core import settings
from core.errors import SpendingLimit
from core.settings import Limits, Renter, Settings
from tests.screens.test_cli import ORDER, Terminal, terminal

__all__ = ["terminal"]


def test_limits_tells_what_was_spent_and_what_may_be(terminal: Terminal) -> None:
    settings.write(terminal.home, Settings(renter=Renter(limits=Limits(per_day="20.5"))))

    result = terminal.run("limits")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "               SPENT       LIMIT",
        "an hour  0.001 SPARE        none",
        "a day    0.002 SPARE  20.5 SPARE",
        "in all   0.003 SPARE        none",
        "Leases under way may still cost 0 SPARE.",
    ]


def test_limits_are_set_one_by_one_and_taken_back(terminal: Terminal) -> None:
    settings.write(terminal.home, Settings(renter=Renter(interval_s=7)))

    terminal.run("limits", "--per-hour", "2", "--in-all", "0.5")
    told = terminal.json("limits", "--per-hour", "none", "--per-day", "10")

    assert told["limits"] == {"per_hour": None, "per_day": 10**19, "in_all": 5 * 10**17}
    assert settings.read(terminal.home) == Settings(
        renter=Renter(interval_s=7, limits=Limits(per_day="10", in_all="0.5"))
    )


@pytest.mark.parametrize("typed", ["-1", "much", "1e3", "0x10", "1.0000000000000000001", "9" * 13, "", "None"])
def test_a_limit_that_is_no_amount_is_refused_and_nothing_is_kept(terminal: Terminal, typed: str) -> None:
    result = terminal.run("limits", "--per-hour", typed)

    assert result.exit_code == 2
    assert "is not an amount of SPARE." in result.stderr
    assert not (terminal.home / settings.FILE_NAME).exists()


def test_settings_with_a_broken_limit_are_named(terminal: Terminal) -> None:
    (terminal.home / settings.FILE_NAME).write_text('[renter.limits]\nper_hour = "much"\n')

    result = terminal.run("limits")

    assert result.exit_code == 2
    assert "renter.limits.per_hour" in result.stderr


def test_a_launch_beyond_a_limit_exits_with_its_own_code(terminal: Terminal) -> None:
    terminal.agent.failure = SpendingLimit("The clusters could then cost 3 SPARE an hour.", "Ask for less.")

    result = terminal.run("launch", "demo", *ORDER, "--yes", "--json")

    assert result.exit_code == 12
    assert json.loads(result.stderr)["error"] == "SpendingLimit"
