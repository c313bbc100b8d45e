"""Digests, signatures, transactions and trees, against eth_account and OpenZeppelin's rules."""

from dataclasses import replace

import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from core.chain import merkle
from core.chain.reverts import explained, selector
from core.chain.transaction import LegacyFee, MarketFee, Transaction
from core.chain.typed_data import Domain, DomainNotary, digest, lease_id, permit_digest, recover, signature_bytes
from core.chain.wallet import Key
from core.errors import InvalidInput, NotEnoughCoin
from core.model import (
    Acceptance,
    Address,
    Amount,
    Heartbeat,
    Kind,
    LeaseId,
    Letterhead,
    Offer,
    Prices,
    Resources,
    Share,
    Statement,
    Terms,
    Traits,
    Voucher,
)

KEY = Key.from_hex("0x" + "4c" * 32)
OTHER = Key.from_hex("0x" + "5d" * 32)
DOMAIN = Domain(31337, Address("0x" + "ab" * 20))
LEASE = LeaseId("0x" + "1f" * 32)
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

OFFER = Offer(
    donor=KEY.address,
    name="laptop of Zoë",
    capacity=Resources(2000, 4096, 10240),
    prices=Prices(Amount(5), Amount(1), Amount(0), Amount(0)),
    kinds=(Kind.SPARK,),
    seal_key="0x" + "77" * 32,
    sequence=9,
    expires_at=1_800_000_000,
    longest_lease_s=86_400,
    shortest_grace_s=600,
)
ACCEPTANCE = Acceptance(LEASE, 3, KEY.address, 1_800_000_000, "0x" + "0f" * 32)
HEARTBEAT = Heartbeat(LEASE, 3, 1234, True)
VOUCHER = Voucher(LEASE, 3, Amount(10**28 + 7))
LETTERHEAD = Letterhead(KEY.address, OTHER.address, 2**63 - 1, 1_800_000_000, "0x" + "0e" * 32)

STATEMENTS: list[tuple[Statement, list[str], dict[str, object]]] = [
    (
        ACCEPTANCE,
        ["bytes32 lease", "uint32 index", "address donor", "uint64 expiresAt", "uint256 seats"],
        {
            "lease": LEASE,
            "index": 3,
            "donor": KEY.address,
            "expiresAt": 1_800_000_000,
            "seats": int.from_bytes(b"\x0f" * 32, "big"),
        },
    ),
    (
        HEARTBEAT,
        ["bytes32 lease", "uint32 index", "uint64 servedSeconds", "bool serving"],
        {"lease": LEASE, "index": 3, "servedSeconds": 1234, "serving": True},
    ),
    (
        VOUCHER,
        ["bytes32 lease", "uint32 index", "uint128 amount"],
        {"lease": LEASE, "index": 3, "amount": 10**28 + 7},
    ),
    (
        LETTERHEAD,
        ["address sender", "address recipient", "uint64 sequence", "uint64 expiresAt", "bytes32 bodyHash"],
        {
            "sender": KEY.address,
            "recipient": OTHER.address,
            "sequence": 2**63 - 1,
            "expiresAt": 1_800_000_000,
            "bodyHash": "0x" + "0e" * 32,
        },
    ),
]


def _reference(domain: Domain, type_name: str, fields: list[str], message: dict[str, object]) -> bytes:
    types = {type_name: [{"type": field.split()[0], "name": field.split()[1]} for field in fields]}
    where = {
        "name": domain.name,
        "version": "1",
        "chainId": domain.chain_id,
        "verifyingContract": domain.contract,
    }
    signable = encode_typed_data(where, types, message)
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


@pytest.mark.parametrize(("statement", "fields", "message"), STATEMENTS)
def test_a_digest_is_what_another_implementation_of_eip_712_makes(
    statement: Statement, fields: list[str], message: dict[str, object]
) -> None:
    assert digest(DOMAIN, statement) == _reference(DOMAIN, type(statement).__name__, fields, message)


def test_a_permit_digest_is_what_another_implementation_makes() -> None:
    coin = Domain(61, Address("0x" + "cd" * 20), "Spare")
    fields = ["address owner", "address spender", "uint256 value", "uint256 nonce", "uint256 deadline"]
    message = {"owner": KEY.address, "spender": DOMAIN.contract, "value": 5, "nonce": 1, "deadline": 99}

    made = permit_digest(coin, KEY.address, DOMAIN.contract, Amount(5), 1, 99)

    assert made == _reference(coin, "Permit", fields, message)


@pytest.mark.parametrize("statement", [OFFER, ACCEPTANCE, HEARTBEAT, VOUCHER, LETTERHEAD])
def test_whoever_signed_a_statement_is_found_and_nobody_else(statement: Statement) -> None:
    notary = DomainNotary(DOMAIN, KEY)

    signature = notary.sign(statement)

    assert DomainNotary(DOMAIN, OTHER).signer(statement, signature) == KEY.address
    elsewhere = DomainNotary(replace(DOMAIN, chain_id=1), KEY)
    assert elsewhere.signer(statement, signature) != KEY.address


def test_every_field_of_an_offer_is_signed() -> None:
    changed = [
        replace(OFFER, name="x"),
        replace(OFFER, capacity=Resources(2001, 4096, 10240)),
        replace(OFFER, prices=Prices(Amount(5), Amount(2), Amount(0), Amount(0))),
        replace(OFFER, seal_key="0x" + "78" * 32),
        replace(OFFER, sequence=10),
        replace(OFFER, expires_at=1),
        replace(OFFER, shortest_grace_s=1),
        replace(OFFER, traits=Traits(cpu_score=1)),
        replace(OFFER, traits=Traits(memory_mib_s=1)),
        replace(OFFER, traits=Traits(disk_mib_s=1)),
        replace(OFFER, traits=Traits(up_kib_s=1)),
        replace(OFFER, traits=Traits(down_kib_s=1)),
        replace(OFFER, traits=Traits(measured_at=1)),
    ]

    digests = {digest(DOMAIN, offer) for offer in [OFFER, *changed]}

    assert len(digests) == 1 + len(changed)


