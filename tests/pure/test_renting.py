"""The renter's side of the life cycle, fact by fact."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.lease import PartState, Reason, Rental, RentalPhase, ended, step
from core.lease import effects as do
from core.lease import facts as was
from core.lease.renting import MISSING_S, STOP_ALLOWANCE_S, propose
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
    st.builds(was.HeartbeatArrived, _INSTANTS, _INDICES, st.integers(0, 10 * DURATION_S), st.booleans()),
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
