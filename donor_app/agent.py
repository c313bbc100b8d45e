"""What the screens need of the donor's agent, and the one way to serve with it, screen or no screen."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from core.errors import SparecloudError
from core.view import DonorView

_log = logging.getLogger(__name__)


class Agent(Protocol):
    """The shape of core.donor.DonorAgent: all that this application asks of the core."""

    async def run(self) -> None:
        """Serve until cancelled."""
        ...

    def watch(self) -> AsyncIterator[DonorView]:
        """The newest view, now and after each change; slow readers skip."""
        ...

    async def share(self, on: bool) -> None:
        """Start to share, or take the machine back: workers stop gracefully and the last vouchers are claimed."""
        ...


OpenAgent = Callable[[], AbstractAsyncContextManager[Agent]]
"""Builds an agent inside the loop that will run it, and tidies up after it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, and what the owner can do next."""

    title: str
    hint: str


def known(error: BaseException) -> SparecloudError | None:
    """The first SparecloudError in `error`, which may be a group of groups; None where there is none."""
    if isinstance(error, BaseExceptionGroup):
        return next((found for inner in error.exceptions if (found := known(inner)) is not None), None)
    return error if isinstance(error, SparecloudError) else None


def explain(error: BaseException) -> Problem:
    """`error` for a person; what nobody foresaw goes to the log with its traceback."""
    found = known(error)
    if found is not None:
        return Problem(found.title, found.hint)
    _log.error("the agent ended unexpectedly", exc_info=error)
    return Problem(
        f"Sparecloud stopped: something unexpected happened ({type(error).__name__}).",
        "Start it again. If it happens again, start it with --log FILE and report what the file says.",
    )


async def serve(agent: Agent, show: Callable[[DonorView], None]) -> None:
    """Run `agent` and hand every view to `show`, until cancelled. Raises whatever ends the agent, often in a group."""
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(_watch(agent, show))
        try:
            await agent.run()
        finally:
            watching.cancel()


async def _watch(agent: Agent, show: Callable[[DonorView], None]) -> None:
    async for view in agent.watch():
        show(view)
