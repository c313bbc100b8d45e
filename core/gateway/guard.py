"""The door of an agent on loopback: who is let in, what is read and answered, and errors as refusals.

Loopback alone keeps neither other users nor web pages out. So each request needs the bearer token, which lies in a
file that only its owner can read, and the Host that we listen on (a page that rebinds its DNS name to 127.0.0.1 sends
another); no CORS header is ever sent.
"""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from core.errors import InvalidInput, NotFound, SparecloudError
from core.gateway import messages as m
from core.gateway.agent import AgentUnavailable

LOOPBACK: Final = "127.0.0.1"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = logging.getLogger(__name__)
_Ask = TypeVar("_Ask", bound=msgspec.Struct)


class Guard:
    """Lets in who holds the token. `url` is set once somebody listens."""

    def __init__(self, token: str) -> None:
        self.url = ""
        self._token = token.encode()
        self._open = 0
        self._left_at = asyncio.get_running_loop().time()

    def application(self, verbs: Mapping[str, Handler], longest_body: int) -> web.Application:
        """Each verb as a POST to `/v1/VERB`, behind this guard."""
        application = web.Application(middlewares=[self._watch_over], client_max_size=longest_body)
        for name, handler in verbs.items():
            application.router.add_post(f"/v1/{name}", handler)
        return application

    async def listen(self, runner: web.AppRunner, port: int = 0) -> None:
        """Take requests on `port` of loopback (0: any free one) from now on. Raises OSError where it is taken."""
        await web.TCPSite(runner, LOOPBACK, port).start()
        self.url = f"http://{LOOPBACK}:{runner.addresses[0][1]}"

    def idle_s(self) -> float:
        """For how long nobody has asked for anything; 0 while a request is open."""
        return 0.0 if self._open else asyncio.get_running_loop().time() - self._left_at

    @web.middleware
    async def _watch_over(self, request: web.Request, handler: Handler) -> web.StreamResponse:
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
            raise AgentUnavailable("The agent answers only under its own loopback address.", "Ask there.")
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not hmac.compare_digest(token.encode(), self._token):
            raise AgentUnavailable("The agent refused the token.", "Try again: it may have been started anew.")


async def read(request: web.Request, kind: type[_Ask]) -> _Ask:
    """The request's body as a `kind`. Raises InvalidInput."""
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.DecodeError as problem:
        raise m.undecodable(problem) from problem


def answer(body: object, status: int = 200) -> web.Response:
    """`body` as JSON."""
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
    return answer(m.refusal(problem), status or usual)
