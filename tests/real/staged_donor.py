"""`sparecloud-donor` as its owner starts it, around a made-up agent that says on its output what it is asked.

`python -m tests.real.staged_donor SAMPLE [OPTION ...]`: SAMPLE is a view of tests.screens.donor_samples, or NEW for an
owner who never chose. It looks for a tray every second and waits three for one.
"""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType

os.environ.setdefault("QT_QPA_PLATFORM", "xcb")
# As where a screen reader runs: see tests.real.screen_reader.
os.environ["QT_LINUX_ACCESSIBILITY_ALWAYS_ON"] = "1"

from donor_app import desktop
from donor_app.__main__ import main as sparecloud_donor
from tests.screens import donor_samples
from tests.screens.donor_samples import FakeAgent


@dataclass
class TalkingAgent(FakeAgent):
    """Prints a line for each thing that it is asked."""

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def share(self, on: bool, *, at_once: bool = False) -> None:
        print("share", on, *(["at once"] if at_once else []), flush=True)
        await super().share(on, at_once=at_once)

    def _told(self, *what: object) -> None:
        print(*what, flush=True)


def main() -> None:
    """Run until SIGTERM, or until the owner quits."""
    sample, *options = sys.argv[1:]
    view = replace(donor_samples.OFF, chosen=False) if sample == "NEW" else getattr(donor_samples, sample)

    @asynccontextmanager
    async def build_agent(home: Path, *, consented: bool, waiting: object = None) -> AsyncGenerator[TalkingAgent]:
        yield TalkingAgent(view=view)

    # In the place of the real one, which would bring Docker and a chain along.
    wiring = ModuleType("donor_app.wiring")
    wiring.__dict__["build_agent"] = build_agent
    sys.modules[wiring.__name__] = wiring
    hasty = partial(desktop.Desktop, tray_within_s=3, look_every_s=1, watch_every_s=1)
    desktop.__dict__["Desktop"] = hasty
    sparecloud_donor(options, prog_name="sparecloud-donor")


if __name__ == "__main__":
    main()
