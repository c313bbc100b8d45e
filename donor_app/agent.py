"""What the screens need of the donor's agent, and the one way to serve with it, screen or no screen."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from core.errors import SparecloudError
from core.model import Address, Amount, LeaseId
from core.owner import Donor
from core.prospects import Prospects
from core.view import DonorView

if TYPE_CHECKING:
    # It brings what a self-test works with, which the window must not wait for.
    from core.selftest import Check

_log = logging.getLogger(__name__)


class Agent(Protocol):
    """The shape of core.donor.DonorAgent: all that this application asks of the core."""

    async def run(self) -> None:
        """Serve until cancelled."""
        ...

    def watch(self) -> AsyncIterator[DonorView]:
        """The newest view, now and after each change; slow readers skip."""
        ...

    async def share(self, on: bool, *, at_once: bool = False) -> None:
        """Start to share, or take the machine back: workers stop gracefully (or `at_once`), vouchers are claimed."""
        ...

    async def pause(self, until: int) -> None:
        """Hold workers up and offer nothing until an instant; core.allowance.NEVER: until `resume`."""
        ...

    async def finish(self) -> None:
        """Take nothing new; once what runs has ended, sharing is off."""
        ...

    async def resume(self) -> None:
        """End a pause, or take new work again."""
        ...

    async def change(self, donor: Donor) -> None:
        """Keep to these settings, and write them to the owner's file. Raises InvalidInput."""
        ...

    async def stop(self, lease: LeaseId, index: int, *, at_once: bool = False) -> None:
        """Give one share's worker notice, or none. Raises NotFound."""
        ...

    async def block(self, renter: Address, on: bool = True) -> None:
        """Refuse a renter from now on, or serve it again. Raises InvalidInput."""
        ...

    async def withdraw(self, to: Address, amount: Amount) -> None:
        """Pay from the wallet. Raises NotEnoughCoin, TransactionFailed, ChainUnavailable."""
        ...

    async def export(self) -> str:
        """Every share that served, as CSV."""
        ...

    async def prospects(self) -> Prospects:
        """What this machine could earn, by the market's offers now."""
        ...

    async def look_again(self) -> None:
        """See at once what the machine has and whether its engine answers; the view tells before this returns."""
        ...

    async def selftest(self, tell: Callable[["Check"], None]) -> None:
        """Try everything between this machine and a renter. Raises SparecloudError where one runs already."""
        ...


OpenAgent = Callable[[], AbstractAsyncContextManager[Agent]]
"""Builds an agent inside the loop that will run it, and tidies up after it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, and what the owner can do next. `kind` is the error's name in core.errors, empty for others."""

    title: str
    hint: str
    kind: str = ""


def known(error: BaseException) -> SparecloudError | None:
    """The first SparecloudError in `error`, which may be a group of groups; None where there is none."""
    if isinstance(error, BaseExceptionGroup):
        return next((found for inner in error.exceptions if (found := known(inner)) is not None), None)
    return error if isinstance(error, SparecloudError) else None


def explain(error: BaseException) -> Problem:
    """`error` for a person; what nobody foresaw goes to the log with its traceback."""
    found = known(error)
    if found is not None:
        return Problem(found.title, found.hint, type(found).__name__)
    _log.error("the agent ended unexpectedly", exc_info=error)
    return Problem(
        f"Sparecloud stopped: something unexpected happened ({type(error).__name__}).",
        "Start it again. If it happens again, report what `sparecloud-donor logs` says.",
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
