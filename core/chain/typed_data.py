"""What parties sign, as EIP-712 digests in the escrow's domain, and who signed. Pure.

Vouchers and acceptances are shown to the contracts; the other statements are evidence between people. An Offer is
hashed by its canonical JSON, because nobody but this program reads one. Signatures are r, s, v with v 27 or 28 and s
in the lower half of the curve's order (EIP-2), so that a statement has one valid signature a key.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol, assert_never

import msgspec
from coincurve import PublicKey
from eth_hash.auto import keccak

from core.errors import InvalidInput
from core.model import Acceptance, Address, Amount, Heartbeat, LeaseId, Letterhead, Offer, Statement, Terms, Voucher

_DOMAIN: Final = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_OFFER: Final = keccak(b"Offer(address donor,uint64 sequence,uint64 expiresAt,bytes32 contentHash)")
_ACCEPTANCE: Final = keccak(b"Acceptance(bytes32 lease,uint32 index,address donor,uint64 expiresAt,uint256 seats)")
_HEARTBEAT: Final = keccak(b"Heartbeat(bytes32 lease,uint32 index,uint64 servedSeconds,bool serving)")
_VOUCHER: Final = keccak(b"Voucher(bytes32 lease,uint32 index,uint128 amount)")
_LETTERHEAD: Final = keccak(
    b"Letterhead(address sender,address recipient,uint64 sequence,uint64 expiresAt,bytes32 bodyHash)"
)
_PERMIT: Final = keccak(b"Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")
_HALF_ORDER: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


class Signer(Protocol):
    """A key that signs digests and does not show itself."""

    @property
    def address(self) -> Address:
        """The account it signs for."""
        ...

    def sign_digest(self, digest: bytes) -> bytes:
        """65 bytes: r, s, v."""
        ...


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a signature counts: one contract on one chain."""

    chain_id: int
    contract: Address
    name: str = "Sparecloud"


class DomainNotary:
    """core.ports.Notary for one key and one escrow."""

    def __init__(self, domain: Domain, key: Signer) -> None:
        self._domain = domain
        self._key = key

    @property
    def address(self) -> Address:
        """The account that `sign` signs for."""
        return self._key.address

    def sign(self, statement: Statement) -> str:
        """The signature of `statement`: 0x and 130 hexadecimal digits."""
        return "0x" + self._key.sign_digest(digest(self._domain, statement)).hex()

    def signer(self, statement: Statement, signature: str) -> Address:
        """Who signed `statement`. Raises InvalidInput where the signature is malformed or malleable."""
        return recover(digest(self._domain, statement), signature_bytes(signature))


def digest(domain: Domain, statement: Statement) -> bytes:
    """The 32 bytes that sign `statement` in `domain`."""
    return _enveloped(domain, _struct(statement))


def permit_digest(coin: Domain, owner: Address, spender: Address, value: Amount, nonce: int, deadline: int) -> bytes:
    """The EIP-2612 digest that lets `spender` take `value`; `coin` is the coin's own domain."""
    struct = _hashed(_PERMIT, _word(owner), _word(spender), _uint(value), _uint(nonce), _uint(deadline))
    return _enveloped(coin, struct)


def lease_id(escrow: Domain, terms: Terms) -> LeaseId:
    """What the escrow knows a lease on `terms` by: keccak256(abi.encode(chainid, escrow, terms))."""
    packed = _hashed(
        _uint(escrow.chain_id),
        _word(escrow.contract),
        _word(terms.renter),
        _word(terms.session),
        _word(terms.root),
        _uint(terms.deposit),
        _uint(terms.ends_at),
        _uint(terms.grace_s),
        _word(terms.salt),
    )
    return LeaseId("0x" + packed.hex())


def recover(digest: bytes, signature: bytes) -> Address:
    """Who signed `digest`. Raises InvalidInput where the 65 bytes are malformed or malleable."""
    if len(signature) != 65 or signature[64] not in (27, 28):
        raise InvalidInput("The signature is malformed: r, s and v (27 or 28) are expected.")
    if not 0 < int.from_bytes(signature[32:64], "big") <= _HALF_ORDER:
        raise InvalidInput("The signature is malleable: s must lie in the lower half (EIP-2).")
    try:
        key = PublicKey.from_signature_and_message(signature[:64] + bytes([signature[64] - 27]), digest, hasher=None)
    except ValueError as problem:
        raise InvalidInput("The signature belongs to no key.") from problem
    return address_of(key)


def address_of(key: PublicKey) -> Address:
    """The account of a public key."""
    return Address("0x" + keccak(key.format(compressed=False)[1:])[-20:].hex())


def compact(signature: bytes) -> tuple[bytes, bytes]:
    """The 65 bytes r, s, v as the contracts take them (EIP-2098): r, and s with v's parity in its highest bit."""
    vs = int.from_bytes(signature[32:64], "big") | (signature[64] - 27) << 255
    return signature[:32], vs.to_bytes(32, "big")


def signature_bytes(text: str) -> bytes:
    """The 65 bytes that `text` (0x and 130 hexadecimal digits) spells. Raises InvalidInput."""
    try:
        if len(text) == 132 and text.startswith("0x"):
            return bytes.fromhex(text[2:])
    except ValueError:
        pass
    raise InvalidInput("The signature is malformed: 0x and 130 hexadecimal digits are expected.")


def _struct(statement: Statement) -> bytes:
    match statement:
        case Offer(donor=donor, sequence=sequence, expires_at=expires_at):
            content = keccak(msgspec.json.encode(statement, order="sorted"))
            return _hashed(_OFFER, _word(donor), _uint(sequence), _uint(expires_at), content)
        case Acceptance(lease, index, donor, expires_at, seats):
            return _hashed(_ACCEPTANCE, _word(lease), _uint(index), _word(donor), _uint(expires_at), _word(seats))
        case Heartbeat(lease, index, served_s, serving):
            return _hashed(_HEARTBEAT, _word(lease), _uint(index), _uint(served_s), _uint(serving))
        case Voucher(lease, index, amount):
            return _hashed(_VOUCHER, _word(lease), _uint(index), _uint(amount))
        case Letterhead(sender, recipient, sequence, expires_at, body_hash):
            parties = (_word(sender), _word(recipient))
            return _hashed(_LETTERHEAD, *parties, _uint(sequence), _uint(expires_at), _word(body_hash))
        case _:
            assert_never(statement)


def _hashed(*words: bytes) -> bytes:
    return keccak(b"".join(words))


def _enveloped(domain: Domain, struct: bytes) -> bytes:
    return keccak(b"\x19\x01" + _separator(domain) + struct)


@lru_cache(maxsize=16)
def _separator(domain: Domain) -> bytes:
    name, version = keccak(domain.name.encode()), keccak(b"1")
    return _hashed(_DOMAIN, name, version, _uint(domain.chain_id), _word(domain.contract))


def _uint(value: int) -> bytes:
    return value.to_bytes(32, "big")


def _word(hexadecimal: str) -> bytes:
    return bytes.fromhex(hexadecimal[2:]).rjust(32, b"\0")
