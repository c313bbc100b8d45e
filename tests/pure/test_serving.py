"""The donor's side of the life cycle, fact by fact."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.lease import Reason, Service, ServicePhase, ended, step
from core.lease import effects as do
from core.lease import facts as was
from core.lease.granted import in_force, served_ms
from core.lease.serving import ASK_AGAIN_S, REDEEM_EVERY_S, START_PATIENCE_S, accept
from core.model import Amount, LeaseId
from core.ticket import Ticket
from tests.pure.leases import DURATION_S, INTERVAL_S, RATE, START, agreement

SEAT = Ticket(LeaseId("0x" + "33" * 32), "worker-33333333-1")
NOTICE_S = 60


def accepted() -> Service:
    service, effects = accept(agreement(), 1, now=START, hold_s=60)
    assert effects == (do.AnswerAccepted(),)
    return service


def after(service: Service, *facts: was.Fact) -> tuple[Service, tuple[do.Effect, ...]]:
    effects: tuple[do.Effect, ...] = ()
    for fact in facts:
        lease, effects = step(service, fact)
        assert isinstance(lease, Service)
        service = lease
    return service, effects


def serving() -> Service:
    service, _ = after(
        accepted(), was.StartOrdered(START + 2, "m:7077", "s", SEAT), was.WorkerRuns(START + 4, START + 3)
    )
    assert service.phase is ServicePhase.SERVING
    return service


def paid_until(second: int) -> was.VoucherArrived:
    return was.VoucherArrived(START + 3 + second, Amount(second * RATE), f"0x{second}")


def test_room_that_nobody_orders_is_free_again_after_the_hold() -> None:
    service, _ = after(accepted(), was.Ticked(START + 60))

    assert ended(service)
    assert service.reason is Reason.NOT_OPENED


def test_an_order_starts_the_worker_and_a_second_order_starts_it_again_safely() -> None:
    order = was.StartOrdered(START + 2, "m:7077", "s", SEAT)

    service, first = after(accepted(), order)
    _, second = after(service, order)

    assert first == second == (do.StartWorker("m:7077", "s", SEAT),)


def test_the_secret_is_not_shown_by_the_effect_or_the_fact_that_carry_it() -> None:
    assert "hush" not in repr(do.StartWorker("m:7077", "hush", SEAT))
    assert "hush" not in repr(was.StartOrdered(START, "m:7077", "hush", SEAT))


def test_a_heartbeat_goes_out_every_interval() -> None:
    service, quiet = after(serving(), was.Ticked(START + 4 + INTERVAL_S - 1))
    _, due = after(service, was.Ticked(START + 4 + INTERVAL_S))

    assert do.SendHeartbeat(INTERVAL_S + 1, True) not in quiet
    assert do.SendHeartbeat(INTERVAL_S + 1, True) in due


def test_an_unpaid_worker_is_stopped_within_two_intervals_and_the_last_voucher_redeemed() -> None:
    last = START_PATIENCE_S + 10
    service, _ = after(serving(), paid_until(last), was.Ticked(START + 3 + last + 2 * INTERVAL_S))
    assert service.phase is ServicePhase.SERVING

    stopped_at = START + 3 + last + 2 * INTERVAL_S + 1
    service, effects = after(service, was.Ticked(stopped_at))
    assert effects == (do.StopWorker(),)
    assert service.reason is Reason.UNPAID

    service, _ = after(service, was.WorkerEnded(stopped_at + 1, stopped_at + 1, ""))
    service, effects = after(service, was.Ticked(stopped_at + 1 + 2 * INTERVAL_S))
    assert effects == (do.ClaimVoucher(Amount(last * RATE), f"0x{last}"),)
    service, _ = after(service, was.Claimed(stopped_at + 40, Amount(last * RATE)))
    assert ended(service)


def test_after_a_crash_the_renter_gets_two_intervals_to_catch_up() -> None:
    service, _ = after(serving(), paid_until(50))
    late = START + 300

    service, effects = after(service, was.Restarted(late), was.Ticked(late + INTERVAL_S))

    assert service.phase is ServicePhase.SERVING
    assert do.SendHeartbeat(late + INTERVAL_S - START - 3, True) in effects


def test_what_was_vouched_for_is_redeemed_every_hour_while_serving() -> None:
    service = replace(serving(), redeemed_at=START - REDEEM_EVERY_S)
    service, _ = after(service, paid_until(40))

    service, effects = after(service, was.Ticked(START + 44))
    assert do.ClaimVoucher(Amount(40 * RATE), "0x40") in effects

    service, again = after(service, was.Claimed(START + 45, Amount(40 * RATE)), was.Ticked(START + 46))
    assert service.phase is ServicePhase.SERVING
    assert not any(isinstance(effect, do.ClaimVoucher) for effect in again)


def test_a_voucher_above_the_cap_or_below_the_last_changes_nothing() -> None:
    service, _ = after(serving(), paid_until(20))

    same, _ = after(service, paid_until(10), was.VoucherArrived(START + 30, Amount(10**30), "0xff"))

    assert same == service


def test_a_dead_worker_counts_until_it_died_and_is_cleared_away() -> None:
    service, effects = after(serving(), was.WorkerEnded(START + 60, START + 53, "killed"))
    assert effects == (do.StopWorker(),)
    assert service.reason is Reason.WORKER_DIED

    service, effects = after(service, was.WorkerEnded(START + 61, START + 53, ""))

    assert effects == (do.SendHeartbeat(50, False, Reason.WORKER_DIED),)
    assert service.served_s(START + 500) == 50


def test_a_worker_of_which_nothing_is_left_counts_until_the_last_heartbeat() -> None:
    service, _ = after(serving(), was.Ticked(START + 14), was.WorkerEnded(START + 60, 0, "gone"))

    assert service.served_s(START + 60) == 11


def test_the_last_voucher_is_claimed_at_once_when_it_covers_everything() -> None:
    service, _ = after(serving(), was.EndingTold(START + 100), was.WorkerEnded(START + 102, START + 101, ""))
    service, nothing = after(service, paid_until(90))
    service, claim = after(service, paid_until(98))

    assert nothing == ()
    assert claim == (do.ClaimVoucher(Amount(98 * RATE), "0x98"),)


def test_a_voucher_that_already_covers_everything_is_claimed_as_soon_as_the_worker_ended() -> None:
    paid_up, _ = after(serving(), paid_until(98), was.EndingTold(START + 101))

    service, effects = after(paid_up, was.WorkerEnded(START + 101, START + 101, ""))

    assert effects == (
        do.SendHeartbeat(98, False, Reason.RENTER_CLOSED),
        do.ClaimVoucher(Amount(98 * RATE), "0x98"),
    )

    # Should that claim be lost, the renter's answer to the last heartbeat (the same voucher again) renews it.
    _, again = after(service, paid_until(98))
    assert again == (do.ClaimVoucher(Amount(98 * RATE), "0x98"),)


def test_waiting_for_a_better_voucher_leaves_half_the_grace_to_claim_the_one_it_has() -> None:
    service, _ = after(serving(), paid_until(50), was.EndingTold(START + 100))
    service, _ = after(service, was.WorkerEnded(START + 100, START + 100, ""))

    service, effects = after(service, was.Ticked(START + 100 + service.agreement.terms.grace_s // 2))

    assert effects == (do.ClaimVoucher(Amount(50 * RATE), "0x50"),)


def test_a_worker_that_never_ran_ends_without_a_claim_and_says_so() -> None:
    service, _ = after(
        accepted(), was.StartOrdered(START + 2, "m:7077", "s", SEAT), was.StartFailed(START + 3, "No room.")
    )
    service, effects = after(service, was.WorkerEnded(START + 4, 0, ""))

    assert ended(service)
    assert service.reason is Reason.START_FAILED
    assert effects == (do.SendHeartbeat(0, False, Reason.START_FAILED),)


def test_an_owner_who_wants_the_machine_now_stops_it_at_once_in_every_phase() -> None:
    reclaim = was.ReclaimAsked(START + 50)
    started, _ = after(accepted(), was.StartOrdered(START + 2, "m:7077", "s", SEAT))

    assert ended(after(accepted(), reclaim)[0])
    assert after(started, reclaim)[1] == (do.StopWorker(),)
    assert after(serving(), reclaim)[1] == (do.StopWorker(),)
    assert after(serving(), reclaim)[0].reason is Reason.OWNER_RETURNED


def leaving() -> Service:
    service, _ = after(serving(), was.ReclaimAsked(START + 50, NOTICE_S))
    assert service.phase is ServicePhase.LEAVING
    return service


def test_with_a_notice_the_renter_is_told_at_once_and_the_worker_may_hand_its_data_over() -> None:
    service, effects = after(serving(), was.ReclaimAsked(START + 50, NOTICE_S))

    assert service.phase is ServicePhase.LEAVING
    assert effects == (
        do.SendHeartbeat(47, True, Reason.OWNER_RETURNED, leaves_at=START + 50 + NOTICE_S),
        do.StopWorker(by=START + 50 + NOTICE_S),
    )


def test_a_worker_that_has_not_started_gets_no_notice() -> None:
    reclaim = was.ReclaimAsked(START + 3, NOTICE_S)
    started, _ = after(accepted(), was.StartOrdered(START + 2, "m:7077", "s", SEAT))

    assert ended(after(accepted(), reclaim)[0])
    assert after(started, reclaim)[1] == (do.StopWorker(),)


def test_a_worker_that_leaves_serves_on_and_is_paid_to_its_last_second() -> None:
    service, effects = after(leaving(), paid_until(47), was.Ticked(START + 50 + ASK_AGAIN_S))
    assert do.SendHeartbeat(51, True, Reason.OWNER_RETURNED, leaves_at=START + 110) in effects

    service, effects = after(service, was.WorkerEnded(START + 71, START + 70, ""))
    assert effects == (do.SendHeartbeat(67, False, Reason.OWNER_RETURNED),)

    service, effects = after(service, paid_until(67))
    assert effects == (do.ClaimVoucher(Amount(67 * RATE), "0x67"),)


def test_a_notice_ends_early_where_the_owner_hurries_or_the_renter_is_done() -> None:
    for hurry in (was.ReclaimAsked(START + 55), was.EndingTold(START + 55), was.Ticked(START + 50 + NOTICE_S)):
        service, effects = after(leaving(), paid_until(50), hurry)

        assert service.phase is ServicePhase.STOPPING
        assert effects == (do.CutShort(), do.StopWorker())


def test_a_later_reclaim_shortens_a_notice_and_never_extends_it() -> None:
    shorter, effects = after(leaving(), was.ReclaimAsked(START + 55, 20))
    same, nothing = after(leaving(), was.ReclaimAsked(START + 55, 300))

    assert (shorter.deadline, same) == (START + 75, leaving())
    assert do.StopWorker(by=START + 75) in effects
    assert nothing == ()


def test_a_worker_that_its_renter_lets_go_hands_its_data_over_and_is_paid_to_its_last_second() -> None:
    service, effects = after(serving(), was.EndingTold(START + 50, 60))
    assert effects == (
        do.SendHeartbeat(47, True, Reason.LET_GO, leaves_at=START + 110),
        do.StopWorker(by=START + 110),
    )

    assert after(service, was.EndingTold(START + 55, 60)) == (service, ())
    stopped, told = after(service, was.WorkerEnded(START + 71, START + 70, ""))

    assert told == (do.SendHeartbeat(67, False, Reason.LET_GO),)
    assert after(stopped, paid_until(67))[1] == (do.ClaimVoucher(Amount(67 * RATE), "0x67"),)


def test_a_worker_that_leaves_is_stopped_at_the_end_of_the_lease() -> None:
    service, _ = after(serving(), was.ReclaimAsked(START + DURATION_S - 5, NOTICE_S))

    assert service.deadline == START + DURATION_S


def test_after_a_crash_a_leaving_worker_gets_what_is_left_of_its_notice() -> None:
    _, effects = after(leaving(), was.Restarted(START + 90))

    assert do.StopWorker(by=START + 50 + NOTICE_S) in effects


def test_a_worker_that_is_slowed_earns_its_part_from_when_the_engine_slowed_it() -> None:
    service, asked = after(serving(), was.Regranted(START + 53, 500))
    assert asked == (do.Grant(500),)
    assert service.served_s(START + 63) == 60

    service, told = after(service, was.Granted(START + 63, 500))
    assert told == (do.SendHeartbeat(60, True, granted_permille=500),)
    assert service.served_s(START + 64) == 60
    assert service.served_s(START + 73) == 65


def test_a_paused_worker_earns_nothing_until_it_is_resumed() -> None:
    service, _ = after(serving(), was.Regranted(START + 53, 0), was.Granted(START + 53, 0))
    service, _ = after(service, was.Regranted(START + 153, 1000), was.Granted(START + 153, 1000))

    assert service.served_s(START + 163) == 60


def test_a_grant_that_the_engine_has_not_confirmed_is_asked_for_again() -> None:
    service, _ = after(serving(), was.Regranted(START + 5, 500))
    service, again = after(service, was.Ticked(START + 5 + ASK_AGAIN_S))
    confirmed, _ = after(service, was.Granted(START + 10, 500))

    assert do.Grant(500) in again
    assert do.Grant(500) not in after(confirmed, was.Ticked(START + 20))[1]


def test_limits_that_changed_before_the_worker_ran_hold_once_it_does() -> None:
    started, _ = after(accepted(), was.Regranted(START + 1, 250), was.StartOrdered(START + 2, "m:7077", "s", SEAT))

    _, effects = after(started, was.WorkerRuns(START + 4, START + 3))

    assert effects == (do.Grant(250),)


def test_a_worker_that_had_ended_before_it_was_slowed_is_paid_in_full_until_then() -> None:
    service, _ = after(serving(), was.Regranted(START + 53, 100), was.Granted(START + 53, 100))

    service, _ = after(service, was.WorkerEnded(START + 60, START + 50, "killed"))

    assert service.served_s(START + 500) == 47


def test_the_owner_sets_how_many_intervals_may_pass_unpaid() -> None:
    patient, _ = accept(agreement(), 1, now=START, hold_s=60, patience_intervals=5)
    patient, _ = after(patient, was.StartOrdered(START + 2, "m:7077", "s", SEAT), was.WorkerRuns(START + 4, START + 3))
    patient, _ = after(patient, paid_until(START_PATIENCE_S))

    bearing, _ = after(patient, was.Ticked(START + 3 + START_PATIENCE_S + 5 * INTERVAL_S))
    leaving, _ = after(patient, was.Ticked(START + 3 + START_PATIENCE_S + 5 * INTERVAL_S + 1))

    assert bearing.phase is ServicePhase.SERVING
    assert leaving.reason is Reason.UNPAID


_GRANTS = st.lists(st.tuples(st.integers(0, 100), st.integers(0, 1000)), max_size=6).map(sorted).map(tuple)


@given(_GRANTS, st.integers(0, 100), st.integers(0, 120))
def test_served_time_is_the_sum_over_every_second_of_what_was_granted_in_it(
    grants: tuple[tuple[int, int], ...], start: int, length: int
) -> None:
    def granted_in(second: int) -> int:
        return in_force(tuple(grant for grant in grants if grant[0] <= second))

    assert served_ms(grants, start, start + length) == sum(map(granted_in, range(start, start + length)))


def test_a_claim_that_can_no_longer_succeed_is_given_up_with_a_sentence() -> None:
    service, _ = after(
        serving(), was.EndingTold(START + 100), was.WorkerEnded(START + 102, START + 101, ""), paid_until(90)
    )

    swept, _ = after(service, was.LeaseSwept(START + 140, Amount(0), ()))
    late, _ = after(service, was.Ticked(START + DURATION_S + 31))

    assert ended(swept) and "refunded" in swept.why
    assert ended(late) and "over" in late.why


_INSTANTS = st.integers(START, START + 2 * DURATION_S)
_FACTS = st.one_of(
    st.builds(was.Ticked, _INSTANTS),
    st.builds(was.Restarted, _INSTANTS),
    st.builds(was.StartOrdered, _INSTANTS, st.just("m:7077"), st.just("s"), st.just(SEAT)),
    st.builds(was.WorkerRuns, _INSTANTS, _INSTANTS),
    st.builds(was.WorkerEnded, _INSTANTS, st.one_of(st.just(0), _INSTANTS), st.just("")),
    st.builds(was.VoucherArrived, _INSTANTS, st.integers(0, 2 * RATE * DURATION_S).map(Amount), st.just("0x01")),
    st.builds(was.EndingTold, _INSTANTS),
    st.builds(was.ReclaimAsked, _INSTANTS, st.sampled_from([0, 5, NOTICE_S])),
    st.builds(was.Regranted, _INSTANTS, st.sampled_from([0, 1, 333, 1000])),
    st.builds(was.Granted, _INSTANTS, st.sampled_from([0, 1, 333, 1000])),
    st.builds(was.TicketRenewed, _INSTANTS, st.just(SEAT)),
    st.builds(was.Claimed, _INSTANTS, st.integers(0, RATE * DURATION_S).map(Amount)),
    st.builds(was.HeartbeatArrived, _INSTANTS, st.just(1), st.just(4), st.booleans()),
)


@given(st.lists(_FACTS, max_size=40))
def test_whatever_happens_in_whatever_order_the_voucher_never_shrinks_or_passes_the_cap(facts: list[was.Fact]) -> None:
    service = accepted()

    for fact in facts:
        lease, effects = step(service, fact)
        assert isinstance(lease, Service)
        assert service.voucher <= lease.voucher <= lease.share.cap
        assert 0 <= lease.served_s(START + 2 * DURATION_S) <= DURATION_S
        for effect in effects:
            if isinstance(effect, do.ClaimVoucher):
                assert effect.amount == lease.voucher > 0
            if isinstance(effect, do.StartWorker):
                assert lease.phase is ServicePhase.STARTING
        assert not (ended(service) and (lease != service or effects))
        service = lease


@given(st.sampled_from([accepted, serving, leaving]), st.lists(_FACTS, max_size=20))
def test_whatever_happened_a_share_ends_within_the_time_to_claim(
    begin: Callable[[], Service], facts: list[was.Fact]
) -> None:
    service, _ = after(begin(), *facts)
    terms = service.agreement.terms

    now = START + 2 * DURATION_S
    for _ in range(4):
        now += terms.grace_s
        service, effects = after(service, was.Ticked(now))
        if any(isinstance(effect, do.StopWorker) for effect in effects):
            service, _ = after(service, was.WorkerEnded(now, now, ""))

    assert ended(service)
    assert service.share.earned(service.served_s(now)) <= RATE * DURATION_S
