"""Fees and raw transactions: what replaces another must be worth it to a node, and never past the owner's limit."""

from hypothesis import assume, given
from hypothesis import strategies as st

from core.chain.transaction import Fee, LegacyFee, MarketFee, Transaction, raised
from core.chain.wallet import Key
from core.model import Address

KEY = Key.from_hex("0x" + "4c" * 32)
_wei = st.integers(0, 10**13)
_legacy = st.builds(LegacyFee, _wei)
_market = st.builds(lambda base, tip: MarketFee(2 * base + tip, tip), _wei, _wei)
_recipient = st.none() | st.integers(0, 2**160 - 1).map(lambda number: Address(f"0x{number:040x}"))
_transactions = st.builds(
    Transaction,
    chain_id=st.integers(1, 2**40),
    nonce=st.integers(0, 2**32),
    fee=_legacy | _market,
    gas=st.integers(21_000, 30_000_000),
    to=_recipient,
    value=st.integers(0, 2**128),
    data=st.binary(max_size=80),
)


def _bids(fee: Fee) -> tuple[int, ...]:
    return (fee.gas_price,) if isinstance(fee, LegacyFee) else (fee.highest, fee.tip)


@given(st.tuples(_legacy, _legacy) | st.tuples(_market, _market), _wei)
def test_a_replacement_offers_a_tenth_more_in_every_part_and_keeps_to_the_limit(
    fees: tuple[Fee, Fee], limit: int
) -> None:
    fee, market = fees

    higher = raised(fee, market, limit)

    if higher is not None:
        assert all(10 * new >= 11 * old for new, old in zip(_bids(higher), _bids(fee), strict=True))
        assert max(_bids(higher)) <= limit
    else:
        assert any(10 * limit < 11 * old + 10 for old in _bids(fee))


@given(st.tuples(_legacy, _legacy) | st.tuples(_market, _market))
def test_without_a_limit_a_replacement_offers_an_eighth_more_and_no_less_than_the_market(fees: tuple[Fee, Fee]) -> None:
    fee, market = fees

    higher = raised(fee, market, 10**30)

    assert higher is not None and type(higher) is type(fee)
    for new, old, asked in zip(_bids(higher), _bids(fee), _bids(market), strict=True):
        assert 8 * new > 9 * old - 8 and new > old and new >= asked


@given(_legacy, _market)
def test_a_replacement_keeps_its_kind_of_fee(legacy: LegacyFee, market: MarketFee) -> None:
    assert isinstance(raised(legacy, market, 10**30), LegacyFee)
    assert isinstance(raised(market, legacy, 10**30), MarketFee)


@given(_transactions)
def test_a_transaction_is_read_back_from_its_raw_form(transaction: Transaction) -> None:
    assert Transaction.decoded(KEY.sign_transaction(transaction)) == transaction


@given(_transactions, _legacy | _market)
def test_another_fee_makes_another_transaction_with_the_same_nonce(transaction: Transaction, fee: Fee) -> None:
    assume(fee != transaction.fee)

    raw = KEY.sign_transaction(transaction)

    assert Transaction.decoded(raw).nonce == transaction.nonce
    assert Transaction.decoded(raw).fee != fee
