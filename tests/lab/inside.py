"""An event loop on a thread that lives in a network namespace: for clients whose sockets must start from there."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from tests.lab import netns

T = TypeVar("T")


class Inside:
    """Runs coroutines in a namespace. Its thread's pools and child processes are in there as well."""

    def __init__(self, namespace: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._live, args=(namespace,), name=f"inside {namespace}", daemon=True)
        self._thread.start()

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns; cancelled along with the caller."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def close(self) -> None:
        """End the thread and its pool."""
        await self.run(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)

    def _live(self, namespace: str) -> None:
        netns.move_thread(namespace)
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()
