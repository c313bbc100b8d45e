"""Sizes, times and sums as people type them: exact, or refused with a sentence."""

from collections.abc import Callable

import pytest

from core.errors import InvalidInput
from core.model import COIN_UNIT, Amount
from core.parsing import account, coin, cpu_millis, duration_s, memory_mib, request
from renter_tui.commands.tables import table


@pytest.mark.parametrize(
    ("text", "mib"), [("1536M", 1536), ("2G", 2048), ("2GiB", 2048), ("1.5g", 1536), ("512MiB", 512), ("0.5M", None)]
)
def test_memory_is_read_in_mib(text: str, mib: int | None) -> None:
    if mib is None:
        with pytest.raises(InvalidInput, match="whole MiB"):
            memory_mib(text)
    else:
        assert memory_mib(text) == mib


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90m", 5400), ("2h", 7200), ("1h30m", 5400), ("1d", 86_400), ("45s", 45), ("1", 3600), ("0.5", 1800)],
)
def test_a_length_of_time_is_read_in_seconds(text: str, seconds: int) -> None:
    assert duration_s(text) == seconds


def test_cores_and_coin_are_exact() -> None:
    assert (cpu_millis("1"), cpu_millis("0.5"), cpu_millis("2.125")) == (1000, 500, 2125)
    assert (coin("5"), coin("0.1"), coin("0.000000000000000001")) == (5 * COIN_UNIT, COIN_UNIT // 10, 1)
    assert coin("123456789012.000000000000000001") == 123456789012 * COIN_UNIT + 1


def test_an_account_is_taken_as_copied_and_refused_where_its_checksum_does_not_fit() -> None:
    copied = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"

    assert account(copied) == account(copied.lower()) == copied.lower()
    for mistyped in (copied.replace("5aA", "5bA"), copied[:-1], "ada", "0x" + "0" * 40):
        with pytest.raises(InvalidInput):
            account(mistyped)


@pytest.mark.parametrize("text", ["", "2", "2T", "2GB", "-1G", "1 G", "1e3M", "G", "٣G", "1_0G", "9" * 40 + "G"])
def test_what_is_no_memory_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="memory") as refused:
        memory_mib(text)

    assert "1536M" in refused.value.hint


@pytest.mark.parametrize("text", ["", "h", "-1h", "1w", "30m1h", "1.5h", "nan", "1h "])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="time"):
        duration_s(text)


@pytest.mark.parametrize("read", [cpu_millis, coin])
@pytest.mark.parametrize("text", ["", "x", "-1", "1e3", "inf", "1,5", "0.0000000000000000001"])
def test_what_is_no_number_is_refused(read: Callable[[str], int], text: str) -> None:
    with pytest.raises(InvalidInput):
        read(text)


@pytest.mark.parametrize(
    ("change", "option"),
    [
        ({"workers": 0}, "--workers"),
        ({"cores": 1}, "--cores"),
        ({"memory": 1}, "--memory"),
        ({"seconds": 1}, "--hours"),
        ({"ceiling": 0}, "--ceiling"),
        ({"most_per_donor": 0}, "--most-per-donor"),
    ],
)
def test_a_value_out_of_bounds_names_its_option(change: dict[str, int], option: str) -> None:
    usual = {"workers": 3, "cores": 1000, "memory": 1536, "seconds": 3600} | change
    ceiling = usual.pop("ceiling", None)
    most = usual.pop("most_per_donor", None)

    with pytest.raises(InvalidInput, match=f"{option} is out of bounds"):
        request(
            workers=usual["workers"],
            cores=usual["cores"],
            memory=usual["memory"],
            seconds=usual["seconds"],
            most_per_donor=most,
            ceiling=None if ceiling is None else Amount(ceiling),
        )


def test_a_table_is_aligned_and_cuts_what_is_long() -> None:
    text = table(("NAME", "N>"), [("ada", "1"), ("日本", "22"), ("x" * 90, "3")])

    assert text.splitlines()[:3] == [
        "NAME" + " " * 26 + "   N",
        "ada" + " " * 27 + "   1",
        "日本" + " " * 26 + "  22",
    ]
    assert len(text.splitlines()[3]) < 40
