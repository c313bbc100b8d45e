"""The machine's clock."""

import asyncio
import math
import time


class SystemClock:
    """Unix time in whole seconds."""

    def now(self) -> int:
        """The instant now."""
        return int(time.time())

    async def sleep(self, seconds: float) -> None:
        """Wait; from a second on up to one second less (see `together_s`)."""
        await asyncio.sleep(together_s(time.monotonic(), seconds))


def together_s(now: float, seconds: float) -> float:
    """So long, or so much less that it ends on a whole second where it is a second or more. Pure.

    Loops that sleep side by side then wake together: a processor that is woken once for all of them rests deeper.
    """
    return math.floor(now + seconds) - now if seconds >= 1 else seconds
