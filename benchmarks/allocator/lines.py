"""A plot of lines over two logarithmic axes, drawn by hand as SVG; readable on light and on dark ground."""

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import Final, NamedTuple

_WIDTH, _HEIGHT = 820, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 250, 44, 56
_COLOURS: Final = ("#8c8c8c", "#0072b2", "#009e73", "#d55e00", "#cc79a7")
_STYLE: Final = (
    "text{font:13px sans-serif;fill:#333}.grid{stroke:#ddd}"
    "@media(prefers-color-scheme:dark){text{fill:#ccc}.grid{stroke:#444}}"
)


class Line(NamedTuple):
    """A named line: (x, y, upper y) for each point, all above 0; the upper one is dashed."""

    name: str
    points: tuple[tuple[float, float, float], ...]


def drawn(title: str, across: str, lines: Sequence[Line]) -> str:
    """The SVG; the vertical axis is in seconds, its grid goes by powers of ten."""
    xs = [x for line in lines for x, _, _ in line.points]
    ys = [y for line in lines for _, *both in line.points for y in both]
    left, right = floor(log10(min(xs))), max(ceil(log10(max(xs))), floor(log10(min(xs))) + 1)
    low, high = floor(log10(min(ys))), max(ceil(log10(max(ys))), floor(log10(min(ys))) + 1)

    def x(value: float) -> float:
        return _LEFT + (log10(value) - left) / (right - left) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _TOP + (high - log10(value)) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{title}</title>",
        f"<style>{_STYLE}</style>",
        f'<text x="{_LEFT}" y="22">{title}</text>',
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2:.0f}" y="{_HEIGHT - 12}" text-anchor="middle">{across}</text>',
    ]
    for power in range(low, high + 1):
        at = y(10.0**power)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{_seconds(power)}</text>')
    for power in range(left, right + 1):
        at = x(10.0**power)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>')
        parts.append(f'<text x="{at:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{10**power:,}</text>')
    for line, colour in zip(lines, _COLOURS, strict=False):
        for column, dash in ((1, ""), (2, ' stroke-dasharray="5 4"')):
            points = " ".join(f"{x(point[0]):.1f},{y(point[column]):.1f}" for point in line.points)
            width = 2.5 if column == 1 else 1.5
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>')
    parts += _legend(lines, {line.name: y(line.points[-1][1]) for line in lines})
    return "\n".join([*parts, "</svg>", ""])


def _legend(lines: Sequence[Line], heights: dict[str, float]) -> list[str]:
    """Each line's name beside its end, moved down where two would meet."""
    colours = {line.name: colour for line, colour in zip(lines, _COLOURS, strict=False)}
    parts, lowest = [], 0.0
    for name in sorted(heights, key=lambda name: heights[name]):
        lowest = max(heights[name] + 4, lowest + 17)
        parts.append(f'<text x="{_WIDTH - _RIGHT + 12}" y="{lowest:.1f}" style="fill:{colours[name]}">{name}</text>')
    return parts


def _seconds(power: int) -> str:
    """10 ** power seconds in the unit that reads best."""
    for unit, least in (("s", 0), ("ms", -3), ("µs", -6)):
        if power >= least:
            return f"{10 ** (power - least):,} {unit}"
    return f"{10 ** (power + 9):,} ns"
