"""The allocator against brute force, hostile offers and its own promises (docs/allocation.md)."""

from dataclasses import replace
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.allocator import MARGIN_S, Effort, Known, Market, check, pack
from core.allocator.waste import MIX, WHOLE, fragmentation
from core.allocator.why import why
from core.model import MAX_AMOUNT, MAX_RESOURCE, Address, Amount, Kind, Offer, Prices, Resources, SignedOffer
from core.quote import Aims, Quote, Request, Shortfall

NOW = 1_000_000
SHAPE = Resources(cpu_millis=1000, memory_mib=1024)
CHEAPEST, TIGHTEST = 0, 100


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
    offers = [offered(1, price=11), offered(2, price=10, cores=2), offered(3, price=12)]

    quote = quoted(Request(SHAPE, 3, 600, tightness_percent=CHEAPEST), offers)

    assert [share.donor for share in quote.shares] == [donor(1), donor(2), donor(2)]
    assert quote.alternates == (donor(3),)
    assert quote.rate() == 31_000
    assert quote.total() == 31_000 * 600


def test_among_equals_the_donor_that_is_left_most_useful_is_taken() -> None:
    # A 2-core worker fits into each; in the second it uses up what nobody else could have used.
    useful, odd = offered(1, cores=4, gib=8), offered(2, cores=2, gib=2)

    quote = quoted(Request(Resources(2000, 2048), 1, 600, tightness_percent=CHEAPEST), [useful, odd])

    assert quote.shares[0].donor == donor(2)
    assert quote.waste.supply == 6_000 * 10
    assert quote.waste.fragmentation == quote.waste.least < 0


def test_the_slider_trades_price_for_waste() -> None:
    cheap_and_useful, dear_and_odd = offered(1, cores=4, gib=8, price=10), offered(2, cores=2, gib=2, price=13)
    request = Request(Resources(2000, 2048), 1, 600)

    cheapest = quoted(replace(request, tightness_percent=CHEAPEST), [cheap_and_useful, dear_and_odd])
    tightest = quoted(replace(request, tightness_percent=TIGHTEST), [cheap_and_useful, dear_and_odd])

    assert (cheapest.shares[0].donor, tightest.shares[0].donor) == (donor(1), donor(2))
    assert tightest.waste.fragmentation == tightest.waste.least == cheapest.waste.least < cheapest.waste.fragmentation


def test_fragmentation_is_what_the_expected_workers_leave_over() -> None:
    # 4 cores and 8 GiB at 1 a milli-core: all 4 cores are used by four of the first shape, by two of the second, by
    # one of the third; the fourth wants 12 GiB, the fifth 6 cores and the sixth a GPU.
    market = Market.read([offered(1, cores=4, gib=8, price=1)], NOW)
    hosted = sum(weight for _, weight in MIX[:3]) / WHOLE * 4000

    left = fragmentation(market.capacity, market.worth)

    assert sum(weight for _, weight in MIX) == WHOLE
    assert left.tolist() == [4000 - hosted]


def test_spread_is_weighed_against_waste() -> None:
    offers = [offered(number, cores=16, gib=32) for number in range(1, 5)]

    spread = quoted(Request(SHAPE, 4, 600, aims=Aims(spread_percent=1000)), offers)
    packed = quoted(Request(SHAPE, 4, 600, aims=Aims(spread_percent=0)), offers)

    assert len({share.donor for share in spread.shares}) == 4
    assert packed.waste.fragmentation == packed.waste.least < spread.waste.fragmentation


def test_a_donor_known_to_fail_or_to_be_far_away_is_avoided_where_prices_are_near() -> None:
    offers = [offered(1, price=100), offered(2, price=104)]
    request = Request(SHAPE, 1, 600)

    fails = pack(request, offers, NOW, Known(survival={donor(1): 300}))
    far = pack(request, offers, NOW, Known(latency_ms={donor(1): 900}))

    for answer in (pack(request, offers, NOW), fails, far):
        assert isinstance(answer, Quote)
    assert isinstance(fails, Quote) and fails.shares[0].donor == donor(2)
    assert isinstance(far, Quote) and far.shares[0].donor == donor(2)
    assert quoted(request, offers).shares[0].donor == donor(1)


