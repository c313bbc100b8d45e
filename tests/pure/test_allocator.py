"""The allocator against brute force, hostile offers and its own promises (docs/allocation.md)."""

from dataclasses import replace
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.allocator import MARGIN_S, check, pack
from core.model import (
    MAX_AMOUNT,
    MAX_RESOURCE,
    Address,
    Amount,
    Kind,
    Offer,
    Prices,
    Quote,
    Request,
    Resources,
    Shortfall,
    SignedOffer,
)

NOW = 1_000_000
SHAPE = Resources(cpu_millis=1000, memory_mib=1024)


def donor(number: int) -> Address:
    return Address(f"0x{number:040x}")


def offered(
    number: int,
    *,
    cores: int = 4,
    gib: int = 4,
    disk_mib: int = 0,
    gpus: int = 0,
    price: int = 10,
    sequence: int = 1,
    expires_in_s: int = 60,
    longest_lease_s: int = 86_400,
) -> SignedOffer:
    offer = Offer(
        donor=donor(number),
        name="laptop",
        capacity=Resources(cores * 1000, gib * 1024, disk_mib, gpus),
        prices=Prices(Amount(price), Amount(0), Amount(0), Amount(0)),
        kinds=(Kind.SPARK,),
        seal_key="0x" + "11" * 32,
        sequence=sequence,
        expires_at=NOW + expires_in_s,
        longest_lease_s=longest_lease_s,
        shortest_grace_s=60,
    )
    return SignedOffer(offer, f"0x{number:064x}{sequence:066x}")


def quoted(request: Request, offers: list[SignedOffer]) -> Quote:
    answer = pack(request, offers, NOW)
    assert isinstance(answer, Quote), answer
    return answer


def short(request: Request, offers: list[SignedOffer]) -> Shortfall:
    answer = pack(request, offers, NOW)
    assert isinstance(answer, Shortfall), answer
    return answer


def test_three_workers_go_to_three_equal_donors_one_each() -> None:
    quote = quoted(Request(SHAPE, 3, 600), [offered(3), offered(1), offered(2)])

    assert [share.donor for share in quote.shares] == [donor(1), donor(2), donor(3)]
    assert [share.index for share in quote.shares] == [0, 1, 2]


def test_workers_beyond_the_number_of_equal_donors_differ_by_at_most_one() -> None:
    quote = quoted(Request(SHAPE, 8, 600), [offered(number) for number in range(1, 4)])

    donors = [share.donor for share in quote.shares]
    assert sorted(donors.count(donor(number)) for number in range(1, 4)) == [2, 3, 3]


def test_a_cheaper_donor_is_filled_first() -> None:
    quote = quoted(Request(SHAPE, 3, 600), [offered(1, price=11), offered(2, price=10, cores=2), offered(3, price=12)])

    assert [share.donor for share in quote.shares] == [donor(2), donor(2), donor(1)]
    assert quote.alternates == (donor(3),)
    assert quote.rate() == 31_000
    assert quote.total() == 31_000 * 600


def test_among_equals_the_donor_that_strands_less_is_taken() -> None:
    roomy, exact, wasteful = offered(1, cores=9, gib=1), offered(2, cores=1, gib=1), offered(3, cores=8, gib=1)

    quote = quoted(Request(SHAPE, 1, 600), [roomy, exact, wasteful])

    assert quote.shares[0].donor == donor(2)
    assert quote.waste.stranded == 0
    assert quote.waste.supply == 18_000 * 10


def test_no_donor_gets_more_workers_than_one_may_take() -> None:
    quote = quoted(Request(SHAPE, 2, 600, most_per_donor=1), [offered(1, price=1), offered(2, price=9)])

    assert {share.donor for share in quote.shares} == {donor(1), donor(2)}


def test_only_the_newest_offer_of_a_donor_counts_even_where_it_is_worse() -> None:
    old, new = offered(1, price=1, sequence=1), offered(1, price=50, sequence=2)

    quote = quoted(Request(SHAPE, 1, 600), [new, old])

    assert quote.shares[0].rate == 50_000


def test_the_quote_holds_until_the_first_chosen_offer_expires() -> None:
    offers = [offered(1, expires_in_s=50), offered(2, expires_in_s=40), offered(3, price=99, expires_in_s=20)]

    quote = quoted(Request(SHAPE, 2, 600), offers)

    assert quote.valid_until == NOW + 40


