"""What a terminal application shows, as text: read from its exported screenshot."""

import re
import time
from collections import defaultdict
from collections.abc import Callable
from html import unescape
from typing import Any

from textual.app import App
from textual.pilot import Pilot

_RUN = re.compile(r'<text [^>]*?x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>', re.DOTALL)


def screen_text(app: App[Any]) -> str:
    """Every line on screen, top to bottom; what lies under a dialog is not there."""
    lines: defaultdict[float, list[tuple[float, str]]] = defaultdict(list)
    for x, y, run in _RUN.findall(app.export_screenshot(simplify=True)):
        lines[float(y)].append((float(x), unescape(run).replace("\u00a0", " ")))
    return "\n".join("".join(run for _, run in sorted(lines[y])) for y in sorted(lines))


async def until(pilot: Pilot[Any], holds: Callable[[], bool], *, limit_s: float = 8) -> None:
    """Wait until `holds`; fails with the screen's text after `limit_s`."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        await pilot.pause(0.05)
        if holds():
            return
    raise AssertionError(f"did not come true; the screen shows:\n{screen_text(pilot.app)}")


async def until_shown(pilot: Pilot[Any], *words: str) -> None:
    """Wait until all `words` are on screen."""
    await until(pilot, lambda: all(word in screen_text(pilot.app) for word in words))