def test_spare_workers_are_leased_until_the_confidence_is_reached() -> None:
    offers = [offered(number) for number in range(1, 12)]
    request = Request(SHAPE, 4, 3600, most_per_donor=1, confidence_per_mille=990)

    quote = quoted(request, offers)
    one_fewer = replace(request, confidence_per_mille=1, workers=len(quote.shares) - 1)

    # 6 of 0.95 each: at least 4 live with 0.9978; of 5 with 0.9774.
    assert (quote.spare_workers(), quote.reckoning.survival_per_mille) == (2, 997)
    assert quote.waste.spares == 2 * 10_000
    assert quote.total() == 6 * 10_000 * 3600
    assert check(request, offers, quote, NOW) == ()
    assert quoted(one_fewer, offers).spare_workers() == 0


def test_a_confidence_that_no_cluster_reaches_is_a_shortfall() -> None:
    request = Request(SHAPE, 3, 86_400, most_per_donor=1, confidence_per_mille=990)

    shortfall = short(request, [offered(number) for number in range(1, 5)])

    assert (shortfall.binding, shortfall.largest_workers) == ("reliability", 0)


def test_a_ceiling_lowers_the_tightness_and_not_the_number_of_workers() -> None:
    useful, odd, odder = (
        offered(1, cores=4, gib=8),
        offered(2, cores=2, gib=2, price=13),
        offered(3, cores=2, gib=2, price=14),
    )
    request = Request(Resources(2000, 2048), 2, 600, most_per_donor=1, tightness_percent=TIGHTEST)
    bound = replace(request, ceiling=Amount(23 * 2000 * 600))

    free, quote = quoted(request, [useful, odd, odder]), quoted(bound, [useful, odd, odder])

    assert {share.donor for share in free.shares} == {donor(2), donor(3)}
    assert {share.donor for share in quote.shares} == {donor(1), donor(2)}
    assert quote.reckoning.tightness_percent < 100
    assert check(bound, [useful, odd, odder], quote, NOW) == ()


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 100),
    st.lists(st.builds(offered, st.integers(1, 9), cores=st.integers(1, 30), gib=st.integers(1, 30)), min_size=1),
)
def test_a_deadline_gives_the_best_plan_found_with_a_valid_bound(slider: int, offers: list[SignedOffer]) -> None:
    request = Request(SHAPE, 12, 600, tightness_percent=slider)

    answer = pack(request, offers, NOW, effort=Effort(lambda: 0.0, 0.0))

    if isinstance(answer, Quote):
        assert answer.reckoning.bound <= answer.reckoning.score
        assert answer.reckoning.cut_short == any(signed.offer.capacity.cpu_millis >= 2000 for signed in offers)
        assert check(request, offers, answer, NOW) == ()


