"""What a renter does: quote, launch, run jobs, pay by the second, and settle."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from core import parsing
from core.change import Change, Preview
from core.changing import ATTEMPTS, Changing, under_way
from core.cluster import Cluster, ClusterBook, merge, next_job_name
from core.engine import Engine, Published
from core.errors import InvalidInput, SandboxFailed, SparecloudError, first_problem
from core.lease import Lease, Reason, Rental, RentalPhase, ended
from core.lease import facts as was
from core.leasing import Leasing, Wish
from core.links import LinkBook
from core.mailbox import Mailbox
from core.model import Address, Amount, LeaseId
from core.observed import Balances, Endpoint, Job, JobState, Progress, Ran
from core.paces import PaceBook
from core.quote import Quote, Request, Shortfall, Why
from core.quoting import Quoting
from core.renter_view import ALL_LINES, cluster_line, market
from core.renter_work import RenterPorts, RenterWork
from core.repair import lives, of_cluster, opened
from core.settings import Renter as RenterSettings
from core.spending import spending
from core.submission import NO_EXTRAS, Extras
from core.timekeeping import ClockCheck
from core.upkeep import Upkeep
from core.view import ClusterLine, OfferLine, RenterView, Spending

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
MOST_WORDS: Final = 256
LONGEST_WORD: Final = 8192
LONGEST_COMMAND_S: Final = 3600
CONNECT_EVERY_S: Final = 0.5
CONNECT_TRIES: Final = 120
RECOVER_EVERY_S: Final = 60
MARKET_EVERY_S: Final = 30


class Renter:
    """Serves its clusters until cancelled or shut down; see core/gateway for what a front end may ask of it."""

    def __init__(self, settings: RenterSettings, ports: RenterPorts) -> None:
        self._settings = settings
        self._ports = ports
        self._book = ClusterBook(ports.journal, ports.folder)
        self._work = RenterWork(ports, self._book, self._lives)
        self._engine = Engine(ports.journal, ports.clock, self._work.carry, self._changed)
        self._mailbox = Mailbox(ports, self._engine, self._book)
        self._balances: Balances | None = None
        self._problem: SparecloudError | None = None
        self._clock_check = ClockCheck(ports.chain, ports.clock)
        self._launching = asyncio.Lock()
        self._again: asyncio.Queue[str] = asyncio.Queue()
        self._retrying: set[str] = set()
        self._over = asyncio.Event()
        links = LinkBook(ports.journal)
        self._quoting = Quoting(settings, ports.board, ports.clock, self._rentals, links, PaceBook(ports.journal))
        self._leasing = Leasing(settings, ports, self._engine, self._book, self._quoting)
        self._changing = Changing(
            settings, ports.clock, self._engine, self._book, self._quoting, self._leasing, self._rentals
        )
        self._upkeep = Upkeep(ports, self._engine, self._book, self._work, self._leasing, links, self._rentals)
        # Before the first view, which would else show no clusters.
        self._engine.recall()
        self._published = Published(self._draw())

    # What a front end asks for.

    async def view(self) -> RenterView:
        """The newest view."""
        return self._published.value

    def watch(self) -> AsyncIterator[RenterView]:
        """The newest view, then each newest one after a change."""
        return self._published.watch()

    async def offers(self) -> tuple[OfferLine, ...]:
        """Every offer that has room, the cheapest first."""
        return market(self._ports.board.offers(self._ports.clock.now()), ALL_LINES)[0]

    async def quote(self, request: Request) -> Quote | Shortfall:
        """What the market can do about `request` now; binds nobody."""
        _, answer = await self._quoting.best(request)
        return answer

    async def why(self, quote: Quote, donor: Address) -> Why:
        """Why `quote`, one of the last few, treats `donor` as it does. Raises NotFound where it is too old."""
        return await self._quoting.why(quote, donor)

    async def launch(self, name: str, request: Request, most: int | None = None) -> ClusterLine:
        """Ask the donors of the best quote; the lease is opened and the cluster started once all accepted.

        Raises InvalidInput (a name in use, a shortfall, a quote above `most`), NotEnoughCoin, SpendingLimit,
        EngineUnavailable.
        """
        parsing.cluster_name(name)
        await self._ports.runtime.prepare(log.info)
        async with self._launching:
            old = self._book.find(name)
            if old and not self._is_over(old):
                raise InvalidInput(
                    f"A cluster named {name} is alive.", f"Choose another name, or `sparecloud destroy {name}`."
                )
            cluster = Cluster(name, request, Amount(most or 0), self._ports.clock.now())
            await self._ask(cluster)
            line = self._line(self._book.named(name))
            if line is None:
                raise InvalidInput(f"The cluster {name} could not be kept.", "Look into the agent's log.")
            return line

    async def submit(
        self, cluster: str, program: Path, arguments: Sequence[str], inputs: Path | None, extras: Extras = NO_EXTRAS
    ) -> Job:
        """Run a program on a running cluster. Raises NotFound, InvalidInput."""
        network = self._running(cluster)
        name = next_job_name(self._book.named(cluster).jobs)
        job = await self._ports.runtime.submit(network, name, program, arguments, inputs, extras)
        self._keep_job(cluster, job)
        return job

    async def connect(self, cluster: str) -> Endpoint:
        """Have the cluster answer to Spark Connect on a port of this machine's loopback; the same again while it does.

        Returns once it answers. Raises NotFound, InvalidInput (the cluster does not run), SandboxFailed.
        """
        network, runtime = self._running(cluster), self._ports.runtime
        job = await runtime.connect(network)
        self._keep_job(cluster, job)
        for _ in range(CONNECT_TRIES):
            found = await runtime.endpoint(network)
            if found is not None:
                return found
            if any(each.job == job.job and each.state is not JobState.RUNNING for each in await runtime.jobs(network)):
                break
            await self._ports.clock.sleep(CONNECT_EVERY_S)
        raise SandboxFailed(
            "Spark Connect did not start.", f"`sparecloud logs {cluster} {job.job}` says why; then try again."
        )

    async def execute(self, cluster: str, job: str, words: Sequence[str], within_s: int = 60) -> Ran:
        """Run a command in a job's own driver, on this machine, for so long at most (then it ends with 124).

        Raises NotFound, InvalidInput (the job does not run, no or too many words, a time that is out of bounds).
        """
        if not 1 <= len(words) <= MOST_WORDS or any("\0" in word or len(word) > LONGEST_WORD for word in words):
            raise InvalidInput("That is no command to run.", f"Name one, in {MOST_WORDS} words at most.")
        if not 1 <= within_s <= LONGEST_COMMAND_S:
            raise InvalidInput(
                f"A command runs for 1 to {LONGEST_COMMAND_S} seconds.", "Submit a job for what takes longer."
            )
        return await self._ports.runtime.execute(self._book.lease_of_job(cluster, job), job, words, within_s)

    async def progress(self, cluster: str, job: str) -> Progress | None:
        """How far a job is, as its driver says; None where it does not run, or not yet. Raises NotFound."""
        network = self._book.lease_of_job(cluster, job)
        return await self._ports.runtime.progress(network, job) if self._runs(cluster, job) else None

    async def logs(self, cluster: str, job: str, *, follow: bool) -> AsyncIterator[bytes]:
        """The job's output; from the file kept of it once the cluster is gone. Raises NotFound."""
        lease = self._book.lease_of_job(cluster, job)
        kept = self._book.log_file(lease, job)
        if kept.exists():
            yield await asyncio.to_thread(kept.read_bytes)
            return
        async for chunk in self._ports.runtime.logs(lease, job, follow=follow):
            yield chunk

    async def outputs(self, cluster: str, job: str, target: Path) -> tuple[Path, ...]:
        """Copy what the job wrote into `target`. Raises NotFound."""
        return await self._ports.runtime.outputs(self._book.lease_of_job(cluster, job), job, target)

    async def stop_job(self, cluster: str, job: str) -> None:
        """Stop a job; one that ended is no error. Raises NotFound."""
        await self._ports.runtime.stop_job(self._book.lease_of_job(cluster, job), job)

    async def preview(self, cluster: str, change: Change) -> Preview:
        """What `change` would mean now; binds nobody. Raises NotFound, InvalidInput (it does not run, a shortfall)."""
        return await self._changing.preview(cluster, change)

    async def change(self, cluster: str, change: Change, most: int | None = None) -> ClusterLine:
        """Make the change, for `most` more coin at most; follow it by `ClusterLine.changing` through `watch`.

        Raises NotFound, InvalidInput, NotEnoughCoin, SpendingLimit.
        """
        async with self._launching:
            await self._changing.change(cluster, change, most)
        self._redraw()
        line = self._line(self._book.named(cluster))
        if line is None:
            raise InvalidInput(f"The cluster {cluster} is gone.", "See what is left with `sparecloud ls`.")
        return line

    async def destroy(self, cluster: str) -> None:
        """End the cluster's lease; one that ended is no error. Raises NotFound."""
        known = self._book.named(cluster)
        self._book.keep(replace(known, released=True))
        for lease in known.leases:
            self._engine.tell(lease, was.CloseAsked(self._ports.clock.now(), Reason.RENTER_CLOSED))

    async def shutdown(self) -> None:
        """Let `run` return."""
        self._over.set()

    # The work behind it.

    async def run(self) -> None:
        """Serve until cancelled or shut down. Clusters stay up: a later run takes them over again."""
        for lease in self._engine.leases.values():
            if isinstance(lease, Rental) and not ended(lease):
                await self._ports.peers.listen(lease.agreement.terms.session)
        try:
            async with asyncio.TaskGroup() as tasks:
                work = [
                    tasks.create_task(part)
                    for part in (
                        self._engine.run(),
                        self._read_letters(),
                        self._watch_wallet(),
                        self._watch_market(),
                        self._watch_clusters(),
                        self._try_again(),
                        self._forget_orphans(),
                        self._recover_deposits(),
                        self._ports.updates.follow(lambda: True),
                    )
                ]
                await self._over.wait()
                for task in work:
                    task.cancel()
        except BaseExceptionGroup as group:
            raise first_problem(group) from group

    async def _ask(self, cluster: Cluster) -> None:
        request = replace(cluster.request, excluded=cluster.request.excluded | cluster.refused)
        ends_at = self._ports.clock.now() + request.duration_s
        await self._leasing.ask(cluster, Wish(request, cluster.most, ends_at))

    async def _try_again(self) -> None:
        """Leave out the donors that refused or were silent, and ask the rest of the market."""
        while True:
            cluster = self._book.named(await self._again.get())
            rental = self._newest(cluster)
            if cluster.released or rental is None:
                self._retrying.discard(cluster.name)
                continue
            blamed = frozenset(
                share.donor for share, part in zip(rental.agreement.shares, rental.parts, strict=True) if part.reason
            )
            cluster = replace(cluster, refused=cluster.refused | blamed)
            try:
                async with self._launching:
                    await self._ask(cluster)
            except SparecloudError as problem:
                self._book.keep(replace(cluster, trouble=str(problem), released=True))
            self._retrying.discard(cluster.name)
            self._redraw()

    async def _forget_orphans(self) -> None:
        """Remove what an earlier run left behind and no live lease needs."""
        try:
            held = await self._ports.runtime.held()
            # Looked up afterwards: what was started meanwhile is held, and live.
            live = {
                self._book.network_of(rental.agreement.lease) for rental in self._rentals() if not ended(rental)
            } | {cluster.network for cluster in self._book.all() if self._lives(cluster)}
            for network in held - live:
                log.info("removing what is left of cluster %s", network)
                await self._ports.runtime.forget(network)
        except SparecloudError as problem:
            log.warning("what earlier clusters left behind was not looked at: %s", problem)

    async def _recover_deposits(self) -> None:
        """A transaction given up may be mined all the same: look again for as long as it could hold a deposit."""
        while True:
            for rental in self._rentals():
                terms = rental.agreement.terms
                late = self._ports.clock.now() > terms.ends_at + terms.grace_s + RECOVER_EVERY_S * 2
                if rental.reason is Reason.OPENING_FAILED and not late:
                    try:
                        await self._work.recover(rental)
                    except SparecloudError as problem:
                        log.warning("a deposit was not looked for: %s", problem)
            await self._ports.clock.sleep(RECOVER_EVERY_S)

    async def _read_letters(self) -> None:
        async for sender, recipient, body in self._ports.peers.letters():
            self._mailbox.open(sender, recipient, body)

    async def _watch_wallet(self) -> None:
        while True:
            try:
                self._balances = await self._ports.chain.balances()
                await self._clock_check.look()
                self._problem = self._clock_check.problem
            except SparecloudError as problem:
                self._problem = problem
            self._redraw()
            await self._ports.clock.sleep(3 * LOOK_EVERY_S)

    async def _watch_market(self) -> None:
        asked_at = 0
        while True:
            try:
                now = self._ports.clock.now()
                if now - asked_at >= MARKET_EVERY_S:
                    await self._ports.board.ask()
                    asked_at = now
            except SparecloudError as problem:
                log.warning("the board could not be asked: %s", problem)
            self._redraw()
            await self._ports.clock.sleep(LOOK_EVERY_S)

    async def _watch_clusters(self) -> None:
        try:
            while True:
                self._ports.awake.hold(any(map(self._lives, self._book.all())))
                for cluster in self._book.all():
                    await self._look_after(cluster)
                await self._ports.clock.sleep(LOOK_EVERY_S)
        finally:
            self._ports.awake.hold(False)

    async def _look_after(self, cluster: Cluster) -> None:
        try:
            await self._upkeep.look(cluster)
            async with self._launching:
                await self._changing.look(self._book.named(cluster.name))
        except SparecloudError as problem:
            log.warning("cluster %s was not looked after: %s", cluster.name, problem)

    # Bookkeeping.

    def _running(self, cluster: str) -> LeaseId:
        """The network of a cluster that takes jobs. Raises NotFound, InvalidInput."""
        known = self._book.named(cluster)
        line = self._line(known)
        if line is None or known.network is None or line.state != RentalPhase.RUNNING:
            raise InvalidInput(
                f"The cluster {cluster} is {line.state if line else 'not there'}, not running.",
                f"Look at it with `sparecloud status {cluster}`.",
            )
        return known.network

    def _keep_job(self, cluster: str, job: Job) -> None:
        known = self._book.named(cluster)
        self._book.keep(replace(known, jobs=merge(known.jobs, (job,))))
        self._redraw()

    def _rentals(self) -> list[Rental]:
        return [lease for lease in self._engine.leases.values() if isinstance(lease, Rental)]

    def _runs(self, cluster: str, job: str) -> bool:
        return any(known.job == job and known.state is JobState.RUNNING for known in self._book.named(cluster).jobs)

    def _newest(self, cluster: Cluster) -> Rental | None:
        rentals = of_cluster(cluster, self._rentals())
        return rentals[-1] if rentals else None

    def _lives(self, cluster: Cluster) -> bool:
        return lives(cluster, self._rentals(), self._ports.clock.now())

    def _is_over(self, cluster: Cluster) -> bool:
        unsettled = any(not ended(rental) for rental in of_cluster(cluster, self._rentals()))
        return cluster.name not in self._retrying and not unsettled and not self._lives(cluster)

    def _changed(self, _key: str, lease: Lease) -> None:
        if isinstance(lease, Rental) and lease.phase is RentalPhase.ENDED:
            cluster = self._book.of(lease.agreement.lease)
            blames_a_donor = lease.reason in (Reason.DONOR_REFUSED, Reason.DONOR_SILENT)
            first = cluster is not None and cluster.network is None
            if cluster and first and blames_a_donor and not cluster.released and len(cluster.leases) < ATTEMPTS:
                self._retrying.add(cluster.name)
                self._again.put_nowait(cluster.name)
        self._redraw()

    def _redraw(self) -> None:
        self._published.publish(self._draw())

    def _line(self, cluster: Cluster) -> ClusterLine | None:
        return cluster_line(
            cluster,
            opened(of_cluster(cluster, self._rentals())),
            screen=self._upkeep.screens.get(cluster.network, "") if cluster.network else "",
            retrying=cluster.name in self._retrying,
            lives=self._lives(cluster),
            changing=under_way(cluster, self._rentals()),
        )

    def _spending(self, now: int) -> Spending | None:
        try:
            return spending(self._ports.limits(), self._rentals(), now)
        except InvalidInput:
            # A settings file that was broken meanwhile: whoever wants to spend is told so.
            return None

    def _draw(self) -> RenterView:
        now = self._ports.clock.now()
        cheapest, offers = market(self._ports.board.offers(now))
        return RenterView(
            now=now,
            address=self._ports.chain.address,
            balances=self._balances,
            problem=self._problem.title if self._problem else "",
            hint=self._problem.hint if self._problem else "",
            market=cheapest,
            offers=offers,
            clusters=tuple(line for line in map(self._line, self._book.all()) if line is not None),
            update=self._ports.updates.newest,
            spending=self._spending(now),
        )
