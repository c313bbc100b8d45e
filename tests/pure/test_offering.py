"""What a donor offers and accepts, as rules over settings and figures."""

from dataclasses import replace

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from core.allowance import Allowance, Hold, Holding
from core.lease import Service, ServicePhase
from core.lease.serving import accept
from core.model import Address, Agreement, Amount, Kind, Resources
from core.observed import Measured
from core.offering import LEAST_MILLIS, differs, grants, objection, pledged, room, slowest
from core.owner import Asking, Donor, Limits
from tests.pure.leases import DURATION_S, RATE, START, agreement, donor

MACHINE = Measured(Resources(8000, 16_384, 100_000), Resources(500, 6_000, 50_000))
SETTINGS = Donor(
    limits=Limits(cpu_millis=2000, memory_mib=4096, disk_mib=20_000),
    asking=Asking(cpu_milli=0, memory_mib=0),
    shortest_grace_s=30,
    longest_lease_s=DURATION_S,
)


def held() -> Service:
    service, _ = accept(agreement(), 1, now=START, hold_s=60)
    return service


def test_an_offer_never_passes_the_owners_limits_or_what_is_really_free() -> None:
    scarce = replace(MACHINE, free=Resources(500, 3_000, 50_000))

    assert room(SETTINGS.limits, MACHINE, []) == Resources(2000, 4096, 20_000)
    assert room(SETTINGS.limits, scarce, []) == Resources(2000, 3_000, 20_000)


def test_processor_load_does_not_shrink_an_offer_because_our_own_work_causes_it() -> None:
    assert room(SETTINGS.limits, MACHINE, []).cpu_millis == 2000


def test_room_that_was_accepted_is_not_offered_twice() -> None:
    assert room(SETTINGS.limits, MACHINE, [held()]) == Resources(1000, 2560, 20_000 - Kind.SPARK.least_disk_mib)


def test_nothing_is_offered_before_the_first_measurement() -> None:
    assert room(SETTINGS.limits, None, []) == Resources()


def refused(
    proposed: Agreement, settings: Donor = SETTINGS, me: Address | None = None, stake: Amount = Amount(0)
) -> str:
    free = Resources(2000, 4096, 20_000)
    return objection(settings, proposed, 1, donor=me or donor(1), free=free, stake=stake, now=START)


def test_a_fair_proposal_is_accepted() -> None:
    assert refused(agreement()) == ""


def test_a_blocked_renter_is_refused() -> None:
    blocking = msgspec.structs.replace(SETTINGS, blocked=(agreement().terms.renter.upper().replace("X", "x"),))

    assert refused(agreement(), blocking) == "This machine does not serve that renter."


def test_every_unfair_proposal_is_refused_with_its_own_sentence() -> None:
    fair = agreement()
    greedy = msgspec.structs.replace(SETTINGS, asking=Asking(cpu_milli=1, memory_mib=1))
    shares = fair.shares

    too_big = replace(fair, shares=(shares[0], replace(shares[1], resources=Resources(9000, 1536)), shares[2]))
    unpaid = replace(fair, shares=(shares[0], replace(shares[1], cap=Amount(RATE)), shares[2]))
    hasty = replace(fair, terms=replace(fair.terms, grace_s=29))
    long = replace(fair, terms=replace(fair.terms, ends_at=START + DURATION_S + 1))
    over = replace(fair, terms=replace(fair.terms, ends_at=START))

    sentences = [
        refused(too_big),
        refused(fair, greedy),
        refused(unpaid),
        refused(hasty),
        refused(long),
        refused(over),
        refused(replace(fair, interval_s=3600)),
        refused(fair, me=donor(7)),
    ]
    assert all(sentence.endswith(".") for sentence in sentences)
    assert "free" in sentences[0] and "rate" in sentences[1] and "cap" in sentences[2] and "grace" in sentences[3]


def test_a_penalty_is_accepted_only_as_far_as_the_stake_goes() -> None:
    fair = agreement()
    pledging = replace(fair, shares=(fair.shares[0], replace(fair.shares[1], penalty=Amount(50)), fair.shares[2]))

    assert refused(pledging, stake=Amount(50)) == ""
    assert "stake" in refused(pledging, stake=Amount(49))
    assert "pledge" in refused(pledging, msgspec.structs.replace(SETTINGS, highest_penalty_percent=0), stake=Amount(50))


def test_penalties_of_shares_that_the_chain_may_not_show_yet_are_counted_as_pledged() -> None:
    fair = agreement()
    pledging = replace(fair, shares=(fair.shares[0], replace(fair.shares[1], penalty=Amount(50)), fair.shares[2]))
    accepted, _ = accept(pledging, 1, now=START, hold_s=60)

    assert pledged([accepted, replace(accepted, phase=ServicePhase.SERVING)]) == 50


