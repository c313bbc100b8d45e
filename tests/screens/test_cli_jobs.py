"""What travels with a job, and how far it is: `submit` and `progress`."""

import asyncio
import io
import json
import sys
from pathlib import Path

import pytest

from core.observed import Executor, Progress, Stage
from core.submission import Extras
from renter_tui.commands.progress import Line, followed
from tests.screens.test_cli import Terminal, program, renting, terminal
from tests.scripted_agent import ScriptedAgent

__all__ = ["program", "renting", "terminal"]

TOLD = Progress(
    tasks=1040,
    done=12,
    running=3,
    failed=1,
    stages=(Stage(2, "collect at job.py:9", 8, 4, 3, 1), Stage(1, "an idle one\x1b[2J", 2, 0, 0, 0)),
    executors=(Executor("0", "w-1\x07:7300", 2, 2, 9, 1, 5 * 2**20, 300 * 2**20, 0, 1536, 17),),
)


def test_packages_files_and_settings_are_handed_to_the_agent(renting: Terminal, program: Path, tmp_path: Path) -> None:
    wheel, table = tmp_path / "shapes-2.1-py3-none-any.whl", tmp_path / "table.csv"
    wheel.touch()
    table.touch()

    result = renting.run(
        *("submit", "demo", str(program), "--package", str(wheel), "--file", str(table), "--detach"),
        *("--conf", "spark.sql.shuffle.partitions=16", "--conf", "spark.app.name=a=b", "--", "--year", "2026"),
    )

    extras = Extras((str(wheel),), (str(table),), {"spark.sql.shuffle.partitions": "16", "spark.app.name": "a=b"})
    assert result.exit_code == 0
    assert renting.agent.asked[-1] == ("submit", "demo", program, ("--year", "2026"), None, extras)


