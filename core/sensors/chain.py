"""A chain of providers of one reading: the first that serves tells it, and one that fails is left alone for a while."""

from collections.abc import Callable, Sequence
from typing import Final, Generic, NoReturn, Protocol, TypeVar

from core.errors import SparecloudError

LONGEST_REST_S: Final = 60
"""A provider that failed is asked again after 2 s, 4 s and so on, and then once in so many seconds."""

Reading = TypeVar("Reading")
_Told = TypeVar("_Told", covariant=True)


class Unserved(SparecloudError):
    """A provider cannot tell here and now: `title` says why. It stays within this package."""


class Provider(Protocol[_Told]):
    """One way to read one thing."""

    @property
    def name(self) -> str:
        """Who tells it, as in "Told by NAME."."""
        ...

    def read(self) -> _Told:
        """The reading now, in well under a second; connects where it has to. Raises Unserved."""
        ...

    def close(self) -> None:
        """Let go of what is held open; `read` may be called again."""
        ...


class Untold:
    """The end of a chain on a system that tells a thing to nobody: it says so."""

    name = "nobody"

    def __init__(self, sentence: str) -> None:
        self._refusal = Unserved(sentence)

    def read(self) -> NoReturn:
        """Raise Unserved."""
        raise self._refusal

    def close(self) -> None:
        """Nothing is held."""


class Chain(Generic[Reading]):
    """Asks `providers`, best first, and keeps an answer for `every_s` seconds of `now`.

    A better provider that turns up later takes over; the one before it is closed.
    """

    def __init__(
        self, providers: Sequence[Provider[Reading]], now: Callable[[], float], *, every_s: float = 0.0
    ) -> None:
        self._turns = tuple(_Turn(provider) for provider in providers)
        self._now = now
        self._every_s = every_s
        self._telling: _Turn[Reading] | None = None
        self._kept: Reading | None = None
        self._kept_until = float("-inf")

    @property
    def told_by(self) -> str:
        """Who tells it, or every reason why nobody can, in sentences."""
        if self._telling is not None:
            return f"Told by {self._telling.provider.name}."
        return " ".join(turn.refusal for turn in self._turns if turn.refusal) or "Not read yet."

    @property
    def kept(self) -> Reading | None:
        """The last reading, None where no provider served."""
        return self._kept

    def read(self) -> Reading | None:
        """The reading, or None where no provider serves."""
        now = self._now()
        if now >= self._kept_until:
            self._kept = self._ask(now)
            self._kept_until = now + self._every_s
        return self._kept

    def close(self) -> None:
        """Close every provider."""
        for turn in self._turns:
            turn.provider.close()

    def _ask(self, now: float) -> Reading | None:
        for turn in self._turns:
            if now < turn.rests_until:
                continue
            try:
                reading = turn.provider.read()
            except Unserved as refusal:
                turn.provider.close()
                turn.rest(refusal, now)
                if self._telling is turn:
                    self._telling = None
            else:
                turn.failures = 0
                self._let(turn)
                return reading
        return None

    def _let(self, turn: "_Turn[Reading]") -> None:
        if self._telling is not None and self._telling is not turn:
            self._telling.provider.close()
        self._telling = turn


class _Turn(Generic[Reading]):
    """A provider's place in the chain, and until when it is left alone."""

    def __init__(self, provider: Provider[Reading]) -> None:
        self.provider = provider
        self.failures = 0
        self.rests_until = float("-inf")
        self.refusal = ""

    def rest(self, refusal: Unserved, now: float) -> None:
        self.failures += 1
        self.rests_until = now + min(2.0**self.failures, LONGEST_REST_S)
        self.refusal = refusal.title
