"""A RenterAgent in memory that plays a cluster's life by script: for the gateway's and the command line's tests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.change import Change, ChangeKind, Preview
from core.errors import NotFound, SparecloudError
from core.model import Address, Amount, LeaseId, Prices, Resources, Share, Traits
from core.observed import Balances, Endpoint, Job, JobState, Progress, Ran
from core.quote import Quote, Reckoning, Request, Shortfall, Waste, Why
from core.submission import NO_EXTRAS, Extras
from core.view import ClusterLine, OfferLine, RenterView, Spending, WorkerLine

NOW = 1_790_000_000
RATE = Amount(10**15)
DONORS = tuple(Address("0x" + digit * 40) for digit in "abc")
NAMES = ("ada", "zuse", "hopper")
RENTER = Address("0x" + "1" * 40)
OFFERS = tuple(
    OfferLine(
        donor,
        name,
        Resources(4000, 8192),
        Prices(Amount(10**9), Amount(10**8), Amount(0), Amount(0)),
        Amount(43 * 10**14),
        NOW + 30,
        Traits(),
    )
    for donor, name in zip(DONORS, NAMES, strict=True)
)
SHORT = Shortfall("memory_mib", "No donor has 64 GiB free.", 0, Resources(4000, 8192))


@dataclass
class ScriptedAgent:
    """`script` is played, a state and sentence at a time, after a launch; `failure` is raised by the next verb."""

    clusters: dict[str, ClusterLine] = field(default_factory=dict)
    market: tuple[OfferLine, ...] = OFFERS
    balances: Balances | None = field(default_factory=lambda: Balances(Amount(25 * 10**18), Amount(10**18)))
    spending: Spending | None = Spending(RATE, Amount(2 * RATE), Amount(3 * RATE), Amount(0))
    script: tuple[tuple[str, str], ...] = (
        ("proposed", "Asking the donors: 3 of 3 accepted."),
        ("opening", "Paying the deposit into escrow."),
        ("running", "Running with 3 of 3 workers."),
    )
    output: tuple[bytes, ...] = (b"counting\n", b"42\n")
    verdict: JobState = JobState.SUCCEEDED
    failure: SparecloudError | None = None
    shortfall: Shortfall | None = None
    on_watch: Callable[[], None] = lambda: None
    progressed: Progress | None = None
    all_offers: tuple[OfferLine, ...] | None = None
    asked: list[tuple[object, ...]] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def view(self) -> RenterView:
        self._fail()
        lines = tuple(self.clusters.values())
        return RenterView(NOW, RENTER, self.balances, "", "", self.market, lines, spending=self.spending)

    async def watch(self) -> AsyncIterator[RenterView]:
        self.on_watch()
        while not self.over.is_set():
            self.changed.clear()
            yield await self.view()
            await self._play()
            waits = [asyncio.ensure_future(event.wait()) for event in (self.changed, self.over)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()

    async def offers(self) -> tuple[OfferLine, ...]:
        self.asked.append(("offers",))
        return self.all_offers if self.all_offers is not None else (await self.view()).market

    async def quote(self, request: Request) -> Quote | Shortfall:
        self.asked.append(("quote", request))
        self._fail()
        if self.shortfall is not None:
            return self.shortfall
        shares = tuple(
            Share(index, DONORS[index % 3], request.shape, RATE, Amount(RATE * request.duration_s))
            for index in range(request.workers)
        )
        waste = Waste(fragmentation=21, spares=Amount(0), least=4, leased=Amount(1000), supply=Amount(10_000))
        reckoning = Reckoning(NOW, request.tightness_percent, (1, 1, 0, 1, 0), 1.0, 1.0, False, 857)
        return Quote(request, shares, (), waste, reckoning, NOW + 30, "0" * 64)

    async def why(self, quote: Quote, donor: Address) -> Why:
        self.asked.append(("why", quote, donor))
        self._fail()
        return Why(donor, 0, 1.0, "Not chosen: the best plan with a worker on it is 3 % worse.")

    async def launch(self, name: str, request: Request, most: int | None = None) -> ClusterLine:
        self.asked.append(("launch", name, request, most))
        self._fail()
        self.clusters[name] = line = cluster(name, "proposed", request.workers)
        self.changed.set()
        return line

    async def preview(self, cluster: str, change: Change) -> Preview:
        self.asked.append(("preview", cluster, change))
        self._fail()
        line = self._named(cluster)
        if change.kind is ChangeKind.RESIZE and change.workers < len(line.workers):
            leaving = tuple(range(change.workers, len(line.workers)))
            return Preview(change, f"{cluster} shrinks to {change.workers}.", leaving=leaving)
        request = Request(Resources(1000, 1536), 1, change.seconds or 3600)
        quote = await self.quote(request)
        assert isinstance(quote, Quote)
        return Preview(change, f"{cluster} changes.", quote, most=quote.total())

    async def change(self, cluster: str, change: Change, most: int | None = None) -> ClusterLine:
        self.asked.append(("change", cluster, change, most))
        self._fail()
        self.put(replace(self._named(cluster), changing="1 worker more on the way."))
        return self._named(cluster)

    async def submit(
        self, cluster: str, program: Path, arguments: Sequence[str], inputs: Path | None, extras: Extras = NO_EXTRAS
    ) -> Job:
        self.asked.append(("submit", cluster, program, tuple(arguments), inputs, *filter(NO_EXTRAS.__ne__, [extras])))
        self._fail()
        job = Job("job-1", self._named(cluster).lease, JobState.RUNNING, NOW)
        self.put(replace(self._named(cluster), jobs=(job,)))
        return job

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
        known = self._named(cluster)
        for chunk in self.output:
            yield chunk
        self._fail()
        ended = tuple(
            replace(each, state=self.verdict, ended_at=NOW + 5, cause="Exit 1." * (self.verdict != "succeeded"))
            for each in known.jobs
        )
        self.put(replace(known, jobs=ended))

    async def outputs(self, cluster: str, job: str, target: Path) -> tuple[Path, ...]:
        self.asked.append(("outputs", cluster, job, target))
        return (target / "part-0.csv",)

    async def stop_job(self, cluster: str, job: str) -> None:
        self.asked.append(("stop_job", cluster, job))

    async def destroy(self, cluster: str) -> None:
        self.asked.append(("destroy", cluster))
        known = self._named(cluster)
        workers = tuple(replace(worker, paid=worker.vouched) for worker in known.workers)
        paid = sum(worker.paid for worker in workers)
        self.put(
            replace(
                known,
                state="ended",
                sentence="The renter ended the lease.",
                workers=workers,
                refund=Amount(known.deposit - paid),
                ended=True,
            )
        )

    async def shutdown(self) -> None:
        self.asked.append(("shutdown",))
        self.over.set()

    def put(self, line: ClusterLine) -> None:
        """Make `line` part of the newest view."""
        self.clusters[line.name] = line
        self.changed.set()

    async def _play(self) -> None:
        """One step of the script for every cluster that has not come to its end."""
        states = [state for state, _ in self.script]
        for line in list(self.clusters.values()):
            if line.changing:
                self.put(replace(line, sentence="Running as wished.", changing=""))
            elif line.state in states[:-1]:
                state, sentence = self.script[states.index(line.state) + 1]
                opened = NOW if state in ("running", "starting") else line.opened_at
                self.put(replace(line, state=state, sentence=sentence, opened_at=opened, ended=state == "ended"))
                await asyncio.sleep(0)

    def _named(self, name: str) -> ClusterLine:
        if name not in self.clusters:
            raise NotFound(f"There is no cluster named {name}.", "Look at the list.")
        return self.clusters[name]

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


def cluster(name: str = "demo", state: str = "running", workers: int = 3, *, ended: bool = False) -> ClusterLine:
    """A cluster of `workers` that each served a minute."""
    lines = tuple(
        WorkerLine(
            index, LeaseId("0x" + "e" * 64), DONORS[index % 3], NAMES[index % 3], "serving", "",
            Resources(1000, 1536), RATE, 60, Amount(60 * RATE), Amount(0),
        )
        for index in range(workers)
    )  # fmt: skip
    rate = Amount(RATE * workers)
    return ClusterLine(
        name,
        LeaseId("0x" + "e" * 64),
        (LeaseId("0x" + "e" * 64),),
        state,
        "Running with 3 of 3 workers." if state == "running" else "",
        lines,
        rate,
        Amount(rate * 3600),
        Amount(60 * rate),
        Amount(0),
        NOW if state == "running" else 0,
        NOW + 3600,
        "http://127.0.0.1:8080",
        (),
        ended,
        request=Request(Resources(1000, 1536), workers, 3600),
    )
