"""The renter's background agent on loopback: a RenterAgent behind HTTP, for this user's own front ends.

Views are fetched by number (a long poll) rather than streamed: a slow reader then skips to the newest view by itself,
where a stream would first show it everything that the sockets' buffers hold.
"""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from aiohttp import web

from core.errors import InvalidInput, PortInUse, SparecloudError
from core.gateway import frames
from core.gateway import messages as m
from core.gateway.agent import AgentUnavailable, RenterAgent
from core.gateway.guard import Guard, Handler, answer, read
from core.quote import Quote
from core.view import RenterView

LONGEST_BODY: Final = 256 * 1024
POLL_S: Final = 20.0
"""A poll for a newer view is answered after so long even if there is none."""

_log = logging.getLogger(__name__)


class Gateway:
    """One RenterAgent being served. `ended` is set once it was shut down or its views stopped."""

    def __init__(self, agent: RenterAgent, token: str, version: str) -> None:
        self.ended = asyncio.Event()
        self._agent = agent
        self._guard = Guard(token)
        self._version = version
        self._number = 0
        self._view: RenterView | None = None
        self._failure: SparecloudError | None = None
        self._changed = asyncio.Event()

    def application(self) -> web.Application:
        """The routes, behind the guard."""
        return self._guard.application(self._verbs(), LONGEST_BODY)

    @property
    def url(self) -> str:
        """Where it answers; empty before `listen`."""
        return self._guard.url

    async def listen(self, runner: web.AppRunner, port: int) -> None:
        """Take requests on `port` of loopback (0: any free one). Raises PortInUse."""
        try:
            await self._guard.listen(runner, port)
        except OSError as taken:
            raise PortInUse(
                f"Port {port} of this machine is taken by another program.",
                "Set agent_port under [renter] in settings.toml to another port, or to 0 for any free one.",
            ) from taken

    async def follow(self) -> None:
        """Keep the newest view until the agent's views end."""
        try:
            async for view in self._agent.watch():
                self._number, self._view = self._number + 1, view
                self._wake()
        except SparecloudError as problem:
            _log.error("The views ended: %s", problem)
            self._failure = problem
        finally:
            self.release()

    def release(self) -> None:
        """Let everybody who waits for a newer view know that none will come."""
        self.ended.set()
        self._wake()

    def idle_s(self) -> float:
        """For how long no front end has asked for anything; 0 while a request is open."""
        return self._guard.idle_s()

    async def live(self) -> bool:
        """True while some cluster has not ended."""
        view = self._view or await self._agent.view()
        return any(not cluster.ended for cluster in view.clusters)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _verbs(self) -> dict[str, Handler]:
        return {
            "about": self._about,
            "view": self._view_now,
            "watch": self._watch,
            "offers": self._offers,
            "quote": self._quote,
            "why": self._why,
            "launch": self._launch,
            "preview": self._preview,
            "change": self._change,
            "submit": self._submit,
            "connect": self._connect,
            "execute": self._execute,
            "progress": self._progress,
            "logs": self._logs,
            "outputs": self._outputs,
            "stop_job": self._stop_job,
            "destroy": self._destroy,
            "shutdown": self._shutdown,
        }

    async def _about(self, request: web.Request) -> web.Response:
        if self.ended.is_set():
            raise AgentUnavailable("The background agent is ending.", "Any command starts it again.")
        return answer(m.About(version=self._version, pid=os.getpid()))

    async def _view_now(self, request: web.Request) -> web.Response:
        return answer(await self._agent.view())

    async def _watch(self, request: web.Request) -> web.Response:
        ask = await read(request, m.AskWatch)
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                while self._number <= ask.after and not self.ended.is_set():
                    await self._changed.wait()
        if self._number > ask.after:
            return answer(m.Viewed(number=self._number, view=self._view))
        if self._failure is not None:
            raise self._failure
        return answer(m.Viewed(number=self._number, ended=self.ended.is_set()))

    async def _offers(self, request: web.Request) -> web.Response:
        return answer(m.Offered(offers=await self._agent.offers()))

    async def _quote(self, request: web.Request) -> web.Response:
        ask = await read(request, m.AskQuote)
        found = await self._agent.quote(ask.request)
        return answer(m.Quoted(quote=found) if isinstance(found, Quote) else m.Quoted(shortfall=found))

    async def _why(self, request: web.Request) -> web.Response:
        ask = await read(request, m.AskWhy)
        return answer(await self._agent.why(ask.quote, ask.donor))

    async def _launch(self, request: web.Request) -> web.Response:
        ask = await read(request, m.AskLaunch)
        return answer(await self._agent.launch(ask.name, ask.request, ask.most))

    async def _preview(self, request: web.Request) -> web.Response:
        ask = await read(request, m.AskPreview)
        return answer(await self._agent.preview(ask.cluster, ask.change))

    async def _change(self, request: web.Request) -> web.Response:
        ask = await read(request, m.AskChange)
        return answer(await self._agent.change(ask.cluster, ask.change, ask.most))

    async def _submit(self, request: web.Request) -> web.Response:
        ask = await read(request, m.AskSubmit)
        inputs = None if ask.inputs is None else _absolute(ask.inputs)
        for path in (*ask.extras.packages, *ask.extras.files):
            _absolute(path)
        return answer(await self._agent.submit(ask.cluster, _absolute(ask.program), ask.arguments, inputs, ask.extras))

    async def _execute(self, request: web.Request) -> web.Response:
        ask = await read(request, m.AskExecute)
        return answer(await self._agent.execute(ask.cluster, ask.job, ask.words, ask.within_s))

    async def _connect(self, request: web.Request) -> web.Response:
        ask = await read(request, m.AskCluster)
        return answer(await self._agent.connect(ask.cluster))

    async def _progress(self, request: web.Request) -> web.Response:
        ask = await read(request, m.AskJob)
        return answer(m.Progressed(progress=await self._agent.progress(ask.cluster, ask.job)))

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        ask = await read(request, m.AskLogs)
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        await frames.send(response, self._agent.logs(ask.cluster, ask.job, follow=ask.follow))
        return response

    async def _outputs(self, request: web.Request) -> web.Response:
        ask = await read(request, m.AskOutputs)
        written = await self._agent.outputs(ask.cluster, ask.job, _absolute(ask.target))
        return answer(m.Paths(paths=tuple(map(str, written))))

    async def _stop_job(self, request: web.Request) -> web.Response:
        ask = await read(request, m.AskJob)
        await self._agent.stop_job(ask.cluster, ask.job)
        return answer(m.Nothing())

    async def _destroy(self, request: web.Request) -> web.Response:
        ask = await read(request, m.AskCluster)
        await self._agent.destroy(ask.cluster)
        return answer(m.Nothing())

    async def _shutdown(self, request: web.Request) -> web.Response:
        await self._agent.shutdown()
        self.release()
        return answer(m.Nothing())


@asynccontextmanager
async def serve(agent: RenterAgent, *, token: str, port: int = 0, version: str = "") -> AsyncGenerator[Gateway]:
    """Serve `agent` on `port` of loopback (0: any free one) while the context lasts. Raises PortInUse."""
    gateway = Gateway(agent, token, version)
    runner = web.AppRunner(gateway.application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await gateway.listen(runner, port)
        # A TaskGroup here would wrap every error of the context's body in a group.
        follower = asyncio.create_task(gateway.follow())
        try:
            yield gateway
        finally:
            gateway.release()
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)
    finally:
        await runner.cleanup()


def _absolute(text: str) -> Path:
    path = Path(text)
    if "\0" in text or not path.is_absolute():
        raise InvalidInput(f"{text!r} is not an absolute path.", "Name files by their absolute paths.")
    return path
