"""How an agent's loops rest between two turns: each for its own time, and all of them until there is news at most."""

import asyncio
from collections.abc import Awaitable, Callable

from core.ports import Clock

Rest = Callable[[float], Awaitable[None]]
"""Rests for so many seconds, or until there is news; not at all where there was some since the last rest."""


class Rests:
    """Not thread-safe: it belongs to one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._each: list[asyncio.Event] = []

    def news(self) -> None:
        """Every loop has something to look at now."""
        for news in self._each:
            news.set()

    def of_a_loop(self) -> Rest:
        """How one more loop rests."""
        news = asyncio.Event()
        self._each.append(news)

        async def rest(seconds: float) -> None:
            waiting = {asyncio.ensure_future(news.wait()), asyncio.ensure_future(self._clock.sleep(seconds))}
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in waiting:
                    each.cancel()
                await asyncio.gather(*waiting, return_exceptions=True)
            news.clear()

        return rest