@pytest.mark.parametrize(
    ("request_", "offers", "binding", "workers"),
    [
        (Request(SHAPE, 8, 600), [], "offers", 0),
        (Request(SHAPE, 1, 600), [offered(1, expires_in_s=MARGIN_S - 1)], "offers", 0),
        (Request(SHAPE, 1, 600, excluded=frozenset({donor(1)})), [offered(1)], "offers", 0),
        (Request(SHAPE, 8, 600), [offered(1, cores=9, gib=5)], "memory", 5),
        (Request(SHAPE, 8, 600), [offered(1, cores=5, gib=9)], "cpu", 5),
        (Request(replace(SHAPE, disk_mib=10), 2, 600), [offered(1, disk_mib=19)], "disk", 1),
        (Request(replace(SHAPE, gpu_count=1), 2, 600), [offered(1, gpus=1)], "gpu", 1),
        (Request(SHAPE, 2, 90_000), [offered(1)], "duration", 0),
        (Request(SHAPE, 2, 90_000), [offered(1), offered(2, cores=1, longest_lease_s=90_000)], "duration", 1),
        (Request(SHAPE, 2, 600, most_per_donor=1), [offered(1)], "donors", 1),
        (Request(SHAPE, 2, 100, ceiling=Amount(1_999_999)), [offered(1)], "price ceiling", 1),
    ],
)
def test_a_shortfall_names_what_binds_and_how_many_workers_fit(
    request_: Request, offers: list[SignedOffer], binding: str, workers: int
) -> None:
    shortfall = short(request_, offers)

    assert (shortfall.binding, shortfall.largest_workers) == (binding, workers)
    assert shortfall.sentence.startswith(f"The market has room for {workers} of the {request_.workers} worker")


def test_a_shortfall_offers_the_largest_shape_for_all_the_workers() -> None:
    shortfall = short(Request(Resources(2000, 4096), 8, 600), [offered(1, cores=16, gib=20)])

    assert shortfall.largest_shape == Resources(1200, 2560)
    assert shortfall.sentence.endswith(
        "The largest that fits: 5 workers of this shape, or 8 workers of 1.2 cores, 2.5 GiB."
    )
    quoted(Request(Resources(1200, 2560), 8, 600), [offered(1, cores=16, gib=20)])


def test_a_market_too_dear_for_any_escrow_is_a_price_shortfall() -> None:
    shortfall = short(Request(Resources(10**9, 1024), 1, 600), [offered(1, price=10**30, cores=10**6)])

    assert (shortfall.binding, shortfall.largest_workers) == ("price ceiling", 0)


_small_offers = st.lists(
    st.builds(
        offered,
        st.integers(1, 5),
        cores=st.integers(0, 4),
        gib=st.integers(0, 4),
        price=st.integers(0, 4),
        sequence=st.integers(0, 3),
        expires_in_s=st.integers(-5, 60),
        longest_lease_s=st.sampled_from([60, 86_400]),
    ),
    max_size=6,
)
_requests = st.builds(
    Request,
    st.builds(Resources, st.sampled_from([1000, 2000]), st.sampled_from([1024, 2048])),
    st.integers(1, 5),
    st.sampled_from([60, 600]),
    ceiling=st.none() | st.integers(1, 20_000_000).map(Amount),
    most_per_donor=st.none() | st.integers(1, 3),
    excluded=st.frozensets(st.integers(1, 5).map(donor), max_size=2),
)


def cheapest_by_brute_force(request: Request, offers: list[SignedOffer]) -> int | None:
    last: dict[Address, SignedOffer] = {}
    for signed in sorted(
        offers, key=lambda one: (one.offer.sequence, one.offer.expires_at, one.signature, repr(one.offer))
    ):
        last[signed.offer.donor] = signed
    usable = [
        signed.offer
        for signed in last.values()
        if signed.offer.expires_at >= NOW + MARGIN_S
        and signed.offer.longest_lease_s >= request.duration_s
        and signed.offer.donor not in request.excluded
    ]
    totals = [
        sum(count * offer.prices.per_second(request.shape) for count, offer in zip(counts, usable, strict=True))
        for counts in product(range(request.workers + 1), repeat=len(usable))
        if sum(counts) == request.workers
        and all(request.shape.times(count).fits(offer.capacity) for count, offer in zip(counts, usable, strict=True))
        and (request.most_per_donor is None or max(counts, default=0) <= request.most_per_donor)
    ]
    total = min(totals, default=None)
    if total is None or (request.ceiling is not None and total * request.duration_s > request.ceiling):
        return None
    return total * request.duration_s


@settings(max_examples=300, deadline=None)
@given(_requests, _small_offers)
def test_the_price_is_the_least_there_is_and_a_shortfall_is_one(request: Request, offers: list[SignedOffer]) -> None:
    answer = pack(request, offers, NOW)

    expected = cheapest_by_brute_force(request, offers)
    match answer:
        case Quote():
            assert answer.total() == expected
            assert check(request, offers, answer, NOW) == ()
        case Shortfall():
            assert expected is None
            assert answer.largest_workers < request.workers
            if answer.largest_workers:
                assert cheapest_by_brute_force(replace(request, workers=answer.largest_workers), offers) is not None
            assert cheapest_by_brute_force(replace(request, workers=answer.largest_workers + 1), offers) is None
            if answer.largest_shape is not None:
                assert cheapest_by_brute_force(replace(request, shape=answer.largest_shape), offers) is not None


