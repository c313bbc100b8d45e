"""The application's live part: one worker keeps the newest view; errors become sentences, never tracebacks."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import work
from textual.app import App
from textual.binding import BindingType
from textual.reactive import var

from core.errors import SparecloudError
from core.gateway.agent import RenterAgent
from core.view import ClusterLine, RenterView

_LONGEST_WAIT_S: Final = 15.0


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

    def __init__(self, agent: RenterAgent, *, first_wait_s: float = 0.5) -> None:
        super().__init__()
        self.agent = agent
        self._first_wait_s = first_wait_s

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
        """Keep `view` the newest; while the agent is gone say so, and look for it ever less often."""
        wait_s = self._first_wait_s
        while True:
            trouble = Trouble("The background agent ended.")
            try:
                async for view in self.agent.watch():
                    wait_s = self._first_wait_s
                    self.away = None
                    self.view = view
            except SparecloudError as error:
                trouble = Trouble(error.title, error.hint)
            except Exception as error:
                self.log.error(error)
                trouble = Trouble(f"The background agent is not understood ({type(error).__name__}).")
            self.away = trouble
            await asyncio.sleep(wait_s * random.uniform(0.8, 1.2))
            wait_s = min(_LONGEST_WAIT_S, wait_s * 2)
