"""The contracts, compiled and deployed, on the embedded chain in this process with a clock of the test's own."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
from eth_abi.abi import decode, encode
from eth_hash.auto import keccak
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from web3 import Web3
from web3.contract import Contract

from core.chain import merkle
from core.chain.artifact import CONTRACTS, Artifact, load
from core.chain.client import _terms
from core.chain.compile import SOURCES
from core.chain.embedded import EmbeddedChain, RpcError
from core.chain.reverts import selector
from core.chain.transaction import LegacyFee, MarketFee, Transaction
from core.chain.typed_data import Domain, digest, lease_id, permit_digest
from core.chain.wallet import Key
from core.model import Address, Amount, LeaseId, Resources, Share, Terms, Voucher

CHAIN_ID = 31337
START = 1_800_000_000
SUPPLY = 10**30
HOUR = 3600
GRACE = 600


class Ledger:
    """A deployed coin and escrow; `time` is what the next block will say."""

    def __init__(self, *, legacy_fees: bool = False) -> None:
        self.time = START
        self.legacy_fees = legacy_fees
        self.rich, self.renter, self.session, self.stranger = (Key.random() for _ in range(4))
        self.donors = [Key.random().address for _ in range(5)]
        accounts = [self.rich, self.renter, self.session, self.stranger]
        self.chain = EmbeddedChain(
            CHAIN_ID,
            {bytes.fromhex(key.address[2:]): 10**24 for key in accounts},
            legacy_fees=legacy_fees,
            now=lambda: self.time,
        )
        self.web3 = Web3()
        self.deployment_gas: list[int] = []
        self.coin = self.create("Coin", "Spare", "SPARE", SUPPLY)
        self.escrow = self.create("LeaseEscrow", self.coin.address)
        self.domain = Domain(CHAIN_ID, Address(self.escrow.address.lower()))
        self.coin_domain = Domain(CHAIN_ID, Address(self.coin.address.lower()), "Spare")
        self.salts = 0

    def create(self, contract: str, *arguments: object) -> Contract:
        artifact: Artifact = load(contract)
        factory = self.web3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
        receipt = self.send(self.rich, None, bytes.fromhex(factory.constructor(*arguments).data_in_transaction[2:]))
        self.deployment_gas.append(int(receipt["gasUsed"], 16))
        created: Contract = self.web3.eth.contract(receipt["contractAddress"], abi=artifact.abi)
        return created

    def send(self, key: Key, to: str | None, data: bytes) -> dict[str, Any]:
        """Mine a transaction; RpcError with the revert data where it would revert."""
        call = {"from": key.address, "to": to, "data": "0x" + data.hex()}
        gas = int(str(self.chain.answer("eth_estimateGas", [call])), 16)
        nonce = int(str(self.chain.answer("eth_getTransactionCount", [key.address, "latest"])), 16)
        fee = LegacyFee(10**9) if self.legacy_fees else MarketFee(4 * 10**9, 10**9)
        target = None if to is None else Address(to.lower())
        raw = key.sign_transaction(Transaction(CHAIN_ID, nonce, fee, gas, target, 0, data))
        hash_ = self.chain.answer("eth_sendRawTransaction", ["0x" + raw.hex()])
        receipt: Any = self.chain.answer("eth_getTransactionReceipt", [hash_])
        assert receipt["status"] == "0x1"
        return dict(receipt)

    def do(self, key: Key, function: str, *arguments: object, contract: Contract | None = None) -> int:
        """Call a function that changes something; the gas used."""
        target = contract or self.escrow
        data = bytes.fromhex(target.encode_abi(function, args=list(arguments))[2:])
        return int(self.send(key, target.address, data)["gasUsed"], 16)

    def view(self, contract: Contract, function: str, *arguments: object) -> Any:
        call = {"to": contract.address, "data": contract.encode_abi(function, args=list(arguments))}
        entry = next(e for e in contract.abi if e.get("name") == function and e["type"] == "function")
        raw = bytes.fromhex(str(self.chain.answer("eth_call", [call, "latest"]))[2:])
        values = decode([output["type"] for output in entry["outputs"]], raw)
        return values[0] if len(values) == 1 else values

    def balance(self, account: str) -> int:
        return int(self.view(self.coin, "balanceOf", Web3.to_checksum_address(account)))

    def lease(self, *, caps: Sequence[int] = (100, 100, 100), deposit: int | None = None, **changes: Any) -> "Lease":
        self.salts += 1
        shares = tuple(
            Share(index, self.donors[index % len(self.donors)], Resources(1000, 1024), Amount(1), Amount(cap))
            for index, cap in enumerate(caps)
        )
        terms = Terms(
            renter=self.renter.address,
            session=self.session.address,
            root="0x" + merkle.root([merkle.leaf(share) for share in shares]).hex(),
            share_count=len(shares),
            deposit=Amount(sum(caps) if deposit is None else deposit),
            ends_at=self.time + HOUR,
            grace_s=GRACE,
            salt="0x" + self.salts.to_bytes(32, "big").hex(),
        )
        terms = replace(terms, **changes)
        return Lease(terms, shares, lease_id(self.domain, terms))

    def opened(self, **wishes: Any) -> "Lease":
        lease = self.lease(**wishes)
        self.approve(lease.terms.deposit)
        self.do(self.renter, "open", _terms(lease.terms))
        return lease

    def approve(self, amount: int) -> None:
        renter = Web3.to_checksum_address(self.renter.address)
        self.do(self.rich, "transfer", renter, amount, contract=self.coin)
        self.do(self.renter, "approve", self.escrow.address, amount, contract=self.coin)

    def claim(
        self, lease: "Lease", index: int, amount: int, *, key: Key | None = None, domain: Domain | None = None
    ) -> tuple[Any, ...]:
        """A claim as the contract takes it, signed by `key` (the session's) in `domain` (the escrow's)."""
        share = lease.shares[index]
        leaves = [merkle.leaf(one) for one in lease.shares]
        made = digest(domain or self.domain, Voucher(lease.id, index, Amount(amount)))
        signature = (key or self.session).sign_digest(made)
        donor = Web3.to_checksum_address(share.donor)
        return (index, donor, share.cap, merkle.detail(share), merkle.proof(leaves, index), amount, signature)

    def word(self, lease: "Lease") -> tuple[int, int, int]:
        status, remaining, until = self.view(self.escrow, "lease", bytes.fromhex(lease.id[2:]))
        return status, remaining, until


@dataclass(frozen=True)
class Lease:
    terms: Terms
    shares: tuple[Share, ...]
    id: LeaseId


@contextmanager
def reverts(error: str) -> Iterator[None]:
    with pytest.raises(RpcError) as refused:
        yield
    assert refused.value.data is not None
    assert refused.value.data[:10] == "0x" + selector(error).hex(), refused.value.data


@pytest.fixture(scope="module", params=[False, True], ids=["base-fee", "legacy-fee"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    return Ledger(legacy_fees=request.param)


def test_the_shipped_artifacts_were_made_from_the_shipped_sources() -> None:
    for contract in CONTRACTS:
        for path, sha256 in load(contract).sources_sha256.items():
            if not path.startswith("@openzeppelin/"):
                assert hashlib.sha256((SOURCES / path).read_bytes()).hexdigest() == sha256, path


def test_the_whole_supply_is_minted_once_to_the_deployer(ledger: Ledger) -> None:
    fresh = Ledger()

    assert fresh.balance(fresh.rich.address) == SUPPLY
    assert fresh.view(fresh.coin, "totalSupply") == SUPPLY
    assert fresh.view(fresh.coin, "decimals") == 18
    assert fresh.view(fresh.coin, "symbol") == "SPARE"
    names = {entry.get("name") for entry in load("Coin").abi}
    assert not names & {"mint", "burn", "pause", "owner", "transferOwnership"}


def test_the_lease_id_made_here_is_the_contracts(ledger: Ledger) -> None:
    lease = ledger.lease()

    call = {"to": ledger.escrow.address, "data": ledger.escrow.encode_abi("leaseIdOf", args=[_terms(lease.terms)])}

    assert ledger.chain.answer("eth_call", [call, "latest"]) == lease.id


def test_a_lease_goes_from_open_over_claims_to_a_refund(ledger: Ledger) -> None:
    lease = ledger.opened()
    before = [ledger.balance(donor) for donor in ledger.donors]
    renter_before = ledger.balance(ledger.renter.address)
    assert ledger.word(lease) == (1, 300, lease.terms.ends_at + GRACE)

    ledger.do(ledger.stranger, "claim", _terms(lease.terms), [ledger.claim(lease, 0, 40)])
    ledger.do(ledger.stranger, "claim", _terms(lease.terms), [ledger.claim(lease, i, 60 + i) for i in range(3)])
    ledger.do(ledger.session, "close", _terms(lease.terms))
    closed_at = ledger.time
    ledger.do(ledger.stranger, "claim", _terms(lease.terms), [ledger.claim(lease, 2, 100)])

    assert ledger.word(lease) == (2, 300 - 60 - 61 - 100, closed_at + GRACE)
    ledger.time += GRACE + 1
    ledger.do(ledger.stranger, "sweep", _terms(lease.terms))
    assert [ledger.balance(d) - was for d, was in zip(ledger.donors, before, strict=True)] == [60, 61, 100, 0, 0]
    assert ledger.balance(ledger.renter.address) - renter_before == 79
    assert ledger.word(lease) == (3, 79, closed_at + GRACE)


def test_an_open_lease_can_be_swept_once_its_own_end_and_grace_have_passed(ledger: Ledger) -> None:
    lease = ledger.opened()

    ledger.time = lease.terms.ends_at + GRACE
    ledger.do(ledger.stranger, "claim", _terms(lease.terms), [ledger.claim(lease, 0, 1)])
    with reverts("LeaseEscrow_SweepTooEarly"):
        ledger.do(ledger.renter, "sweep", _terms(lease.terms))
    ledger.time += 1

    with reverts("LeaseEscrow_ClaimTooLate"):
        ledger.do(ledger.stranger, "claim", _terms(lease.terms), [ledger.claim(lease, 0, 2)])
    ledger.do(ledger.stranger, "sweep", _terms(lease.terms))
    assert ledger.word(lease)[0] == 3


@pytest.mark.parametrize(
    "change",
    [{"session": "0x" + "00" * 20}, {"root": "0x" + "00" * 32}, {"deposit": 0}, {"ends_at": START - 1}],
    ids=lambda change: next(iter(change)),
)
def test_terms_that_cannot_work_are_refused(ledger: Ledger, change: dict[str, Any]) -> None:
    with reverts("LeaseEscrow_BadTerms"):
        ledger.opened(**change)


def test_no_shares_are_refused(ledger: Ledger) -> None:
    values = list(_terms(ledger.lease().terms))
    values[3] = 0

    with reverts("LeaseEscrow_BadTerms"):
        ledger.do(ledger.renter, "open", tuple(values))


def test_only_the_renter_opens_and_only_with_coin_that_it_has(ledger: Ledger) -> None:
    lease = ledger.lease(caps=(10**29,))

    with reverts("LeaseEscrow_NotAllowed"):
        ledger.do(ledger.stranger, "open", _terms(lease.terms))
    with reverts("ERC20InsufficientAllowance"):
        ledger.do(ledger.renter, "open", _terms(lease.terms))
    ledger.do(ledger.renter, "approve", ledger.escrow.address, 10**29, contract=ledger.coin)
    with reverts("ERC20InsufficientBalance"):
        ledger.do(ledger.renter, "open", _terms(lease.terms))
    ledger.do(ledger.renter, "approve", ledger.escrow.address, 0, contract=ledger.coin)


def test_terms_are_opened_once_even_after_they_ended(ledger: Ledger) -> None:
    lease = ledger.opened(grace_s=0)
    ledger.approve(lease.terms.deposit)

    with reverts("LeaseEscrow_WrongStatus"):
        ledger.do(ledger.renter, "open", _terms(lease.terms))
    ledger.do(ledger.renter, "close", _terms(lease.terms))
    ledger.time += 1
    ledger.do(ledger.renter, "sweep", _terms(lease.terms))

    for function in ("open", "close", "sweep"):
        with reverts("LeaseEscrow_WrongStatus"):
            ledger.do(ledger.renter, function, _terms(lease.terms))
    with reverts("LeaseEscrow_WrongStatus"):
        ledger.do(ledger.renter, "claim", _terms(lease.terms), [ledger.claim(lease, 0, 1)])


def test_a_lease_that_was_never_opened_can_do_nothing(ledger: Ledger) -> None:
    lease = ledger.lease()

    for function, arguments in (("claim", [[ledger.claim(lease, 0, 1)]]), ("close", []), ("sweep", [])):
        with reverts("LeaseEscrow_WrongStatus"):
            ledger.do(ledger.renter, function, _terms(lease.terms), *arguments)


def test_closing_needs_the_renter_or_the_session_and_works_once(ledger: Ledger) -> None:
    lease = ledger.opened()

    with reverts("LeaseEscrow_NotAllowed"):
        ledger.do(ledger.stranger, "close", _terms(lease.terms))
    ledger.do(ledger.renter, "close", _terms(lease.terms))
    until = ledger.word(lease)[2]
    ledger.time += 10

    with reverts("LeaseEscrow_WrongStatus"):
        ledger.do(ledger.renter, "close", _terms(lease.terms))
    assert ledger.word(lease)[2] == until


def test_a_late_close_does_not_extend_the_time_for_claims(ledger: Ledger) -> None:
    lease = ledger.opened()
    ledger.time = lease.terms.ends_at + 5

    ledger.do(ledger.renter, "close", _terms(lease.terms))

    assert ledger.word(lease)[2] == lease.terms.ends_at + GRACE


def test_a_voucher_above_the_cap_is_refused(ledger: Ledger) -> None:
    lease = ledger.opened()

    with reverts("LeaseEscrow_OverCap"):
        ledger.do(ledger.stranger, "claim", _terms(lease.terms), [ledger.claim(lease, 0, 101)])


def test_only_the_sessions_signature_counts_for_this_lease_on_this_chain_in_this_escrow(ledger: Ledger) -> None:
    lease, other = ledger.opened(), ledger.opened()
    good = ledger.claim(lease, 0, 10)
    s = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - int.from_bytes(good[6][32:64], "big")
    twin = good[6][:32] + s.to_bytes(32, "big") + bytes([55 - good[6][64]])
    forged = [
        ledger.claim(lease, 0, 10, key=ledger.renter),
        ledger.claim(lease, 0, 10, domain=replace(ledger.domain, chain_id=1)),
        ledger.claim(lease, 0, 10, domain=replace(ledger.domain, contract=ledger.donors[0])),
        ledger.claim(other, 0, 10),
        (*good[:5], 11, good[6]),
        (*good[:6], twin),
        (*good[:6], b""),
    ]

    for claim in forged:
        with reverts("LeaseEscrow_BadVoucher"):
            ledger.do(ledger.stranger, "claim", _terms(lease.terms), [claim])
    with reverts("LeaseEscrow_BadVoucher"):
        ledger.do(ledger.stranger, "claim", _terms(lease.terms), [good, (*ledger.claim(lease, 1, 5)[:6], good[6])])
    ledger.do(ledger.stranger, "claim", _terms(lease.terms), [good])
    assert ledger.word(lease)[1] == 290


def test_only_a_share_behind_the_root_is_paid(ledger: Ledger) -> None:
    lease = ledger.opened()
    index, donor, cap, detail, proof, amount, signature = ledger.claim(lease, 0, 10)
    thief = Web3.to_checksum_address(ledger.stranger.address)
    changed = [
        (index, thief, cap, detail, proof, amount, signature),
        (index, donor, cap + 1, detail, proof, amount, signature),
        (index, donor, cap, b"\0" * 32, proof, amount, signature),
        (index, donor, cap, detail, proof[:-1], amount, signature),
        (1, donor, cap, detail, proof, amount, signature),
        (7, donor, cap, detail, proof, amount, signature),
    ]

    for claim in changed:
        with reverts("LeaseEscrow_UnknownShare"):
            ledger.do(ledger.stranger, "claim", _terms(lease.terms), [claim])


def test_a_share_beyond_the_count_is_not_paid_although_it_is_behind_the_root(ledger: Ledger) -> None:
    lease = ledger.opened(share_count=2)

    with reverts("LeaseEscrow_UnknownShare"):
        ledger.do(ledger.stranger, "claim", _terms(lease.terms), [ledger.claim(lease, 2, 10)])


def test_a_replayed_or_older_voucher_pays_nothing_and_spoils_no_batch(ledger: Ledger) -> None:
    lease = ledger.opened()
    ledger.do(ledger.stranger, "claim", _terms(lease.terms), [ledger.claim(lease, 0, 50)])
    before = ledger.balance(ledger.donors[0])

    batch = [ledger.claim(lease, index, amount) for index, amount in ((0, 50), (0, 20), (1, 5), (1, 5))]
    ledger.do(ledger.stranger, "claim", _terms(lease.terms), batch)

    assert ledger.balance(ledger.donors[0]) == before
    assert ledger.word(lease)[1] == 300 - 50 - 5
    assert ledger.view(ledger.escrow, "paid", bytes.fromhex(lease.id[2:]), 1) == 5


def test_caps_beyond_the_deposit_never_touch_other_leases_money(ledger: Ledger) -> None:
    other = ledger.opened()
    lease = ledger.opened(caps=(100, 100), deposit=120)

    ledger.do(ledger.stranger, "claim", _terms(lease.terms), [ledger.claim(lease, i, 100) for i in range(2)])

    assert ledger.word(lease)[1] == 0
    assert ledger.view(ledger.escrow, "paid", bytes.fromhex(lease.id[2:]), 1) == 20
    assert ledger.word(other)[1] == 300
    ledger.time = lease.terms.ends_at + GRACE + 1
    ledger.do(ledger.stranger, "sweep", _terms(lease.terms))


def _permit(ledger: Ledger, amount: int, deadline: int) -> tuple[int, bytes, bytes]:
    renter = Web3.to_checksum_address(ledger.renter.address)
    nonce = ledger.view(ledger.coin, "nonces", renter)
    made = permit_digest(
        ledger.coin_domain, ledger.renter.address, ledger.domain.contract, Amount(amount), nonce, deadline
    )
    signature = ledger.renter.sign_digest(made)
    return signature[64], signature[:32], signature[32:64]


def test_one_transaction_opens_with_a_permit(ledger: Ledger) -> None:
    lease = ledger.lease()
    renter = Web3.to_checksum_address(ledger.renter.address)
    ledger.do(ledger.rich, "transfer", renter, 300, contract=ledger.coin)
    deadline = ledger.time + HOUR

    ledger.do(ledger.renter, "openWithPermit", _terms(lease.terms), deadline, *_permit(ledger, 300, deadline))

    assert ledger.word(lease)[:2] == (1, 300)


def test_a_permit_that_somebody_else_landed_first_does_no_harm(ledger: Ledger) -> None:
    lease = ledger.lease()
    renter = Web3.to_checksum_address(ledger.renter.address)
    ledger.do(ledger.rich, "transfer", renter, 300, contract=ledger.coin)
    deadline = ledger.time + HOUR
    permit = _permit(ledger, 300, deadline)
    arguments = (renter, ledger.escrow.address, 300, deadline, *permit)
    ledger.do(ledger.stranger, "permit", *arguments, contract=ledger.coin)

    ledger.do(ledger.renter, "openWithPermit", _terms(lease.terms), deadline, *permit)

    assert ledger.word(lease)[:2] == (1, 300)


def test_a_forged_or_expired_permit_opens_nothing(ledger: Ledger) -> None:
    lease = ledger.lease()
    ledger.do(ledger.rich, "transfer", Web3.to_checksum_address(ledger.renter.address), 300, contract=ledger.coin)

    for permit, deadline in ((_permit(ledger, 300, 5), 5), (_permit(ledger, 299, ledger.time), ledger.time)):
        with reverts("ERC20InsufficientAllowance"):
            ledger.do(ledger.renter, "openWithPermit", _terms(lease.terms), deadline, *permit)


def test_an_event_says_all_that_a_stranger_needs_for_claiming(ledger: Ledger) -> None:
    lease = ledger.opened()
    topic = (
        "0x"
        + keccak(b"LeaseOpened(bytes32,address,(address,address,bytes32,uint32,uint128,uint64,uint32,bytes32))").hex()
    )

    found: Any = ledger.chain.answer("eth_getLogs", [{"fromBlock": "0x0", "topics": [topic, lease.id]}])

    [log] = found
    expected = encode(["(address,address,bytes32,uint32,uint128,uint64,uint32,bytes32)"], [_terms(lease.terms)])
    assert log["data"] == "0x" + expected.hex()


@cache
def _one_ledger_for_every_sequence() -> Ledger:
    return Ledger()


PICKS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 55)), min_size=1, max_size=5)


@settings(max_examples=10, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
class Conservation(RuleBasedStateMachine):
    """Any sequence of calls, right or wrong, conserves money to the unit, lease by lease and in all."""

    @initialize()
    def given_an_empty_escrow(self) -> None:
        self.on = _one_ledger_for_every_sequence()
        self.idle = self.on.balance(self.on.escrow.address)
        self.leases: list[Lease] = []
        self.best: dict[tuple[str, int], int] = {}

    def _try(self, key: Key, function: str, *arguments: object) -> bool:
        try:
            self.on.do(key, function, *arguments)
        except RpcError as refused:
            assert refused.code == 3
            return False
        return True

    @precondition(lambda self: len(self.leases) < 3)
    @rule(caps=st.lists(st.integers(0, 50), min_size=1, max_size=4), less=st.integers(0, 20))
    def open(self, caps: list[int], less: int) -> None:
        lease = self.on.lease(caps=caps, deposit=max(1, sum(caps) - less))
        self.on.approve(lease.terms.deposit)
        assert self._try(self.on.renter, "open", _terms(lease.terms))
        self.leases.append(lease)

    @precondition(lambda self: self.leases)
    @rule(picks=PICKS, which=st.integers(0, 2))
    def claim(self, picks: list[tuple[int, int]], which: int) -> None:
        lease = self.leases[which % len(self.leases)]
        chosen = [(index % len(lease.shares), amount) for index, amount in picks]

        if self._try(self.on.stranger, "claim", _terms(lease.terms), [self.on.claim(lease, i, a) for i, a in chosen]):
            for index, amount in chosen:
                self.best[lease.id, index] = max(amount, self.best.get((lease.id, index), 0))

    @precondition(lambda self: self.leases)
    @rule(which=st.integers(0, 2), function=st.sampled_from(["close", "sweep", "open"]))
    def end(self, which: int, function: str) -> None:
        self._try(self.on.renter, function, _terms(self.leases[which % len(self.leases)].terms))

    @rule(seconds=st.sampled_from([1, GRACE, GRACE + 1, HOUR]))
    def wait(self, seconds: int) -> None:
        self.on.time += seconds

    @invariant()
    def money_is_conserved(self) -> None:
        held = self.idle if hasattr(self, "idle") else 0
        for lease in getattr(self, "leases", []):
            status, remaining, _ = self.on.word(lease)
            paid = 0
            for share in lease.shares:
                one = self.on.view(self.on.escrow, "paid", bytes.fromhex(lease.id[2:]), share.index)
                assert one <= min(share.cap, self.best.get((lease.id, share.index), 0))
                paid += one
            assert paid + remaining == lease.terms.deposit
            held += 0 if status == 3 else remaining
        if hasattr(self, "on"):
            assert self.on.balance(self.on.escrow.address) == held


TestConservation = Conservation.TestCase


def test_gas_stays_within_what_the_documentation_says(capsys: pytest.CaptureFixture[str]) -> None:
    ledger = Ledger()
    figures = {"create the coin": ledger.deployment_gas[0], "create the escrow": ledger.deployment_gas[1]}
    ledger.opened()
    lease = ledger.lease(caps=(10**20,) * 5)
    ledger.approve(lease.terms.deposit)
    figures["open, approved before, 5 shares"] = ledger.do(ledger.renter, "open", _terms(lease.terms))
    renter = Web3.to_checksum_address(ledger.renter.address)
    for label in ("openWithPermit, 64 shares, first of a wallet", "openWithPermit, 64 shares, later"):
        wide = ledger.lease(caps=(10**18,) * 64)
        deadline = ledger.time + HOUR
        permit = _permit(ledger, wide.terms.deposit, deadline)
        ledger.do(ledger.rich, "transfer", renter, 10**21, contract=ledger.coin)
        figures[label] = ledger.do(ledger.renter, "openWithPermit", _terms(wide.terms), deadline, *permit)
    terms = _terms(lease.terms)
    figures["claim, one share, donor new to the coin"] = ledger.do(
        ledger.stranger, "claim", terms, [ledger.claim(lease, 0, 10**18)]
    )
    ledger.do(ledger.stranger, "claim", terms, [ledger.claim(lease, i, 10**18) for i in range(1, 5)])
    again = [ledger.claim(lease, 0, 2 * 10**18)]
    figures["claim, one share again"] = ledger.do(ledger.stranger, "claim", terms, again)
    batch = [ledger.claim(wide, index, 10**17) for index in range(64)]
    figures["claim, 64 shares first time, each"] = ledger.do(ledger.stranger, "claim", _terms(wide.terms), batch) // 64
    batch = [ledger.claim(wide, index, 2 * 10**17) for index in range(64)]
    figures["claim, 64 shares again, each"] = ledger.do(ledger.stranger, "claim", _terms(wide.terms), batch) // 64
    figures["close"] = ledger.do(ledger.renter, "close", terms)
    ledger.time += GRACE + 1
    figures["sweep"] = ledger.do(ledger.stranger, "sweep", terms)

    with capsys.disabled():
        for label, gas in figures.items():
            print(f"\n    {label}: {gas}", end="")
    assert figures["claim, 64 shares first time, each"] < 70_000
    assert figures["open, approved before, 5 shares"] < 100_000
    assert figures["close"] + figures["sweep"] < 85_000