@settings(max_examples=150, deadline=None)
@given(_requests, _small_offers, st.integers())
def test_the_order_and_repetition_of_offers_change_nothing(
    request: Request, offers: list[SignedOffer], seed: int
) -> None:
    shuffled = offers + offers[:2]
    Random(seed).shuffle(shuffled)

    assert pack(request, offers, NOW) == pack(request, shuffled, NOW)


@settings(max_examples=150, deadline=None)
@given(_requests, _small_offers)
def test_one_more_donor_never_makes_it_dearer(request: Request, offers: list[SignedOffer]) -> None:
    before = pack(request, offers, NOW)

    after = pack(request, [*offers, offered(6)], NOW)

    if isinstance(before, Quote):
        assert isinstance(after, Quote)
        assert after.total() <= before.total()
    elif isinstance(after, Shortfall):
        assert after.largest_workers >= before.largest_workers


_any_resource = st.sampled_from([0, 1, 999, 1024, MAX_RESOURCE]) | st.integers(0, MAX_RESOURCE)
_any_price = st.sampled_from([0, 1, 10**30]) | st.integers(0, 10**30)
_hostile_offers = st.lists(
    st.builds(
        SignedOffer,
        st.builds(
            Offer,
            donor=st.integers(0, 4).map(donor),
            name=st.just("laptop"),
            capacity=st.builds(Resources, *[_any_resource] * 5),
            prices=st.builds(Prices, *[_any_price.map(Amount)] * 4),
            kinds=st.just((Kind.SPARK,)),
            seal_key=st.just("0x" + "00" * 32),
            sequence=st.integers(0, 2**63 - 1),
            expires_at=st.integers(0, 2**40),
            longest_lease_s=st.integers(1, MAX_RESOURCE),
            shortest_grace_s=st.integers(0, MAX_RESOURCE),
        ),
        st.text(max_size=5),
    ),
    max_size=5,
)


@settings(max_examples=300, deadline=None)
@given(
    st.builds(
        Request,
        st.builds(Resources, st.integers(100, MAX_RESOURCE), st.integers(512, MAX_RESOURCE), _any_resource),
        st.integers(1, 256),
        st.integers(60, 30 * 86_400),
        ceiling=st.none() | st.integers(1, MAX_AMOUNT).map(Amount),
        most_per_donor=st.none() | st.integers(1, 256),
    ),
    _hostile_offers,
    st.integers(0, 2**40),
)
def test_whatever_offers_say_the_answer_is_a_good_quote_or_a_shortfall(
    request: Request, offers: list[SignedOffer], now: int
) -> None:
    answer = pack(request, offers, now)

    if isinstance(answer, Quote):
        assert check(request, offers, answer, now) == ()
        assert answer.total() <= MAX_AMOUNT
    else:
        assert answer.sentence


def test_the_check_finds_each_broken_rule() -> None:
    offers = [offered(1), offered(2), offered(3), offered(4, price=20), offered(5, expires_in_s=1)]
    request = Request(SHAPE, 3, 600, most_per_donor=3)
    good = quoted(request, offers)

    def moved(index: int, number: int) -> Quote:
        shares = [replace(share, donor=donor(number)) if share.index == index else share for share in good.shares]
        return replace(good, shares=tuple(shares))

    dearer = replace(good.shares[0], rate=Amount(good.shares[0].rate + 1))
    broken = {
        "not spread evenly": moved(2, 1),
        "not the asked shape at its donor's price": replace(good, shares=(dearer, *good.shares[1:])),
        "has no offer that admits": moved(0, 5),
        "not numbered": replace(good, shares=good.shares[:2]),
        "alternates": replace(good, alternates=()),
        "waste": replace(good, waste=replace(good.waste, stranded=Amount(1))),
        "valid_until": replace(good, valid_until=good.valid_until + 1),
        "digest": replace(good, market="00"),
        "another request": replace(good, request=replace(request, duration_s=601)),
    }
    for words, quote in broken.items():
        assert any(words in problem for problem in check(request, offers, quote, NOW)), words
    assert any("cheaper seat" in problem for problem in check(request, offers, moved(1, 4), NOW))
    assert any(
        "above the ceiling" in problem for problem in check(replace(request, ceiling=Amount(1)), offers, good, NOW)
    )
