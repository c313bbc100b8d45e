"""The words of an instance file, taken one after the other."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class Malformed(ValueError):
    """A file that is not what FORMATS.md says; the message names the file and the place."""


class Tokens:
    """What is still to be read of a file. Every method raises Malformed with a sentence."""

    def __init__(self, name: str, words: list[str]) -> None:
        self.name = name
        self._words = words
        self._next = 0

    @classmethod
    def of(cls, path: Path) -> "Tokens":
        """The words of the file."""
        try:
            return cls(path.name, path.read_text("ascii").split())
        except (OSError, UnicodeDecodeError) as problem:
            raise Malformed(f"{path.name}: cannot be read as text ({problem})") from problem

    def integers(self, count: int, what: str, *, signed: bool = False) -> NDArray[np.int64]:
        """The next `count` words as integers that 64 bits hold, from 0 unless `signed`."""
        words = self._take(count, what)
        try:
            taken = np.array([int(word) for word in words], dtype=np.int64)
        except (ValueError, OverflowError) as problem:
            raise Malformed(f"{self.name}: {what} must be integers ({problem})") from problem
        if not signed and (taken < 0).any():
            raise Malformed(f"{self.name}: {what} must not be negative")
        return taken

    def count(self, what: str) -> int:
        """The next word as a number of things, at least 1."""
        value = int(self.integers(1, what)[0])
        if value < 1:
            raise Malformed(f"{self.name}: {what} must be at least 1")
        return value

    def decimal(self, what: str) -> float:
        """The next word as a number from 0, finite."""
        word = self._take(1, what)[0]
        try:
            value = float(word)
        except ValueError as problem:
            raise Malformed(f"{self.name}: {what} must be a number, not {word!r}") from problem
        if not math.isfinite(value) or value < 0:
            raise Malformed(f"{self.name}: {what} must be finite and not negative, not {word}")
        return value

    def end(self) -> None:
        """Refuses words that nothing asked for."""
        if left := len(self._words) - self._next:
            raise Malformed(f"{self.name}: {left} words too many at the end")

    def _take(self, count: int, what: str) -> list[str]:
        words = self._words[self._next : self._next + count]
        if len(words) < count:
            raise Malformed(f"{self.name}: ends within {what}, {count - len(words)} words too early")
        self._next += count
        return words
