"""The help of the command line: quick, because nothing is imported for it, and true all the same."""

import subprocess
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner

from renter_tui.commands import cli
from renter_tui.commands.lazy import LazyVerbs, Verb
from renter_tui.commands.shell import Shell, Tools

HEAVY = ("asyncio", "aiohttp", "docker", "msgspec", "numpy", "textual", "web3", "core.model")


def nothing(*_: object) -> Any:
    """No verb that is refused gets as far as its tools."""
    raise AssertionError


def verbs() -> dict[str, Verb]:
    assert isinstance(cli, LazyVerbs)
    return {name: verb for section in cli.sections.values() for name, verb in section.items()}


@pytest.mark.parametrize("name", verbs())
def test_every_verb_is_where_the_table_says_under_its_own_name(name: str) -> None:
    command = verbs()[name].load()

    assert command.name == name
    assert command.hidden == (not verbs()[name].help)
    assert command.help, "A verb explains itself."


def test_the_help_lists_every_verb_with_a_whole_sentence() -> None:
    answer = CliRunner().invoke(cli, ["--help"])

    for name, verb in verbs().items():
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
