"""Plays the demo: every step is what a person would do with `sparecloud`, through the same background agent."""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from core.errors import InvalidInput, SparecloudError
from core.gateway.agent import RenterAgent
from core.gateway.command import agent_command
from core.gateway.presence import connect
from core.membership import images_folder
from core.model import Amount, LeaseId, Resources
from core.observed import Account, JobState
from core.quote import Quote, Request
from core.runtime import leftovers
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.view import ClusterLine, RenterView, resources_text, spare
from renter_tui.demo import flights
from renter_tui.demo.market import LocalMarket, local_market
from renter_tui.demo.report import QUOTE_GOAL_S, REGISTERED_GOAL_S, WARM_GOAL_S, Earned, Figure, Report
from renter_tui.demo.stages import Stages
from renter_tui.widgets.quote_text import waste_words

DONORS: Final = ("ada", "grace", "edsger")
CLUSTER: Final = "flights"
REQUEST: Final = Request(shape=Resources(cpu_millis=1000, memory_mib=1536), workers=3, duration_s=900, most_per_donor=1)

_OFFERS_WITHIN_S: Final = 60.0
_RUNNING_WITHIN_S: Final = 120.0
_JOB_WITHIN_S: Final = 300.0
_SETTLED_WITHIN_S: Final = 120.0


@dataclass(slots=True)
class _Stage:
    """What the steps hand on to one another."""

    stages: Stages
    market: LocalMarket
    agent: RenterAgent
    leases: set[LeaseId]

    async def until(
        self, within_s: float, what: str, found: Callable[[RenterView], ClusterLine | bool | None]
    ) -> RenterView:
        """The first view that `found` answers to. Raises SparecloudError where it takes too long."""
        try:
            async with asyncio.timeout(within_s):
                async for view in self.agent.watch():
                    self.leases.update(lease for line in view.clusters for lease in line.leases)
                    if found(view):
                        return view
        except TimeoutError:
            pass
        raise SparecloudError(
            f"The demo waited {within_s:g} s in vain for {what}.",
            f"The logs: {self.market.logs()}",
        )


async def play(folder: Path, stages: Stages, hold: Callable[[], Awaitable[None]] | None = None) -> Report:
    """The whole demo; everything it started has ended when it returns or raises.

    Once the job is done, market and cluster stay up until `hold` returns.
    """
    began = time.monotonic()
    built = await _images(stages)
    leases: set[LeaseId] = set()
    async with _opened(folder, stages, leases) as stage:
        before = await stage.market.coin_by_holder()
        staked = await _stakes(stage)
        quoted_s = await _meet(stage)
        registered_s = await _launch(stage)
        verdict = await _work(stage, folder)
        if hold is not None:
            _explain(stage)
            await hold()
        line = await _settle(stage)
        held = await stage.market.coin_by_holder()
        supply = await stage.market.bank.supply()
        bonded = await _stakes(stage)
        with stages.stage("Ending agents, bus and chain"):
            await stage.agent.shutdown()
            await asyncio.gather(*(child.end() for child in stage.market.donors.values()))
            left = await asyncio.to_thread(_left_behind, leases)
    donors = tuple(
        Earned(
            name=worker.donor_name,
            address=worker.donor,
            served_s=worker.served_s,
            rate=worker.rate,
            vouched=worker.vouched,
            paid=worker.paid,
            balance=Amount(held[worker.donor_name] - before[worker.donor_name]),
            held_back=Amount(bonded[worker.donor_name].bonded - staked[worker.donor_name].bonded),
            penalty=worker.penalty,
        )
        for worker in line.workers
    )
    return Report(
        phases=stages.phases,
        figures=(
            Figure("quote, from the first offer on", QUOTE_GOAL_S, quoted_s),
            Figure("lease opened, until all workers registered", REGISTERED_GOAL_S, registered_s),
            Figure("the whole demo", WARM_GOAL_S, round(time.monotonic() - began, 2), applies=not built),
        ),
        job=verdict,
        donors=donors,
        deposit=line.deposit,
        refund=line.refund,
        renter_before=before["renter"],
        renter_after=held["renter"],
        supply=supply,
        held=held,
        pledged={name: account.reserved for name, account in bonded.items()},
        left_behind=left,
    )


