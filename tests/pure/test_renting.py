"""The renter's side of the life cycle, fact by fact."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.lease import PartState, Reason, Rental, RentalPhase, ended, step
from core.lease import effects as do
from core.lease import facts as was
from core.lease.part import COMING_BACK_S, HAND_OVER_S, LONGEST_NOTICE_S, MISSING_S, PAUSED_S, STOP_ALLOWANCE_S
from core.lease.renting import ASLEEP_S, propose
from core.model import Amount
from tests.pure.leases import DURATION_S, INTERVAL_S, RATE, START, agreement


def proposed(shares: int = 3) -> Rental:
    rental, _ = propose(agreement(shares), now=START, accept_within_s=10, start_within_s=60)
    return rental


def after(rental: Rental, *facts: was.Fact) -> tuple[Rental, tuple[do.Effect, ...]]:
    effects: tuple[do.Effect, ...] = ()
    for fact in facts:
        lease, effects = step(rental, fact)
        assert isinstance(lease, Rental)
        rental = lease
    return rental, effects


def starting(shares: int = 3) -> Rental:
    accepted = [was.DonorAccepted(START + 1, index, START + 100) for index in range(shares)]
    rental, _ = after(proposed(shares), *accepted, was.LeaseOpened(START + 2), was.MasterStarted(START + 4, "m:7077"))
    return rental


def running(shares: int = 3) -> Rental:
    rental, _ = after(starting(shares), was.WorkersSeen(START + 8, frozenset(range(shares))))
    assert rental.phase is RentalPhase.RUNNING
    return rental


def test_the_lease_is_opened_only_once_every_donor_accepted() -> None:
    rental, effects = after(proposed(), was.DonorAccepted(START, 0, START + 9), was.DonorAccepted(START, 2, START + 9))
    assert rental.phase is RentalPhase.PROPOSED
    assert effects == ()

    rental, effects = after(rental, was.DonorAccepted(START, 1, START + 9))

    assert rental.phase is RentalPhase.OPENING
    assert effects == (do.OpenLease(START + 9),)


def test_a_refusal_ends_it_before_anything_is_paid_and_frees_the_others() -> None:
    rental, effects = after(proposed(), was.DonorAccepted(START, 0, START + 9), was.DonorRefused(START, 1))

    assert rental.phase is RentalPhase.ENDED
    assert rental.reason is Reason.DONOR_REFUSED
    assert rental.parts[1].reason is Reason.DONOR_REFUSED
    assert rental.parts[0].reason is None
    assert set(effects) == {do.TellEnding(0), do.TellEnding(1), do.TellEnding(2)}


def test_a_silent_donor_is_blamed_and_only_that_one() -> None:
    accepted = was.DonorAccepted(START, 0, START + 9)

    rental, _ = after(proposed(2), accepted, was.Ticked(START + 10))

    assert rental.reason is Reason.DONOR_SILENT
    assert [part.reason for part in rental.parts] == [None, Reason.DONOR_SILENT]


def test_a_proposal_is_sent_again_to_those_who_have_not_answered() -> None:
    _, effects = after(proposed(), was.DonorAccepted(START, 1, START + 9), was.Ticked(START + 5))

    assert effects == (do.ProposeShare(0), do.ProposeShare(2))


def test_closing_while_the_deposit_is_being_paid_closes_as_soon_as_it_is() -> None:
    accepted = [was.DonorAccepted(START, index, START + 9) for index in range(3)]
    asked = was.CloseAsked(START + 1, Reason.RENTER_CLOSED)

    rental, effects = after(proposed(), *accepted, asked, was.LeaseOpened(START + 3))

    assert rental.phase is RentalPhase.CLOSING
    assert do.CloseLease() in effects


def test_a_donor_that_never_starts_is_given_up_and_the_cluster_runs_on_the_others() -> None:
    rental, _ = after(starting(), was.WorkersSeen(START + 8, frozenset({0, 2})), was.Ticked(START + 62))

    assert rental.phase is RentalPhase.RUNNING
    assert rental.parts[1].reason is Reason.NEVER_STARTED

    rental, effects = after(rental, was.HeartbeatArrived(START + 70, 1, 60, True))

    assert effects == ()
    assert rental.parts[1].vouched == 0


def test_when_nobody_starts_the_lease_is_closed_with_that_reason() -> None:
    rental, effects = after(starting(2), was.Ticked(START + 62))

    assert rental.phase is RentalPhase.CLOSING
    assert rental.reason is Reason.NEVER_STARTED
    assert do.CloseLease() in effects


def test_a_heartbeat_is_answered_with_a_voucher_for_the_seconds_served() -> None:
    rental, effects = after(running(), was.HeartbeatArrived(START + 20, 1, 12, True))

    assert effects == (do.SignVoucher(1, Amount(12 * RATE)),)
    assert rental.parts[1].vouched == 12 * RATE


def test_a_donor_cannot_be_paid_for_more_than_the_time_since_it_was_ordered() -> None:
    rental, _ = after(running(), was.HeartbeatArrived(START + 20, 1, 5000, True))

    assert rental.parts[1].vouched == 16 * RATE


def test_the_same_heartbeat_again_sends_the_same_voucher_again() -> None:
    beat = was.HeartbeatArrived(START + 20, 1, 12, True)

    rental, first = after(running(), beat)
    _, second = after(rental, beat)

    assert first == second


def test_an_older_heartbeat_never_lowers_a_voucher() -> None:
    rental, effects = after(
        running(), was.HeartbeatArrived(START + 30, 0, 25, True), was.HeartbeatArrived(START + 31, 0, 5, True)
    )

    assert rental.parts[0].vouched == 25 * RATE
    assert effects == (do.SignVoucher(0, Amount(25 * RATE)),)


def test_a_worker_that_died_is_paid_for_what_it_served_and_no_more() -> None:
    died = was.HeartbeatArrived(START + 40, 0, 30, False)

    rental, _ = after(running(), died, was.HeartbeatArrived(START + 200, 0, 190, True))

    assert rental.parts[0].state is PartState.LOST
    assert rental.parts[0].reason is Reason.WORKER_DIED
    assert rental.parts[0].vouched <= 36 * RATE
    assert rental.phase is RentalPhase.RUNNING


def test_a_worker_the_master_lost_is_not_paid_while_it_is_missing() -> None:
    missing = was.WorkersSeen(START + 30, frozenset({1, 2}))

    rental, _ = after(running(), missing, was.HeartbeatArrived(START + 44, 0, 40, True))
    assert rental.parts[0].vouched == 26 * RATE

    rental, _ = after(rental, was.Ticked(START + 30 + MISSING_S))
    assert rental.parts[0].reason is Reason.WORKER_LOST

    rental, _ = after(rental, was.WorkersSeen(START + 60, frozenset({0, 1, 2})))
    assert rental.parts[0].state is PartState.SERVING


ORDERED = START + 4
OTHERS = frozenset({1, 2})


def announced(at: int, leaves_at: int) -> was.HeartbeatArrived:
    return was.HeartbeatArrived(at, 0, at - ORDERED, True, Reason.OWNER_RETURNED, leaves_at)


def said(at: int, *, permille: int) -> was.HeartbeatArrived:
    return was.HeartbeatArrived(at, 0, at - ORDERED, True, granted_permille=permille)


def test_a_leaving_worker_is_paid_to_its_last_heartbeat_though_the_master_counts_it_as_gone() -> None:
    rental, _ = after(running(), announced(START + 50, START + 110), was.WorkersSeen(START + 51, OTHERS))
    rental, _ = after(rental, was.Ticked(START + 90), said(START + 100, permille=1000))
    assert rental.parts[0].state is PartState.SERVING
    assert rental.parts[0].vouched == (100 - 4) * RATE

    rental, _ = after(rental, was.HeartbeatArrived(START + 108, 0, 104, False, Reason.OWNER_RETURNED))
    assert rental.parts[0].vouched == 104 * RATE
    assert (rental.parts[0].reason, rental.parts[0].finished) == (Reason.OWNER_RETURNED, True)


def test_the_master_may_miss_a_leaving_worker_just_before_its_announcement_arrives() -> None:
    rental, _ = after(running(), was.WorkersSeen(START + 49, OTHERS), announced(START + 50, START + 110))
    rental, _ = after(rental, was.WorkersSeen(START + 51, OTHERS), was.Ticked(START + 60))

    assert rental.parts[0].leaving


def test_a_donor_cannot_put_off_when_it_leaves() -> None:
    rental, _ = after(running(), announced(START + 50, START + 70), announced(START + 60, START + 500))

    rental, _ = after(rental, said(START + 300, permille=1000))

    assert rental.parts[0].vouched == (70 + STOP_ALLOWANCE_S - 4) * RATE


def test_a_notice_is_paid_for_so_long_at_most_whatever_the_donor_announces() -> None:
    rental, _ = after(running(), announced(START + 50, START + 10**6))

    rental, _ = after(rental, said(START + 500, permille=1000))

    assert rental.parts[0].vouched == (50 + LONGEST_NOTICE_S - 4) * RATE


def test_a_donor_whose_last_word_was_lost_had_announced_it_and_kept_its_word() -> None:
    rental, _ = after(running(), announced(START + 50, START + 70))

    rental, _ = after(rental, was.Ticked(START + 70 + STOP_ALLOWANCE_S))

    part = rental.parts[0]
    assert (part.state, part.reason, part.finished) == (PartState.LOST, Reason.OWNER_RETURNED, True)


def test_a_worker_whose_donor_says_that_it_is_paused_is_not_lost_while_it_keeps_saying_so() -> None:
    rental, _ = after(running(), said(START + 30, permille=0), was.WorkersSeen(START + 42, OTHERS))
    rental, _ = after(rental, said(START + 50, permille=0), was.Ticked(START + 69))
    assert rental.parts[0].state is PartState.SERVING

    silent, _ = after(rental, was.Ticked(START + 50 + 2 * INTERVAL_S))
    assert silent.parts[0].reason is Reason.WORKER_LOST


def test_a_paused_worker_counts_as_lost_after_ten_minutes_whatever_its_donor_says() -> None:
    long = replace(running(), agreement=agreement(interval_s=3600))
    rental, _ = after(long, said(START + 30, permille=0), was.WorkersSeen(START + 42, OTHERS))
    rental = replace(rental, agreement=replace(rental.agreement, terms=replace(rental.agreement.terms, ends_at=2**40)))

    bearing, _ = after(rental, was.Ticked(START + 42 + PAUSED_S - 1))
    lost, _ = after(rental, was.Ticked(START + 42 + PAUSED_S))

    assert bearing.parts[0].state is PartState.SERVING
    assert lost.parts[0].reason is Reason.WORKER_LOST


def test_a_resumed_worker_gets_time_to_register_again() -> None:
    rental, _ = after(running(), said(START + 30, permille=0), was.WorkersSeen(START + 42, OTHERS))
    rental, _ = after(rental, said(START + 60, permille=1000), was.Ticked(START + 60 + COMING_BACK_S - 1))
    assert rental.parts[0].state is PartState.SERVING

    rental, _ = after(rental, was.Ticked(START + 60 + COMING_BACK_S))
    assert rental.parts[0].state is PartState.LOST


def test_a_donor_that_claims_the_time_of_its_pause_is_not_paid_for_it() -> None:
    rental, _ = after(running(), said(START + 30, permille=0), was.WorkersSeen(START + 42, OTHERS))
    rental, _ = after(rental, said(START + 50, permille=1000), was.WorkersSeen(START + 54, OTHERS | {0}))

    rental, _ = after(rental, said(START + 104, permille=1000))

    assert rental.parts[0].vouched == (100 - 12) * RATE


def test_after_the_renter_slept_nobody_is_lost_before_having_had_time_to_come_back() -> None:
    rental, _ = after(running(), was.Ticked(START + 20))
    woken = START + 20 + ASLEEP_S + 50

    rental, _ = after(rental, was.WorkersSeen(woken, frozenset()), was.Ticked(woken + 1), was.Ticked(woken + 14))
    assert all(part.state is PartState.SERVING for part in rental.parts)

    back, _ = after(rental, was.WorkersSeen(woken + 15, frozenset({0, 1, 2})), was.Ticked(woken + 30))
    gone, _ = after(rental, was.Ticked(woken + 1 + COMING_BACK_S))
    assert all(part.state is PartState.SERVING for part in back.parts)
    assert gone.reason is Reason.ALL_WORKERS_LOST


def test_after_a_restart_nobody_is_lost_before_having_had_time_to_come_back() -> None:
    rental, _ = after(running(), was.WorkersSeen(START + 20, OTHERS))

    rental, _ = after(rental, was.Restarted(START + 100), was.Ticked(START + 101))

    assert rental.parts[0].state is PartState.SERVING


def test_a_quiet_second_changes_nothing_that_would_have_to_be_written() -> None:
    rental, _ = after(running(), was.Ticked(START + 20))

    assert after(rental, was.Ticked(START + 21), was.WorkersSeen(START + 21, frozenset({0, 1, 2})))[0] == rental


def test_a_worker_that_was_replaced_is_over_whatever_registers_later() -> None:
    rental, _ = after(running(), was.WorkersSeen(START + 30, OTHERS), was.Ticked(START + 30 + MISSING_S))
    rental, effects = after(rental, was.Replaced(START + 60, 0))
    assert effects == (do.TellEnding(0),)

    rental, _ = after(rental, was.WorkersSeen(START + 70, frozenset({0, 1, 2})))
    rental, effects = after(rental, said(START + 100, permille=1000))

    assert rental.parts[0].state is PartState.LOST
    assert not rental.parts[0].finished
    assert effects == (do.SignVoucher(0, Amount(26 * RATE)), do.TellEnding(0))
    assert after(rental, was.Replaced(START + 101, 0)) == (rental, ())


def test_a_replaced_worker_is_not_waited_for_at_the_end() -> None:
    rental, _ = after(running(2), was.WorkersSeen(START + 30, frozenset({1})), was.Ticked(START + 33))
    rental, _ = after(rental, was.Replaced(START + 60, 0), was.CloseAsked(START + 100, Reason.RENTER_CLOSED))

    rental, _ = after(rental, was.HeartbeatArrived(START + 102, 1, 98, False))

    assert rental.phase is RentalPhase.CLOSING


def test_a_leaving_worker_keeps_its_notice_though_its_place_is_taken() -> None:
    rental, _ = after(running(), announced(START + 50, START + 110))

    assert after(rental, was.Replaced(START + 60, 0)) == (rental, ())


def test_a_worker_let_go_hands_its_data_over_is_paid_for_it_and_is_nobodys_fault() -> None:
    rental, effects = after(running(), was.LetGo(START + 50, 1))
    assert effects == (do.TellEnding(1, HAND_OVER_S),)
    assert rental.parts[1].state is PartState.SERVING

    rental, _ = after(rental, was.HeartbeatArrived(START + 52, 1, 48, True, Reason.LET_GO, START + 112))
    rental, effects = after(rental, was.HeartbeatArrived(START + 75, 1, 70, False, Reason.LET_GO))

    part = rental.parts[1]
    assert (part.state, part.reason, part.finished) == (PartState.LOST, Reason.LET_GO, True)
    assert effects == (do.SignVoucher(1, Amount(70 * RATE)),)
    assert rental.phase is RentalPhase.RUNNING
    assert after(rental, was.WorkersSeen(START + 80, frozenset({0, 1, 2})))[0].parts[1].state is PartState.LOST


def test_a_donor_that_has_not_heard_is_reminded_and_in_the_end_not_paid_for_not_hearing() -> None:
    rental, _ = after(running(), was.LetGo(START + 50, 1))

    rental, effects = after(rental, was.HeartbeatArrived(START + 60, 1, 56, True))
    assert effects == (do.SignVoucher(1, Amount(56 * RATE)), do.TellEnding(1, HAND_OVER_S))

    latest = START + 50 + HAND_OVER_S + STOP_ALLOWANCE_S
    rental, _ = after(rental, was.Ticked(latest))
    rental, effects = after(rental, was.HeartbeatArrived(latest + 100, 1, 500, True))

    assert rental.parts[1].reason is Reason.LET_GO
    assert effects[0] == do.SignVoucher(1, Amount((latest - rental.parts[1].ordered_at) * RATE))


def test_a_worker_let_go_before_it_came_is_over_at_once_and_paid_nothing() -> None:
    rental, effects = after(starting(), was.LetGo(START + 5, 2))
    assert effects == (do.TellEnding(2),)

    rental, effects = after(rental, was.WorkersSeen(START + 9, frozenset({0, 1, 2})))
    rental, effects = after(rental, was.HeartbeatArrived(START + 12, 2, 3, True))

    assert (rental.parts[2].state, rental.parts[2].reason) == (PartState.LOST, Reason.LET_GO)
    assert rental.phase is RentalPhase.RUNNING
    assert do.TellEnding(2) in effects


def test_a_lease_whose_every_worker_was_let_go_is_closed_for_that_reason() -> None:
    rental, _ = after(running(1), was.LetGo(START + 50, 0), was.HeartbeatArrived(START + 55, 0, 52, False))

    assert rental.phase is RentalPhase.CLOSING
    assert rental.reason is Reason.LET_GO


def test_letting_go_twice_or_of_nobody_changes_nothing() -> None:
    rental, _ = after(running(), was.LetGo(START + 50, 1))

    assert after(rental, was.LetGo(START + 60, 1), was.LetGo(START + 60, 9)) == (rental, ())


def test_the_lease_ends_when_its_time_is_up() -> None:
    rental, effects = after(running(), was.Ticked(START + DURATION_S))

    assert rental.phase is RentalPhase.DRAINING
    assert rental.reason is Reason.TIME_IS_UP
    assert set(effects) == {do.TellEnding(0), do.TellEnding(1), do.TellEnding(2)}


def test_the_escrow_is_closed_once_every_donor_said_that_it_stopped() -> None:
    rental, _ = after(running(2), was.CloseAsked(START + 100, Reason.RENTER_CLOSED))
    rental, effects = after(rental, was.HeartbeatArrived(START + 102, 0, 97, False))
    assert rental.phase is RentalPhase.DRAINING
    assert effects == (do.SignVoucher(0, Amount(97 * RATE)),)

    rental, effects = after(rental, was.HeartbeatArrived(START + 103, 1, 98, False))

    assert rental.phase is RentalPhase.CLOSING
    assert effects == (do.SignVoucher(1, Amount(98 * RATE)), do.StopCluster(), do.CloseLease())


def test_a_donor_that_vanished_delays_closing_by_a_deadline_at_most() -> None:
    rental, _ = after(running(2), was.CloseAsked(START + 100, Reason.RENTER_CLOSED))

    rental, effects = after(rental, was.Ticked(START + 100 + 2 * INTERVAL_S + STOP_ALLOWANCE_S))

    assert rental.phase is RentalPhase.CLOSING
    assert do.CloseLease() in effects


def test_the_rest_is_swept_after_the_time_to_claim_and_a_lost_sweep_is_asked_again() -> None:
    rental, _ = after(running(1), was.CloseAsked(START + 100, Reason.RENTER_CLOSED))
    rental, _ = after(
        rental, was.HeartbeatArrived(START + 102, 0, 97, False), was.LeaseClosed(START + 103, START + 133)
    )

    _, early = after(rental, was.Ticked(START + 133))
    _, due = after(rental, was.Ticked(START + 134))
    rental, again = after(rental, was.Ticked(START + 134), was.Ticked(START + 140))

    assert (early, due, again) == ((), (do.SweepLease(),), (do.SweepLease(),))
    rental, _ = after(rental, was.LeaseSwept(START + 141, Amount(7), (Amount(9),)))
    assert ended(rental)
    assert rental.refund == 7


def test_after_a_restart_each_phase_asks_again_for_what_it_waits_for() -> None:
    opening, _ = after(proposed(1), was.DonorAccepted(START, 0, START + 9))
    closing, _ = after(running(1), was.CloseAsked(START + 9, Reason.RENTER_CLOSED), was.Ticked(START + 60))

    assert after(opening, was.Restarted(START + 50))[1] == (do.OpenLease(START + 9),)
    assert do.CloseLease() in after(closing, was.Restarted(START + 90))[1]
    assert after(replace(starting(1), master=""), was.Restarted(START + 9))[1] == (do.StartMaster(),)


_INSTANTS = st.integers(START, START + 2 * DURATION_S)
_INDICES = st.integers(0, 4)
_FACTS = st.one_of(
    st.builds(was.Ticked, _INSTANTS),
    st.builds(was.Restarted, _INSTANTS),
    st.builds(was.DonorAccepted, _INSTANTS, _INDICES, _INSTANTS),
    st.builds(was.LeaseOpened, _INSTANTS),
    st.builds(was.MasterStarted, _INSTANTS, st.just("m:7077")),
    st.builds(was.WorkersSeen, _INSTANTS, st.frozensets(_INDICES)),
    st.builds(
        was.HeartbeatArrived,
        _INSTANTS,
        _INDICES,
        st.integers(0, 10 * DURATION_S),
        st.booleans(),
        leaves_at=st.one_of(st.just(0), _INSTANTS),
        granted_permille=st.sampled_from([0, 500, 1000]),
    ),
    st.builds(was.Replaced, _INSTANTS, _INDICES),
    st.builds(was.LetGo, _INSTANTS, _INDICES),
    st.builds(was.CloseAsked, _INSTANTS, st.sampled_from(Reason)),
    st.builds(was.LeaseClosed, _INSTANTS, _INSTANTS),
    st.builds(was.LeaseSwept, _INSTANTS, st.just(Amount(1)), st.just(())),
    st.builds(was.VoucherArrived, _INSTANTS, st.just(Amount(5)), st.just("0x")),
    st.builds(was.OpeningFailed, _INSTANTS, st.just("No.")),
)


@given(st.sampled_from([proposed, starting, running]), st.lists(_FACTS, max_size=40))
def test_whatever_happens_in_whatever_order_no_voucher_passes_its_cap_or_shrinks(
    begin: Callable[[], Rental],
    facts: list[was.Fact],
) -> None:
    rental = begin()

    for fact in facts:
        lease, effects = step(rental, fact)
        assert isinstance(lease, Rental)
        for before, part, share in zip(rental.parts, lease.parts, lease.agreement.shares, strict=True):
            assert before.vouched <= part.vouched <= share.cap
        for effect in effects:
            if isinstance(effect, do.SignVoucher):
                assert 0 < effect.amount == lease.parts[effect.index].vouched
        assert not (ended(rental) and (lease != rental or effects))
        rental = lease


@given(st.sampled_from([starting, running]), st.lists(_FACTS, max_size=40))
def test_nobody_is_paid_for_more_than_was_stated_or_than_could_be_witnessed_or_than_a_notice_allows(
    begin: Callable[[], Rental], facts: list[was.Fact]
) -> None:
    rental, stated, last_paid = begin(), dict.fromkeys(range(3), 0), dict.fromkeys(range(3), START + 2 * DURATION_S)

    for fact in sorted(facts, key=lambda fact: fact.now):
        if isinstance(fact, was.HeartbeatArrived) and fact.index in stated:
            stated[fact.index] = max(stated[fact.index], fact.served_s)
        rental, _ = after(rental, fact)
        for index, part in enumerate(rental.parts):
            if part.leaves_at:
                last_paid[index] = min(last_paid[index], fact.now + LONGEST_NOTICE_S)
            witnessed = min(fact.now, last_paid[index], rental.agreement.terms.ends_at) - ORDERED
            assert part.vouched <= RATE * max(0, min(stated[index], witnessed))


@given(st.sampled_from([proposed, starting, running]), st.lists(_FACTS, max_size=40))
def test_whatever_happened_a_lease_ends(begin: Callable[[], Rental], facts: list[was.Fact]) -> None:
    rental, _ = after(begin(), *facts)
    now = START + 2 * DURATION_S

    for _ in range(4):
        now += 100
        rental, effects = after(rental, was.Ticked(now))
        if any(isinstance(effect, do.OpenLease) for effect in effects):
            rental, effects = after(rental, was.LeaseOpened(now), was.Ticked(now))
        if any(isinstance(effect, do.CloseLease) for effect in effects):
            rental, effects = after(rental, was.LeaseClosed(now, now), was.Ticked(now + 1))
        if any(isinstance(effect, do.SweepLease) for effect in effects):
            rental, _ = after(rental, was.LeaseSwept(now + 2, Amount(0), ()))

    assert ended(rental)
