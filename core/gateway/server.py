"""The renter's background agent on loopback: a RenterAgent behind HTTP, for this user's own front ends.

Loopback alone keeps neither other users nor web pages out. So each request needs the bearer token, which lies in a
file that only its owner can read, and the Host that we listen on (a page that rebinds its DNS name to 127.0.0.1 sends
another); no CORS header is ever sent.

Views are fetched by number (a long poll) rather than streamed: a slow reader then skips to the newest view by itself,
where a stream would first show it everything that the sockets' buffers hold.
"""

import asyncio
import hmac
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from core.errors import InvalidInput, NotFound, PortInUse, SparecloudError
from core.gateway import frames
from core.gateway import messages as m
from core.gateway.agent import AgentUnavailable, RenterAgent
from core.quote import Quote
from core.view import RenterView

LOOPBACK: Final = "127.0.0.1"
LONGEST_BODY: Final = 256 * 1024
POLL_S: Final = 20.0
"""A poll for a newer view is answered after so long even if there is none."""

_log = logging.getLogger(__name__)
_Ask = TypeVar("_Ask", bound=msgspec.Struct)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Gateway:
    """One RenterAgent being served. `ended` is set once it was shut down or its views stopped."""

    def __init__(self, agent: RenterAgent, token: str, version: str) -> None:
        self.url = ""
        self.ended = asyncio.Event()
        self._agent = agent
        self._token = token.encode()
        self._version = version
        self._number = 0
        self._view: RenterView | None = None
        self._failure: SparecloudError | None = None
        self._changed = asyncio.Event()
        self._open = 0
        self._left_at = asyncio.get_running_loop().time()

    def application(self) -> web.Application:
        """The routes, behind the guard."""
        application = web.Application(middlewares=[self._guard], client_max_size=LONGEST_BODY)
        for name, handler in self._verbs().items():
            application.router.add_post(f"/v1/{name}", handler)
        return application

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
        return 0.0 if self._open else asyncio.get_running_loop().time() - self._left_at

    async def live(self) -> bool:
        """True while some cluster has not ended."""
        view = self._view or await self._agent.view()
        return any(not cluster.ended for cluster in view.clusters)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        self._open += 1
        try:
            self._admit(request)
            return await handler(request)
        except SparecloudError as problem:
            return _refused(problem)
        except web.HTTPException as problem:
            refused = InvalidInput(
                f"The agent refused the request: {problem.reason}.", "Use the front end it came with."
            )
            return _refused(refused, problem.status)
        except Exception as surprise:
            _log.exception("A request failed unexpectedly")
            return _refused(m.unexpected(surprise), 500)
        finally:
            self._open -= 1
            self._left_at = asyncio.get_running_loop().time()

    def _admit(self, request: web.Request) -> None:
        port = self.url.rpartition(":")[2]
        if request.headers.get("Host") not in (f"{LOOPBACK}:{port}", f"localhost:{port}"):
            raise AgentUnavailable("The agent answers only under its own loopback address.", "Read agent.json again.")
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not hmac.compare_digest(token.encode(), self._token):
            raise AgentUnavailable("The agent refused the token.", "Read agent.json again.")

    def _verbs(self) -> dict[str, _Handler]:
        return {
            "about": self._about,
            "view": self._view_now,
            "watch": self._watch,
            "quote": self._quote,
            "why": self._why,
            "launch": self._launch,
            "submit": self._submit,
            "logs": self._logs,
            "outputs": self._outputs,
            "stop_job": self._stop_job,
            "destroy": self._destroy,
            "shutdown": self._shutdown,
        }

    async def _about(self, request: web.Request) -> web.Response:
        if self.ended.is_set():
            raise AgentUnavailable("The background agent is ending.", "Any command starts it again.")
        return _answer(m.About(version=self._version, pid=os.getpid()))

    async def _view_now(self, request: web.Request) -> web.Response:
        return _answer(await self._agent.view())

    async def _watch(self, request: web.Request) -> web.Response:
        ask = await _read(request, m.AskWatch)
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                while self._number <= ask.after and not self.ended.is_set():
                    await self._changed.wait()
        if self._number > ask.after:
            return _answer(m.Viewed(number=self._number, view=self._view))
        if self._failure is not None:
            raise self._failure
        return _answer(m.Viewed(number=self._number, ended=self.ended.is_set()))

    async def _quote(self, request: web.Request) -> web.Response:
        ask = await _read(request, m.AskQuote)
        answer = await self._agent.quote(ask.request)
        return _answer(m.Quoted(quote=answer) if isinstance(answer, Quote) else m.Quoted(shortfall=answer))

    async def _why(self, request: web.Request) -> web.Response:
        ask = await _read(request, m.AskWhy)
        return _answer(await self._agent.why(ask.quote, ask.donor))

    async def _launch(self, request: web.Request) -> web.Response:
        ask = await _read(request, m.AskLaunch)
        return _answer(await self._agent.launch(ask.name, ask.request, ask.most))

    async def _submit(self, request: web.Request) -> web.Response:
        ask = await _read(request, m.AskSubmit)
        inputs = None if ask.inputs is None else _absolute(ask.inputs)
        return _answer(await self._agent.submit(ask.cluster, _absolute(ask.program), ask.arguments, inputs))

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        ask = await _read(request, m.AskLogs)
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        await frames.send(response, self._agent.logs(ask.cluster, ask.job, follow=ask.follow))
        return response

    async def _outputs(self, request: web.Request) -> web.Response:
        ask = await _read(request, m.AskOutputs)
        written = await self._agent.outputs(ask.cluster, ask.job, _absolute(ask.target))
        return _answer(m.Paths(paths=tuple(map(str, written))))

    async def _stop_job(self, request: web.Request) -> web.Response:
        ask = await _read(request, m.AskJob)
        await self._agent.stop_job(ask.cluster, ask.job)
        return _answer(m.Nothing())

    async def _destroy(self, request: web.Request) -> web.Response:
        ask = await _read(request, m.AskCluster)
        await self._agent.destroy(ask.cluster)
        return _answer(m.Nothing())

    async def _shutdown(self, request: web.Request) -> web.Response:
        await self._agent.shutdown()
        self.release()
        return _answer(m.Nothing())


