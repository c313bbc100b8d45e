"""What the application says, in the owner's language: English sentences are the keys of a catalogue a language.

Screens say `say("{count} workers", count=2)`. Sentences that the core made are recognised by the same templates and put
into the owner's language by `told`; one that no template makes stays English rather than vanish.
"""

import json
import re
from functools import cache
from importlib import resources
from typing import Final

LANGUAGES: Final = {"en": "English", "de": "Deutsch"}

_HOLE: Final = re.compile(r"\{(\w+)\}")
_SENTENCE_ENDS: Final = re.compile(r"(?<=[.!?]) (?=[A-Z0-9])")
_catalogue: dict[str, str] = {}


def speak(language: str) -> None:
    """Speak `language` (a key of LANGUAGES; others mean English) from now on: before the first screen is made."""
    _catalogue.clear()
    if language in LANGUAGES and language != "en":
        text = (resources.files("donor_app") / "languages" / f"{language}.json").read_text("utf-8")
        _catalogue.update(json.loads(text))
    told.cache_clear()
    _patterns.cache_clear()


def say(template: str, **values: object) -> str:
    """`template` in the owner's language, its holes filled."""
    return _catalogue.get(template, template).format(**values)


@cache
def told(sentence: str) -> str:
    """A sentence of the core in the owner's language; several in a row are put over one by one."""
    if not _catalogue or not sentence:
        return sentence
    if sentence in _catalogue:
        return _catalogue[sentence]
    several = _SENTENCE_ENDS.split(sentence)
    parts = [told(each) for each in several] if len(several) > 1 else []
    # Each of them known: no template that spans sentences could say it better.
    if parts and all(part != said for part, said in zip(parts, several, strict=True)):
        return " ".join(parts)
    for pattern, names, translated in _patterns():
        match = pattern.fullmatch(sentence)
        if match is not None:
            return translated.format(**{name: told(match[name]) for name in names})
    return " ".join(parts) or sentence


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], tuple[str, ...], str], ...]:
    """Templates with holes, those with most fixed text first, so that the most particular one matches."""
    with_holes = [(key, text) for key, text in _catalogue.items() if _HOLE.search(key)]
    with_holes.sort(key=lambda pair: -len(_HOLE.sub("", pair[0])))
    return tuple((_pattern(key), tuple(dict.fromkeys(_HOLE.findall(key))), text) for key, text in with_holes)


def _pattern(template: str) -> re.Pattern[str]:
    parts, seen = [], set[str]()
    for index, part in enumerate(_HOLE.split(template)):
        if index % 2 == 0:
            parts.append(re.escape(part))
        else:
            parts.append(f"(?P={part})" if part in seen else f"(?P<{part}>.+?)")
            seen.add(part)
    return re.compile("".join(parts), re.DOTALL)
