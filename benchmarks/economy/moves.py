"""What people do to leases, each a transaction on the stage."""

from collections.abc import Sequence

from benchmarks.economy.stage import Lease, Person, Stage
from core.chain import merkle
from core.chain.terms import share_tuple, terms_tuple
from core.model import Amount, Share


def agreed(
    stage: Stage,
    renter: Person,
    donors: Sequence[Person],
    *,
    cap: int | None = None,
    penalty: int | None = None,
) -> Lease:
    """A lease with a typical share for each of `donors`, signed by all, not opened yet."""
    p = stage.parameters
    shares = [
        Share(
            index,
            donor.key.address,
            p.shape,
            p.rate,
            Amount(p.cap if cap is None else cap),
            Amount(p.penalty if penalty is None else penalty),
        )
        for index, donor in enumerate(donors)
    ]
    return stage.lease(renter, shares, donors)


def open_quoted(stage: Stage, renter: Person, lease: Lease) -> None:
    """The deposit is escrowed and every donor's penalty reserved."""
    shares = [share_tuple(share) for share in lease.shares]
    stage.do(renter, stage.leases, "openQuoted", terms_tuple(lease.terms), shares, list(lease.acceptances))


def open_plain(stage: Stage, renter: Person, lease: Lease) -> None:
    """The deposit is escrowed; no stake is reserved."""
    stage.do(renter, stage.leases, "open", terms_tuple(lease.terms))


def claim(stage: Stage, person: Person, lease: Lease, amounts: Sequence[int]) -> None:
    """Vouchers, one for each share from the first on, are redeemed in one batch; 0 leaves a share out."""
    claims = [stage.claim(lease, index, amount) for index, amount in enumerate(amounts) if amount]
    stage.do(person, stage.leases, "claim", terms_tuple(lease.terms), claims)


def claim_and_retire(stage: Stage, donor: Person, lease: Lease, index: int, amount: int) -> None:
    """What a donor sends when its share is over: its last voucher, and that it is done."""
    terms = terms_tuple(lease.terms)
    calls = [
        stage.leases.encode_abi("claim", args=[terms, [stage.claim(lease, index, amount)]]),
        stage.leases.encode_abi("retire", args=[terms, *_share(lease, index)]),
    ]
    stage.do(donor, stage.leases, "multicall", calls)


def retire(stage: Stage, donor: Person, lease: Lease, index: int = 0) -> None:
    """A donor says that it is done with a share."""
    stage.do(donor, stage.leases, "retire", terms_tuple(lease.terms), *_share(lease, index))


def close(stage: Stage, person: Person, lease: Lease) -> None:
    """The lease is ended early."""
    stage.do(person, stage.leases, "close", terms_tuple(lease.terms))


def sweep(stage: Stage, person: Person, lease: Lease) -> None:
    """Once the time for claims is over, what is left goes home."""
    claimable_until = stage.view(stage.leases, "lease", lease.word)[1]
    stage.time = max(stage.time, claimable_until + 1)
    stage.do(person, stage.leases, "sweep", terms_tuple(lease.terms))


def _share(lease: Lease, index: int) -> tuple[object, object]:
    proof = merkle.proof([merkle.leaf(share) for share in lease.shares], index)
    return share_tuple(lease.shares[index]), proof