@asynccontextmanager
async def serve(agent: RenterAgent, *, token: str, port: int = 0, version: str = "") -> AsyncGenerator[Gateway]:
    """Serve `agent` on `port` of loopback (0: any free one) while the context lasts. Raises PortInUse."""
    gateway = Gateway(agent, token, version)
    runner = web.AppRunner(gateway.application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await _listen(runner, gateway, port)
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


async def _listen(runner: web.AppRunner, gateway: Gateway, port: int) -> None:
    try:
        await web.TCPSite(runner, LOOPBACK, port).start()
    except OSError as taken:
        raise PortInUse(
            f"Port {port} of this machine is taken by another program.",
            "Set agent_port under [renter] in settings.toml to another port, or to 0 for any free one.",
        ) from taken
    gateway.url = f"http://{LOOPBACK}:{runner.addresses[0][1]}"


async def _read(request: web.Request, kind: type[_Ask]) -> _Ask:
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.DecodeError as problem:
        raise m.undecodable(problem) from problem


def _absolute(text: str) -> Path:
    path = Path(text)
    if "\0" in text or not path.is_absolute():
        raise InvalidInput(f"{text!r} is not an absolute path.", "Name files by their absolute paths.")
    return path


def _answer(body: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")


def _refused(problem: SparecloudError, status: int | None = None) -> web.Response:
    match problem:
        case InvalidInput():
            usual = 400
        case AgentUnavailable():
            usual = 403
        case NotFound():
            usual = 404
        case _:
            usual = 409
    return _answer(m.refusal(problem), status or usual)
