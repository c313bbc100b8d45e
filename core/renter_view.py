"""Draws a renter's view: words, sentences and sums over what its agent knows. Pure."""

from collections.abc import Iterable

from core.cluster import Cluster
from core.lease import Part, PartState, Rental, RentalPhase, ended
from core.model import Amount, Resources, Share, SignedOffer
from core.view import ClusterLine, OfferLine, WorkerLine

MARKET_LINES = 1000
"""A screen shows so many offers at most, the cheapest."""

_YARDSTICK = Resources(cpu_millis=1000, memory_mib=2048)


def market(offers: Iterable[SignedOffer]) -> tuple[OfferLine, ...]:
    """The offers that have room, cheapest first."""
    lines = [
        OfferLine(
            donor=signed.offer.donor,
            name=signed.offer.name,
            capacity=signed.offer.capacity,
            prices=signed.offer.prices,
            hourly=Amount(3600 * signed.offer.prices.per_second(_YARDSTICK)),
            expires_at=signed.offer.expires_at,
            traits=signed.offer.traits,
        )
        for signed in offers
        if signed.offer.capacity.cpu_millis and signed.offer.capacity.memory_mib
    ]
    return tuple(sorted(lines, key=lambda line: (line.hourly, line.donor))[:MARKET_LINES])


def cluster_line(cluster: Cluster, rental: Rental | None, *, screen: str, retrying: bool) -> ClusterLine | None:
    """One cluster; None before its first lease was proposed. `retrying`: its last lease failed, another follows."""
    if rental is None:
        return None
    agreement = rental.agreement
    workers = tuple(
        _worker(share, part, cluster, rental) for share, part in zip(agreement.shares, rental.parts, strict=True)
    )
    return ClusterLine(
        name=cluster.name,
        lease=agreement.lease,
        state=RentalPhase.PROPOSED.value if retrying else rental.phase.value,
        sentence=_sentence(rental, cluster) + (" Asking others." if retrying else ""),
        workers=workers,
        rate=Amount(sum(share.rate for share in agreement.shares)),
        deposit=agreement.terms.deposit if rental.opened_at else Amount(0),
        spent=Amount(sum(part.vouched for part in rental.parts)),
        refund=rental.refund,
        opened_at=rental.opened_at,
        ends_at=agreement.terms.ends_at,
        screen=screen,
        jobs=cluster.jobs,
        ended=ended(rental) and not retrying,
    )


def _worker(share: Share, part: Part, cluster: Cluster, rental: Rental) -> WorkerLine:
    return WorkerLine(
        index=share.index,
        donor=share.donor,
        donor_name=cluster.donors.get(share.donor, ("", ""))[0],
        state=part.state.value,
        sentence=part.reason.sentence if part.reason else "",
        resources=share.resources,
        rate=share.rate,
        served_s=part.served_s,
        vouched=part.vouched,
        paid=rental.paid[share.index] if rental.paid else Amount(0),
        penalty=share.penalty,
    )


def _sentence(rental: Rental, cluster: Cluster) -> str:
    serving = sum(part.state is PartState.SERVING for part in rental.parts)
    of = len(rental.parts)
    match rental.phase:
        case RentalPhase.PROPOSED:
            accepted = sum(part.state is not PartState.PROPOSED for part in rental.parts)
            text = f"Asking the donors: {accepted} of {of} accepted."
        case RentalPhase.OPENING:
            text = "Paying the deposit into escrow."
        case RentalPhase.STARTING:
            text = f"Starting: {serving} of {of} workers registered."
        case RentalPhase.RUNNING:
            text = f"Running with {serving} of {of} workers."
        case RentalPhase.DRAINING:
            text = "Stopping the workers and signing the last vouchers."
        case RentalPhase.CLOSING if rental.claimable_until:
            text = "Closed; the rest is refunded once the time to claim is over."
        case RentalPhase.CLOSING:
            text = "Closing the lease in the escrow."
        case RentalPhase.ENDED:
            text = ""
    why = rental.reason.sentence if rental.reason else ""
    return " ".join(filter(None, (text, why, rental.why, cluster.trouble)))
