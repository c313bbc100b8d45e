"""The machine's clock."""

import asyncio
import time


class SystemClock:
    """Unix time in whole seconds."""

    def now(self) -> int:
        """The instant now."""
        return int(time.time())

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
