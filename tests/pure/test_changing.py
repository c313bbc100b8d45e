"""What may be changed about a cluster, and what a change in progress amounts to (core/change.py, core/changing.py)."""

from dataclasses import replace

import pytest

from core.change import LEAST_EXTENSION_S, MOST_EXTENSION_S, Change, ChangeKind
from core.changing import expiring, under_way
from core.cluster import Growth, Replacement
from core.lease import Part, PartState, RentalPhase
from core.model import MAX_SHARES, Amount
from core.quote import LossPolicy
from core.reason import Reason
from core.repair import beside, committed, shunned, size, staying, wanting
from tests.pure.leases import DURATION_S, RATE, START, donor
from tests.pure.test_repair import FIRST, NOW, SECOND, asked_for_another, cluster, lost, proposed, rental, serving

LET_GO = Part(PartState.SERVING, ordered_at=START, let_go_at=START + 90)
GONE = replace(LET_GO, state=PartState.LOST, lost_at=START + 95, reason=Reason.LET_GO, finished=True)
NEVER = Part(PartState.LOST, ordered_at=START, lost_at=START + 60, reason=Reason.NEVER_STARTED)
AHEAD_S = 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": ChangeKind.RESIZE},
        {"kind": ChangeKind.RESIZE, "workers": -1},
        {"kind": ChangeKind.RESIZE, "workers": MAX_SHARES + 1},
        {"kind": ChangeKind.RESIZE, "workers": 3, "seconds": 600},
        {"kind": ChangeKind.REPLACE, "worker": -1},
        {"kind": ChangeKind.REPLACE, "worker": 1, "workers": 1},
        {"kind": ChangeKind.EXTEND, "seconds": LEAST_EXTENSION_S - 1},
        {"kind": ChangeKind.EXTEND, "seconds": MOST_EXTENSION_S + 1},
    ],
)
def test_a_change_that_makes_no_sense_names_the_field(wrong: dict[str, int | ChangeKind]) -> None:
    with pytest.raises(ValueError, match=r"^(workers|worker|seconds) must be between \d+ and \d+ to"):
        Change(**wrong)  # type: ignore[arg-type]  # that is what is tried


def test_a_worker_let_go_is_neither_missed_nor_counted_nor_held_against_its_donor() -> None:
    for part in (LET_GO, GONE, replace(LET_GO, leaves_at=NOW + 20)):
        rentals = [rental(serving(), part, serving())]

        assert wanting(cluster(), rentals, NOW) == ()
        assert size(cluster(), rentals, NOW) == 2
        assert shunned(rentals, START) == frozenset()


def test_a_worker_let_go_commits_no_more_than_until_it_must_be_gone() -> None:
    whole, less, gone = (
        committed([rental(serving(), part, serving())])
        for part in (serving(), LET_GO, replace(GONE, vouched=Amount(1)))
    )

    assert whole == 3 * RATE * DURATION_S
    assert less == 2 * RATE * DURATION_S + RATE * (90 + 60 + 20)
    assert gone == 2 * RATE * DURATION_S + RATE * 95


def test_the_size_counts_workers_on_their_way_and_those_that_will_be_replaced() -> None:
    assert size(cluster(), [rental(lost(0), serving(), serving())], NOW) == 3
    assert size(cluster(LossPolicy.SHRINK), [rental(lost(0), serving(), serving())], NOW) == 2
    assert size(asked_for_another(), [rental(lost(0), serving(), serving()), proposed(SECOND)], NOW) == 5
    assert [index for _, index in staying([rental(lost(0), serving(), replace(serving(), leaves_at=1))])] == [1]


def test_more_workers_are_asked_for_as_the_others_are_within_what_a_donor_may_host() -> None:
    known = replace(cluster(), request=replace(cluster().request, most_per_donor=2, ceiling=Amount(9)))
    there = [rental(serving(), serving(), lost(0)), rental(serving(), lost(0), lost(0))]

    asked = beside(known, there, 4, 500)

    assert (asked.workers, asked.duration_s, asked.ceiling, asked.shape) == (4, 500, None, known.request.shape)
    assert asked.excluded == {donor(0)}
    assert asked.most_per_donor == 1
    assert beside(cluster(), there, 4, 500).excluded == frozenset()


def test_growing_is_under_way_until_the_new_workers_run_or_are_given_up() -> None:
    grown = replace(cluster(), growths=(Growth(SECOND, 3, Amount(1), 1),))
    running = rental(serving(), serving(), serving())
    joined = replace(proposed(SECOND), phase=RentalPhase.RUNNING, opened_at=NOW)

    for phase in (RentalPhase.PROPOSED, RentalPhase.OPENING, RentalPhase.STARTING, RentalPhase.ENDED):
        assert under_way(grown, [running, replace(proposed(SECOND), phase=phase)]) == "3 workers more on the way."
    assert under_way(grown, [running, joined]) == ""
    assert under_way(replace(grown, growths=()), [running, joined]) == ""


def test_relief_and_letting_go_are_under_way_until_the_old_worker_is_gone() -> None:
    relieved = replace(cluster(), replacements=(Replacement(((FIRST, 1),), SECOND, swap=True),))
    running = rental(serving(), serving(), serving())
    arrived = replace(proposed(SECOND), phase=RentalPhase.RUNNING, opened_at=NOW)

    assert under_way(relieved, [running, proposed(SECOND)]) == "1 worker on the way to take over."
    assert under_way(relieved, [running, arrived]) == "1 worker on the way to take over."
    assert under_way(relieved, [rental(serving(), LET_GO, serving()), arrived]) == "1 worker let go, handing data over."
    assert under_way(relieved, [rental(serving(), GONE, serving()), arrived]) == ""


def test_who_was_to_come_at_somebodys_wish_and_never_did_is_not_asked_for_again() -> None:
    relieved = replace(cluster(), replacements=(Replacement(((FIRST, 1),), SECOND, swap=True),))
    grown = replace(cluster(), growths=(Growth(SECOND, 3, Amount(1), 1),))
    never = replace(proposed(SECOND), phase=RentalPhase.CLOSING, parts=(NEVER,) * 3, opened_at=NOW)

    for known in (relieved, grown):
        assert wanting(known, [rental(serving(), serving(), serving()), never], NOW) == ()
    assert wanting(relieved, [rental(serving(), lost(50), serving()), never], NOW) == ((FIRST, 1),)


def test_leases_of_an_extended_cluster_are_succeeded_shortly_before_they_end() -> None:
    extended = replace(cluster(), until=START + 2 * DURATION_S)
    running = rental(serving(), lost(0), serving())
    soon = START + DURATION_S - AHEAD_S

    assert expiring(extended, [running], soon - 1, AHEAD_S) == ()
    assert expiring(extended, [running], soon, AHEAD_S) == ((FIRST, 0), (FIRST, 2))
    assert expiring(cluster(), [running], soon, AHEAD_S) == ()
    assert expiring(replace(extended, released=True), [running], soon, AHEAD_S) == ()


def test_a_lease_is_succeeded_once_and_again_where_nobody_came() -> None:
    shares = ((FIRST, 0), (FIRST, 1), (FIRST, 2))
    extended = replace(cluster(), until=START + 2 * DURATION_S, replacements=(Replacement(shares, SECOND, swap=True),))
    running, late = rental(serving(), serving(), serving()), START + DURATION_S - 10
    refused = replace(proposed(SECOND), phase=RentalPhase.ENDED, reason=Reason.DONOR_REFUSED)

    assert expiring(extended, [running, proposed(SECOND)], late, AHEAD_S) == ()
    assert expiring(extended, [running, refused], late, AHEAD_S) == shares