def test_no_donor_gets_more_workers_than_one_may_take() -> None:
    quote = quoted(
        Request(SHAPE, 2, 600, most_per_donor=1, tightness_percent=CHEAPEST), [offered(1, price=1), offered(2, price=9)]
    )

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
    tightness_percent=st.just(CHEAPEST),
)
_aims = st.builds(
    Aims,
    waste_percent=st.integers(0, 300),
    spread_percent=st.integers(0, 500),
    reliability_percent=st.integers(0, 500),
    closeness_percent=st.integers(0, 300),
)
_slider, _confidence = st.integers(0, 100), st.sampled_from([0, 0, 500, 900, 999])
_known = st.builds(
    Known,
    survival=st.dictionaries(st.integers(1, 5).map(donor), st.integers(0, 1000)),
    latency_ms=st.dictionaries(st.integers(1, 5).map(donor), st.integers(0, 5000)),
    usual_survival=st.integers(0, 1000),
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


@settings(max_examples=300, deadline=None)
@given(_requests, _slider, _confidence, _aims, _known, _small_offers)
def test_no_other_plan_scores_less_whatever_is_aimed_at(
    request: Request, slider: int, confidence: int, aims: Aims, known: Known, offers: list[SignedOffer]
) -> None:
    asked = replace(request, tightness_percent=slider, confidence_per_mille=confidence, aims=aims)

    answer = pack(asked, offers, NOW, known)

    if isinstance(answer, Quote):
        knew = {
            "survival": known.survival,
            "latency_ms": known.latency_ms,
            "usual_survival": known.usual_survival,
        }
        assert check(asked, offers, answer, NOW, **knew) == ()  # type: ignore[arg-type]
    elif not confidence:
        assert cheapest_by_brute_force(request, offers) is None


@settings(max_examples=150, deadline=None)
@given(_requests, _slider, _aims, _known, _small_offers)
def test_every_donor_can_reckon_why(
    request: Request, slider: int, aims: Aims, known: Known, offers: list[SignedOffer]
) -> None:
    asked = replace(request, tightness_percent=slider, aims=aims)
    answer = pack(asked, offers, NOW, known)

    reasons = [why(answer, offers, donor(number), known) for number in range(1, 7)] if isinstance(answer, Quote) else []

    for reason in reasons:
        assert isinstance(answer, Quote)
        assert reason.workers == sum(share.donor == reason.donor for share in answer.shares)
        assert reason.sentence.startswith("Chosen" if reason.workers else "Not chosen")
        if reason.regret is None or asked.ceiling is not None:
            continue
        without = pack(replace(asked, excluded=asked.excluded | {reason.donor}), offers, NOW, known)
        if reason.workers:
            assert isinstance(without, Quote)
            assert reason.regret == pytest.approx(without.reckoning.score - answer.reckoning.score, abs=1e-3)
        assert reason.regret >= -1e-6


def test_a_donor_learns_which_rule_or_figure_left_it_out() -> None:
    offers = [
        offered(1),
        offered(2, price=20),
        offered(3, expires_in_s=1),
        offered(4, longest_lease_s=60),
        offered(5, gib=0),
        offered(6),
    ]
    request = Request(SHAPE, 1, 600, excluded=frozenset({donor(6)}), tightness_percent=CHEAPEST)
    quote = quoted(request, offers)

    said = [why(quote, offers, donor(number)).sentence for number in range(1, 8)]

    assert said == [
        "Chosen: the best plan without it is 1e+02 % worse.",
        "Not chosen: the best plan with a worker on it is 1e+02 % worse.",
        "Not chosen: its offer had expired, or was about to.",
        "Not chosen: it lends for 60 s at most, and 600 s were asked for.",
        "Not chosen: one worker does not fit, by memory_mib (0 of 1024).",
        "Not chosen: the renter left it out, as it had refused or failed before.",
        "Not chosen: it had no offer on the board.",
    ]
    with pytest.raises(ValueError, match="not the offers"):
        why(quote, offers[:-1], donor(1))


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
    lighter = replace(good.waste, fragmentation=good.waste.fragmentation - 9)
    broken = {
        "another plan scores less": moved(2, 4),
        "not the asked shape at its donor's price": replace(good, shares=(dearer, *good.shares[1:])),
        "has no offer that admits": moved(0, 5),
        "not numbered": replace(good, shares=(good.shares[0], *good.shares[:2])),
        "fewer workers": replace(good, shares=good.shares[:2]),
        "as many alternates": replace(good, alternates=()),
        "an alternate is used": replace(good, alternates=(donor(1),)),
        "the waste is not": replace(good, waste=lighter),
        "the least waste": replace(good, waste=replace(good.waste, least=good.waste.least - 9)),
        "the supply": replace(good, waste=replace(good.waste, supply=Amount(1))),
        "what is leased": replace(good, waste=replace(good.waste, leased=Amount(1))),
        "the score is not": replace(good, reckoning=replace(good.reckoning, score=1.0)),
        "the bound is above": replace(good, reckoning=replace(good.reckoning, bound=10.0**9, cut_short=True)),
        "the worth of a unit": replace(good, reckoning=replace(good.reckoning, worth=(1, 1, 1, 1, 1))),
        "tighter than asked": replace(good, reckoning=replace(good.reckoning, tightness_percent=11)),
        "less tight than asked": replace(good, reckoning=replace(good.reckoning, tightness_percent=9)),
        "enough workers live": replace(good, reckoning=replace(good.reckoning, survival_per_mille=1)),
        "valid_until": replace(good, valid_until=good.valid_until + 1),
        "digest": replace(good, market="00"),
        "another request": replace(good, request=replace(request, duration_s=601)),
    }
    for words, quote in broken.items():
        assert any(words in problem for problem in check(request, offers, quote, NOW)), words
    assert any(
        "above the ceiling" in problem for problem in check(replace(request, ceiling=Amount(1)), offers, good, NOW)
    )
