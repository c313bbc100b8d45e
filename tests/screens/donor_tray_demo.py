"""The donor application around a fake agent, on a real display: `python -m tests.screens.donor_tray_demo [--window]`.

The agent sends a view a second, as one that serves does. `python -m benchmarks.desktop` measures it.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

os.environ.setdefault("QT_QPA_PLATFORM", "xcb")

from core.model import Amount
from core.view import DonorView
from tests.screens.donor_samples import SERVING, FakeAgent


@dataclass
class TickingAgent(FakeAgent):
    """Serves for ever, a view a second, and never wakes in between."""

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def watch(self) -> AsyncIterator[DonorView]:
        for second in range(10**9):
            yield _later(second)
            await asyncio.sleep(1)


def _later(second: int) -> DonorView:
    served = tuple(
        line if line.ended else replace(line, served_s=line.served_s + second, earned=Amount(line.earned + second))
        for line in SERVING.services
    )
    return replace(SERVING, now=SERVING.now + second, services=served)


def main() -> int:
    """Run until SIGTERM."""
    # As the application's own start does.
    from donor_app.plain_imports import import_plainly

    import_plainly()
    from donor_app.desktop import run_desktop

    return run_desktop(lambda *_: TickingAgent().open(), open_window="--window" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
