"""What Python must guarantee about the contracts: the bytes that ship, their limits, and agreement to the bit.

What the contracts do is tested where they are, in core/chain/contracts/test.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from web3.contract import Contract

from benchmarks import gas
from benchmarks.ledger import START, Deal, Ledger
from core.chain import merkle
from core.chain.artifact import CONTRACTS, load
from core.chain.compile import SOURCES
from core.chain.court import Ballot, Court, commitment
from core.chain.deployment import Plan, SalePlan
from core.chain.embedded import RpcError
from core.chain.reverts import selector
from core.chain.suite import encoded, word
from core.chain.terms import acceptance_tuple, claim_tuple, proof_of, root_of, share_tuple, terms_tuple
from core.chain.typed_data import lease_id
from core.model import (
    MAX_AMOUNT,
    MAX_DEPOSIT,
    Acceptance,
    Address,
    Agreement,
    Amount,
    Kind,
    LeaseId,
    Redemption,
    Resources,
    Share,
    SignedAcceptance,
    Terms,
    Voucher,
    total_cap,
)

CODE_LIMIT = 24_576
INITCODE_LIMIT = 49_152
CLASSIC_BLOCK_GAS = 8_000_000
SOMEBODY = Address("0x" + "5a" * 20)
PLAN = Plan(
    sale=SalePlan(
        rate=1000,
        goal=Amount(1),
        cap=Amount(10),
        opens_at=START + 100,
        closes_at=START + 1000,
        beneficiary=SOMEBODY,
        treasury=SOMEBODY,
        team=SOMEBODY,
    )
)


@cache
def ledger(*, classic: bool = False) -> Ledger:
    return Ledger(PLAN, legacy_fees=classic)


def asked(contract: Contract, function: str, *arguments: object) -> None:
    """Run a call without a transaction. Raises RpcError where it reverts."""
    call = {"to": contract.address, "data": "0x" + encoded(contract, function, *arguments).hex()}
    ledger().chain.answer("eth_call", [call, "latest"])


@contextmanager
def reverts(error: str) -> Iterator[None]:
    with pytest.raises(RpcError) as refused:
        yield
    assert refused.value.data is not None
    assert refused.value.data[:10] == "0x" + selector(error).hex()


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_shipped_artifacts_were_made_from_the_shipped_sources(contract: str) -> None:
    own = {path: sha256 for path, sha256 in load(contract).sources_sha256.items() if not path.startswith("@")}

    assert f"{contract}.sol" in own
    assert {path: hashlib.sha256((SOURCES / path).read_bytes()).hexdigest() for path in own} == own


@pytest.mark.parametrize("contract", CONTRACTS)
def test_nobody_owns_a_contract_and_nothing_in_it_can_be_exchanged(contract: str) -> None:
    names = {str(entry.get("name")).lower() for entry in load(contract).abi}

    assert not names & {"owner", "transferownership", "mint", "pause", "upgradeto", "upgradetoandcall", "setcourt"}


@pytest.mark.parametrize("classic", [False, True], ids=["london", "classic"])
def test_every_contract_can_be_created_on_ethereum_classic_too(classic: bool) -> None:
    market = ledger(classic=classic)

    code = {
        name: (len(str(market.chain.answer("eth_getCode", [contract.address]))) - 2) // 2
        for name, contract in market.contracts.items()
    }

    assert set(code) == set(CONTRACTS)
    assert {name: size for name, size in code.items() if not 0 < size <= CODE_LIMIT} == {}
    assert {name: gas for name, gas in market.created.items() if gas > CLASSIC_BLOCK_GAS} == {}
    assert {name for name in CONTRACTS if len(load(name).bytecode) // 2 > INITCODE_LIMIT} == set()


_accounts = st.integers(1, 2**160 - 1).map(lambda number: Address(f"0x{number:040x}"))
_words = st.integers(1, 2**256 - 1).map(lambda number: f"0x{number:064x}")
_names = st.sampled_from([f"donor {number}" for number in range(4)])
_terms = st.builds(
    Terms,
    renter=_accounts,
    session=_accounts,
    root=_words,
    deposit=st.integers(0, MAX_DEPOSIT).map(Amount),
    ends_at=st.integers(0, 2**40),
    grace_s=st.integers(0, 2**31 - 1),
    salt=_words,
)
_amounts = st.integers(0, MAX_AMOUNT).map(Amount)
_resources = st.builds(Resources, *[st.integers(0, 2**31 - 1)] * 5)


@st.composite
def agreements(draw: st.DrawFn, most: int = 20) -> tuple[Agreement, tuple[str, ...]]:
    """An agreement, and the names of its donors' keys."""
    names = draw(st.lists(_names, min_size=1, max_size=most))
    shares = tuple(
        Share(
            index,
            ledger().key(name).address,
            draw(_resources),
            draw(_amounts),
            Amount(draw(st.integers(0, MAX_DEPOSIT // most))),
            draw(_amounts),
        )
        for index, name in enumerate(names)
    )
    terms = replace(draw(_terms), root=root_of(shares), deposit=total_cap(shares))
    lease = lease_id(ledger().domain, terms)
    return Agreement(lease, terms, shares, 20, Kind.SPARK, "0x" + "22" * 32), tuple(names)


@given(terms=_terms)
@settings(max_examples=50, deadline=None)
def test_a_leases_name_made_here_is_the_contracts(terms: Terms) -> None:
    name = ledger().view(ledger().leases, "leaseIdOf", terms_tuple(terms))

    assert "0x" + name.hex() == lease_id(ledger().domain, terms)


@given(drawn=agreements(), at=st.integers(0, 255), other=st.integers(0, 255))
@settings(max_examples=50, deadline=None)
def test_a_share_is_behind_the_root_made_here_and_no_altered_share_is(
    drawn: tuple[Agreement, tuple[str, ...]], at: int, other: int
) -> None:
    agreement, _ = drawn
    share = agreement.shares[at % len(agreement.shares)]
    proof = proof_of(agreement, share.index)
    terms, leases = terms_tuple(agreement.terms), ledger().leases

    found = ledger().view(leases, "checkShare", terms, share_tuple(share), proof)

    assert "0x" + found.hex() == agreement.lease
    altered = [
        replace(share, cap=Amount(share.cap + 1)),
        replace(share, penalty=Amount(share.penalty ^ 1)),
        replace(share, donor=SOMEBODY),
        replace(share, rate=Amount(share.rate ^ 1)),
        replace(share, index=(share.index + 1) % 256),
    ]
    with reverts("Leases_UnknownShare"):
        asked(leases, "checkShare", terms, share_tuple(altered[other % len(altered)]), proof)


@given(drawn=agreements(), at=st.integers(0, 255), expires_at=st.integers(0, 2**40 - 1), seats=_words)
@settings(max_examples=50, deadline=None)
def test_a_donors_acceptance_signed_here_is_valid_there_and_binds_only_to_what_it_says(
    drawn: tuple[Agreement, tuple[str, ...]], at: int, expires_at: int, seats: str
) -> None:
    agreement, names = drawn
    share = agreement.shares[at % len(agreement.shares)]
    donor = ledger().notary(ledger().key(names[share.index]))
    said = Acceptance(agreement.lease, share.index, share.donor, expires_at, seats)
    signed = SignedAcceptance(said, donor.sign(said))
    lease, leases = word(agreement.lease), ledger().leases

    asked(leases, "checkAcceptance", lease, share_tuple(share), acceptance_tuple(signed))

    for changed in (replace(said, expires_at=expires_at ^ 1), replace(said, seats=f"0x{int(seats, 16) ^ 1:064x}")):
        with reverts("Leases_BadAcceptance"):
            letter = acceptance_tuple(SignedAcceptance(changed, signed.signature))
            asked(leases, "checkAcceptance", lease, share_tuple(share), letter)


@given(amount=st.integers(1, 10**18), less=st.integers(1, 10**18), at=st.integers(0, 12))
@settings(max_examples=40, deadline=None)
def test_a_voucher_signed_here_is_paid_there_and_none_for_another_amount(amount: int, less: int, at: int) -> None:
    deal = _opened()
    share = deal.agreement.shares[at]
    leaves = [merkle.leaf(one) for one in deal.agreement.shares]
    voucher = Voucher(deal.agreement.lease, at, Amount(amount))
    signature = ledger().notary(deal.session).sign(voucher)

    def claim(stated: Voucher) -> None:
        claims = [claim_tuple(Redemption(stated, signature, share), leaves)]
        asked(ledger().leases, "claim", deal.terms, claims)

    claim(voucher)
    with reverts("Leases_BadVoucher"):
        claim(replace(voucher, amount=Amount(less if less != amount else amount % 10**18 + 1)))


@cache
def _opened() -> Deal:
    market = ledger()
    renter = market.member("renter", free=100 * 10**18)
    deal = market.deal(renter, [market.key(f"donor {index}") for index in range(13)])
    market.do(renter, market.leases, "open", deal.terms)
    return deal


@given(lease=_words, index=st.integers(0, 255), place=st.integers(0, 47), guilty=st.booleans(), salt=_words)
@settings(max_examples=30, deadline=None)
def test_a_case_and_a_vote_have_the_same_names_here_and_there(
    lease: str, index: int, place: int, guilty: bool, salt: str
) -> None:
    case = Court.case_id(LeaseId(lease), index)

    assert "0x" + ledger().view(ledger().court, "caseIdOf", word(lease), index).hex() == case
    said = ledger().view(ledger().court, "commitmentOf", word(case), place, guilty, word(salt))
    assert said == commitment(case, Ballot(place, guilty, salt))


def test_the_tables_of_the_gas_report_are_made_from_its_snapshot() -> None:
    table = json.loads(gas.SNAPSHOT.read_text("utf-8"))
    text = gas.REPORT.read_text("utf-8")

    assert gas.report(table, text) == text


def test_an_entry_of_the_gas_snapshot_that_moves_by_more_than_a_percent_is_told() -> None:
    known = {"a": 1000, "b": 1000, "c": 1000, "gone": 1}

    said = gas.problems(known, {"a": 1010, "b": 989, "c": 1011, "new": 1})

    assert [sentence.partition(":")[0] for sentence in said] == ["b", "c", "gone", "new"]
