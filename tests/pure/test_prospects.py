"""What a machine could earn, and where its price stands on the market."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import Amount, Kind, Offer, Prices, Resources, SignedOffer
from core.owner import Asking, Costs, Donor
from core.prospects import HOURS_A_DAY, YARDSTICK, Prospects, prospects
from tests.pure.leases import START, donor

OWN = Resources(2000, 4096)
ME = donor(0)
SETTINGS = Donor(asking=Asking(cpu_milli=10, memory_mib=0), costs=Costs(kwh_milli=300, watts_a_core=10))


def offer(index: int, price: int, capacity: Resources = OWN) -> SignedOffer:
    """An offer of donor `index`, which asks `price` a second for a thousandth of a core and nothing for the rest."""
    prices = Prices(Amount(price), Amount(0), Amount(0), Amount(0))
    stated = Offer(donor(index), f"d{index}", capacity, prices, (Kind.SPARK,), "0x" + "11" * 32, 1, START, 600, 3)
    return SignedOffer(stated, "0x")


def outlook(prices: Sequence[int], settings: Donor = SETTINGS) -> Prospects:
    """The prospects beside donors that ask so much."""
    return prospects([offer(index, price) for index, price in enumerate(prices, 1)], OWN, settings, address=ME)


def test_an_empty_market_leaves_the_own_price_only() -> None:
    found = outlook(())

    assert found.donors == 0 and found.market_hourly is None
    assert all(day.at_market is None for day in found.days)
    assert [day.at_own for day in found.days] == [10 * 2000 * 3600 * hours for hours in HOURS_A_DAY]
    assert found.rank == "Nobody else offers anything right now: there is no price to compare yours with."


def test_the_market_is_the_median_of_what_others_would_ask_for_the_same() -> None:
    found = outlook((5, 8, 20))

    assert found.market_hourly == 8 * YARDSTICK.cpu_millis * 3600
    assert [day.at_market for day in found.days] == [8 * 2000 * 3600 * hours for hours in HOURS_A_DAY]


def test_of_two_in_the_middle_the_one_that_promises_less_counts() -> None:
    assert outlook((6, 8)).market_hourly == 6 * YARDSTICK.cpu_millis * 3600


def test_the_own_offer_and_donors_without_room_are_not_the_market() -> None:
    offers = [offer(0, 99), offer(1, 7, Resources()), offer(2, 7, Resources(1000, 512)), offer(3, 12)]

    found = prospects(offers, OWN, SETTINGS, address=ME)

    assert (found.donors, found.cheaper_than) == (1, 1)


@pytest.mark.parametrize(
    ("prices", "rank"),
    [
        ((20, 20, 20, 9), "You are cheaper than 75 % of 4 donors."),
        ((20, 10, 9), "You are cheaper than 33 % of 3 donors."),
        ((20, 30), "You are the cheapest: renters take the cheapest first."),
        ((9, 10), "Nobody asks more than you: renters take the cheapest first."),
        ((10, 10), "You ask as much as everybody else."),
    ],
)
def test_the_rank_is_told_in_a_sentence(prices: Sequence[int], rank: str) -> None:
    assert outlook(prices).rank == rank


def test_electricity_is_taken_off_where_a_coin_has_a_worth() -> None:
    # Two cores of 10 W for 24 h are 0.48 kWh, at 0.3 EUR.
    dear = Donor(asking=Asking(cpu_milli=10**10, memory_mib=0), costs=Costs(watts_a_core=10, coin_milli=1000))

    day = outlook((), dear).days[-1]

    assert day.electricity_milli == 144
    assert day.at_own == 1_728_000_000_000_000_000
    assert day.left_milli == 1728 - 144


def test_without_a_worth_nothing_is_made_up_but_the_break_even_is_told() -> None:
    own = Donor(asking=Asking(cpu_milli=10**10, memory_mib=0), costs=Costs(watts_a_core=10))

    found = outlook((), own)

    assert all(day.left_milli is None for day in found.days)
    # 0.006 EUR of electricity an hour against 0.072 coin.
    assert found.break_even_milli == 84


def test_who_asks_nothing_earns_nothing_and_never_breaks_even() -> None:
    found = outlook((5,), Donor(asking=Asking(cpu_milli=0, memory_mib=0, gpu=0)))

    assert found.break_even_milli is None
    assert all(day.at_own == 0 for day in found.days)


@given(st.lists(st.integers(0, 10**12), max_size=30), st.integers(0, 10**12), st.integers(0, 10**6))
def test_ranks_and_estimates_hold_for_any_market(asked: list[int], own: int, worth: int) -> None:
    settings = Donor(asking=Asking(cpu_milli=own, memory_mib=0, gpu=0), costs=Costs(coin_milli=worth))

    found = outlook(asked, settings)

    assert found.donors == len(asked)
    assert found.cheaper_than == sum(price > own for price in asked)
    assert found.cheaper_than + found.as_cheap_as <= found.donors
    assert found.rank.endswith(".")
    for day in found.days:
        assert day.at_own == 3600 * day.hours * 2000 * own
        assert (day.at_market is None) == (not asked)
        if day.at_market is not None:
            assert min(asked) <= day.at_market // (3600 * day.hours * 2000) <= max(asked)