@pytest.mark.parametrize(
    ("conf", "sentence"),
    [
        (("spark.sql.x",), "'spark.sql.x' sets nothing."),
        (("spark.a=1", "spark.a=2"), "spark.a is set twice."),
        (("spark.master=local",), "spark.master is not yours to set"),
        (("sql.x=1",), "'sql.x' is not a setting of Spark."),
        (("spark.sql.x=a\nb",), "has a line break."),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_is_asked(
    renting: Terminal, program: Path, conf: tuple[str, ...], sentence: str
) -> None:
    result = renting.run("submit", "demo", str(program), *(word for text in conf for word in ("--conf", text)))

    assert result.exit_code == 2
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 2
    assert all(asked[0] != "submit" for asked in renting.agent.asked)


def test_progress_shows_tasks_stages_and_executors_without_what_a_terminal_acts_on(renting: Terminal) -> None:
    renting.agent.progressed = TOLD

    result = renting.run("progress", "demo", "job-1")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "12 of 1,040 tasks done, 3 running, 1 failed and tried again; stage 2, 4 of 8: collect at job.py:9",
        "",
        "STAGE  DONE  RUNNING  FAILED  WHAT",
        "2       4/8        3       1  collect at job.py:9",
        "1       0/2        0       0  an idle one·[2J",
        "",
        "EXECUTOR  HOST  BUSY  TASKS              CACHE  SHUFFLE READ/WRITTEN",
        "0         w-1·   2/2      9  5.0 MiB/300.0 MiB          1.5 KiB/17 B",
    ]
    assert renting.json("progress", "demo", "job-1")["progress"]["stages"][0]["done"] == 4


def test_exec_prints_what_the_command_said_and_ends_as_it_did(renting: Terminal) -> None:
    result = renting.run("exec", "--within", "5", "demo", "job-1", "ls", "-l", "--all", "/job/output")

    assert (result.exit_code, result.stdout) == (3, "part-0.csv\n")
    assert renting.agent.asked[-1] == ("execute", "demo", "job-1", ("ls", "-l", "--all", "/job/output"), 5)
    told = renting.run("exec", "--json", "demo", "job-1", "ls")
    assert json.loads(told.stdout) == {"output": "part-0.csv\n", "exit_code": 3, "cut": False}
    assert renting.run("exec", "demo", "job-1").exit_code == 2


def test_describe_says_what_was_asked_for_and_who_serves(renting: Terminal) -> None:
    result = renting.run("describe", "demo")

    assert result.exit_code == 0
    for words in (
        "Asked for:  3 x 1 core, 1.5 GiB for 1 h",
        "On loss:    replace",
        "0 SPARE pledged, by lease 0x",
        "0x" + "a" * 40,
    ):
        assert words in result.stdout
    assert renting.json("describe", "demo")["request"]["workers"] == 3


def test_the_manual_has_a_page_for_every_verb_and_says_what_help_says(terminal: Terminal, tmp_path: Path) -> None:
    told = terminal.json("man", str(tmp_path))

    names = {Path(page).name for page in told["pages"]}
    assert {"sparecloud.1", "sparecloud-launch.1", "sparecloud-wallet-stake.1"} <= names
    page = (tmp_path / "man1" / "sparecloud-launch.1").read_text("utf-8")
    assert ".SH NAME\nsparecloud\\-launch \\- Rent a Spark cluster: show the quote, ask, pay into escrow" in page
    assert "sparecloud launch demo \\-\\-workers 3" in page
    assert not [line for line in page.splitlines() if line.startswith((" ", "'"))]
    (tmp_path / "file").touch()
    assert terminal.run("man", str(tmp_path / "file" / "x")).exit_code == 2


def test_connect_prints_nothing_but_the_address_on_stdout(renting: Terminal) -> None:
    result = renting.run("connect", "demo")

    assert result.exit_code == 0
    assert result.stdout == "sc://localhost:31002/;token=abc\n"
    assert "`sparecloud stop demo connect` ends it." in result.stderr
    assert "token" not in result.stderr
    assert renting.json("connect", "demo") == {"url": "sc://localhost:31002/;token=abc", "job": "connect"}


def test_progress_of_a_job_that_does_not_run_says_so(renting: Terminal) -> None:
    assert renting.run("progress", "demo", "job-1").stdout == "job-1 does not run, or has not begun to.\n"
    assert renting.json("progress", "demo", "job-1") == {"progress": None}


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_one_line_that_gives_way_to_output(monkeypatch: pytest.MonkeyPatch) -> None:
    agent, screen = ScriptedAgent(progressed=TOLD), _Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(sys, "stdout", _Terminal())
    monkeypatch.setenv("COLUMNS", "40")

    async def watch() -> None:
        line = Line()
        async with followed(agent, "demo", "job-1", line):
            while not screen.getvalue():
                await asyncio.sleep(0.01)
            line.hide()
            line.hide()

    asyncio.run(asyncio.wait_for(watch(), 10))

    assert screen.getvalue() == "\r\x1b[K12 of 1,040 tasks done, 3 running, 1 fa\r\x1b[K"


def test_nobody_is_asked_for_progress_that_nobody_sees(capsys: pytest.CaptureFixture[str]) -> None:
    agent = ScriptedAgent(progressed=TOLD)

    async def watch() -> None:
        async with followed(agent, "demo", "job-1", Line()):
            await asyncio.sleep(0.05)

    asyncio.run(watch())

    assert agent.asked == []
    assert capsys.readouterr().err == ""


def _python(folder: Path, check: int) -> Path:
    """Something that is called as Python would be: it writes down how, and answers the check with `check`."""
    path = folder / "python"
    path.write_text(
        f"""#!/bin/sh
case "$2" in
*sys.exit*) exit {check} ;;
esac
echo "$1 $SPARK_REMOTE" > {folder}/called
exit 5
""",
        "utf-8",
    )
    path.chmod(0o755)
    return path


def test_a_shell_gets_the_cluster_in_its_environment_and_ends_as_it_does(renting: Terminal, tmp_path: Path) -> None:
    result = renting.run("shell", "demo", "--python", str(_python(tmp_path, 0)))

    assert result.exit_code == 5
    assert (tmp_path / "called").read_text("utf-8") == "-i sc://localhost:31002/;token=abc\n"
    assert "token" not in result.output


def test_a_python_that_cannot_reach_a_cluster_is_refused_before_anything_starts(
    renting: Terminal, tmp_path: Path
) -> None:
    unfit = renting.run("shell", "demo", "--python", str(_python(tmp_path, 3)))
    missing = renting.run("shell", "demo", "--python", str(tmp_path / "nowhere"))

    assert (unfit.exit_code, missing.exit_code) == (2, 2)
    assert "cannot speak Spark Connect to a cluster." in unfit.stderr
    assert "to run." in missing.stderr
    assert not [call for call in renting.agent.asked if call[0] == "connect"]
