"""What a cluster of several leases amounts to: which shares want replacing, and what it may still cost. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.cluster import Cluster
from core.lease import Part, PartState, Rental, RentalPhase
from core.lease.part import STOP_ALLOWANCE_S, leave_until
from core.model import Address, Amount, LeaseId, Share
from core.quote import LossPolicy, Request
from core.reason import Reason

LEAST_AWAY_S = 12
"""A shorter gap is no absence: an agent can be that slow."""

FOUND_GONE_S = 60
"""What is lost so soon after this machine was away is lost because it was."""

LEAST_LEFT_S = 120
"""A lease that ends sooner is not repaired any more: another worker would hardly start before."""

COMING = frozenset({RentalPhase.PROPOSED, RentalPhase.OPENING})
SERVING = frozenset({RentalPhase.STARTING, RentalPhase.RUNNING})


def of_cluster(cluster: Cluster, rentals: Iterable[Rental]) -> tuple[Rental, ...]:
    """Those of `rentals` that were asked for on the cluster's behalf, in the order asked."""
    known = {rental.agreement.lease: rental for rental in rentals}
    return tuple(known[lease] for lease in cluster.leases if lease in known)


def opened(rentals: Iterable[Rental]) -> tuple[Rental, ...]:
    """The leases that were paid into escrow; before any was, the newest alone."""
    rentals = tuple(rentals)
    return tuple(rental for rental in rentals if rental.opened_at) or rentals[-1:]


def lives(cluster: Cluster, rentals: Iterable[Rental], now: int) -> bool:
    """Whether a master has anything to wait for: a worker that serves or is on its way, or a loss to be made good."""
    if cluster.network is None or cluster.released or cluster.stopped:
        return False
    rentals = of_cluster(cluster, rentals)
    return any(rental.phase in COMING | SERVING for rental in rentals) or bool(wanting(cluster, rentals, now))


def wanting(cluster: Cluster, rentals: Iterable[Rental], now: int) -> tuple[tuple[LeaseId, int], ...]:
    """The shares, each a lease and an index, that are lost or announced and that no other lease replaces yet.

    None where the policy is another, the cluster was given up or never ran, or too little of its time is left.
    """
    rentals = of_cluster(cluster, rentals)
    beyond_repair = any(rental.reason is Reason.MASTER_FAILED for rental in rentals)
    never_ran = all(part.reason is Reason.NEVER_STARTED for rental in opened(rentals) for part in rental.parts)
    if cluster.request.on_loss is not LossPolicy.REPLACE or cluster.released or beyond_repair or never_ran:
        return ()
    covered = covered_by(cluster, rentals)
    # Workers that were to come at somebody's wish and never did are not missed: those they were to relieve serve on.
    extra = {made.lease for made in cluster.replacements if made.swap} | {growth.lease for growth in cluster.growths}
    return tuple(
        (rental.agreement.lease, index)
        for rental in rentals
        if rental.opened_at
        and now < rental.agreement.terms.ends_at - LEAST_LEFT_S
        and not (rental.agreement.lease in extra and _never_started(rental))
        for index, part in enumerate(rental.parts)
        if _gone(part, cluster.back_at) and (rental.agreement.lease, index) not in covered
    )


def covered_by(cluster: Cluster, rentals: Iterable[Rental]) -> set[tuple[LeaseId, int]]:
    """The shares whose place another lease takes, or will once it is opened and its workers have started."""
    failed = {
        rental.agreement.lease
        for rental in rentals
        if (rental.phase is RentalPhase.ENDED and not rental.opened_at) or _never_started(rental)
    }
    return {share for made in cluster.replacements if made.lease not in failed for share in made.shares}


def staying(rentals: Iterable[Rental]) -> tuple[tuple[Rental, int], ...]:
    """The workers, each a lease and an index, that serve or are on their way, and that nobody wants gone."""
    return tuple(
        (rental, index)
        for rental in rentals
        if rental.phase in COMING | SERVING
        for index, part in enumerate(rental.parts)
        if part.state is not PartState.LOST and not part.leaves_at and not part.let_go_at
    )


def size(cluster: Cluster, rentals: Iterable[Rental], now: int) -> int:
    """How many workers the cluster has, those included that will be replaced."""
    rentals = of_cluster(cluster, rentals)
    return len(staying(rentals)) + len(wanting(cluster, rentals, now))


