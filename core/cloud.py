"""Clusters from a notebook or a script: the renter's background agent, as plain calls that wait.

    from core.cloud import Cloud

    with Cloud() as cloud:
        print(cloud.quote(workers=3, memory="2G", time="1h").sentence)
        with cloud.launch("etl", most="5", workers=3, memory="2G", time="1h") as cluster:
            job = cluster.submit("job.py", "--year", "2026", inputs="data/")
            print(job.wait().state, job.logs())
            job.outputs("result/")

Amounts of coin are text ("5", "0.25" SPARE), sizes "1536M" or "2G", times "90m" or "2h": read as the command line reads
them. Whatever goes wrong is a child of core.errors.SparecloudError: what happened, and what to do next.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import platformdirs

from core import parsing
from core.change import Change, ChangeKind
from core.errors import InvalidInput, NotFound, SparecloudError
from core.gateway import presence
from core.gateway.agent import AgentUnavailable, RenterAgent
from core.gateway.command import agent_command
from core.model import Amount
from core.observed import Job, JobState, Progress
from core.quote import LossPolicy, Quote, Request, Shortfall
from core.submission import Extras
from core.view import ClusterLine, OfferLine, RenterView, spare

_Answer = TypeVar("_Answer")
_COMING: Final = ("proposed", "opening", "starting")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the market says to a wish: a quote and what it costs at most, or None and why not."""

    quote: Quote | None
    most: Amount
    sentence: str


class Cloud:
    """This machine's renter: its agent is started where it does not run, and goes on when the context ends.

    `home` is the folder of the agent and the wallet, the usual one where left out. Use it as a context, from any
    thread, also inside a notebook whose own event loop runs. Raises AgentUnavailable, or what the agent refused to
    start for.
    """

    def __init__(self, home: str | Path | None = None) -> None:
        self._home = Path(home or platformdirs.user_data_path("sparecloud")).absolute()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stack = AsyncExitStack()
        self._connected: RenterAgent | None = None

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sparecloud", daemon=True)
        self._thread.start()
        try:
            self._connected = self.wait_for(self._connect())
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.wait_for(self._stack.aclose())
        finally:
            self._close()

    def market(self) -> tuple[OfferLine, ...]:
        """Every offer that has room, the cheapest first."""
        return self.wait_for(self.agent.offers())

    def quote(self, **wish: Any) -> Answer:
        """What the market can do about a wish now (see `launch` for its words); binds nobody. Raises InvalidInput."""
        answer = self.wait_for(self.agent.quote(request_of(**wish)))
        if isinstance(answer, Shortfall):
            return Answer(None, Amount(0), answer.sentence)
        total = answer.total()
        workers, donors = len(answer.shares), len({share.donor for share in answer.shares})
        return Answer(answer, total, f"{workers} workers on {donors} donors for up to {spare(total)}.")

    def launch(self, name: str, *, most: str, **wish: Any) -> "Cluster":
        """Rent a cluster for `most` SPARE at most, and wait until it runs.

        The wish: `workers` (1), `cores` ("1") and `memory` ("2G") of each, `time` ("1h"), `most_per_donor`,
        `tightness` (10, percent), `confidence` ("0", percent), `on_loss` ("replace", "shrink", "stop").
        Raises InvalidInput (a name in use, a shortfall, dearer than `most`), NotEnoughCoin, SpendingLimit, and
        SparecloudError where it does not come to run; nothing is paid then, or what was comes back.
        """
        request = request_of(**wish)
        before = {line.lease for line in self.clusters() if line.name == name}
        self.wait_for(self.agent.launch(name, request, parsing.some_coin(most)))
        line = self.until(name, lambda line: line.lease not in before and (line.ended or line.state not in _COMING))
        if line.state != "running":
            raise SparecloudError(f"{name} did not start. {line.sentence}".rstrip(), "Ask again, or for less.")
        return Cluster(self, name)

    def cluster(self, name: str) -> "Cluster":
        """A cluster that was launched before, here or elsewhere on this machine. Raises NotFound."""
        found = Cluster(self, name)
        found.line()
        return found

    def clusters(self) -> tuple[ClusterLine, ...]:
        """All of them as they are now, the newest first."""
        return self.wait_for(self.agent.view()).clusters

    @property
    def agent(self) -> RenterAgent:
        """The agent itself, for what needs `async`; its calls belong to this object's own loop (`wait_for`)."""
        if self._connected is None:
            raise _closed()
        return self._connected

    def wait_for(self, work: Coroutine[Any, Any, _Answer]) -> _Answer:
        """What `work` answers; Ctrl-C stops the waiting and cancels it."""
        if self._loop is None:
            work.close()
            raise _closed()
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def until(self, name: str, done: Callable[[ClusterLine], bool]) -> ClusterLine:
        """The cluster once it is `done`. Raises AgentUnavailable where the agent ends first."""

        async def watch() -> ClusterLine:
            async for view in self.agent.watch():
                line = _named(view, name)
                if line is not None and done(line):
                    return line
            raise AgentUnavailable("The background agent ended.", "Open the cloud again: it starts by itself.")

        return self.wait_for(watch())

    async def _connect(self) -> RenterAgent:
        return await self._stack.enter_async_context(presence.connect(self._home, agent_command(self._home)))

    def _close(self) -> None:
        self._connected = None
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
        self._loop = self._thread = None


