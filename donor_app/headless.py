"""Serving without a screen: a line for each change, a clean end at SIGTERM or SIGINT."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from core.view import DonorView
from donor_app.agent import OpenAgent, explain, known, serve


def serve_headless(open_agent: OpenAgent) -> int:
    """Serve until a signal or a failure; returns the exit code, and says on stderr what failed and what to do."""
    try:
        asyncio.run(_serve(open_agent))
    except Exception as error:
        problem = explain(error)
        print(f"{problem.title}\n{problem.hint}".rstrip(), file=sys.stderr, flush=True)
        found = known(error)
        return found.exit_code if found is not None else 1
    return 0


async def _serve(open_agent: OpenAgent) -> None:
    stopping = asyncio.Event()
    with _signals_set(stopping):
        serving = asyncio.create_task(_run(open_agent))
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not serving.done():
            print("Stopping: the workers end first.", flush=True)
            serving.cancel()
        try:
            await serving
        except asyncio.CancelledError:
            if not stopping.is_set():
                raise


async def _run(open_agent: OpenAgent) -> None:
    async with open_agent() as agent:
        await serve(agent, _Changes().show)


class _Changes:
    """Prints a view's headline and problem where they differ from the last ones printed."""

    def __init__(self) -> None:
        self._shown = ("", "")

    def show(self, view: DonorView) -> None:
        lines = (view.headline, f"{view.problem} {view.hint}".strip() if view.problem else "")
        for line, before in zip(lines, self._shown, strict=True):
            if line and line != before:
                print(line, flush=True)
        self._shown = lines


@contextmanager
def _signals_set(event: asyncio.Event) -> Iterator[None]:
    # Not loop.add_signal_handler, which Windows lacks. A second signal changes nothing: a clean end is under way.
    loop = asyncio.get_running_loop()

    def asked(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(event.set)

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