def beside(cluster: Cluster, rentals: Iterable[Rental], workers: int, duration_s: int) -> Request:
    """What to ask the market for so many workers more, as the cluster's others are."""
    room, full = cluster.request.most_per_donor, frozenset[Address]()
    if room is not None:
        serving = _serving(rentals)
        full = frozenset(donor for donor, count in serving.items() if count >= room)
        room -= max((count for donor, count in serving.items() if donor not in full), default=0)
    return replace(
        cluster.request,
        workers=workers,
        duration_s=duration_s,
        confidence_per_mille=0,
        ceiling=None,
        most_per_donor=room,
        excluded=cluster.request.excluded | full,
    )


def _serving(rentals: Iterable[Rental]) -> dict[Address, int]:
    serving: dict[Address, int] = {}
    for rental in rentals:
        if rental.phase is not RentalPhase.ENDED:
            for share, part in zip(rental.agreement.shares, rental.parts, strict=True):
                serving[share.donor] = serving.get(share.donor, 0) + (part.state is not PartState.LOST)
    return serving


def shunned(rentals: Iterable[Rental], since: int) -> frozenset[Address]:
    """Donors that refused, were silent or lost a worker of this cluster after `since`."""
    return frozenset(
        share.donor
        for rental in rentals
        for share, part in zip(rental.agreement.shares, rental.parts, strict=True)
        if part.reason is not None and not part.let_go_at and (part.lost_at or rental.asked_at) > since
    )


def left(cluster: Cluster, rentals: Iterable[Rental]) -> Amount:
    """What more the cluster may cost; one unit where that is nothing, and 0 where it was never bounded."""
    return Amount(max(1, cluster.most - committed(rentals))) if cluster.most else Amount(0)


def _never_started(rental: Rental) -> bool:
    return all(part.reason is Reason.NEVER_STARTED for part in rental.parts)


def replaced(cluster: Cluster, rentals: Iterable[Rental]) -> tuple[tuple[LeaseId, int], ...]:
    """The shares whose replacements are paid for: whoever served them is not waited for any more."""
    paid = {rental.agreement.lease for rental in rentals if rental.opened_at}
    return tuple(share for made in cluster.replacements if made.lease in paid for share in made.shares)


def committed(rentals: Iterable[Rental]) -> Amount:
    """What the leases opened or asked for can still cost, what they have cost included."""
    return Amount(
        sum(
            at_most(part, share, rental)
            for rental in rentals
            if rental.opened_at or rental.phase is not RentalPhase.ENDED
            for part, share in zip(rental.parts, rental.agreement.shares, strict=True)
        )
    )


def at_most(part: Part, share: Share, rental: Rental) -> int:
    """What a share of a lease that was asked for can cost, what it has cost included."""
    if rental.phase is RentalPhase.ENDED:
        return part.vouched
    endings = (
        part.lost_at,
        leave_until(part),
        rental.ending_at and rental.ending_at + STOP_ALLOWANCE_S,
    )
    until = min(filter(None, endings), default=0)
    return max(part.vouched, share.earned(until - part.ordered_at)) if until else share.cap


def was_away(rentals: Iterable[Rental], seen_at: int, now: int) -> bool:
    """Whether nobody here signed for so long that donors may have left; `seen_at` is 0 where this agent is new."""
    rentals = tuple(rentals)
    last = seen_at or max((part.heard_at for rental in rentals for part in rental.parts), default=0)
    interval_s = max((rental.agreement.interval_s for rental in rentals), default=0)
    return 0 < last < now - max(2 * interval_s, LEAST_AWAY_S)


def _gone(part: Part, back_at: int) -> bool:
    if part.let_go_at:
        return False
    if part.reason is Reason.UNPAID or (back_at and -LEAST_AWAY_S <= part.lost_at - back_at < FOUND_GONE_S):
        # This machine was away for too long: what it then spends anew is for a person to say.
        return False
    return part.state is PartState.LOST or part.leaves_at > 0


def numbered(rentals: Sequence[Rental]) -> tuple[tuple[Rental, int], ...]:
    """Every worker of a cluster, the lease and the index, in the order in which screens number them."""
    return tuple((rental, index) for rental in opened(rentals) for index in range(len(rental.parts)))
