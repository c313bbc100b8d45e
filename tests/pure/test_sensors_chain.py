"""Chains of providers: who tells a reading, who takes over, and what nobody can tell."""

from collections.abc import Callable

import pytest

from core.sensors.chain import LONGEST_REST_S, Chain, Unserved, Untold


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Scripted:
    """A provider that tells `reading`, or refuses where that is a sentence."""

    def __init__(self, name: str, reading: int | str) -> None:
        self.name = name
        self.reading = reading
        self.asked = self.closed = 0

    def read(self) -> int:
        self.asked += 1
        if isinstance(self.reading, str):
            raise Unserved(self.reading)
        return self.reading

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_first_provider_that_serves_tells_the_reading(clock: Clock) -> None:
    absent, serving, spare = Scripted("a", "A is absent."), Scripted("b", 7), Scripted("c", 8)
    chain = Chain([absent, serving, spare], clock)

    reading = chain.read()

    assert reading == 7
    assert chain.told_by == "Told by b."
    assert spare.asked == 0


def test_a_provider_that_fails_is_replaced_at_once_and_closed(clock: Clock) -> None:
    first, second = Scripted("a", 1), Scripted("b", 2)
    chain = Chain([first, second], clock)
    chain.read()

    first.reading = "A is gone."

    assert chain.read() == 2
    assert chain.told_by == "Told by b."
    assert first.closed == 1


def test_a_provider_that_comes_back_takes_over_and_the_other_is_closed(clock: Clock) -> None:
    first, second = Scripted("a", "A is absent."), Scripted("b", 2)
    chain = Chain([first, second], clock)
    chain.read()

    first.reading = 1
    clock.now += LONGEST_REST_S

    assert chain.read() == 1
    assert chain.told_by == "Told by a."
    assert second.closed == 1


def test_a_provider_that_keeps_failing_is_asked_ever_more_rarely_but_once_a_minute(clock: Clock) -> None:
    absent = Scripted("a", "A is absent.")
    chain = Chain([absent], clock)

    asked = _asked_over(chain, clock, absent, seconds=600)

    assert 600 // LONGEST_REST_S <= asked <= 600 // LONGEST_REST_S + 6


def test_a_provider_that_served_again_is_soon_asked_after_its_next_failure(clock: Clock) -> None:
    provider = Scripted("a", "A is absent.")
    chain = Chain([provider], clock)
    _asked_over(chain, clock, provider, seconds=600)
    provider.reading = 1
    clock.now += LONGEST_REST_S
    chain.read()

    provider.reading = "A is gone."
    chain.read()
    provider.reading = 2
    clock.now += 2

    assert chain.read() == 2


def test_what_nobody_can_tell_is_unknown_and_every_reason_is_told(clock: Clock) -> None:
    chain = Chain([Scripted("a", "A is absent."), Scripted("b", "B is silent.")], clock)

    reading = chain.read()

    assert reading is None
    assert chain.told_by == "A is absent. B is silent."


def test_a_reading_that_was_known_becomes_unknown_when_its_last_provider_goes(clock: Clock) -> None:
    only = Scripted("a", 1)
    chain = Chain([only], clock)
    chain.read()

    only.reading = "A is gone."

    assert chain.read() is None
    assert chain.read() is None, "while the provider rests, too"
    assert chain.told_by == "A is gone."


def test_a_system_that_tells_nobody_says_so(clock: Clock) -> None:
    chain: Chain[int] = Chain([Untold("This system tells nobody.")], clock)

    assert chain.told_by == "Not read yet."
    assert chain.read() is None
    assert chain.told_by == "This system tells nobody."


def test_a_slow_reading_is_kept_for_its_time_and_then_read_anew(clock: Clock) -> None:
    provider = Scripted("a", 1)
    chain = Chain([provider], clock, every_s=5)
    readings = []

    for seconds in range(11):
        provider.reading = seconds
        readings.append(_next(chain.read, clock))

    assert readings == [0, 0, 0, 0, 0, 5, 5, 5, 5, 5, 10]


def test_closing_a_chain_closes_every_provider(clock: Clock) -> None:
    providers = [Scripted("a", 1), Scripted("b", 2)]

    Chain(providers, clock).close()

    assert [provider.closed for provider in providers] == [1, 1]


def _next(read: Callable[[], int | None], clock: Clock) -> int | None:
    reading = read()
    clock.now += 1
    return reading


def _asked_over(chain: Chain[int], clock: Clock, provider: Scripted, *, seconds: int) -> int:
    before = provider.asked
    for _ in range(seconds):
        _next(chain.read, clock)
    return provider.asked - before
