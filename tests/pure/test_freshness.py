"""Which letters are new: nothing is taken twice, whatever is forgotten."""

from hypothesis import given
from hypothesis import strategies as st

from core.model import Address
from core.wire.freshness import LIFE_S, NANOSECONDS, SKEW_S, Freshness

NOW = 1_000_000
RECIPIENT = Address("0x" + "ee" * 20)


def pair(number: int) -> tuple[Address, Address]:
    return Address(f"0x{number:040x}"), RECIPIENT


def test_a_letter_within_the_skew_is_new_and_one_beyond_is_not() -> None:
    fresh = Freshness(NOW)

    def new(expires_at: int, sent_at: int = NOW) -> bool:
        return fresh.is_new(pair(1), sent_at * NANOSECONDS, expires_at, NOW)

    assert new(NOW + LIFE_S)
    assert new(NOW + LIFE_S + SKEW_S)
    assert not new(NOW + LIFE_S + SKEW_S + 1)
    assert new(NOW - SKEW_S)
    assert not new(NOW - SKEW_S - 1)
    assert not new(NOW + LIFE_S, sent_at=NOW + SKEW_S + 1)


def test_a_letter_from_before_the_receivers_start_is_stale() -> None:
    fresh = Freshness(NOW)

    assert not fresh.is_new(pair(1), (NOW - LIFE_S) * NANOSECONDS, NOW, NOW)
    assert fresh.is_new(pair(1), (NOW - LIFE_S) * NANOSECONDS + 1, NOW, NOW)


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(-5, 5)), max_size=60), st.integers(1, 4))
def test_no_letter_is_taken_twice_however_few_senders_are_remembered(
    letters: list[tuple[int, int]], most_known: int
) -> None:
    fresh = Freshness(NOW, most_known=most_known)
    taken = []

    for sender, offset_s in letters:
        sequence = (NOW + offset_s) * NANOSECONDS
        if fresh.is_new(pair(sender), sequence, NOW + LIFE_S, NOW):
            fresh.remember(pair(sender), sequence)
            taken.append((sender, sequence))

    assert len(taken) == len(set(taken))
    assert len(fresh) <= most_known
