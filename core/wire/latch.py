"""An event that is remembered until somebody waits for it: what happens between two waits is not missed."""

import asyncio


class Latch:
    """`set` any number of times, and the next `wait` returns once; all who wait at that moment return."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """It happened."""
        self._event.set()

    async def wait(self) -> None:
        """Return when it happens, or has happened since the last wait."""
        await self._event.wait()
        self._event.clear()