def test_the_key_agrees_with_eth_account() -> None:
    made = digest(DOMAIN, VOUCHER)

    reference = Account.unsafe_sign_hash(made, KEY.export()).signature

    assert KEY.sign_digest(made) == bytes(reference)
    assert Account.from_key(KEY.export()).address.lower() == KEY.address


def test_a_malleable_signature_is_refused() -> None:
    made = digest(DOMAIN, VOUCHER)
    signature = KEY.sign_digest(made)
    s = CURVE_ORDER - int.from_bytes(signature[32:64], "big")
    twin = signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])

    with pytest.raises(InvalidInput, match="malleable"):
        recover(made, twin)


@pytest.mark.parametrize(
    "signature",
    [b"", b"\1" * 64, b"\1" * 65, b"\0" * 64 + b"\x1b", b"\xff" * 32 + b"\1" * 32 + b"\x1b", b"\1" * 66],
)
def test_a_malformed_signature_is_refused(signature: bytes) -> None:
    with pytest.raises(InvalidInput):
        recover(digest(DOMAIN, VOUCHER), signature)


@given(st.binary(min_size=65, max_size=65))
def test_random_bytes_are_refused_or_belong_to_some_key(signature: bytes) -> None:
    try:
        found = recover(digest(DOMAIN, VOUCHER), signature)
    except InvalidInput:
        return

    assert found != KEY.address


@pytest.mark.parametrize("text", ["", "0x", "12" * 65, "0x" + "zz" * 65, "0x" + "12" * 64, "0x" + " 1" * 65])
def test_a_signature_is_spelt_as_130_hexadecimal_digits(text: str) -> None:
    with pytest.raises(InvalidInput):
        signature_bytes(text)


def test_a_lease_id_is_the_hash_of_the_abi_encoded_terms() -> None:
    terms = Terms(KEY.address, OTHER.address, "0x" + "01" * 32, Amount(77), 1_800_000_000, 900, "0x" + "02" * 32)
    tuple_type = "(address,address,bytes32,uint128,uint64,uint32,bytes32)"
    values = (terms.renter, terms.session, b"\1" * 32, 77, 1_800_000_000, 900, b"\2" * 32)

    expected = keccak(encode(["uint256", "address", tuple_type], [31337, DOMAIN.contract, values]))

    assert lease_id(DOMAIN, terms) == "0x" + expected.hex()


@pytest.mark.parametrize("to", [OTHER.address, None])
def test_signed_transactions_are_those_of_eth_account(to: Address | None) -> None:
    legacy = Transaction(61, 0, LegacyFee(10**9), 90_000, to, 0, b"\1\2")
    market = Transaction(1, 7, MarketFee(3 * 10**9, 10**9), 90_000, to, 5, b"")
    target = {} if to is None else {"to": Account.from_key(OTHER.export()).address}

    reference_legacy = Account.sign_transaction(
        {"chainId": 61, "nonce": 0, "gasPrice": 10**9, "gas": 90_000, "value": 0, "data": b"\1\2", **target},
        KEY.export(),
    )
    reference_market = Account.sign_transaction(
        {
            "chainId": 1,
            "nonce": 7,
            "maxFeePerGas": 3 * 10**9,
            "maxPriorityFeePerGas": 10**9,
            "gas": 90_000,
            "value": 5,
            "data": b"",
            "type": 2,
            **target,
        },
        KEY.export(),
    )

    assert KEY.sign_transaction(legacy) == bytes(reference_legacy.raw_transaction)
    assert KEY.sign_transaction(market) == bytes(reference_market.raw_transaction)


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40), st.data())
def test_every_leaf_is_proven_to_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))

    node = leaves[index]
    for sibling in merkle.proof(leaves, index):
        node = keccak(min(node, sibling) + max(node, sibling))

    assert node == merkle.root(leaves)


def test_a_leaf_and_its_detail_commit_to_every_field_of_a_share() -> None:
    share = Share(1, KEY.address, Resources(1000, 2048, 10, 0, 0), Amount(5), Amount(500))
    changed = [
        replace(share, index=2),
        replace(share, donor=OTHER.address),
        replace(share, cap=Amount(501)),
        replace(share, rate=Amount(6)),
        replace(share, penalty=Amount(1)),
        replace(share, resources=Resources(1000, 2048, 11, 0, 0)),
    ]

    leaves = {merkle.leaf(one) for one in [share, *changed]}

    assert len(leaves) == 1 + len(changed)


def test_a_revert_becomes_a_sentence() -> None:
    over_cap = selector("Leases_OverCap") + encode(["uint32", "uint256", "uint256"], [7, 10, 9])
    poor = selector("ERC20InsufficientBalance") + encode(["address", "uint256", "uint256"], [KEY.address, 1, 2])
    reason = bytes.fromhex("08c379a0") + encode(["string"], ["no such thing"])

    assert "share 7" in str(explained(over_cap))
    assert isinstance(explained(poor), NotEnoughCoin)
    assert "no such thing" in str(explained(reason))


ERRORS = st.sampled_from(["Leases_OverCap", "Leases_WrongStatus", "Leases_BadTerms"])


@given(ERRORS, st.binary(max_size=99))
def test_a_malformed_revert_is_still_an_error_with_a_sentence(error: str, tail: bytes) -> None:
    assert str(explained(selector(error) + tail))
    assert str(explained(tail))
