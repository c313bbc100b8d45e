"""A RenterAgent in memory for the terminal screens: tests publish views and read what was asked of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.change import Change, ChangeKind, Preview
from core.gateway.agent import AgentUnavailable
from core.model import Address, Amount, LeaseId, Share
from core.observed import Endpoint, Job, JobState, Progress, Ran
from core.quote import Quote, Reckoning, Request, Shortfall, Waste, Why
from core.submission import NO_EXTRAS, Extras
from core.view import ClusterLine, OfferLine, RenterView, spare


@dataclass
class FakeAgent:
    """Publishes `newest`; `answer` and `failure` steer the next calls; `asked` records them."""

    newest: RenterView
    answer: Quote | Shortfall | None = None
    failure: Exception | None = None
    progressed: Progress | None = None
    asked: list[tuple[object, ...]] = field(default_factory=list)
    output: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    all_offers: tuple[OfferLine, ...] | None = None
    watched: int = 0
    _gone: bool = False
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def publish(self, view: RenterView) -> None:
        """Make `view` the newest."""
        async with self._changed:
            self.newest = view
            self._changed.notify_all()

    async def go_away(self, *, gone: bool = True) -> None:
        """End every watch and refuse new ones; or come back."""
        async with self._changed:
            self._gone = gone
            self._changed.notify_all()

    async def view(self) -> RenterView:
        return self.newest

    async def watch(self) -> AsyncIterator[RenterView]:
        self.watched += 1
        if self._gone:
            raise AgentUnavailable("The background agent does not answer.", "Start it with: sparecloud agent.")
        shown: RenterView | None = None
        while not self._gone:
            if shown is not self.newest:
                shown = self.newest
                yield shown
            async with self._changed:
                while not self._gone and shown is self.newest:
                    await self._changed.wait()

    async def offers(self) -> tuple[OfferLine, ...]:
        self.asked.append(("offers",))
        return self.all_offers if self.all_offers is not None else (await self.view()).market

    async def quote(self, request: Request) -> Quote | Shortfall:
        self.asked.append(("quote", request))
        self._fail()
        return self.answer or quote_for(request, self.newest)

    async def why(self, quote: Quote, donor: Address) -> Why:
        self.asked.append(("why", quote, donor))
        return Why(donor, 0, 1.0, "Not chosen: the best plan with a worker on it is 3 % worse.")

    async def launch(self, name: str, request: Request, most: int | None = None) -> ClusterLine:
        self.asked.append(("launch", name, request, most))
        self._fail()
        cluster = proposed(name, request, self.newest)
        await self.publish(with_cluster(self.newest, cluster))
        return cluster

    async def preview(self, cluster: str, change: Change) -> Preview:
        self.asked.append(("preview", cluster, change))
        self._fail()
        line = next(line for line in self.newest.clusters if line.name == cluster)
        more = change.workers - len(line.workers)
        if change.kind is ChangeKind.RESIZE and more < 0:
            leaving = tuple(range(change.workers, len(line.workers)))
            return Preview(change, f"{cluster} shrinks to {change.workers} workers.", leaving=leaving)
        shape = line.workers[0].resources
        quote = quote_for(Request(shape, max(1, more), change.seconds or 3600), self.newest)
        return Preview(change, f"{cluster} changes, for up to {spare(quote.total())}.", quote, most=quote.total())

    async def change(self, cluster: str, change: Change, most: int | None = None) -> ClusterLine:
        self.asked.append(("change", cluster, change, most))
        self._fail()
        return next(line for line in self.newest.clusters if line.name == cluster)

    async def submit(
        self, cluster: str, program: Path, arguments: Sequence[str], inputs: Path | None, extras: Extras = NO_EXTRAS
    ) -> Job:
        self.asked.append(("submit", cluster, program, tuple(arguments), inputs, *filter(NO_EXTRAS.__ne__, [extras])))
        self._fail()
        return Job("job-1", self.newest.clusters[0].lease, JobState.RUNNING, self.newest.now)

    async def execute(self, cluster: str, job: str, words: Sequence[str], within_s: int = 60) -> Ran:
        self.asked.append(("execute", cluster, job, tuple(words), within_s))
        self._fail()
        return Ran(b"part-0.csv\n", 3)

    async def connect(self, cluster: str) -> Endpoint:
        self.asked.append(("connect", cluster))
        self._fail()
        return Endpoint("sc://localhost:31002/;token=abc", "connect")

    async def progress(self, cluster: str, job: str) -> Progress | None:
        self.asked.append(("progress", cluster, job))
        self._fail()
        return self.progressed

    async def logs(self, cluster: str, job: str, *, follow: bool) -> AsyncIterator[bytes]:
        self.asked.append(("logs", cluster, job, follow))
        while (chunk := await self.output.get()) is not None:
            yield chunk

    async def outputs(self, cluster: str, job: str, target: Path) -> tuple[Path, ...]:
        self.asked.append(("outputs", cluster, job, target))
        return ()

    async def stop_job(self, cluster: str, job: str) -> None:
        self.asked.append(("stop_job", cluster, job))

    async def destroy(self, cluster: str) -> None:
        self.asked.append(("destroy", cluster))
        self._fail()

    async def shutdown(self) -> None:
        self.asked.append(("shutdown",))

    def of(self, name: str) -> list[tuple[object, ...]]:
        """The calls of `name`, in order."""
        return [call for call in self.asked if call[0] == name]

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


def quote_for(request: Request, view: RenterView) -> Quote:
    """A quote that spreads the workers over the cheapest donors in turn."""
    donors = sorted(view.market, key=lambda offer: offer.hourly)
    shares = []
    for index in range(request.workers):
        offer = donors[index % len(donors)]
        rate = offer.prices.per_second(request.shape)
        cap = Amount(rate * request.duration_s)
        # The last donor has no stake.
        penalty = Amount(cap // 5 if index < request.workers - 1 else 0)
        shares.append(Share(index, offer.donor, request.shape, rate, cap, penalty))
    supply = Amount(sum(offer.prices.per_second(offer.capacity) for offer in donors))
    leased = Amount(sum(share.rate for share in shares))
    waste = Waste(leased // 55, Amount(0), leased // 140, leased, supply)
    reckoning = Reckoning(view.now, request.tightness_percent, (1, 1, 0, 1, 0), 1.0, 1.0, False, 857)
    alternates = tuple(offer.donor for offer in donors[request.workers :])
    return Quote(request, tuple(shares), alternates, waste, reckoning, view.now + 30, "0" * 64)


def proposed(name: str, request: Request, view: RenterView) -> ClusterLine:
    """The cluster that `launch` answers."""
    quote = quote_for(request, view)
    return ClusterLine(
        name=name,
        lease=LeaseId("0x" + "e" * 64),
        leases=(LeaseId("0x" + "e" * 64),),
        state="proposed",
        sentence="Waiting for the donors to accept.",
        workers=(),
        rate=quote.rate(),
        deposit=quote.total(),
        spent=Amount(0),
        refund=Amount(0),
        opened_at=0,
        ends_at=view.now + request.duration_s,
        screen="",
        jobs=(),
        ended=False,
    )


def with_cluster(view: RenterView, cluster: ClusterLine) -> RenterView:
    """`view` with one more cluster."""
    return RenterView(
        view.now, view.address, view.balances, view.problem, view.hint, view.market, (*view.clusters, cluster)
    )
