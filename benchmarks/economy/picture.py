"""The plot of docs/economics.md: what a donor's fraud brings, by the penalty. Drawn by hand as SVG."""

from collections.abc import Sequence
from typing import Final

_WIDTH, _HEIGHT = 760, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 200, 40, 50
_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#6a51a3")
_STYLE: Final = (
    "text{font:13px sans-serif;fill:#333}.axis{stroke:#999}.grid{stroke:#ddd}.zero{stroke:#333;stroke-width:1.5}"
    "@media(prefers-color-scheme:dark){text{fill:#ccc}.grid{stroke:#444}.zero{stroke:#ccc}}"
)


def drawn(xs: Sequence[float], lines: Sequence[tuple[str, Sequence[float]]], *, marked: float) -> str:
    """The SVG: `lines` over `xs` (percent of the cap), in percent of the share's price; at `marked` stands a mark."""
    low = min(-100.0, *(value for _, values in lines for value in values))
    high = max(100.0, *(value for _, values in lines for value in values))
    step = 100 if high - low <= 900 else 200
    low, high = -step * -(-int(-low) // step), step * -(-int(high) // step)

    def x(value: float) -> float:
        return _LEFT + (value - xs[0]) / (xs[-1] - xs[0]) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _TOP + (high - value) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        "<title>What a donor's fraud brings, by the penalty</title>",
        f"<style>{_STYLE}</style>",
        f'<text x="{_LEFT}" y="20">profit of a fraud, percent of the price, a third of the stake hostile</text>',
        f'<text x="{_LEFT}" y="{_HEIGHT - 10}">penalty, percent of the share\'s cap (dashed: the default)</text>',
    ]
    for value in range(low, high + 1, step):
        kind = "zero" if value == 0 else "grid"
        parts.append(
            f'<line class="{kind}" x1="{_LEFT}" x2="{x(xs[-1]):.0f}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
        )
        parts.append(f'<text x="{_LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value}</text>')
    for at in xs:
        parts.append(f'<text x="{x(at):.0f}" y="{_HEIGHT - 30}" text-anchor="middle">{at:g}</text>')
    dash = f'x1="{x(marked):.0f}" x2="{x(marked):.0f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"'
    parts.append(f'<line class="axis" stroke-dasharray="4 4" {dash}/>')
    taken: list[float] = []
    for (name, values), colour in sorted(zip(lines, _COLOURS, strict=False), key=lambda line: -line[0][1][-1]):
        points = " ".join(f"{x(at):.0f},{y(value):.1f}" for at, value in zip(xs, values, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        label_y = max([y(values[-1]) + 4, *(other + 16 for other in taken)])
        taken.append(label_y)
        parts.append(f'<text x="{x(xs[-1]) + 10:.0f}" y="{label_y:.1f}" style="fill:{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])
