"""Prices that people write: exact both ways, and never less than what was written."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.owner import Asking
from donor_app.unit_prices import CORE, GIB, GPU, HIGHEST_RATE, milli_of, milli_text, price_text, rate_of

_parts = st.sampled_from([CORE, GIB, GPU])


@given(st.integers(0, HIGHEST_RATE), _parts)
def test_a_price_that_is_shown_and_read_back_is_the_same_to_the_last_digit(rate: int, parts: int) -> None:
    assert rate_of(price_text(rate, parts), parts) == rate


@given(st.integers(0, 3600), st.integers(0, 6), _parts)
def test_nobody_asks_for_less_than_they_wrote_nor_for_more_than_the_next_step(
    digits: int, places: int, parts: int
) -> None:
    coin = Fraction(digits, 10**places)
    text = f"{digits // 10**places}.{digits % 10**places:0{places}d}" if places else str(digits)

    hourly = rate_of(text, parts) * 3600 * parts

    assert coin * 10**18 <= hourly < coin * 10**18 + 3600 * parts


@pytest.mark.parametrize(
    ("rate", "parts", "text"),
    [
        (Asking().cpu_milli, CORE, "0.02"),
        (Asking().memory_mib, GIB, "0.004"),
        (Asking().gpu, GPU, "0.2"),
        (0, GIB, "0"),
    ],
)
def test_a_price_is_shown_as_short_as_it_can_be(rate: int, parts: int, text: str) -> None:
    assert price_text(rate, parts) == text


@pytest.mark.parametrize("text", ["0,02", " 0.02 ", ".02", "0.020"])
def test_a_price_can_be_written_as_people_do(text: str) -> None:
    assert rate_of(text, CORE) == rate_of("0.02", CORE)


@pytest.mark.parametrize("text", ["", ".", "-1", "+1", "1e3", "1.2.3", "1_0", "abc", "٣", "0." + "1" * 19, "9" * 13])
def test_what_is_no_sum_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        rate_of(text, CORE)

    assert f'"{text}"' in refused.value.title
    assert refused.value.hint


def test_more_than_an_offer_can_ask_is_refused() -> None:
    with pytest.raises(InvalidInput, match="more than any offer can ask"):
        rate_of("3601", GPU)


@given(st.integers(0, 10**9))
def test_money_that_is_shown_and_read_back_is_the_same(milli: int) -> None:
    assert milli_of(milli_text(milli)) == milli


@pytest.mark.parametrize("text", ["0.0001", "1000000.001"])
def test_money_beyond_its_bounds_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        milli_of(text)