def _explain(stage: _Stage) -> None:
    sparecloud = f"{Path(sys.executable).with_name('sparecloud')} --home {stage.market.renter_home}"
    stage.stages.show(
        f"\nThe market is up, and the cluster {CLUSTER} runs. In another terminal:\n\n"
        f"  {sparecloud}\n      opens the terminal app\n\n"
        f"  {sparecloud} status {CLUSTER}\n  {sparecloud} submit {CLUSTER} JOB.py\n\n"
        "Ctrl-C here ends the cluster, settles, and removes everything.\n"
    )


async def _images(stages: Stages) -> bool:
    """True where an image had to be built."""
    said: list[str] = []

    def note(sentence: str) -> None:
        said.append(sentence)
        stages.note(sentence)

    with stages.stage("Container images"):
        engine = ContainerEngine()
        try:
            images = await Images(engine, images_folder()).ensure(note)
        finally:
            engine.close()
        for image in images:
            stages.note(f"{image.tag} is at hand{'' if said else ' (built before)'}")
    return bool(said)


@asynccontextmanager
async def _opened(folder: Path, stages: Stages, leases: set[LeaseId]) -> AsyncGenerator[_Stage]:
    """The market and the renter's agent; whatever happens within, clusters are ended and nothing is left behind."""
    async with _staged_market(folder, stages) as market:
        home = market.renter_home
        try:
            async with connect(home, agent_command(home)) as agent:
                stage = _Stage(stages, market, agent, leases)
                try:
                    yield stage
                except BaseException:
                    await _end_early(stage)
                    raise
        finally:
            await asyncio.gather(*(child.end() for child in market.donors.values()))
            await asyncio.to_thread(_sweep, leases)


@asynccontextmanager
async def _staged_market(folder: Path, stages: Stages) -> AsyncGenerator[LocalMarket]:
    with stages.stage("Chain, contracts, relay, wallets"):
        context = local_market(folder, DONORS, relay=True)
        market = await context.__aenter__()
        stages.note(f"coin {market.network.coin}, escrow {market.network.escrow}")
    try:
        yield market
    finally:
        await context.__aexit__(None, None, None)


async def _end_early(stage: _Stage) -> None:
    """Interrupted, or failed: settle what is open as far as a short while allows, and end the agent."""
    stage.stages.show("Ending what is running; this takes a few seconds.")
    with suppress(SparecloudError, TimeoutError):
        async with asyncio.timeout(40):
            view = await stage.agent.view()
            for line in view.clusters:
                stage.leases.update(line.leases)
                if not line.ended:
                    await stage.agent.destroy(line.name)
            await stage.until(40, "the settlement", lambda view: all(line.ended for line in view.clusters))
    with suppress(SparecloudError):
        await stage.agent.shutdown()


async def _meet(stage: _Stage) -> float:
    """Start the donors and ask for a quote; seconds from the first offer that can be quoted to the whole quote.

    Both are timed by quotes that wait on the board itself: views are drawn once a second, which would hide the wait.
    """
    with stage.stages.stage("Donors publish their offers"):
        await asyncio.gather(*(stage.market.start_donor(name) for name in DONORS))
        await _quote(stage.agent, replace(REQUEST, workers=1))
        first = time.monotonic()
    with stage.stages.stage("Quote"):
        quote = await _quote(stage.agent, REQUEST)
        took_s = round(time.monotonic() - first, 2)
        stage.stages.note(f"{len(quote.shares)} workers, up to {spare(quote.total())}")
    chosen = {share.donor for share in quote.shares}
    view = await stage.until(10, "the market to be drawn", lambda view: chosen <= {line.donor for line in view.market})
    stage.stages.show(_quote_text(quote, {line.donor: line.name for line in view.market}))
    return took_s


async def _quote(agent: RenterAgent, request: Request) -> Quote:
    sentence, deadline = "", time.monotonic() + _OFFERS_WITHIN_S
    while time.monotonic() < deadline:
        answer = await agent.quote(request)
        if isinstance(answer, Quote):
            return answer
        sentence = answer.sentence
    raise InvalidInput(sentence, "Every donor of the demo should have room; look into their logs.")


