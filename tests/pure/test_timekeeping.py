"""What the chain's blocks tell of this machine's clock, and when the owner hears of it."""

from typing import cast

import pytest

from core.errors import ChainUnavailable
from core.ports import Chain, Clock
from core.timekeeping import CLOCK_OFF_S, LOOK_EVERY_S, PATIENCE, ClockCheck, Sighting, off_s

NOW = 1_800_000_000


class World:
    """A chain whose blocks come every `block_every_s`, and a machine whose clock is `ahead_s` off."""

    def __init__(self, ahead_s: int = 0, block_every_s: int = 12) -> None:
        self.true = NOW
        self.ahead_s = ahead_s
        self.block_every_s = block_every_s
        self.answers = True
        self.asked = 0
        self.chain = cast(Chain, self)
        self.clock = cast(Clock, _Hand(self))

    async def now(self) -> int:
        self.asked += 1
        if not self.answers:
            raise ChainUnavailable("No chain node answers.")
        return self.true - (self.true - NOW) % self.block_every_s


class _Hand:
    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> int:
        return self._world.true + self._world.ahead_s


async def looked(check: ClockCheck, world: World, times: int) -> str:
    """What is told after so many looks."""
    for _ in range(times):
        world.true += LOOK_EVERY_S
        await check.look()
    return check.problem.title if check.problem else ""


def test_a_block_of_the_future_says_how_far_the_clock_is_behind() -> None:
    assert off_s(None, Sighting(NOW + 600, NOW)) == -600
    assert off_s(None, Sighting(NOW + CLOCK_OFF_S, NOW)) is None


def test_an_old_block_says_nothing_while_the_chain_is_idle() -> None:
    assert off_s(None, Sighting(NOW - 3600, NOW)) is None
    assert off_s(Sighting(NOW - 3600, NOW - 30), Sighting(NOW - 3600, NOW)) is None


def test_a_new_block_that_is_older_than_the_last_look_says_that_the_clock_is_ahead() -> None:
    before = Sighting(NOW - 630, NOW - 30)

    assert off_s(before, Sighting(NOW - 610, NOW)) == 580
    assert off_s(before, Sighting(NOW - 10, NOW)) == 0


@pytest.mark.parametrize(("ahead_s", "word"), [(300, "5 min ahead of"), (-120, "2 min behind")])
async def test_a_wrong_clock_is_told_after_several_looks_and_no_more_once_it_is_right(ahead_s: int, word: str) -> None:
    world = World(ahead_s)
    check = ClockCheck(world.chain, world.clock)

    early = await looked(check, world, PATIENCE - 1)
    told = await looked(check, world, 2)
    world.ahead_s = 0
    righted = await looked(check, world, 2)

    assert (early, righted) == ("", "")
    assert word in told


async def test_a_clock_that_is_right_is_never_doubted_however_rare_blocks_are() -> None:
    world = World(block_every_s=900)
    check = ClockCheck(world.chain, world.clock)

    told = {await looked(check, world, 1) for _ in range(100)}

    assert told == {""}


async def test_the_chain_is_asked_rarely_and_what_it_does_not_answer_proves_nothing() -> None:
    world = World(600)
    check = ClockCheck(world.chain, world.clock)

    await check.look()
    await check.look()
    asked = world.asked
    world.answers = False
    for _ in range(2 * PATIENCE):
        world.true += LOOK_EVERY_S
        with pytest.raises(ChainUnavailable):
            await check.look()

    assert asked == 1
    assert check.problem is None
