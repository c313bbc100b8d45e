"""The agent's own process: one RenterAgent, alone in its home folder, served until told to end or no longer needed."""

import asyncio
import logging
import os
import secrets
import signal
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import FrameType
from typing import Final

from core.gateway import presence
from core.gateway.agent import AgentRuns, RenterAgent
from core.gateway.process import held
from core.gateway.server import Gateway, serve
from core.settings import read

LOCK_NAME: Final = "agent.lock"
LOG_NAME: Final = "agent.log"
IDLE_S: Final = 600.0
_LOG_KEPT: Final = 1024 * 1024
_LOOK_EVERY_S: Final = 1.0
_LOCK_WITHIN_S: Final = 3.0
_log = logging.getLogger(__name__)

Build = Callable[[Path], AbstractAsyncContextManager[RenterAgent]]
"""Makes the agent of a home folder, and takes it down; renter_tui/wiring.py's `build_renter` is one."""


async def host(home: Path, build: Build, *, version: str = "", idle_s: float = IDLE_S) -> None:
    """Serve the agent that `build` makes until it is shut down, signalled, or idle with no cluster for `idle_s`.

    Raises AgentRuns where another process serves `home`, and whatever building it raises.
    """
    presence.make_home(home)
    async with _alone(home):
        port = read(home).renter.agent_port
        token = secrets.token_urlsafe(32)
        async with build(home) as agent, serve(agent, token=token, port=port, version=version) as gateway:
            here = presence.Presence(url=gateway.url, token=token, pid=os.getpid(), version=version)
            presence.write(home, here)
            _log.info("Serving %s at %s", home, gateway.url)
            try:
                with _ended_by_signals(gateway):
                    await _until_done(gateway, idle_s)
            finally:
                presence.remove(home)
                _log.info("Ending")


@contextmanager
def logged(home: Path) -> Generator[None]:
    """Write the log into `home`: two files of a mebibyte at most."""
    presence.make_home(home)
    handler = RotatingFileHandler(home / LOG_NAME, maxBytes=_LOG_KEPT, backupCount=1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


@asynccontextmanager
async def _alone(home: Path) -> AsyncGenerator[None]:
    # An agent that is just ending may still hold the lock for a moment.
    tries = int(_LOCK_WITHIN_S / 0.1)
    for _ in range(tries):
        with held(home / LOCK_NAME) as ours:
            if ours:
                yield
                return
        await asyncio.sleep(0.1)
    raise AgentRuns("A background agent already serves this folder.", "Use it: any command finds it.")


async def _until_done(gateway: Gateway, idle_s: float) -> None:
    while not gateway.ended.is_set():
        if gateway.idle_s() >= idle_s and not await gateway.live():
            return
        try:
            async with asyncio.timeout(min(_LOOK_EVERY_S, idle_s)):
                await gateway.ended.wait()
        except TimeoutError:
            continue


@contextmanager
def _ended_by_signals(gateway: Gateway) -> Generator[None]:
    loop = asyncio.get_running_loop()

    def end(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(gateway.release)

    # signal.signal rather than the loop's own way, which Windows does not have.
    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
