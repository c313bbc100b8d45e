"""Whom and how much a person typed to pay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.model import COIN_UNIT, Address
from core.payee import has_checksum, payee, spelled, sum_of

# Examples of EIP-55.
CHECKSUMMED = (
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0xde709f2102306220921060314715629080e2fb77",
)


@pytest.mark.parametrize("text", CHECKSUMMED)
def test_the_examples_of_the_standard_are_read_and_spelled(text: str) -> None:
    found = payee(f" {text}\n")

    assert found == text.lower()
    assert spelled(found) == text


def test_letters_of_one_case_carry_no_checksum_and_are_taken() -> None:
    small = CHECKSUMMED[0].lower()

    assert payee(small) == payee("0x" + small[2:].upper()) == small
    assert not has_checksum(small)
    assert has_checksum(CHECKSUMMED[0])


@given(st.integers(1, 2**160 - 1), st.integers(0, 39))
def test_a_letter_of_the_wrong_case_is_noticed(number: int, place: int) -> None:
    text = spelled(Address(f"0x{number:040x}"))
    digit = text[2 + place]
    mistyped = text[: 2 + place] + digit.swapcase() + text[3 + place :]

    if mistyped == text or not has_checksum(mistyped):
        assert payee(mistyped) == text.lower()
    else:
        with pytest.raises(InvalidInput, match="checksum"):
            payee(mistyped)


@pytest.mark.parametrize(
    "text", ["", "0x", "me", CHECKSUMMED[0][:-1], CHECKSUMMED[0] + "0", "0x" + "g" * 40, "0x" + "0" * 40]
)
def test_what_names_no_account_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        payee(text)

    assert refused.value.title.endswith(".")
    assert refused.value.hint.startswith("Copy it again")


@given(st.integers(1, 10**29))
def test_every_amount_is_read_to_its_last_decimal(amount: int) -> None:
    assert sum_of(f"{amount // COIN_UNIT}.{amount % COIN_UNIT:018d}") == amount


def test_short_ways_to_write_an_amount_are_taken() -> None:
    assert sum_of("5") == sum_of("5.") == sum_of(" 5.0 ") == 5 * COIN_UNIT
    assert sum_of(".5") == sum_of("0.5") == COIN_UNIT // 2
    assert sum_of("0.000000000000000001") == 1


@pytest.mark.parametrize(
    "text", ["", ".", "1,5", "1,500", "1e3", "-1", "+1", "1 000", "٣", "0x10", "1.0000000000000000001"]
)
def test_what_is_no_exact_amount_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="not an amount"):
        sum_of(text)


@pytest.mark.parametrize("text", ["0", "0.0", "000"])
def test_nothing_is_not_paid(text: str) -> None:
    with pytest.raises(InvalidInput, match="Nothing would be paid"):
        sum_of(text)
