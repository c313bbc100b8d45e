"""docs/settings.md: every key of the settings file has a row there with its true default and bounds."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from core.owner import Hours
from core.settings import Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"
HEAD = ["key", "default", "unit", "bounds", "meaning"]

_HEADING = re.compile(r"## `\[+(?P<table>[a-z_.]+)\]+`")


@dataclass(frozen=True)
class Row:
    """One key as the document has it."""

    default: str
    unit: str
    bounds: str
    meaning: str


@cache
def rows() -> dict[str, Row]:
    """Every row of every table below a heading that names a table of the file, by the key's full name."""
    found: dict[str, Row] = {}
    table = ""
    for line in DOCUMENT.read_text("utf-8").splitlines():
        if heading := _HEADING.match(line):
            table = heading["table"]
        elif line.startswith("| `"):
            key, *cells = (cell.strip() for cell in line.strip("|").split(" | "))
            name = f"{table}.{key.strip('`')}"
            assert name not in found, f"{name} has two rows"
            found[name] = Row(*cells)
    return found


def keys(struct: type[msgspec.Struct], table: str) -> Iterator[tuple[str, msgspec.structs.FieldInfo]]:
    """Every key that holds a value, by its full name; limits while in use are those of `limits`."""
    for field in msgspec.structs.fields(struct):
        name = f"{table}.{field.name}".lstrip(".")
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from keys(field.type, name)
        else:
            yield name, field


KEYS = dict([*keys(Settings, ""), *keys(Hours, "donor.when.schedule")])


def written(value: object) -> str:
    """A default as the document writes it."""
    return "left out" if value is None else f"`{msgspec.json.encode(value).decode().replace(',', ', ')}`"


def bounds(kind: Any) -> str | None:
    """The bounds of a whole number, also of one that can be left out; None for what is no number."""
    for part in (kind, *get_args(kind)):
        meta = next((each for each in get_args(part) if isinstance(each, msgspec.Meta)), None)
        if meta is not None and meta.ge is not None:
            return f"{meta.ge} to {meta.le}" if meta.le is not None else f"from {meta.ge}"
    return None


def test_every_key_has_a_row_and_every_row_a_key() -> None:
    assert sorted(rows()) == sorted(KEYS)


@pytest.mark.parametrize("name", KEYS)
def test_a_row_tells_the_true_default_and_bounds(name: str) -> None:
    row, field = rows()[name], KEYS[name]

    assert row.default == written(field.default)
    assert row.bounds == (bounds(field.type) or row.bounds)
    assert row.meaning.endswith(".")


def test_bounds_are_told_for_every_number() -> None:
    numbers = [name for name, field in KEYS.items() if isinstance(field.default, int) and field.type is not bool]

    assert all(bounds(KEYS[name].type) for name in numbers)
