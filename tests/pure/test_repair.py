"""What a cluster of several leases amounts to (core/repair.py)."""

from dataclasses import replace

from core.cluster import Cluster, Replacement
from core.lease import Part, PartState, Rental, RentalPhase
from core.model import Amount, LeaseId, Resources
from core.quote import LossPolicy, Request
from core.reason import Reason
from core.repair import LEAST_LEFT_S, committed, lives, numbered, opened, replaced, wanting, was_away
from tests.pure.leases import DURATION_S, RATE, START, agreement

FIRST = agreement().lease
SECOND = LeaseId("0x" + "55" * 32)
NOW = START + 100


def test_a_lost_worker_is_wanted_until_another_lease_is_asked_for_it() -> None:
    running = rental(lost(0), serving(), serving())

    before = wanting(cluster(), [running], NOW)
    after = wanting(asked_for_another(), [running, proposed(SECOND)], NOW)

    assert before == ((FIRST, 0),)
    assert after == ()


def test_a_worker_whose_owner_gave_notice_is_replaced_before_it_leaves() -> None:
    leaving = replace(serving(), leaves_at=NOW + 60)

    assert wanting(cluster(), [rental(serving(), leaving, serving())], NOW) == ((FIRST, 1),)


def test_a_replacement_that_was_refused_is_asked_for_again() -> None:
    refused = replace(proposed(SECOND), phase=RentalPhase.ENDED, reason=Reason.DONOR_REFUSED)

    assert wanting(asked_for_another(), [rental(lost(0), serving(), serving()), refused], NOW) == ((FIRST, 0),)


def test_nothing_is_replaced_where_the_renter_wants_less() -> None:
    running = rental(lost(0), serving(), serving())

    assert wanting(cluster(on_loss=LossPolicy.SHRINK), [running], NOW) == ()
    assert wanting(cluster(on_loss=LossPolicy.STOP), [running], NOW) == ()
    assert wanting(replace(cluster(), released=True), [running], NOW) == ()


def test_nothing_is_replaced_in_the_last_two_minutes_or_without_a_master() -> None:
    running = rental(lost(0), serving(), serving())
    masterless = replace(running, reason=Reason.MASTER_FAILED)

    assert wanting(cluster(), [running], START + DURATION_S - LEAST_LEFT_S) == ()
    assert wanting(cluster(), [masterless], NOW) == ()


def test_workers_found_gone_after_an_absence_are_not_paid_for_anew_and_later_losses_are() -> None:
    back = replace(cluster(), back_at=START + 30)

    assert wanting(back, [rental(lost(45), serving(), serving())], NOW) == ()
    assert wanting(back, [rental(lost(95), serving(), serving())], NOW) == ((FIRST, 0),)


def test_an_absence_is_longer_than_two_intervals_without_a_look_or_a_heartbeat() -> None:
    heard = rental(replace(serving(), heard_at=START), serving(), serving())

    assert was_away([heard], 0, START + 60)
    assert not was_away([heard], 0, START + 15)
    assert not was_away([heard], START + 55, START + 60)
    assert not was_away([rental(serving(), serving(), serving())], 0, START + 60)


def test_a_cluster_of_which_nothing_ever_started_is_given_up() -> None:
    never = Part(PartState.LOST, ordered_at=START, lost_at=START + 60, reason=Reason.NEVER_STARTED)

    assert wanting(cluster(), [rental(never, never, never)], NOW) == ()
    assert wanting(cluster(), [rental(never, serving(), serving())], NOW) == ((FIRST, 0),)


def test_workers_that_left_because_this_machine_was_away_are_not_paid_for_anew() -> None:
    unpaid = replace(lost(40), reason=Reason.UNPAID)

    assert wanting(cluster(), [rental(unpaid, unpaid, unpaid)], NOW) == ()


def test_a_cluster_that_lost_all_its_workers_lives_while_others_are_looked_for() -> None:
    drained = replace(rental(lost(0), lost(0), lost(0)), phase=RentalPhase.CLOSING)

    assert lives(cluster(), [drained], NOW)
    assert lives(asked_for_another(of=3), [drained, proposed(SECOND)], NOW)
    assert not lives(cluster(on_loss=LossPolicy.SHRINK), [drained], NOW)
    assert not lives(replace(cluster(), stopped=True), [drained], NOW)


def test_only_a_replacement_that_was_paid_for_ends_who_was_there_before() -> None:
    running = rental(lost(0), serving(), serving())
    asked = asked_for_another()

    assert replaced(asked, [running, proposed(SECOND)]) == ()
    assert replaced(asked, [running, replace(proposed(SECOND), opened_at=NOW)]) == ((FIRST, 0),)


def test_a_lost_worker_commits_no_more_coin_than_it_had_earned_when_it_was_lost() -> None:
    whole = committed([rental(serving(), serving(), serving())])
    less = committed([rental(lost(40), serving(), serving())])

    assert whole == 3 * RATE * DURATION_S
    assert less == 2 * RATE * DURATION_S + 40 * RATE


def test_a_lease_that_was_never_opened_and_is_over_commits_nothing() -> None:
    given_up = replace(proposed(SECOND), phase=RentalPhase.ENDED)

    assert committed([given_up]) == 0
    assert committed([proposed(SECOND)]) == 3 * RATE * DURATION_S


def test_workers_are_numbered_over_the_leases_that_were_opened() -> None:
    first = rental(lost(0), serving(), serving())
    second = replace(proposed(SECOND), opened_at=NOW)

    assert opened([proposed(SECOND)]) == (proposed(SECOND),)
    assert [(known.agreement.lease, index) for known, index in numbered([first, second])] == [
        *((FIRST, index) for index in range(3)),
        *((SECOND, index) for index in range(3)),
    ]


def cluster(on_loss: LossPolicy = LossPolicy.REPLACE) -> Cluster:
    request = Request(Resources(1000, 1536), workers=3, duration_s=DURATION_S, on_loss=on_loss)
    return Cluster("etl", request, Amount(0), START, leases=(FIRST, SECOND), network=FIRST)


def asked_for_another(of: int = 1) -> Cluster:
    shares = tuple((FIRST, index) for index in range(of))
    return replace(cluster(), replacements=(Replacement(shares, SECOND),))


def serving() -> Part:
    return Part(PartState.SERVING, ordered_at=START)


def lost(after_s: int) -> Part:
    return Part(PartState.LOST, ordered_at=START, lost_at=START + after_s, reason=Reason.WORKER_LOST)


def rental(*parts: Part) -> Rental:
    return Rental(agreement(), RentalPhase.RUNNING, parts, START + 60, START, 60, opened_at=START)


def proposed(lease: LeaseId) -> Rental:
    asked = replace(agreement(), lease=lease)
    return Rental(asked, RentalPhase.PROPOSED, (Part(),) * 3, START + 60, START, 60)
