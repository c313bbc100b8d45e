"""The renter's background agent as the terminal app and the command line see it: a loopback HTTP client.

Errors of the agent arrive as the same children of SparecloudError that were raised there.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import aiohttp

from core.change import Change, Preview
from core.gateway import frames
from core.gateway import messages as m
from core.gateway.agent import AgentUnavailable, RenterAgent
from core.gateway.caller import CONNECT_S, Again, Caller, strange
from core.gateway.server import POLL_S
from core.model import Address
from core.observed import Endpoint, Job, Progress, Ran
from core.quote import Quote, Request, Shortfall, Why
from core.submission import NO_EXTRAS, Extras
from core.view import ClusterLine, OfferLine, RenterView

__all__ = ["GatewayClient", "RenterAgent"]

_START_S: Final = 120.0
_COPY_S: Final = 3600.0
"""Submitting and fetching copy files of any length; a dead agent is noticed at once all the same, by its socket."""


class GatewayClient:
    """A RenterAgent at the other end of `url`. Opens its connections when first used; close it, or use it as a context.

    Every verb raises AgentUnavailable where the agent is gone; the next call then asks `again` where it is by now.
    """

    def __init__(self, url: str, token: str, again: Again | None = None) -> None:
        self._caller = Caller(url, token, _gone, again)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections; the agent stays. Safe to call twice."""
        await self._caller.close()

    async def about(self, within_s: float = CONNECT_S) -> m.About:
        """Which agent answers."""
        return await self._caller.call("about", m.Nothing(), m.About, within_s)

    async def view(self) -> RenterView:
        """The newest view."""
        return await self._caller.call("view", m.Nothing(), RenterView)

    async def watch(self) -> AsyncIterator[RenterView]:
        """The newest view, again whenever it changes; a slow reader skips. Ends when the agent is shut down."""
        number = 0
        while True:
            seen = await self._caller.call("watch", m.AskWatch(after=number), m.Viewed, POLL_S + CONNECT_S)
            if seen.view is not None:
                yield seen.view
            if seen.ended:
                return
            number = seen.number

    async def offers(self) -> tuple[OfferLine, ...]:
        """Every offer that has room, the cheapest first."""
        return (await self._caller.call("offers", m.Nothing(), m.Offered)).offers

    async def quote(self, request: Request) -> Quote | Shortfall:
        """What the market can do about `request` now; binds nobody."""
        answer = await self._caller.call("quote", m.AskQuote(request=request), m.Quoted)
        found = answer.quote or answer.shortfall
        if found is None:
            raise strange()
        return found

    async def why(self, quote: Quote, donor: Address) -> Why:
        """Why `quote`, one of the last few, treats `donor` as it does."""
        return await self._caller.call("why", m.AskWhy(quote=quote, donor=donor), Why)

    async def launch(self, name: str, request: Request, most: int | None = None) -> ClusterLine:
        """Open the lease and start the cluster; it goes on where the caller is interrupted."""
        return await self._caller.call("launch", m.AskLaunch(name=name, request=request, most=most), ClusterLine)

    async def preview(self, cluster: str, change: Change) -> Preview:
        """What `change` would mean now; binds nobody."""
        return await self._caller.call("preview", m.AskPreview(cluster=cluster, change=change), Preview)

    async def change(self, cluster: str, change: Change, most: int | None = None) -> ClusterLine:
        """Make the change, for `most` more coin at most; it goes on where the caller is interrupted."""
        return await self._caller.call("change", m.AskChange(cluster=cluster, change=change, most=most), ClusterLine)

    async def submit(
        self, cluster: str, program: Path, arguments: Sequence[str], inputs: Path | None, extras: Extras = NO_EXTRAS
    ) -> Job:
        """Run a PySpark program on the cluster; relative paths are the caller's."""
        ask = m.AskSubmit(
            cluster=cluster,
            program=_absolute(program),
            arguments=tuple(arguments),
            inputs=None if inputs is None else _absolute(inputs),
            extras=replace(
                extras,
                packages=tuple(_absolute(Path(path)) for path in extras.packages),
                files=tuple(_absolute(Path(path)) for path in extras.files),
            ),
        )
        return await self._caller.call("submit", ask, Job, _COPY_S)

    async def connect(self, cluster: str) -> Endpoint:
        """Have the cluster answer to Spark Connect on a port of this machine's loopback."""
        return await self._caller.call("connect", m.AskCluster(cluster=cluster), Endpoint, _START_S)

    async def execute(self, cluster: str, job: str, words: Sequence[str], within_s: int = 60) -> Ran:
        """Run a command in a job's own driver, on this machine, for so long at most (then it ends with 124)."""
        ask = m.AskExecute(cluster=cluster, job=job, words=tuple(words), within_s=within_s)
        return await self._caller.call("execute", ask, Ran, within_s + CONNECT_S)

    async def progress(self, cluster: str, job: str) -> Progress | None:
        """How far a job is; None where it does not run, or not yet."""
        return (await self._caller.call("progress", m.AskJob(cluster=cluster, job=job), m.Progressed)).progress

    async def logs(self, cluster: str, job: str, *, follow: bool) -> AsyncIterator[bytes]:
        """The job's output so far, and with `follow` until it ends."""
        wait = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=3 * frames.BEAT_S)
        async with self._caller.asked("logs", m.AskLogs(cluster=cluster, job=job, follow=follow), wait) as response:
            async for chunk in frames.receive(response.content):
                yield chunk

    async def outputs(self, cluster: str, job: str, target: Path) -> tuple[Path, ...]:
        """Copy what the job wrote under /job/output into `target`, a folder of the caller's."""
        ask = m.AskOutputs(cluster=cluster, job=job, target=_absolute(target))
        written = await self._caller.call("outputs", ask, m.Paths, _COPY_S)
        return tuple(map(Path, written.paths))

    async def stop_job(self, cluster: str, job: str) -> None:
        """End a job early."""
        await self._caller.call("stop_job", m.AskJob(cluster=cluster, job=job), m.Nothing)

    async def destroy(self, cluster: str) -> None:
        """End the cluster's lease; follow the settlement through `watch`."""
        await self._caller.call("destroy", m.AskCluster(cluster=cluster), m.Nothing)

    async def shutdown(self) -> None:
        """End the agent itself, and do not look for another."""
        self._caller.again = None
        await self._caller.call("shutdown", m.Nothing(), m.Nothing)


def _absolute(path: Path) -> str:
    return str(path.absolute())


def _gone() -> AgentUnavailable:
    return AgentUnavailable(
        "The background agent stopped answering.",
        "Run `sparecloud ls`: it starts again by itself, and clusters that run are taken up where they were.",
    )
