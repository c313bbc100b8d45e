"""Sentences about money: units, exact sums, and the next step."""

import pytest

from core import sentences
from core.model import COIN_UNIT, Address, Amount
from core.observed import Account, Balances

NOW = 1_790_000_000
DAY_S = 86_400
ME, FRIEND = Address("0x" + "1" * 40), Address("0x" + "2" * 40)


def test_what_is_confirmed_is_exact_to_the_last_unit() -> None:
    assert sentences.exact(Amount(COIN_UNIT + 1)) == "1.000000000000000001 SPARE"
    assert "1.000000000000000001 SPARE" in sentences.stake(Amount(COIN_UNIT + 1), DAY_S)
    assert "0.000000000000000001 ETH" in sentences.buy(Amount(1), Amount(1000), "ETH")


def test_the_chains_own_coin_is_called_by_its_name_where_it_has_one() -> None:
    assert sentences.own_coin(2 * 10**17, "ETC") == "0.2 ETC (the chain's own coin)"
    assert sentences.own_coin(2 * 10**17, "coin") == "0.2 of the chain's own coin"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (12, "12 s"),
        (60, "1 min"),
        (9000, "2 h 30 min"),
        (45 * DAY_S, "45 d"),
        (DAY_S + 59, "1 d"),
        (-5, "0 s"),
    ],
)
def test_lengths_of_time_are_two_units_at_most(seconds: int, text: str) -> None:
    assert sentences.length(seconds) == text


def test_an_instant_is_said_with_how_far_off_it_is() -> None:
    assert sentences.moment(NOW + 90_000, NOW) == "2026-09-22 15:13 UTC (in 1 d 1 h)"
    assert sentences.moment(NOW, NOW) == "2026-09-21 14:13 UTC (over)"


def test_what_leaves_for_somebody_else_cannot_be_brought_back() -> None:
    away, home = sentences.withdraw(Amount(1), FRIEND, ME), sentences.withdraw(Amount(1), ME, ME)

    assert away.endswith(f"to {FRIEND}: it is that account's then, and nobody can bring it back.")
    assert home == "Pay 0.000000000000000001 SPARE out of the vault to this wallet."


def test_an_account_is_told_with_its_parts() -> None:
    account = Account(Amount(2 * COIN_UNIT), Amount(5 * COIN_UNIT), Amount(10**18), Amount(10**18), NOW + DAY_S)

    assert sentences.to_spend(Balances(Amount(3 * COIN_UNIT), Amount(0), account)) == (
        "3 SPARE, 2 SPARE of it free in the vault"
    )
    assert sentences.bonded(account) == "5 SPARE, 1 SPARE of it pledged"
    assert sentences.thawing(account, NOW) == "1 SPARE, until 2026-09-22 14:13 UTC (in 1 d)"
    assert sentences.thawing(account, NOW + DAY_S) == "1 SPARE thawed: ready to withdraw"


def test_a_donor_is_told_of_its_stake_and_of_what_is_held_back() -> None:
    account = Account(bonded=Amount(5 * COIN_UNIT))

    told = sentences.donors_stake(account, Amount(32 * 10**17), NOW)

    assert told == (
        "Your stake is 5 SPARE, none of it pledged. Held back while you are new: 3.2 SPARE, part of your stake."
    )
    assert "Held back" not in sentences.donors_stake(account, None, NOW)
    assert sentences.donors_stake(Account(), None, NOW) == ""
