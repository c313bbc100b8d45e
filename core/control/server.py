"""The control channel's end in the agent's own process: a donor's agent behind HTTP on loopback."""

import asyncio
import os
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from core.control import messages as m
from core.control.agent import Controlled
from core.errors import PortInUse
from core.gateway import frames, presence
from core.gateway.guard import Guard, Handler, answer, read
from core.gateway.messages import About
from core.model import Address, LeaseId
from core.selftest import Check

PRESENCE_NAME: Final = "control.json"
LONGEST_BODY: Final = 4096


@asynccontextmanager
async def controlled(
    agent: Controlled, folder: Path, *, version: str = "", raise_window: Callable[[], None] | None = None
) -> AsyncGenerator[str]:
    """Let the command line of this home reach `agent` while the context lasts; where it is reached.

    `folder` is the donor's own, which only the holder of its lock may serve. `raise_window` is called in the agent's
    thread. Raises PortInUse where not a single port of loopback is free.
    """
    token = secrets.token_urlsafe(32)
    control = _Control(agent, token, version, raise_window)
    runner = web.AppRunner(control.application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await control.guard.listen(runner)
        except OSError as refused:
            raise PortInUse("No port of this machine's loopback is free.", "End other programs.") from refused
        here = presence.Presence(url=control.guard.url, token=token, pid=os.getpid(), version=version)
        presence.write(folder, here, PRESENCE_NAME)
        try:
            yield control.guard.url
        finally:
            presence.remove(folder, PRESENCE_NAME)
    finally:
        await runner.cleanup()


class _Control:
    """The verbs, each a thin call of the agent."""

    def __init__(self, agent: Controlled, token: str, version: str, raise_window: Callable[[], None] | None) -> None:
        self.guard = Guard(token)
        self._agent = agent
        self._version = version
        self._raise_window = raise_window

    def application(self) -> web.Application:
        verbs: dict[str, Handler] = {
            "about": self._about,
            "view": self._view,
            "open": self._open,
            "share": self._share,
            "pause": self._pause,
            "finish": self._finish,
            "resume": self._resume,
            "stop": self._stop,
            "block": self._block,
            "export": self._export,
            "selftest": self._selftest,
        }
        return self.guard.application(verbs, LONGEST_BODY)

    async def _about(self, request: web.Request) -> web.Response:
        return answer(About(version=self._version, pid=os.getpid()))

    async def _view(self, request: web.Request) -> web.Response:
        views = self._agent.watch()
        newest = await anext(views)
        if isinstance(views, AsyncGenerator):
            await views.aclose()
        return answer(newest)

    async def _open(self, request: web.Request) -> web.Response:
        if self._raise_window is not None:
            self._raise_window()
        return answer(m.Opened(window=self._raise_window is not None))

    async def _share(self, request: web.Request) -> web.Response:
        ask = await read(request, m.AskShare)
        await self._agent.share(ask.on, at_once=ask.at_once)
        return answer(m.Nothing())

    async def _pause(self, request: web.Request) -> web.Response:
        await self._agent.pause((await read(request, m.AskPause)).until)
        return answer(m.Nothing())

    async def _finish(self, request: web.Request) -> web.Response:
        await self._agent.finish()
        return answer(m.Nothing())

    async def _resume(self, request: web.Request) -> web.Response:
        await self._agent.resume()
        return answer(m.Nothing())

    async def _stop(self, request: web.Request) -> web.Response:
        ask = await read(request, m.AskStop)
        await self._agent.stop(LeaseId(ask.lease), ask.index, at_once=ask.at_once)
        return answer(m.Nothing())

    async def _block(self, request: web.Request) -> web.Response:
        ask = await read(request, m.AskBlock)
        await self._agent.block(Address(ask.renter), ask.on)
        return answer(m.Nothing())

    async def _export(self, request: web.Request) -> web.Response:
        return answer(m.Exported(csv=await self._agent.export()))

    async def _selftest(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        await frames.send(response, _checks(self._agent))
        return response


async def _checks(agent: Controlled) -> AsyncGenerator[bytes]:
    """Every check of a self-test as JSON; one whose reader left is interrupted, and tidies up."""
    told: asyncio.Queue[Check | None] = asyncio.Queue()
    testing = asyncio.ensure_future(agent.selftest(told.put_nowait))
    testing.add_done_callback(lambda _: told.put_nowait(None))
    try:
        while (check := await told.get()) is not None:
            yield msgspec.json.encode(check)
        await testing
    finally:
        testing.cancel()
        await asyncio.gather(testing, return_exceptions=True)