class Cluster:
    """A cluster of this renter. As a context, it is destroyed at the end, whatever happens inside."""

    def __init__(self, cloud: Cloud, name: str) -> None:
        self._cloud = cloud
        self.name = name

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.destroy()

    def line(self) -> ClusterLine:
        """How it stands: workers, money, time, jobs. Raises NotFound."""
        found = _named(self._cloud.wait_for(self._cloud.agent.view()), self.name)
        if found is None:
            raise NotFound(f"There is no cluster named {self.name}.", "See them all with `Cloud.clusters`.")
        return found

    def submit(
        self,
        program: str | Path,
        *arguments: str,
        inputs: str | Path | None = None,
        packages: Sequence[str | Path] = (),
        files: Sequence[str | Path] = (),
        conf: Mapping[str, str] | None = None,
    ) -> "Running":
        """Run a PySpark program (docs/jobs.md says what finds what where). Raises InvalidInput, NotFound."""
        extras = Extras(_paths(packages), _paths(files), dict(conf or {}))
        given = Path(inputs).expanduser() if inputs is not None else None
        job = self._cloud.wait_for(
            self._cloud.agent.submit(self.name, Path(program).expanduser(), arguments, given, extras)
        )
        return Running(self._cloud, self.name, job.job)

    def job(self, name: str) -> "Running":
        """A job that was submitted before."""
        return Running(self._cloud, self.name, name)

    def connect(self) -> str:
        """The address of the cluster's Spark Connect server, for `SparkSession.builder.remote`: it holds a secret."""
        return self._cloud.wait_for(self._cloud.agent.connect(self.name)).url

    def resize(self, workers: int, *, most: str | None = None) -> ClusterLine:
        """More workers or fewer, for `most` SPARE more at most; returns once it is done. Raises InvalidInput."""
        return self._change(_change(ChangeKind.RESIZE, workers=workers), most)

    def replace(self, worker: int, *, most: str | None = None) -> ClusterLine:
        """Another machine for the worker of that number; returns once it is done. Raises InvalidInput, NotFound."""
        return self._change(_change(ChangeKind.REPLACE, worker=worker), most)

    def extend(self, time: str, *, most: str | None = None) -> ClusterLine:
        """So much more time ("1h"), for `most` SPARE more at most. Raises InvalidInput."""
        return self._change(_change(ChangeKind.EXTEND, seconds=parsing.duration_s(time)), most)

    def destroy(self) -> ClusterLine:
        """End it, and wait for its settlement; one that ended is no error."""
        if not self.line().ended:
            self._cloud.wait_for(self._cloud.agent.destroy(self.name))
        return self._cloud.until(self.name, lambda line: line.ended)

    def _change(self, change: Change, most: str | None) -> ClusterLine:
        bound = parsing.some_coin(most) if most is not None else None
        self._cloud.wait_for(self._cloud.agent.change(self.name, change, bound))
        return self._cloud.until(self.name, lambda line: line.ended or not line.changing)


