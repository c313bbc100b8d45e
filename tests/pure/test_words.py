"""The application's sentences in another language: nothing is missing, and nothing is told that was not said."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from donor_app.words import LANGUAGES, say, speak, told

APPLICATION = Path(__file__).parents[2] / "donor_app"
OTHERS = [code for code in LANGUAGES if code != "en"]


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    speak("en")


def catalogue(language: str) -> dict[str, str]:
    found = json.loads((APPLICATION / "languages" / f"{language}.json").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def templates() -> set[str]:
    """Every text that a screen says."""
    return {
        call.args[0].value
        for path in APPLICATION.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "say"
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_of_the_screens_is_translated(language: str) -> None:
    assert len(templates()) > 100
    assert templates() - catalogue(language).keys() == set()


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_holes_of_its_sentence(language: str) -> None:
    hole = re.compile(r"\{(\w+)\}")

    odd = [key for key, text in catalogue(language).items() if set(hole.findall(key)) != set(hole.findall(text))]

    assert odd == []


def test_sentences_of_the_core_are_recognised_with_all_that_is_in_them() -> None:
    speak("de")

    assert told("Sharing 2 cores, 4 GiB; 1 worker running.") == "Geteilt werden 2 Kerne, 4 GiB; 1 Worker aktiv."
    assert told("2 workers paused. On battery; sharing waits for mains power.").startswith("2 Worker pausiert. Akku")
    assert told("Your stake is 7.4 SPARE, none of it pledged. Thawing: 0.5 SPARE, until noon.").startswith(
        "Dein Einsatz"
    )


def test_what_nobody_translated_stays_as_it_was_said() -> None:
    speak("de")

    assert (
        told("Something that no template makes. And more of it.") == "Something that no template makes. And more of it."
    )
    assert say("{what} that nobody knows", what="A text") == "A text that nobody knows"


def test_english_is_what_is_spoken_in_any_other_language() -> None:
    speak("xx")

    assert told("Sharing is on.") == "Sharing is on."
