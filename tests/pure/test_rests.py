"""How an agent's loops rest: for their time, until there is news, and together."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import together_s
from core.rests import Rest, Rests


@dataclass
class Hasty:
    """A clock whose sleeps end at once."""

    slept: list[float] = field(default_factory=list)

    def now(self) -> int:
        return 0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Patient:
    """A clock whose sleeps never end."""

    def now(self) -> int:
        return 0

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


async def test_a_loop_rests_for_its_time_where_there_is_no_news() -> None:
    clock = Hasty()
    rest = Rests(clock).of_a_loop()

    await rest(30)

    assert clock.slept == [30]


async def test_news_ends_the_rest_of_every_loop() -> None:
    rests = Rests(Patient())
    resting = [asyncio.create_task(_rested(rest)) for rest in (rests.of_a_loop(), rests.of_a_loop())]
    await _settled()

    rests.news()
    await _settled()

    assert [each.done() for each in resting] == [True, True]


async def test_news_that_came_while_a_loop_was_at_work_spares_it_one_rest_and_no_more() -> None:
    rests = Rests(Patient())
    rest = rests.of_a_loop()

    rests.news()
    first = asyncio.create_task(_rested(rest))
    await _settled()
    second = asyncio.create_task(_rested(rest))
    await _settled()

    assert (first.done(), second.done()) == (True, False)
    second.cancel()


@given(now=st.floats(0, 1e6), seconds=st.floats(1, 3600))
def test_a_sleep_of_a_second_or_more_ends_on_a_whole_second_and_at_most_one_early(now: float, seconds: float) -> None:
    slept = together_s(now, seconds)

    assert now + slept == pytest.approx(round(now + slept), abs=1e-6)
    assert seconds - 1 < slept + 1e-6
    assert slept <= seconds + 1e-6


def test_a_shorter_sleep_is_as_long_as_it_was_asked_to_be() -> None:
    slept = together_s(10.25, 0.5)

    assert slept == 0.5


async def _rested(rest: Rest) -> None:
    await rest(60)


async def _settled() -> None:
    """Every task has done what it can."""
    for _ in range(10):
        await asyncio.sleep(0)
