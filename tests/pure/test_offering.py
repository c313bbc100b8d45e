"""What a donor offers and accepts, as rules over settings and figures."""

from dataclasses import replace

import msgspec

from core.lease import Service, ServicePhase
from core.lease.serving import accept
from core.model import Address, Agreement, Amount, Resources
from core.observed import Measured
from core.offering import differs, objection, pledged, room
from core.settings import Asking, Donor, Limits
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

    assert room(SETTINGS, MACHINE, [], sharing=True) == Resources(2000, 4096, 20_000)
    assert room(SETTINGS, scarce, [], sharing=True) == Resources(2000, 3_000, 20_000)


def test_processor_load_does_not_shrink_an_offer_because_our_own_work_causes_it() -> None:
    assert room(SETTINGS, MACHINE, [], sharing=True).cpu_millis == 2000


def test_room_that_was_accepted_is_not_offered_twice() -> None:
    assert room(SETTINGS, MACHINE, [held()], sharing=True) == Resources(1000, 2560, 20_000)


def test_nothing_is_offered_while_not_sharing_on_battery_or_before_the_first_measurement() -> None:
    on_battery = replace(MACHINE, on_battery=True)
    allowed = Donor(share_on_battery=True)

    assert room(SETTINGS, MACHINE, [], sharing=False) == Resources()
    assert room(SETTINGS, on_battery, [], sharing=True) == Resources()
    assert room(SETTINGS, None, [], sharing=True) == Resources()
    assert room(allowed, on_battery, [], sharing=True).cpu_millis == 2000


def refused(
    proposed: Agreement, settings: Donor = SETTINGS, me: Address | None = None, stake: Amount = Amount(0)
) -> str:
    free = Resources(2000, 4096, 20_000)
    return objection(settings, proposed, 1, donor=me or donor(1), free=free, stake=stake, now=START)


def test_a_fair_proposal_is_accepted() -> None:
    assert refused(agreement()) == ""


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
