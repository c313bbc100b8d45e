"""docs/failures.md: whatever a person may read of a failure has a row there, so that a new message without one fails.

The first cell of a row is the messages that it explains, each on a line of its own (`<br>`), exactly as the programs
write them, but for `…` in the place of each variable part.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest

from core.chain.reverts import SENTENCES
from core.lease import PartState, RentalPhase, ServicePhase
from core.observed import JobState
from core.reason import Reason
from core.relay.refusals import Refusal

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "failures.md"
PROGRAMS = ("core", "donor_app", "renter_tui")
SHOWN_WHOLE = (
    "core/renter_view.py",
    "core/donor_view.py",
    "core/offering.py",
    "core/allowance.py",
    "donor_app/status.py",
)
"""Modules that write for the screens: every sentence in them is shown."""

LOGGED = frozenset({"warning", "error", "exception", "critical"})
BANNERS = frozenset({"Problem", "Trouble"})
GAP = "…"

_Node = TypeVar("_Node", bound=ast.AST)


@dataclass(frozen=True)
class Message:
    """Words that a person may read, `…` where something is filled in, and where they stand."""

    text: str
    at: str


class Module:
    """One source file, read and never run."""

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self._by_kind: defaultdict[type[ast.AST], list[Any]] = defaultdict(list)
        for node in ast.walk(ast.parse(source)):
            self._by_kind[type(node)].append(node)

    def errors(self, known: Container[str]) -> set[str]:
        """The names of `known` errors' children that are defined here."""
        classes = self._all(ast.ClassDef)
        return {node.name for node in classes if any(_last_name(base) in known for base in node.bases)}

    def told(self, errors: Container[str]) -> Iterator[Message]:
        """The titles of `errors` and banners made here, and the formats of what is logged."""
        for node in self._all(ast.Call):
            called = _last_name(node.func)
            if node.args and (called in LOGGED or called in BANNERS or called in errors):
                yield from self._messages(node.args[0])

    def sentences(self) -> Iterator[Message]:
        """Every sentence written here that is no docstring."""
        return (message for message in self.literals() if message.text.endswith("."))

    def literals(self) -> Iterator[Message]:
        """Every text written here that is no docstring."""
        silent = {id(node.value) for node in self._all(ast.Expr)}
        silent |= {id(part) for node in self._all(ast.JoinedStr) for part in node.values}
        for node in (*self._all(ast.Constant), *self._all(ast.JoinedStr)):
            if id(node) not in silent:
                yield from self._messages(node)

    def _all(self, kind: type[_Node]) -> list[_Node]:
        return self._by_kind[kind]

    def _messages(self, node: ast.expr) -> Iterator[Message]:
        for text in self._texts(node):
            words = _spaced(re.sub(r"%[sdr]|{\w+}", GAP, text))
            if re.search(r"\w", words):
                yield Message(words, f"{self.name}:{node.lineno}")

    def _texts(self, node: ast.expr) -> list[str]:
        """What `node` may say. A name says what is assigned to it anywhere in the module; other code says nothing."""
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.JoinedStr(values=parts):
                return ["".join(str(part.value) if isinstance(part, ast.Constant) else GAP for part in parts)]
            case ast.IfExp(body=one, orelse=other):
                return self._texts(one) + self._texts(other)
            case ast.Call(func=ast.Attribute(value=stripped, attr="strip" | "rstrip")):
                return self._texts(stripped)
            case ast.Name(id=name):
                return [
                    text
                    for found in self._all(ast.Assign)
                    if [_last_name(target) for target in found.targets] == [name]
                    and not isinstance(found.value, ast.Name)
                    for text in self._texts(found.value)
                ]
            case _:
                return []


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _spaced(text: str) -> str:
    """`text` on one line, with one `…` for what is filled in side by side."""
    return re.sub(f"{GAP}+", GAP, " ".join(text.split()))


def _sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name != "contracts":
            yield from _sources(path)
        elif path.suffix == ".py":
            yield path