def test_an_offer_is_published_again_once_an_eighth_changed() -> None:
    assert not differs(Resources(2000, 4000), Resources(2000, 4100))
    assert differs(Resources(2000, 3000), Resources(2000, 4000))
    assert differs(Resources(2000, 4000), Resources())


def allowed(cpu_millis: int, memory_mib: int = 0) -> Allowance:
    return Allowance(Limits(cpu_millis=cpu_millis, memory_mib=memory_mib, disk_mib=0))


def serving(started_at: int, resources: Resources) -> Service:
    fair = agreement()
    share = replace(fair.shares[1], resources=resources)
    service, _ = accept(replace(fair, shares=(fair.shares[0], share, fair.shares[2])), 1, now=START, hold_s=60)
    return replace(service, phase=ServicePhase.SERVING, started_at=started_at)


def test_workers_within_the_limits_have_all_of_their_shares() -> None:
    services = {"a": serving(START, Resources(1000, 1536)), "b": serving(START + 1, Resources(1000, 1536))}

    assert grants(allowed(2000, 4096), services) == {"a": 1000, "b": 1000}


def test_less_processor_time_is_divided_in_proportion_with_a_least_for_each() -> None:
    services = {"a": serving(START, Resources(3000, 1024)), "b": serving(START + 1, Resources(200, 1024))}

    assert grants(allowed(1600, 4096), services) == {"a": 500, "b": 500}
    assert grants(allowed(700, 4096), services) == {"a": 200, "b": 500}


def test_no_processor_time_at_all_pauses_every_worker() -> None:
    assert grants(allowed(0, 4096), {"a": serving(START, Resources(1000, 1536))}) == {"a": 0}


def test_where_the_memory_is_too_little_the_newest_leave_until_the_rest_fits() -> None:
    services = {
        "new": serving(START + 9, Resources(1000, 1536)),
        "old": serving(START, Resources(1000, 1536)),
        "held": held(),
    }

    assert grants(allowed(4000, 1600), services) == {"old": 1000, "new": None, "held": None}
    assert grants(allowed(4000, 1000), services) == dict.fromkeys(services)


HELD = Allowance(Limits(), (Holding(Hold.ON_BATTERY, "On battery."),))
FINISHING = Allowance(Limits(), (Holding(Hold.FINISHING, "Finishing."),))


def test_under_a_hold_what_serves_is_paused_and_what_has_not_started_leaves() -> None:
    services = {"serves": serving(START, Resources(1000, 1536)), "held": held()}

    assert grants(HELD, services) == {"serves": 0, "held": None}
    assert grants(HELD, services, overdue=True) == {"serves": None, "held": None}


def test_whoever_finishes_lets_what_runs_go_on() -> None:
    assert grants(FINISHING, {"a": serving(START, Resources(1000, 1536))}) == {"a": 1000}


def test_a_worker_that_hands_its_data_over_meanwhile_keeps_a_tenth_of_a_core() -> None:
    assert slowest(serving(START, Resources(2000, 1536))) == 50
    assert slowest(serving(START, Resources(50, 1536))) == 1000


def test_workers_that_leave_already_are_not_counted() -> None:
    leaving = replace(serving(START, Resources(1000, 1536)), phase=ServicePhase.LEAVING)

    assert grants(allowed(1000, 1536), {"a": leaving, "b": serving(START, Resources(1000, 1536))}) == {"b": 1000}


_WANTED = st.lists(st.integers(LEAST_MILLIS, 16_000), min_size=1, max_size=8)


@given(_WANTED, st.integers(1, 20_000))
def test_what_is_granted_never_passes_the_limit_and_is_never_too_little_to_work(wanted: list[int], limit: int) -> None:
    services = {str(order): serving(START + order, Resources(cpu_millis=want)) for order, want in enumerate(wanted)}

    granted = grants(allowed(limit), services)

    kept = {key: permille for key, permille in granted.items() if permille is not None}
    millis = [wanted[int(key)] * permille / 1000 for key, permille in kept.items()]
    # A thousandth is the finest that can be granted: the least of each may be rounded up by as much.
    assert sum(millis) <= limit + sum(wanted[int(key)] / 1000 for key in kept)
    assert all(least >= LEAST_MILLIS - wanted[int(key)] / 1000 for key, least in zip(kept, millis, strict=True))
    assert list(kept) == [str(order) for order in range(len(kept))]
