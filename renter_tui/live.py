"""The application's live part: one worker keeps the newest view; errors become sentences, never tracebacks."""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import work
from textual.app import App
from textual.binding import BindingType
from textual.reactive import var

from core.errors import SparecloudError
from core.gateway.agent import AgentUnavailable, RenterAgent
from core.view import ClusterLine, RenterView
from renter_tui.happenings import Happening, happened

_LONGEST_WAIT_S: Final = 15.0
MOST_HAPPENINGS: Final = 5000
CHANGES: Final = frozenset({"new", "submit", "destroy", "resize", "extend", "replace", "connect"})
"""What screens call the actions that spend, start or end something."""

Connect = Callable[[], AbstractAsyncContextManager[RenterAgent]]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong and what to do about it, as a banner shows it."""

    title: str
    hint: str = ""


class LiveApp(App[None]):
    """What every screen may use: the newest `view`, the `away` trouble while the agent is gone, and the agent."""

    BINDINGS: ClassVar[list[BindingType]] = []

    view: var[RenterView | None] = var(None)
    away: var[Trouble | None] = var(None)

    def __init__(
        self,
        agent: RenterAgent | None = None,
        *,
        connect: Connect | None = None,
        read_only: bool = False,
        first_wait_s: float = 0.5,
    ) -> None:
        """With an agent, or with how to `connect` to one: then that is done once the first screen is drawn.

        `read_only`: nothing that spends, starts or ends anything is offered.
        """
        super().__init__()
        self._agent = agent
        self._connect = connect
        self._first_wait_s = first_wait_s
        self.read_only = read_only
        self.refused: SparecloudError | None = None
        self.happenings: list[Happening] = []

    def offers(self, action: str) -> bool:
        """Whether a screen may offer `action`."""
        return not (self.read_only and action in CHANGES)

    @property
    def agent(self) -> RenterAgent:
        """The agent. Raises AgentUnavailable before it answers for the first time."""
        if self._agent is None:
            raise AgentUnavailable("The background agent does not answer yet.", "It starts: try again in a moment.")
        return self._agent

    def cluster(self, lease: str | None) -> ClusterLine | None:
        """The cluster of `lease` in the newest view."""
        clusters = self.view.clusters if self.view else ()
        return next((cluster for cluster in clusters if cluster.lease == lease), None)

    def report(self, error: SparecloudError) -> None:
        """Show an error: what happened, and what to do next."""
        if error.hint:
            self.notify(error.hint, title=error.title, severity="error", timeout=12, markup=False)
        else:
            self.notify(error.title, severity="error", timeout=12, markup=False)

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """The top of a task: whatever goes wrong inside ends it, and is shown."""
        try:
            yield
        except SparecloudError as error:
            self.report(error)
        except Exception as error:
            self.log.error(error)
            self.report(
                SparecloudError(f"Something unexpected happened ({type(error).__name__}).", "Please try again.")
            )

    @work(exclusive=True, group="follow")
    async def follow(self) -> None:
        """Keep `view` the newest; while the agent is gone say so, and look for it ever less often.

        Where there never was one, and none can be started, the application ends and `refused` says why.
        """
        async with AsyncExitStack() as stack:
            if self._connect is not None:
                try:
                    self._agent = await stack.enter_async_context(self._connect())
                except SparecloudError as refused:
                    self.refused = refused
                    self.exit()
                    return
            await self._watch_views()

    def _note(self, *new: Happening) -> None:
        """Keep what happened, the newest thousands of it."""
        self.happenings = [*self.happenings, *new][-MOST_HAPPENINGS:]

    async def _watch_views(self) -> None:
        wait_s = self._first_wait_s
        while True:
            trouble = Trouble("The background agent ended.")
            try:
                async for view in self.agent.watch():
                    wait_s = self._first_wait_s
                    self.away = None
                    self._note(*happened(self.view, view))
                    self.view = view
            except SparecloudError as error:
                trouble = Trouble(error.title, error.hint)
            except Exception as error:
                self.log.error(error)
                trouble = Trouble(f"The background agent is not understood ({type(error).__name__}).")
            if self.view is not None and self.away is None:
                self._note(Happening(self.view.now, "agent", "trouble", trouble.title, trouble.hint))
            self.away = trouble
            await asyncio.sleep(wait_s * random.uniform(0.8, 1.2))
            wait_s = min(_LONGEST_WAIT_S, wait_s * 2)
