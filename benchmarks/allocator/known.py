"""What is known of instances beforehand, where the folder says: best values, bounds, what others reached."""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Known:
    """Of one instance; None where nothing is known. `bound` is an upper one of what is maximised, else a lower one."""

    label: str | None = None
    best: float | None = None
    optimal: bool = False
    bound: float | None = None
    best_heuristic: float | None = None


def manifest(data: Path) -> dict[str, Known]:
    """manifest.csv by file, as `family/name`; empty where there is none. A cell that is no number counts as none."""
    path = data / "manifest.csv"
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as lines:
        return {row["file"]: _known(row) for row in csv.DictReader(lines) if row.get("file")}


def _known(row: Mapping[str, str]) -> Known:
    return Known(
        row.get("family") or None,
        number(row.get("best_known")),
        (row.get("status") or "").strip() == "Optimal",
        number(row.get("upper_or_lower_bound")),
        number(row.get("best_heur")),
    )


def number(cell: str | None) -> float | None:
    """A cell's number, None where it has none."""
    try:
        value = float(cell or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
