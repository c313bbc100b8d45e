"""The one bridge between Qt and the agent, which lives on its own thread with its own asyncio loop."""

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Callable, Coroutine
from typing import Protocol, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from donor_app.agent import Agent, OpenAgent, Problem, explain, serve

_log = logging.getLogger(__name__)


Answer = TypeVar("Answer")


class Ask(Protocol):
    """How a page asks the agent for something: Bridge.ask."""

    def __call__(
        self,
        action: Callable[[Agent], Coroutine[object, object, Answer]],
        then: Callable[[Answer], object] | None = None,
        refused: Callable[[Problem], object] | None = None,
    ) -> None: ...


class Bridge(QObject):
    """Runs the agent, and carries views to Qt and wishes back. Every method returns at once, but for `join`.

    Signals reach slots of objects of the Qt thread in that thread. After `ended` no other signal follows until the
    next `start`.
    """

    seen = Signal(object)
    """A DonorView."""

    failed = Signal(object)
    """A Problem: the agent died, or a wish was refused."""

    settled = Signal()
    """The newest wish was carried out or refused."""

    _answered = Signal(object)
    """What to call in the Qt thread, now that an agent answered."""

    ended = Signal()
    """The agent's thread is about to end."""

    def __init__(self, open_agent: OpenAgent) -> None:
        super().__init__()
        self._open_agent = open_agent
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._agent: Agent | None = None
        self._stop_asked = False
        self._wish = 0
        self._answered.connect(_call, Qt.ConnectionType.QueuedConnection)

    @property
    def running(self) -> bool:
        """True from `start` until the thread has ended."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the agent, also again after it died. Does nothing while it runs."""
        if self.running:
            return
        self._stop_asked = False
        # A daemon: an agent that hangs beyond every deadline must not keep the process.
        self._thread = threading.Thread(target=self._work, name="sparecloud-agent", daemon=True)
        self._thread.start()

    def share(self, on: bool) -> None:
        """Ask the agent to share, or to take the machine back; `settled` follows, and `failed` where it refuses."""
        self._wish += 1
        wish = self._wish

        def done(_: None) -> None:
            if wish == self._wish:
                self.settled.emit()

        def refused(problem: Problem) -> None:
            self.failed.emit(problem)
            done(None)

        self.ask(lambda agent: agent.share(on), done, refused)

    def ask(
        self,
        action: Callable[[Agent], Coroutine[object, object, Answer]],
        then: Callable[[Answer], object] | None = None,
        refused: Callable[[Problem], object] | None = None,
    ) -> None:
        """Have the agent do something; `then` or `refused` is called in the Qt thread. Without them `failed` tells."""
        refused = refused or self.failed.emit
        agent, loop = self._agent, self._loop
        if agent is None or loop is None:
            refused(Problem("Sparecloud is still starting.", "Try again in a moment."))
            return
        asking = action(agent)

        def answered(done: "concurrent.futures.Future[Answer]") -> None:
            if done.cancelled():
                return
            error = done.exception()
            if error is not None:
                problem = explain(error)
                self._answered.emit(lambda: refused(problem))
            elif then is not None:
                answer = done.result()
                self._answered.emit(lambda: then(answer))

        try:
            asyncio.run_coroutine_threadsafe(asking, loop).add_done_callback(answered)
        except RuntimeError:
            # The loop closed in between: `ended` is on its way and says so.
            asking.close()

    def stop(self) -> None:
        """Ask the agent to end cleanly; `ended` follows."""
        self._stop_asked = True
        loop, task = self._loop, self._task
        if loop is None or task is None:
            return
        try:
            loop.call_soon_threadsafe(task.cancel)
        except RuntimeError:
            _log.debug("the agent's loop had already ended")

    def join(self, deadline_s: float) -> bool:
        """Wait for the thread's end; False where it still runs after `deadline_s`."""
        if self._thread is not None:
            self._thread.join(deadline_s)
        return not self.running

    def _work(self) -> None:
        try:
            asyncio.run(self._serve())
        except asyncio.CancelledError:
            _log.info("the agent was cancelled")
        except Exception as error:
            self.failed.emit(explain(error))
        finally:
            self._agent = self._loop = self._task = None
            self.ended.emit()

    async def _serve(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        if self._stop_asked:
            return
        async with self._open_agent() as agent:
            self._agent = agent
            await serve(agent, self.seen.emit)


def _call(what: Callable[[], object]) -> None:
    what()
