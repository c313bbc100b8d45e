"""When a donor measures itself, what it keeps, and how a renter compares."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import cast

import pytest

from core.errors import SandboxFailed
from core.model import Address, Amount, Resources, Traits
from core.observed import Measured, Speed, Usage
from core.offering import offer
from core.owner import Donor
from core.paces import expected
from core.ports import Clock, Journal
from core.speed import FAILED_AGAIN_S, FRESH_S, Kept, SpeedCheck, due, faster, machine

NOW = 1_800_000_000
HERE = Measured(Resources(), Resources(), cpu_model="a processor", engine_version="20.10")
KEPT = Kept(Speed(800, 9000, 300, 100, 200, measured_at=NOW), machine(HERE), moved_since=NOW)


class Rows:
    """A journal of one table."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], bytes] = {}

    def get(self, table: str, key: str) -> bytes | None:
        return self.kept.get((table, key))

    def put(self, table: str, key: str, value: bytes) -> None:
        self.kept[table, key] = value


class Hand:
    """A clock that stands until it is moved."""

    at = NOW

    def now(self) -> int:
        return self.at


class Bench:
    """A benchmark that finds one thing after the other, or fails."""

    def __init__(self, found: Iterable[Speed | None]) -> None:
        self._found = iter(found)

    async def run(self) -> Speed:
        speed = next(self._found)
        if speed is None:
            raise SandboxFailed("The disk is full.")
        return speed


def checking(bench: Bench, rows: Rows, hand: Hand) -> SpeedCheck:
    return SpeedCheck(bench, cast(Journal, rows), cast(Clock, hand))


@pytest.mark.parametrize(
    ("later_s", "seen", "again"),
    [
        (FRESH_S - 1, HERE, False),
        (FRESH_S, HERE, True),
        (-1, HERE, True),
        (0, replace(HERE, cpu_model="another"), True),
        (0, replace(HERE, engine_version="29"), True),
        (0, replace(HERE, isolation="gvisor"), True),
        (0, replace(HERE, engine_version=""), False),
    ],
)
def test_a_machine_is_measured_weekly_and_when_it_is_another(later_s: int, seen: Measured, again: bool) -> None:
    assert due(KEPT, seen, NOW + later_s) is again


def test_nothing_is_measured_beside_work_and_a_failure_is_tried_again_an_hour_later() -> None:
    rows, hand = Rows(), Hand()
    check = checking(Bench([None, Speed(700, 8000, 200)]), rows, hand)

    beside_work = asyncio.run(check.look(HERE, quiet=False))
    failed = asyncio.run(check.look(HERE, quiet=True))
    hand.at += FAILED_AGAIN_S - 1
    too_soon = asyncio.run(check.look(HERE, quiet=True))
    hand.at += 1
    measured = asyncio.run(check.look(HERE, quiet=True))

    assert [beside_work, failed, too_soon, measured] == [False, False, False, True]
    assert check.speed == Speed(700, 8000, 200, measured_at=hand.at)
    assert checking(Bench([]), rows, hand).speed == check.speed
    assert not asyncio.run(check.look(HERE, quiet=True))


def test_the_network_is_as_fast_as_workers_moved_bytes() -> None:
    rows, hand = Rows(), Hand()
    check = checking(Bench([Speed(700, 8000, 200)]), rows, hand)
    asyncio.run(check.look(HERE, quiet=True))

    for seconds, sent, received in [(0, 10, 0), (2, 9_000_000, 0), (10, 10 + 1024 * 5000, 1024 * 100), (20, 0, 0)]:
        hand.at = NOW + seconds
        check.saw("worker", Usage(0, 0, sent, received))

    assert (check.speed.up_kib_s, check.speed.down_kib_s) == (500, 10)


def test_a_little_more_is_no_news_and_after_a_week_less_counts() -> None:
    assert faster(KEPT, 112, 225, NOW) is KEPT
    assert faster(KEPT, 50, 300, NOW).speed == replace(KEPT.speed, down_kib_s=300)
    assert faster(KEPT, 50, 60, NOW + FRESH_S).speed == replace(KEPT.speed, up_kib_s=50, down_kib_s=60)


def test_a_worker_is_held_to_its_part_of_a_core() -> None:
    assert expected(800, Resources(cpu_millis=4000), 1000) == 800
    assert expected(800, Resources(cpu_millis=500), 1000) == 400
    assert expected(800, Resources(cpu_millis=4000), 100) == 320
    assert expected(800, Resources(cpu_millis=4000), 0) == 0
    assert expected(0, Resources(cpu_millis=4000), 1000) == 0


def test_what_was_measured_is_signed_into_the_offer() -> None:
    statement = offer(
        Donor(),
        HERE,
        Resources(),
        stake=Amount(0),
        donor=Address("0x" + "11" * 20),
        seal_key="0x" + "77" * 32,
        sequence=1,
        now=NOW,
        speed=KEPT.speed,
    )

    assert statement.traits == Traits("a processor", 800, "container", None, 9000, 300, 100, 200, NOW)
