"""Draws a renter's view: words, sentences and sums over what its agent knows. Pure."""

import heapq
from collections.abc import Iterable, Sequence

from core.cluster import Cluster
from core.lease import Part, PartState, Rental, RentalPhase, ended
from core.lease.granted import WHOLE
from core.model import Amount, Resources, Share, SignedOffer
from core.repair import numbered
from core.view import ClusterLine, OfferLine, WorkerLine

MARKET_LINES = 1000
"""A view holds so many offers at most, the cheapest."""

ALL_LINES = 50_000
"""Nobody is given more offers than so many at once."""

_YARDSTICK = Resources(cpu_millis=1000, memory_mib=2048)


def market(offers: Iterable[SignedOffer], most: int = MARKET_LINES) -> tuple[tuple[OfferLine, ...], int]:
    """The offers that have room, the cheapest first and no more than `most`; and how many have room."""
    priced = [
        (signed.offer.prices.per_second(_YARDSTICK), signed.offer.donor, signed)
        for signed in offers
        if signed.offer.capacity.cpu_millis and signed.offer.capacity.memory_mib
    ]
    # Two offers never have the same donor, so that what comes third is never compared.
    cheapest = heapq.nsmallest(most, priced)
    return tuple(_offer(signed, per_second) for per_second, _, signed in cheapest), len(priced)


def _offer(signed: SignedOffer, per_second: int) -> OfferLine:
    return OfferLine(
        donor=signed.offer.donor,
        name=signed.offer.name,
        capacity=signed.offer.capacity,
        prices=signed.offer.prices,
        hourly=Amount(3600 * per_second),
        expires_at=signed.offer.expires_at,
        traits=signed.offer.traits,
    )


def cluster_line(
    cluster: Cluster, rentals: Sequence[Rental], *, screen: str, retrying: bool, lives: bool, changing: str = ""
) -> ClusterLine | None:
    """One cluster over its leases (core.repair.opened); None before its first was proposed.

    `retrying`: its only lease failed, another follows. `lives`: something still needs its master. `changing` says what
    is being changed about it.
    """
    if not rentals:
        return None
    main = min(rentals, key=lambda rental: _PRECEDENCE.index(rental.phase))
    state = RentalPhase.PROPOSED if retrying else main.phase
    if lives and main.phase not in (RentalPhase.RUNNING, RentalPhase.STARTING, RentalPhase.OPENING):
        # All workers are lost, and others are looked for.
        state = RentalPhase.STARTING
    return ClusterLine(
        name=cluster.name,
        lease=cluster.lease or main.agreement.lease,
        leases=tuple(rental.agreement.lease for rental in rentals),
        state=state.value,
        sentence=_sentence(main, state, rentals, cluster) + (" Asking others." if retrying else ""),
        workers=tuple(
            _worker(number, rental, index, cluster) for number, (rental, index) in enumerate(numbered(rentals))
        ),
        rate=Amount(sum(share.rate for share in _paid_for(rentals))),
        deposit=Amount(sum(rental.agreement.terms.deposit for rental in rentals if rental.opened_at)),
        spent=Amount(sum(part.vouched for part in _parts(rentals))),
        refund=Amount(sum(rental.refund for rental in rentals)),
        opened_at=min(rental.opened_at for rental in rentals),
        ends_at=max(cluster.until, *(rental.agreement.terms.ends_at for rental in rentals)),
        screen=screen,
        jobs=cluster.jobs,
        ended=(over := all(ended(rental) for rental in rentals) and not retrying and not lives),
        changing="" if over else changing,
        request=cluster.request,
    )


_PRECEDENCE = (
    RentalPhase.RUNNING,
    RentalPhase.STARTING,
    RentalPhase.DRAINING,
    RentalPhase.CLOSING,
    RentalPhase.OPENING,
    RentalPhase.PROPOSED,
    RentalPhase.ENDED,
)
"""A cluster of several leases is in the first of these phases that one of them is in."""


def _parts(rentals: Sequence[Rental]) -> list[Part]:
    return [part for rental in rentals for part in rental.parts]


def _paid_for(rentals: Sequence[Rental]) -> list[Share]:
    """The shares that are, or may again be, paid for; all of a cluster's before and after it ran."""
    shares = [
        (share, part) for rental in rentals for share, part in zip(rental.agreement.shares, rental.parts, strict=True)
    ]
    return [share for share, part in shares if part.state is not PartState.LOST] or [share for share, _ in shares]


def _worker(number: int, rental: Rental, index: int, cluster: Cluster) -> WorkerLine:
    share, part = rental.agreement.shares[index], rental.parts[index]
    return WorkerLine(
        index=number,
        lease=rental.agreement.lease,
        donor=share.donor,
        donor_name=cluster.donors.get(share.donor, ("", ""))[0],
        state=part.state.value,
        sentence=_state_of(part),
        resources=share.resources,
        rate=share.rate,
        served_s=part.served_s,
        vouched=part.vouched,
        paid=rental.paid[index] if rental.paid else Amount(0),
        penalty=share.penalty,
    )


def _state_of(part: Part) -> str:
    """Why a worker is not simply serving; empty where it is."""
    if part.reason:
        return part.reason.sentence
    if part.let_go_at:
        return "Let go; the worker hands its data over, and is paid until it is gone."
    if part.leaving:
        return "The owner wants the machine back; the worker hands its data over, and is paid until it is gone."
    if part.state is PartState.SERVING and not part.granted_permille:
        return "Paused by the owner; nothing is paid for it meanwhile."
    if part.state is PartState.SERVING and part.granted_permille < WHOLE:
        return f"The owner leaves it {part.granted_permille / 10:g} % of its processors, and is paid for as much."
    return ""


def _sentence(main: Rental, state: RentalPhase, rentals: Sequence[Rental], cluster: Cluster) -> str:
    parts = _parts(rentals)
    serving = sum(part.state is PartState.SERVING for part in parts)
    resized = len(rentals) > 1 or any(part.let_go_at for part in parts)
    of = cluster.request.workers if resized else len(parts)
    match state:
        case RentalPhase.PROPOSED:
            accepted = sum(part.state is not PartState.PROPOSED for part in main.parts)
            text = f"Asking the donors: {accepted} of {of} accepted."
        case RentalPhase.OPENING:
            text = "Paying the deposit into escrow."
        case RentalPhase.STARTING:
            text = f"Starting: {serving} of {of} workers registered."
        case RentalPhase.RUNNING:
            text = f"Running with {serving} of {of} workers."
        case RentalPhase.DRAINING:
            text = "Stopping the workers and signing the last vouchers."
        case RentalPhase.CLOSING if main.claimable_until:
            text = "Closed; the rest is refunded once the time to claim is over."
        case RentalPhase.CLOSING:
            text = "Closing the lease in the escrow."
        case RentalPhase.ENDED:
            text = ""
    why = main.reason.sentence if main.reason else ""
    return " ".join(filter(None, (text, why, main.why, cluster.trouble)))
