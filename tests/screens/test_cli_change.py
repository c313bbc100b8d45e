"""`resize`, `replace` and `extend`: what a change means is shown, agreed to, made and watched."""

import json

import pytest

from core.change import Change, ChangeKind
from core.errors import InvalidInput
from tests.screens.test_cli import Terminal, terminal
from tests.scripted_agent import cluster

__all__ = ["terminal"]


@pytest.fixture
def running(terminal: Terminal) -> Terminal:
    terminal.agent.clusters["demo"] = cluster()
    return terminal


def changes(terminal: Terminal) -> list[tuple[object, ...]]:
    return [call for call in terminal.agent.asked if call[0] == "change"]


def test_more_workers_are_quoted_agreed_to_and_watched_until_they_run(running: Terminal) -> None:
    result = running.run("resize", "demo", "4", typed="y\n")

    assert result.exit_code == 0, result.output
    assert "Total:   3.6 SPARE at most" in result.stderr
    assert "demo changes. Go on? [y/N]" in result.stderr
    assert result.stdout == "running: Running as wished.\n"
    ((_, name, change, most),) = changes(running)
    assert (name, change, most) == ("demo", Change(ChangeKind.RESIZE, workers=4), 36 * 10**17)


def test_who_leaves_is_named_before_anybody_agrees(running: Terminal) -> None:
    result = running.run("resize", "demo", "1", typed="n\n")

    assert result.exit_code == 1
    assert "Leaving: worker 1, 2." in result.stderr
    assert changes(running) == []


def test_a_worker_is_replaced_and_time_is_added(running: Terminal) -> None:
    assert running.run("replace", "demo", "2", "--yes").exit_code == 0
    told = running.json("extend", "demo", "--by", "1h30m", "--yes")

    assert [call[2] for call in changes(running)] == [
        Change(ChangeKind.REPLACE, worker=2),
        Change(ChangeKind.EXTEND, seconds=5400),
    ]
    assert told["name"] == "demo"


def test_a_dry_run_changes_nothing_and_says_what_it_would(running: Terminal) -> None:
    result = running.run("resize", "demo", "4", "--dry-run")
    told = running.json("resize", "demo", "1", "--dry-run")
    launched = running.json("launch", "other", "--workers", "2", "--dry-run")

    assert (result.exit_code, result.stdout) == (0, "demo changes. Nothing was changed.\n")
    assert told["leaving"] == [1, 2]
    assert launched["total"] > 0
    assert not [call for call in running.agent.asked if call[0] in ("change", "launch")]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("resize", "demo", "0"), "Workers must be between 1 and 256 to resize a cluster."),
        (("resize", "demo", "100000"), "Workers must be between 1 and 256 to resize a cluster."),
        (("resize", "demo", "many"), "'many' is not a valid integer."),
        (("resize", "demo", "-1"), "No such option '-1'"),
        (("extend", "demo", "--by", "1m"), "Seconds must be between 300 and 2592000 to extend a cluster."),
        (("extend", "demo", "--by", "later"), "'later' is not a length of time."),
        (("extend", "demo"), "Missing option '--by'."),
        (("replace", "demo", "100001"), "Worker must be between 0 and 100000 to replace a cluster."),
    ],
)
def test_bad_input_gets_a_sentence_and_code_2(running: Terminal, words: tuple[str, ...], sentence: str) -> None:
    result = running.run(*words)

    assert result.exit_code == 2
    assert sentence in result.stderr


def test_a_cluster_that_cannot_be_changed_says_so(running: Terminal) -> None:
    running.agent.failure = InvalidInput("The cluster demo does not run.", "Look at it.")

    result = running.run("resize", "demo", "4", "--yes", "--json")

    assert result.exit_code == 2
    assert json.loads(result.stderr)["title"] == "The cluster demo does not run."
    assert running.run("resize", "nowhere", "2").exit_code == 2


def test_ctrl_c_stops_the_watching_alone(running: Terminal) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    running.agent.on_watch = interrupt

    result = running.run("resize", "demo", "4", "--yes")

    assert result.exit_code == 130
    assert "Stopped watching; the change goes on." in result.stderr