async def _stakes(stage: _Stage) -> dict[str, Account]:
    return {name: await stage.market.bank.account_of(stage.market.accounts[name]) for name in DONORS}


async def _launch(stage: _Stage) -> float:
    """Open the lease and wait for the workers; seconds from opened to all registered."""
    stages = stage.stages
    with stages.stage("Lease opened in escrow"):
        await stage.agent.launch(CLUSTER, REQUEST)
        await stage.until(60, "the lease to open", lambda view: _line(view).opened_at > 0 or _line(view).ended)
        opened = time.monotonic()
    with stages.stage("Master and workers"):

        def settled(view: RenterView) -> bool:
            stages.note(_line(view).sentence)
            return _line(view).state == "running" or _line(view).ended

        line = _line(await stage.until(_RUNNING_WITHIN_S, "the workers to register", settled))
        if line.state != "running" or any(worker.state != "serving" for worker in line.workers):
            raise SparecloudError(f"The cluster did not start whole: {line.sentence}", "Look into the agents' logs.")
        return round(time.monotonic() - opened, 2)


async def _work(stage: _Stage, folder: Path) -> flights.Verdict:
    stages = stage.stages
    with stages.stage("Spark job"):
        inputs = await asyncio.to_thread(flights.prepare, folder / "input")
        job = await stage.agent.submit(CLUSTER, flights.PROGRAM, [], inputs)
        stages.note("336,776 flights are on their way to the workers")

        def done(view: RenterView) -> bool:
            return any(known.job == job.job and known.state is not JobState.RUNNING for known in _line(view).jobs)

        view = await stage.until(_JOB_WITHIN_S, "the job to end", done)
        state = next(known for known in _line(view).jobs if known.job == job.job)
        if state.state is not JobState.SUCCEEDED:
            said = b"".join([chunk async for chunk in stage.agent.logs(CLUSTER, job.job, follow=False)])
            tail = "\n".join(said.decode(errors="replace").splitlines()[-15:])
            raise SparecloudError(f"The job {state.state}: {state.cause}\n{tail}", "That is the end of its output.")
        stages.note(f"{state.ended_at - state.started_at} s by the container engine's clock")
    with stages.stage("DuckDB's answer to the same query"):
        files = await stage.agent.outputs(CLUSTER, job.job, folder / "output")
        answer = next((path for path in files if path.name == "result.json"), None)
        if answer is None:
            raise SparecloudError("The job ended well and wrote no result.json.", "Look at its output.")
        verdict = await asyncio.to_thread(flights.judge, answer, inputs)
        stages.note(verdict.sentence)
    return verdict


async def _settle(stage: _Stage) -> ClusterLine:
    with stage.stages.stage("Vouchers redeemed, rest refunded"):
        await stage.agent.destroy(CLUSTER)

        def over(view: RenterView) -> bool:
            stage.stages.note(_line(view).sentence)
            return _line(view).ended

        view = await stage.until(_SETTLED_WITHIN_S, "the settlement", over)
        stage.stages.note("settled")
        return _line(view)


def _line(view: RenterView) -> ClusterLine:
    return next(line for line in view.clusters if line.name == CLUSTER)


def _quote_text(quote: Quote, names: dict[str, str]) -> str:
    lines = ["", f"  {'worker':<8}{'donor':<10}{'account':<14}{'resources':<20}{'up to':<24}"]
    for share in quote.shares:
        lines.append(
            f"  {share.index:<8}{names.get(share.donor, ''):<10}{share.donor[:10] + '…':<14}"
            f"{resources_text(share.resources):<20}{spare(share.cap):<24}"
        )
    lines.append(f"  waste: {waste_words(quote)}")
    lines.append(f"  total up to {spare(quote.total())} for {quote.request.duration_s // 60} minutes\n")
    return "\n".join(lines)


def _left_behind(leases: set[LeaseId]) -> tuple[str, ...]:
    engine = ContainerEngine()
    try:
        return leftovers.found(engine, leases)
    finally:
        engine.close()


def _sweep(leases: set[LeaseId]) -> None:
    """Remove by force what a failed run could not: only what carries one of this run's leases."""
    engine = ContainerEngine()
    try:
        leftovers.clear(engine, leases)
    finally:
        engine.close()
