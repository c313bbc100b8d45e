"""The control channel's other end: the running agent of a home folder, as the command line asks it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from core.control import messages as m
from core.control.server import PRESENCE_NAME
from core.errors import SparecloudError
from core.gateway import frames, presence
from core.gateway.agent import AgentUnavailable
from core.gateway.caller import CONNECT_S, Caller, strange
from core.gateway.messages import About
from core.model import Address, LeaseId
from core.selftest import Check
from core.view import DonorView

_ABOUT_WITHIN_S: Final = 2.0


class ControlClient:
    """A running agent. Every verb raises what the agent refused with, and AgentUnavailable where it is gone."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def about(self) -> About:
        """Which agent answers."""
        return await self._caller.call("about", m.Nothing(), About, _ABOUT_WITHIN_S)

    async def view(self) -> DonorView:
        """The newest view."""
        return await self._caller.call("view", m.Nothing(), DonorView)

    async def open(self) -> bool:
        """Bring the agent's window to the front; False where it has none."""
        return (await self._caller.call("open", m.Nothing(), m.Opened)).window

    async def share(self, on: bool, *, at_once: bool = False) -> None:
        await self._caller.call("share", m.AskShare(on=on, at_once=at_once), m.Nothing)

    async def pause(self, until: int) -> None:
        await self._caller.call("pause", m.AskPause(until=until), m.Nothing)

    async def finish(self) -> None:
        await self._caller.call("finish", m.Nothing(), m.Nothing)

    async def resume(self) -> None:
        await self._caller.call("resume", m.Nothing(), m.Nothing)

    async def stop(self, lease: LeaseId, index: int, *, at_once: bool = False) -> None:
        await self._caller.call("stop", m.AskStop(lease=lease, index=index, at_once=at_once), m.Nothing)

    async def block(self, renter: Address, on: bool = True) -> None:
        await self._caller.call("block", m.AskBlock(renter=renter, on=on), m.Nothing)

    async def export(self) -> str:
        """Every share that served, as CSV."""
        return (await self._caller.call("export", m.Nothing(), m.Exported)).csv

    async def selftest(self) -> AsyncGenerator[Check]:
        """Every check as it starts, goes on and ends; leaving early interrupts the test."""
        wait = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=3 * frames.BEAT_S)
        async with self._caller.asked("selftest", m.Nothing(), wait) as response:
            async for chunk in frames.receive(response.content):
                try:
                    yield msgspec.json.decode(chunk, type=Check)
                except msgspec.DecodeError as problem:
                    raise strange() from problem


@asynccontextmanager
async def running(folder: Path) -> AsyncGenerator[ControlClient]:
    """The agent that serves the donor's `folder` now. Raises AgentUnavailable where none answers."""
    here = presence.read(folder, PRESENCE_NAME)
    if here is None:
        raise _absent()
    caller = Caller(here.url, here.token, _gone)
    try:
        client = ControlClient(caller)
        alive = None
        with suppress(SparecloudError):
            alive = await client.about()
        # Another program may listen there by now: a file outlives an agent that was killed.
        if alive is None or alive.pid != here.pid:
            raise _absent()
        yield client
    finally:
        await caller.close()


def _absent() -> AgentUnavailable:
    return AgentUnavailable(
        "Sparecloud does not run here.",
        "Start it with `sparecloud-donor`, or on a server with `sparecloud-donor --headless`.",
    )


def _gone() -> AgentUnavailable:
    return AgentUnavailable("Sparecloud stopped answering.", "Start it again, and look at `sparecloud-donor logs`.")
