"""The donor's side of the life cycle, fact by fact."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.lease import Reason, Service, ServicePhase, ended, step
from core.lease import effects as do
from core.lease import facts as was
from core.lease.serving import REDEEM_EVERY_S, START_PATIENCE_S, accept
from core.model import Amount
from tests.pure.leases import DURATION_S, INTERVAL_S, RATE, START, agreement


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
    service, _ = after(accepted(), was.StartOrdered(START + 2, "m:7077", "s"), was.WorkerRuns(START + 4, START + 3))
    assert service.phase is ServicePhase.SERVING
    return service


def paid_until(second: int) -> was.VoucherArrived:
    return was.VoucherArrived(START + 3 + second, Amount(second * RATE), f"0x{second}")


def test_room_that_nobody_orders_is_free_again_after_the_hold() -> None:
    service, _ = after(accepted(), was.Ticked(START + 60))

    assert ended(service)
    assert service.reason is Reason.NOT_OPENED


def test_an_order_starts_the_worker_and_a_second_order_starts_it_again_safely() -> None:
    order = was.StartOrdered(START + 2, "m:7077", "s")

    service, first = after(accepted(), order)
    _, second = after(service, order)

    assert first == second == (do.StartWorker("m:7077", "s"),)


def test_the_secret_is_not_shown_by_the_effect_or_the_fact_that_carry_it() -> None:
    assert "hush" not in repr(do.StartWorker("m:7077", "hush"))
    assert "hush" not in repr(was.StartOrdered(START, "m:7077", "hush"))


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
    assert effects == (do.StopWorker(handing_over=False),)
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
    assert effects == (do.StopWorker(handing_over=False),)
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
    service, _ = after(accepted(), was.StartOrdered(START + 2, "m:7077", "s"), was.StartFailed(START + 3, "No room."))
    service, effects = after(service, was.WorkerEnded(START + 4, 0, ""))

    assert ended(service)
    assert service.reason is Reason.START_FAILED
    assert effects == (do.SendHeartbeat(0, False, Reason.START_FAILED),)


def test_an_owner_who_returns_stops_it_in_every_phase() -> None:
    reclaim = was.ReclaimAsked(START + 50)
    started, _ = after(accepted(), was.StartOrdered(START + 2, "m:7077", "s"))

    assert ended(after(accepted(), reclaim)[0])
    assert after(started, reclaim)[1] == (do.StopWorker(handing_over=True),)
    assert after(serving(), reclaim)[1] == (do.StopWorker(handing_over=True),)
    assert after(serving(), reclaim)[0].reason is Reason.OWNER_RETURNED


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
    st.builds(was.StartOrdered, _INSTANTS, st.just("m:7077"), st.just("s")),
    st.builds(was.WorkerRuns, _INSTANTS, _INSTANTS),
    st.builds(was.WorkerEnded, _INSTANTS, st.one_of(st.just(0), _INSTANTS), st.just("")),
    st.builds(was.VoucherArrived, _INSTANTS, st.integers(0, 2 * RATE * DURATION_S).map(Amount), st.just("0x01")),
    st.builds(was.EndingTold, _INSTANTS),
    st.builds(was.ReclaimAsked, _INSTANTS),
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
