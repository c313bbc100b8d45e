"""The one bridge between Qt and the agent, which lives on its own thread with its own asyncio loop."""

import asyncio
import concurrent.futures
import logging
import threading

from PySide6.QtCore import QObject, Signal

from donor_app.agent import Agent, OpenAgent, Problem, explain, serve

_log = logging.getLogger(__name__)


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
        wish, agent, loop = self._wish, self._agent, self._loop
        if agent is None or loop is None:
            self.failed.emit(Problem("Sparecloud is still starting.", "Try again in a moment."))
            self.settled.emit()
            return
        asking = agent.share(on)
        try:
            asyncio.run_coroutine_threadsafe(asking, loop).add_done_callback(lambda done: self._answered(wish, done))
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

    def _answered(self, wish: int, done: concurrent.futures.Future[None]) -> None:
        if done.cancelled():
            return
        error = done.exception()
        if error is not None:
            self.failed.emit(explain(error))
        if wish == self._wish:
            self.settled.emit()