class Running:
    """A job of a cluster."""

    def __init__(self, cloud: Cloud, cluster: str, name: str) -> None:
        self._cloud = cloud
        self._cluster = cluster
        self.name = name

    def wait(self) -> Job:
        """The job once it ended, well or not."""

        def now(line: ClusterLine) -> Job | None:
            return next((job for job in line.jobs if job.job == self.name), None)

        def over(line: ClusterLine) -> bool:
            job = now(line)
            return line.ended or (job is not None and job.state is not JobState.RUNNING)

        job = now(self._cloud.until(self._cluster, over))
        if job is None:
            raise NotFound(f"The cluster {self._cluster} has no job named {self.name}.", "See `Cluster.line().jobs`.")
        return job

    def logs(self) -> str:
        """What it printed so far."""

        async def read() -> bytes:
            return b"".join([chunk async for chunk in self._cloud.agent.logs(self._cluster, self.name, follow=False)])

        return self._cloud.wait_for(read()).decode(errors="replace")

    def progress(self) -> Progress | None:
        """How far it is; None where it does not run, or not yet."""
        return self._cloud.wait_for(self._cloud.agent.progress(self._cluster, self.name))

    def outputs(self, folder: str | Path) -> tuple[Path, ...]:
        """Copy what it wrote to /job/output into `folder`; the files written."""
        target = Path(folder).expanduser()
        return self._cloud.wait_for(self._cloud.agent.outputs(self._cluster, self.name, target))

    def stop(self) -> None:
        """End it early; its cluster stays."""
        self._cloud.wait_for(self._cloud.agent.stop_job(self._cluster, self.name))


def request_of(
    *,
    workers: int = 1,
    cores: str | int = "1",
    memory: str = "2G",
    time: str = "1h",
    most_per_donor: int | None = None,
    tightness: int = 10,
    confidence: str | int = "0",
    on_loss: str = "replace",
) -> Request:
    """The wish as the allocator reads it. Raises InvalidInput."""
    if on_loss not in tuple(LossPolicy):
        raise InvalidInput(f"{on_loss!r} is no policy.", f"Choose one of {', '.join(LossPolicy)}.")
    return parsing.request(
        workers=workers,
        cores=parsing.cpu_millis(str(cores)),
        memory=parsing.memory_mib(memory),
        seconds=parsing.duration_s(time),
        most_per_donor=most_per_donor,
        tightness_percent=tightness,
        confidence_per_mille=parsing.per_mille(str(confidence)),
        on_loss=LossPolicy(on_loss),
    )


def _closed() -> AgentUnavailable:
    return AgentUnavailable("The cloud is not open.", "Use it as a context: `with Cloud() as cloud:`.")


def _change(kind: ChangeKind, **fields: int) -> Change:
    try:
        return Change(kind, **fields)
    except ValueError as problem:
        raise InvalidInput(f"{str(problem)[:1].upper()}{str(problem)[1:]}.") from problem


def _named(view: RenterView, name: str) -> ClusterLine | None:
    """The cluster of that name, the live one where there were several."""
    found = [line for line in view.clusters if line.name == name]
    return next((line for line in found if not line.ended), found[0] if found else None)


def _paths(paths: Sequence[str | Path]) -> tuple[str, ...]:
    return tuple(str(Path(path).expanduser().absolute()) for path in paths)
