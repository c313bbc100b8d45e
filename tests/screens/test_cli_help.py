"""The help of the command line: quick, because nothing is imported for it, and true all the same."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import click
import pytest
from click.testing import CliRunner

from core.errors import SparecloudError
from core.gateway.agent import AgentRuns, AgentUnavailable
from renter_tui.commands import cli
from renter_tui.commands.lazy import LazyVerbs, Verb
from renter_tui.commands.market import NOTHING_FITS
from renter_tui.commands.shell import INTERRUPTED, Shell, Tools

HEAVY = ("asyncio", "aiohttp", "docker", "msgspec", "numpy", "textual", "web3", "core.model")


def nothing(*_: object) -> Any:
    """No verb that is refused gets as far as its tools."""
    raise AssertionError


def verbs(group: click.Command = cli, path: str = "") -> dict[str, Verb]:
    """Every verb by how it is typed, those of groups of verbs too."""
    if not isinstance(group, LazyVerbs):
        return {}
    found: dict[str, Verb] = {}
    for name, verb in ((name, verb) for section in group.sections.values() for name, verb in section.items()):
        found |= {path + name: verb, **verbs(verb.load(), f"{path}{name} ")}
    return found


@pytest.mark.parametrize("name", verbs())
def test_every_verb_is_where_the_table_says_under_its_own_name(name: str) -> None:
    command = verbs()[name].load()

    assert command.name == name.split()[-1]
    assert command.hidden == (not verbs()[name].help)
    assert command.help, "A verb explains itself."


def test_no_verb_of_a_group_is_only_there_once_another_module_is_imported() -> None:
    """Each is asked for in a process of its own: here, some other test may have imported what makes it known."""
    for name in ("wallet stake", "wallet earnings", "court vote", "sale buy", "trial list"):
        asked = [sys.executable, "-m", "renter_tui", *name.split(), "--help"]

        assert name in subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True).stdout


def test_the_help_lists_every_verb_with_a_whole_sentence() -> None:
    assert isinstance(cli, LazyVerbs)
    answer = CliRunner().invoke(cli, ["--help"])

    for name, verb in ((name, verb) for section in cli.sections.values() for name, verb in section.items()):
        if verb.help:
            assert any(line.split()[:1] == [name] and line.endswith(verb.help) for line in answer.output.splitlines())


def test_the_help_imports_nothing_that_takes_long() -> None:
    program = (
        "import sys\nfrom renter_tui.__main__ import main\nsys.argv = ['sparecloud', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    print(*sorted(sys.modules), file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)

    imported = set(done.stderr.split())
    assert "click" in imported
    assert not imported.intersection(HEAVY)


@pytest.mark.parametrize("verb", ["ls", "quote", "submit", "wallet"])
def test_a_verb_does_not_wait_for_the_terminal_application_or_the_chain(verb: str) -> None:
    program = (
        f"import sys\nfrom renter_tui.__main__ import main\nsys.argv = ['sparecloud', {verb!r}, '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    print(*sorted(sys.modules), file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)

    assert not set(done.stderr.split()).intersection({"docker", "numpy", "textual", "web3"})


@pytest.mark.parametrize(("typed", "meant"), [("lunch", "launch"), ("destory", "destroy"), ("wallt", "wallet")])
def test_a_misspelt_verb_is_refused_with_the_one_that_was_meant(typed: str, meant: str) -> None:
    answer = CliRunner().invoke(cli, [typed], obj=Shell(Tools(nothing, nothing, nothing)))

    assert answer.exit_code == 2
    assert f"There is no command {typed}. Did you mean {meant}?" in answer.stderr


def test_a_group_lists_its_verbs_in_sections() -> None:
    class Two(LazyVerbs):
        sections: ClassVar[Mapping[str, Mapping[str, Verb]]] = {
            "First": {"a": Verb("x:y", "Does a.")},
            "Second": {"long": Verb("x:y", "Does b."), "h": Verb("x:y")},
        }

    answer = CliRunner().invoke(Two("two"), ["--help"])

    assert "First:\n  a     Does a.\n\nSecond:\n  long  Does b.\n" in answer.output


def test_the_exit_codes_in_the_manual_are_those_of_the_errors() -> None:
    def children(kind: type[SparecloudError]) -> list[type[SparecloudError]]:
        return [kind, *(each for child in kind.__subclasses__() for each in children(child))]

    manual = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
    table = manual.partition("## Exit codes")[2].partition("## JSON")[0]

    kinds: list[type[SparecloudError]] = [*children(SparecloudError), AgentRuns, AgentUnavailable]
    raised = {kind.exit_code for kind in kinds}

    told = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    assert told == {0, NOTHING_FITS, INTERRUPTED} | raised


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("wa", {"wallet"}), ("rel", {"relay", "release"}), ("wallet st", {"stake"}), ("quote --max-", {"--max-price"})],
)
def test_a_shell_completes_verbs_and_options(typed: str, offered: set[str]) -> None:
    words = ["sparecloud", *typed.split()]
    asked = {"_SPARECLOUD_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}

    done = subprocess.run(
        [sys.executable, "-m", "renter_tui"],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert {line.partition(",")[2] for line in done.stdout.splitlines()} == offered


def test_bash_takes_the_script_for_completion() -> None:
    told = CliRunner().invoke(cli, ["completion", "bash"], obj=Shell(Tools(nothing, nothing, nothing)))
    taken = subprocess.run(
        ["bash", "-c", f"{told.output}\ncomplete -p sparecloud"], capture_output=True, text=True, timeout=60, check=True
    )

    assert told.exit_code == 0
    assert "sparecloud" in taken.stdout


@pytest.mark.parametrize("words", [("launch",), ("launch", "demo", "--name", "demo")])
def test_a_cluster_is_named_once(words: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(cli, [*words, "--yes"], obj=Shell(Tools(nothing, nothing, nothing)))

    assert answer.exit_code == 2
    assert "Name the cluster once" in answer.stderr