@cache
def _modules() -> tuple[Module, ...]:
    paths = (path for program in PROGRAMS for path in _sources(ROOT / program))
    return tuple(Module(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in paths)


def _error_names(modules: Iterable[Module]) -> frozenset[str]:
    """SparecloudError and its offspring; those with a leading underscore are caught where they are raised."""
    modules, known = tuple(modules), {"SparecloudError"}
    while more := set().union(*(module.errors(known) for module in modules)) - known:
        known |= more
    return frozenset(name for name in known if not name.startswith("_"))


def _rows(section: str) -> frozenset[str]:
    """The messages and states that the tables of a section explain."""
    cells = re.findall(r"^\| (.+?) \|", section, re.MULTILINE)
    return frozenset(line.strip("`") for cell in cells for line in cell.split("<br>")) - {"what you see"}


@cache
def _sections() -> dict[str, frozenset[str]]:
    """The rows of each section of the document, by its title."""
    parts = DOCUMENT.read_text("utf-8").split("\n## ")[1:]
    return {part.partition("\n")[0]: _rows(part) for part in parts}


def _explained() -> frozenset[str]:
    return frozenset().union(*_sections().values())


def _without_a_row(messages: Iterable[Message]) -> list[str]:
    rows = _explained()
    return [
        f"docs/failures.md has no row for “{message.text}” ({message.at})"
        for message in messages
        if message.text not in rows
    ]


def test_every_error_every_banner_and_every_warning_in_a_log_has_a_row() -> None:
    modules = _modules()
    errors = _error_names(modules)

    missing = _without_a_row(message for module in modules for message in module.told(errors))

    assert missing == []


def test_every_sentence_that_the_screens_write_has_a_row() -> None:
    shown = [module for module in _modules() if module.name in SHOWN_WHOLE]

    missing = _without_a_row(message for module in shown for message in module.sentences())

    assert len(shown) == len(SHOWN_WHOLE)
    assert missing == []


def test_every_reason_every_refusal_of_a_relay_and_every_refusal_of_a_contract_has_a_row() -> None:
    told = [Message(reason.sentence, f"Reason.{reason.name}") for reason in Reason]
    told += [Message(refusal.sentence, f"Refusal.{refusal.name}") for refusal in Refusal]
    told += [Message(re.sub(r"{\w+}", GAP, title), f"SENTENCES[{name}]") for name, (title, _) in SENTENCES.items()]

    assert _without_a_row(told) == []


@pytest.mark.parametrize(
    ("title", "states"),
    [
        ("States of a cluster", RentalPhase),
        ("States of a worker", PartState),
        ("States of a job", JobState),
        ("States of a share", ServicePhase),
        ("Refusals by a relay", Refusal),
    ],
)
def test_every_state_has_a_row_in_its_own_section(title: str, states: type[StrEnum]) -> None:
    rows = _sections()[title]

    missing = [f"“{title}” in docs/failures.md has no row for {state!r}" for state in states if state not in rows]

    assert missing == []


def test_no_row_explains_what_no_program_says() -> None:
    said = {message.text for module in _modules() for message in module.literals()}

    stale = [f"docs/failures.md explains “{row}”, which no program says" for row in _explained() - said]

    assert stale == []


def test_messages_are_found_in_the_forms_that_the_programs_write_them_in() -> None:
    module = Module(
        "sample.py",
        """
class Late(SparecloudError): ...
class _Caught(SparecloudError): ...
def act(one, two):
    "A docstring, which nobody is shown."
    title = f"The {one}{two} is late."
    log.warning("share %s: %s", one, two)
    raise Late(title) if one else InvalidInput("The clock\\n is wrong." if two else one.words)
    raise _Caught("Nobody reads this.")
""",
    )
    names = _error_names([module]) | {"InvalidInput"}

    told = {message.text for message in module.told(names)}

    assert names == {"SparecloudError", "Late", "InvalidInput"}
    assert told == {"The … is late.", "share …: …", "The clock is wrong."}
    assert {message.text for message in module.sentences()} == {
        "The … is late.",
        "The clock is wrong.",
        "Nobody reads this.",
    }
