"""Asking for a lease: the market's answer, the renter's means, and a proposal to every donor of it."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.cluster import Cluster, ClusterBook, Growth, Replacement
from core.engine import Engine
from core.errors import InvalidInput, NotEnoughCoin
from core.lease import Rental
from core.lease.renting import propose
from core.model import MAX_DEPOSIT, Agreement, Amount, LeaseId, SignedOffer
from core.pledges import machine_sizes, with_penalties
from core.quote import Quote, Request, Shortfall
from core.quoting import Quoting
from core.renter_work import RenterPorts
from core.repair import LEAST_LEFT_S
from core.settings import Renter as RenterSettings
from core.spending import check
from core.view import spare


@dataclass(frozen=True, slots=True)
class Wish:
    """What a lease is asked for: `request`, within `most` coin, to end at `ends_at`, in the place of `shares`.

    Fewer workers, and a shorter time, will do where they take the place of others. `swap`: those serve until then.
    `attempt` is above 0 where the lease adds workers, and what it costs is beyond what the cluster might cost before.
    """

    request: Request
    most: Amount
    ends_at: int
    shares: tuple[tuple[LeaseId, int], ...] = ()
    swap: bool = False
    attempt: int = 0


class Leasing:
    """Proposes leases on behalf of a renter's clusters, one at a time."""

    def __init__(
        self, settings: RenterSettings, ports: RenterPorts, engine: Engine, book: ClusterBook, quoting: Quoting
    ) -> None:
        self._settings = settings
        self._ports = ports
        self._engine = engine
        self._book = book
        self._quoting = quoting
        self._turn = asyncio.Lock()

    async def ask(self, cluster: Cluster, wish: Wish) -> None:
        """Propose a lease to the donors of the best quote, and keep it with the cluster.

        Raises InvalidInput (a shortfall, a quote above `wish.most`, a cluster given up meanwhile), NotEnoughCoin,
        SpendingLimit.
        """
        async with self._turn:
            offers, quote = await self._affordable(wish)
            check(self._ports.limits(), self._rentals(), quote.shares, self._ports.clock.now())
            await self._ports.fabric.ready()
            cluster = self._newest(cluster)
            if cluster.released:
                raise InvalidInput("The cluster was destroyed while other donors were asked.", "Nothing was paid.")
            agreement = self._agreement(await self._backed(quote, offers), wish)
            await self._ports.peers.listen(agreement.terms.session)
            self._book.keep(_with(cluster, agreement, quote, offers, wish))
            settings, now = self._settings, self._ports.clock.now()
            rental, effects = propose(
                agreement, now=now, accept_within_s=settings.accept_within_s, start_within_s=settings.start_within_s
            )
            self._engine.add(agreement.lease, rental, effects)

    def _rentals(self) -> list[Rental]:
        return [lease for lease in self._engine.leases.values() if isinstance(lease, Rental)]

    def _newest(self, cluster: Cluster) -> Cluster:
        """`cluster` as the book has it by now; one of the same name that is over makes no difference."""
        known = self._book.find(cluster.name)
        if known is None or known.created_at != cluster.created_at:
            return cluster
        return replace(known, refused=known.refused | cluster.refused)

    async def _affordable(self, wish: Wish) -> tuple[tuple[SignedOffer, ...], Quote]:
        offers, answer = await self._quoting.best(wish.request)
        if isinstance(answer, Shortfall) and wish.shares and answer.largest_workers:
            # Better some of what was lost than nothing; the rest is asked for again later.
            wish = replace(wish, request=replace(wish.request, workers=answer.largest_workers))
            offers, answer = await self._quoting.best(wish.request)
        if isinstance(answer, Quote) and wish.shares and 0 < wish.most < answer.total():
            # Who steps in may ask for more than who left: it stays for as long as was paid for.
            shorter_s = wish.request.duration_s * wish.most // answer.total()
            if shorter_s >= LEAST_LEFT_S:
                offers, answer = await self._quoting.best(replace(wish.request, duration_s=shorter_s))
        if isinstance(answer, Shortfall):
            raise InvalidInput(answer.sentence, "Ask for less, or wait for more donors; nothing was paid.")
        total = answer.total()
        if wish.most and total > wish.most:
            raise InvalidInput(
                f"This now costs up to {spare(total)}, and {spare(wish.most)} were confirmed.",
                "Ask for a new quote; nothing was paid.",
            )
        if total > MAX_DEPOSIT:
            raise InvalidInput(
                f"One lease holds {spare(MAX_DEPOSIT)} at most, and this could cost {spare(total)}.",
                "Ask for fewer workers or less time; nothing was paid.",
            )
        balances = await self._ports.chain.balances()
        if balances.coin < total:
            raise NotEnoughCoin(
                f"The lease needs {spare(total)} and the wallet holds {spare(balances.coin)}.",
                "Add coin to the wallet, or ask for fewer workers or less time; nothing was paid.",
            )
        return offers, answer

    async def _backed(self, quote: Quote, offers: Sequence[SignedOffer]) -> Quote:
        """`quote` with penalties that the donors' stakes on chain really cover."""
        pledging = {share.donor for share in quote.shares if share.penalty}
        offered = [signed for signed in offers if signed.offer.donor in pledging]
        accounts = await asyncio.gather(*(self._ports.chain.account_of(signed.offer.donor) for signed in offered))
        backed = [
            replace(signed, offer=replace(signed.offer, stake=min(signed.offer.stake, account.unreserved)))
            for signed, account in zip(offered, accounts, strict=True)
        ]
        return with_penalties(quote, backed, self._settings.penalty_percent)

    def _agreement(self, quote: Quote, wish: Wish) -> Agreement:
        session = self._ports.chain.new_session()
        lease, terms = self._ports.chain.draft(
            quote.shares,
            session=session.address,
            ends_at=wish.ends_at - (wish.request.duration_s - quote.request.duration_s),
            grace_s=self._settings.grace_s,
            salt="0x" + secrets.token_hex(32),
        )
        return Agreement(
            lease, terms, quote.shares, self._settings.interval_s, quote.request.kind, self._ports.peers.seal_key
        )


def _with(cluster: Cluster, agreement: Agreement, quote: Quote, offers: Sequence[SignedOffer], wish: Wish) -> Cluster:
    machines = machine_sizes(offers)
    sealed_to = {signed.offer.donor: (signed.offer.name, signed.offer.seal_key) for signed in offers}
    asked = {share.donor for share in quote.shares}
    taken = wish.shares[: len(agreement.shares)]
    made = (Replacement(taken, agreement.lease, wish.swap),) if taken else ()
    if wish.attempt:
        workers = len(agreement.shares)
        growth = Growth(agreement.lease, workers, wish.most, wish.attempt)
        cluster = replace(
            cluster,
            request=replace(cluster.request, workers=cluster.request.workers + workers),
            most=Amount(cluster.most + quote.total()),
            growths=(*cluster.growths, growth),
        )
    return replace(
        cluster,
        most=cluster.most or quote.total(),
        leases=(*cluster.leases, agreement.lease),
        replacements=(*cluster.replacements, *made),
        donors=cluster.donors | {donor: sealed_to[donor] for donor in asked},
        machines=cluster.machines | {donor: machines[donor] for donor in asked},
    )
