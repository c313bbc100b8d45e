"""Draw docs/pictures/tui-*.png from sample data: `python -m tests.screens.shoot_tui [folder]`.

Needs rsvg-convert and a font with the shapes: apt-get install librsvg2-bin fonts-dejavu-core.
"""

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from core.observed import Progress, Stage
from renter_tui.app import SparecloudApp
from tests.screens.fake_agent import FakeAgent
from tests.screens.sample_view import sample

_SHOTS: Final = (
    ("market", (), (100, 26)),
    ("clusters", ("2",), (100, 26)),
    ("cluster", ("2", "enter"), (100, 30)),
    ("quote", ("n", "4", "tab", "2", "tab", "4", "tab", "2"), (100, 26)),
    ("money", ("n", "4", "tab", "2", "tab", "4", "tab", "2", "WAIT", "tab", "tab", "tab", "enter"), (100, 26)),
    ("resize", ("2", "enter", "r", "6"), (100, 30)),
    ("logs", ("2", "l"), (100, 26)),
    ("submit", ("2", "s"), (100, 26)),
    ("wallet", ("3",), (100, 26)),
)
_STAGES: Final = (
    Stage(7, "reduceByKey at ranking.py:31", 64, 41, 6, 0),
    Stage(8, "sortBy at ranking.py:38", 64, 0, 0, 0),
)
_OUTPUT: Final = b"iteration 1: 0.31250\niteration 2: 0.09114\niteration 3: 0.02706\n"


async def draw(keys: tuple[str, ...], size: tuple[int, int]) -> str:
    """What is shown after `keys`, as SVG."""
    agent = FakeAgent(sample(), progressed=Progress(256, 169, 6, 0, _STAGES))
    agent.output.put_nowait(_OUTPUT)
    app = SparecloudApp(agent)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        for key in keys:
            await (pilot.pause(0.6) if key == "WAIT" else pilot.press(key))
        await pilot.pause(0.6)
        return app.export_screenshot(title="Sparecloud")


def shoot(svg: str, picture: Path) -> None:
    """Save `svg` as a PNG."""
    # The exported SVG asks for a font from the web; the picture must not depend on one.
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", "DejaVu Sans Mono")
    # DejaVu's letters are narrower than the cells that the exporter lays out for Fira Code.
    svg = svg.replace("font-size: 20px", "font-size: 20.266px").replace("<text ", '<text xml:space="preserve" ')
    convert = ["rsvg-convert", "--format=png", "--zoom=1.4", f"--output={picture}"]
    subprocess.run(convert, input=svg.encode(), check=True, timeout=60)


def main() -> None:
    """Every shot."""
    folder = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parents[2] / "docs" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    for name, keys, size in _SHOTS:
        shoot(asyncio.run(draw(keys, size)), folder / f"tui-{name}.png")


if __name__ == "__main__":
    main()
