"""What a renter's quote tells beside the allocator's plan: how fast each donor signed to be, and what came of it."""

from typing import cast

import pytest

from core.errors import NotFound
from core.links import LinkBook
from core.model import Amount, Kind, Offer, Prices, Resources, SignedOffer, Traits
from core.observed import Pace
from core.paces import ENOUGH, PaceBook
from core.ports import Board, Clock, Journal
from core.quote import Quote, Request
from core.quoting import Quoting
from core.settings import Renter
from renter_tui.commands.market import MOST_SPEEDS, quote_text
from renter_tui.widgets.quote_text import slowest_words, speed_words
from tests.pure.leases import START, donor
from tests.pure.test_speed import Rows

SHAPE = Resources(1000, 2048)


class Journalled(Rows):
    """A journal whose rows can be listed."""

    def rows(self, table: str) -> dict[str, bytes]:
        return {key: row for (kept_in, key), row in self.kept.items() if kept_in == table}


class Market:
    """A board that never changes, at an instant that does not, either."""

    def __init__(self, *scores: int) -> None:
        self._offers = tuple(_offer(index, score) for index, score in enumerate(scores))

    def offers(self, now: int) -> tuple[SignedOffer, ...]:
        return self._offers

    def now(self) -> int:
        return START


def _offer(index: int, cpu_score: int) -> SignedOffer:
    prices = Prices(Amount(3 + index), Amount(3), Amount(0), Amount(0))
    traits = Traits(cpu_score=cpu_score, memory_mib_s=9000 if cpu_score else 0, measured_at=START if cpu_score else 0)
    name, key = f"d{index}", "0x" + "11" * 32
    return SignedOffer(
        Offer(donor(index), name, SHAPE, prices, (Kind.SPARK,), key, 1, START + 60, 7200, 3, traits, Amount(0), 16_384),
        "0x",
    )


def quoting(market: Market, paces: PaceBook) -> Quoting:
    links = LinkBook(cast(Journal, Journalled()))
    return Quoting(Renter(), cast(Board, market), cast(Clock, market), lambda: (), links, paces)


async def quoted(market: Market, workers: int, paces: PaceBook | None = None) -> tuple[Quoting, Quote]:
    book = quoting(market, paces or PaceBook(cast(Journal, Journalled())))
    _, answer = await book.best(Request(SHAPE, workers, 3600))
    assert isinstance(answer, Quote)
    return book, answer


async def test_a_quote_tells_what_each_chosen_donor_signed_and_where_it_turned_out_slower() -> None:
    paces = PaceBook(cast(Journal, Journalled()))
    for _ in range(ENOUGH):
        paces.keep(donor(1), Pace(300), 800, START)

    _, answer = await quoted(Market(900, 800, 700), 3, paces)

    assert {speed.donor: speed.signed.cpu_score for speed in answer.speeds} == {
        donor(0): 900,
        donor(1): 800,
        donor(2): 700,
    }
    assert {speed.donor: speed.turned_out for speed in answer.speeds} == {donor(0): None, donor(1): 300, donor(2): None}
    assert slowest_words(answer) == "a core hashes 700 MiB/s or more; 1 donor turned out slower"


async def test_who_hosts_no_worker_is_left_out() -> None:
    _, answer = await quoted(Market(900, 800), 1)

    assert [speed.donor for speed in answer.speeds] == [share.donor for share in answer.shares]


async def test_why_tells_the_speed_of_the_donor_that_is_asked_about() -> None:
    book, answer = await quoted(Market(900, 0), 1)

    measured, not_measured, absent = [await book.why(answer, donor(index)) for index in (0, 1, 9)]

    assert measured.speed is not None and not_measured.speed is not None
    assert speed_words(measured.speed) == "a core hashes 900 MiB/s, memory 9,000 MiB/s"
    assert speed_words(not_measured.speed) == "not measured by the donor"
    assert absent.speed is None
    with pytest.raises(NotFound):
        await quoting(Market(900), PaceBook(cast(Journal, Journalled()))).why(answer, donor(0))


async def test_the_slowest_speeds_are_told_first_and_no_more_than_a_few() -> None:
    _, answer = await quoted(Market(0, *range(900, 900 - 10 * MOST_SPEEDS, -10)), MOST_SPEEDS + 1)

    lines = [line for line in quote_text(answer, {}).splitlines() if "Speed:" in line or "--json" in line]

    assert len(lines) == MOST_SPEEDS + 1
    assert f"a core hashes {910 - 10 * MOST_SPEEDS} MiB/s" in lines[0]
    assert "and 1 more donor" in lines[-1]
