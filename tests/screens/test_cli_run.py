"""`run`: one program, a cluster of its own, one settlement, whatever happens between."""

import json
from dataclasses import replace
from pathlib import Path

from core.errors import BusUnavailable
from core.observed import JobState
from tests.screens.test_cli import Terminal, program, terminal
from tests.scripted_agent import NOW, cluster

__all__ = ["program", "terminal"]

ORDER = ("--workers", "2", "--memory", "1G", "--yes")


def asked(terminal: Terminal, *verbs: str) -> list[str]:
    return [str(call[0]) for call in terminal.agent.asked if call[0] in verbs]


def test_a_program_is_run_on_a_cluster_that_is_settled_afterwards(
    terminal: Terminal, program: Path, tmp_path: Path
) -> None:
    result = terminal.run("run", str(program), *ORDER, "--output", str(tmp_path / "out"), "--", "--year", "2026")

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("counting\n42\n#  DONOR")
    assert f"Wrote {tmp_path / 'out' / 'part-0.csv'}" in result.stderr
    assert "Ending run-1." in result.stderr
    assert asked(terminal, "launch", "submit", "outputs", "destroy") == ["launch", "submit", "outputs", "destroy"]
    assert ("submit", "run-1", program, ("--year", "2026"), None) in terminal.agent.asked
    assert terminal.agent.clusters["run-1"].ended


def test_with_json_stdout_is_one_document(terminal: Terminal, program: Path) -> None:
    result = terminal.run("run", str(program), *ORDER, "--json")

    told = json.loads(result.stdout)
    assert told["job"]["state"] == "succeeded"
    assert told["cluster"]["ended"] is True


def test_nothing_is_launched_unless_the_person_agrees(terminal: Terminal, program: Path) -> None:
    result = terminal.run("run", str(program), *ORDER[:-1], typed="n\n")

    assert result.exit_code == 1
    assert "run-1 is ended as soon as the program ends. Go on?" in result.stderr
    assert not asked(terminal, "launch", "destroy")


def test_a_program_that_fails_ends_its_cluster_and_fails_the_verb(terminal: Terminal, program: Path) -> None:
    terminal.agent.verdict = JobState.FAILED

    result = terminal.run("run", str(program), *ORDER, "--name", "mine")

    assert result.exit_code == 1
    assert result.stderr.endswith("job-1 failed. Exit 1.\nIts output is above.\n")
    assert terminal.agent.clusters["mine"].ended


def test_a_cluster_that_does_not_start_gets_no_program(terminal: Terminal, program: Path) -> None:
    terminal.agent.script = (("proposed", ""), ("ended", "No donor accepted."))

    result = terminal.run("run", str(program), *ORDER)

    assert result.exit_code == 1
    assert "run-1 did not start. No donor accepted." in result.stderr
    assert not asked(terminal, "submit")


def test_ctrl_c_ends_the_cluster(terminal: Terminal, program: Path) -> None:
    def interrupt() -> None:
        if asked(terminal, "submit") and not asked(terminal, "destroy"):
            raise KeyboardInterrupt

    terminal.agent.on_watch = interrupt

    result = terminal.run("run", str(program), *ORDER)

    assert result.exit_code == 130
    assert terminal.agent.clusters["run-1"].ended


def test_a_second_ctrl_c_says_how_to_end_it(terminal: Terminal, program: Path) -> None:
    def interrupt() -> None:
        if asked(terminal, "submit"):
            raise KeyboardInterrupt

    terminal.agent.on_watch = interrupt

    result = terminal.run("run", str(program), *ORDER)

    assert result.exit_code == 130
    assert "Not seen to end: run-1. `sparecloud destroy run-1` ends it" in result.stderr


def test_a_cluster_that_is_kept_is_not_ended(terminal: Terminal, program: Path) -> None:
    result = terminal.run("run", str(program), *ORDER, "--keep")

    assert result.exit_code == 0
    assert "`sparecloud destroy run-1` ends it." in result.stderr
    assert not asked(terminal, "destroy")


def test_a_living_cluster_of_that_name_is_left_alone(terminal: Terminal, program: Path) -> None:
    terminal.agent.put(cluster())

    result = terminal.run("run", str(program), *ORDER, "--name", "demo")

    assert result.exit_code == 2
    assert "A cluster named demo is alive." in result.stderr
    assert not asked(terminal, "launch", "destroy")


def test_a_launch_that_is_refused_ends_nothing(terminal: Terminal, program: Path) -> None:
    terminal.agent.put(replace(cluster(), name="run-1", ended=True, ends_at=NOW))

    def refuse() -> None:
        raise AssertionError

    terminal.agent.on_watch = refuse

    async def refused(*_: object) -> None:
        raise BusUnavailable("The bus is gone.", "Wait.")

    terminal.agent.launch = refused  # type: ignore[assignment, method-assign]
    result = terminal.run("run", str(program), *ORDER)

    assert "The bus is gone." in result.stderr
    assert not asked(terminal, "destroy")
