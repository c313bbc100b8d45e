"""Plain tables: aligned by spaces, no colour, within a hundred columns."""

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len, set_cell_size

WIDEST: Final = 30
_GAP: Final = "  "


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """`rows` under `headings`; a heading that ends in ">" aligns its column to the right. Long cells are cut."""
    right = [heading.endswith(">") for heading in headings]
    lines = [[heading.rstrip(">") for heading in headings], *([_cut(cell) for cell in row] for row in rows)]
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(headings))]
    return "\n".join(
        _GAP.join(_fit(*cell) for cell in zip(line, widths, right, strict=True)).rstrip() for line in lines
    )


def _cut(text: str) -> str:
    return text if cell_len(text) <= WIDEST else set_cell_size(text, WIDEST - 1).rstrip() + "…"


def _fit(text: str, width: int, right: bool) -> str:
    padding = " " * (width - cell_len(text))
    return padding + text if right else text + padding
