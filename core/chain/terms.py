"""Leases as the contracts' functions take them: tuples of their structs. Pure."""

from collections.abc import Sequence

from core.chain import merkle
from core.chain.node import checksummed
from core.chain.suite import word
from core.chain.typed_data import compact, signature_bytes
from core.model import Agreement, Redemption, Share, SignedAcceptance, Terms


def root_of(shares: Sequence[Share]) -> str:
    """The root over `shares`: 0x and 64 hexadecimal digits."""
    return "0x" + merkle.root([merkle.leaf(share) for share in shares]).hex()


def proof_of(agreement: Agreement, index: int) -> tuple[bytes, ...]:
    """The proof that share `index` is behind the agreement's root."""
    return merkle.proof([merkle.leaf(share) for share in agreement.shares], index)


def terms_tuple(terms: Terms) -> tuple[object, ...]:
    """ILeases.Terms."""
    return (
        checksummed(terms.renter),
        checksummed(terms.session),
        word(terms.root),
        terms.deposit,
        terms.ends_at,
        terms.grace_s,
        word(terms.salt),
    )


def share_tuple(share: Share) -> tuple[object, ...]:
    """ILeases.Share."""
    return (share.index, checksummed(share.donor), share.cap, share.penalty, merkle.resources(share))


def acceptance_tuple(signed: SignedAcceptance) -> tuple[object, ...]:
    """ILeases.Acceptance."""
    r, vs = compact(signature_bytes(signed.signature))
    return (signed.acceptance.expires_at, int(signed.acceptance.seats, 16), r, vs)


def deal_tuple(agreement: Agreement, index: int, accepted: SignedAcceptance) -> tuple[object, ...]:
    """ITrials.Deal, which is also what Court.accuse takes first."""
    share = share_tuple(agreement.shares[index])
    return terms_tuple(agreement.terms), share, proof_of(agreement, index), acceptance_tuple(accepted)


def claim_tuple(redemption: Redemption, leaves: Sequence[bytes]) -> tuple[object, ...]:
    """ILeases.Claim, `leaves` being those of the whole lease."""
    share = redemption.share
    return (
        share.index,
        checksummed(share.donor),
        share.cap,
        merkle.detail(share),
        merkle.proof(leaves, share.index),
        redemption.voucher.amount,
        *compact(signature_bytes(redemption.signature)),
    )
