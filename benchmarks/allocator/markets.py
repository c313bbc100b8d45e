"""Markets of donors leased whole, and what is asked of them: read from the folder, or grown by its generator."""

import csv
import importlib.util
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.allocator.instances import Floats, Integers
from benchmarks.allocator.known import number
from benchmarks.allocator.tokens import Malformed

COLUMNS: Final = ("cpu", "ram_mib", "gpu", "disk_mib")
SHAPES: Final[Mapping[str, tuple[int, ...]]] = {
    "xs": (1, 2048, 0, 8192),
    "s": (2, 4096, 0, 16384),
    "m": (4, 8192, 0, 32768),
    "g": (2, 6144, 1, 24576),
}
MIX: Final[Mapping[str, float]] = {"xs": 0.2, "s": 0.4, "m": 0.3, "g": 0.1}
"""What is asked where the folder has no scenario.json: cores, MiB, GPUs, MiB of disk."""


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """Donors as columns: `capacities[n, 4]` as COLUMNS, `costs[n]` by size, `prices[n]` an hour.

    A donor's cost is its capacity in parts of the market's supply, each dimension alike; `worth[4]` is what a unit of
    a dimension costs.
    """

    name: str
    capacities: Integers
    costs: Floats
    prices: Floats
    worth: Floats

    @classmethod
    def of(cls, name: str, capacities: Integers, prices: Floats) -> "Market":
        """Donors, with the cost of each."""
        mean = capacities.mean(axis=0) * capacities.shape[1]
        worth = np.divide(1.0, mean, out=np.zeros(len(mean)), where=mean > 0)
        return cls(name, capacities, capacities @ worth, prices, worth)


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """Workers wanted of a market: `counts[s]` of `shapes[s, 4]`. `best` and `bound` as the folder says, or None."""

    label: str
    shapes: Integers
    counts: Integers
    best: float | None = None
    bound: float | None = None

    @property
    def alike(self) -> bool:
        """True where all workers have one shape."""
        return len(self.shapes) == 1


@dataclass(frozen=True, slots=True)
class Asked:
    """The shapes by name and the mix of requests."""

    shapes: Mapping[str, tuple[int, ...]]
    mix: Mapping[str, float]

    def alike(self, shape: str, workers: int, best: float | None = None, bound: float | None = None) -> Scenario:
        """Workers of one shape."""
        return Scenario(f"{shape}-{workers}", np.array([self.shapes[shape]]), np.array([workers]), best, bound)

    def mixed(self, counts: Mapping[str, int], best: float | None = None, bound: float | None = None) -> Scenario:
        """Workers of several shapes."""
        shapes = np.array([self.shapes[name] for name in counts])
        return Scenario(f"mix-{sum(counts.values())}", shapes, np.array(list(counts.values())), best, bound)

    def shared_out(self, workers: int) -> dict[str, int]:
        """The mix for so many workers, by largest remainder."""
        total = sum(self.mix.values())
        exact = {name: workers * part / total for name, part in self.mix.items()}
        counts = {name: int(part) for name, part in exact.items()}
        for name in sorted(exact, key=lambda name: counts[name] - exact[name])[: workers - sum(counts.values())]:
            counts[name] += 1
        return counts


def asked(folder: Path) -> Asked:
    """scenario.json, or the defaults. Raises Malformed."""
    path = folder / "scenario.json"
    if not path.exists():
        return Asked(SHAPES, MIX)
    try:
        content = json.loads(path.read_text("utf-8"))
        shapes = {name: tuple(int(part) for part in shape) for name, shape in content["shapes"].items()}
        mix = {name: float(part) for name, part in content["mix"].items() if name in shapes}
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise Malformed(f"{path.name}: {problem}") from problem
    if not mix or min(mix.values()) < 0 or any(len(shape) != len(COLUMNS) for shape in shapes.values()):
        raise Malformed(f"{path.name}: needs shapes of {len(COLUMNS)} figures and a mix of them")
    return Asked(shapes, mix)


def every(folder: Path) -> Iterator[tuple[str, Callable[[], Market], list[Scenario]]]:
    """Each market's file name, how to get it, and its scenarios; smallest first. Raises Malformed."""
    asks, rows = asked(folder), _references(folder)
    names = dict.fromkeys([*(path.stem for path in sorted(folder.glob("donors_*.csv"))), *rows])
    for name in sorted(names, key=lambda name: (len(name.split("_")[1]) if "_" in name else 0, name)):
        path = folder / f"{name}.csv"
        known = [_scenario(asks, row) for row in rows.get(name, [])]
        scenarios = known or _usual(asks)
        if path.exists():
            yield path.name, lambda path=path: read(path), scenarios  # type: ignore[misc]
        else:
            yield path.name, lambda name=name: _grown(folder, name, rows[name][0]), scenarios  # type: ignore[misc]


def read(path: Path) -> Market:
    """A file of donors. Raises Malformed."""
    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    try:
        capacities = np.array([[int(row[column]) for column in COLUMNS] for row in rows], dtype=np.int64)
        prices = np.array([float(row["price_per_h"]) for row in rows])
    except (KeyError, TypeError, ValueError, OverflowError) as problem:
        raise Malformed(f"{path.name}: {type(problem).__name__} {problem}") from problem
    if not rows or (capacities < 0).any() or not np.isfinite(prices).all() or (prices < 0).any():
        raise Malformed(f"{path.name}: needs donors with capacities and prices from 0")
    return Market.of(path.stem, capacities, prices)


def _references(folder: Path) -> dict[str, list[dict[str, str]]]:
    path = folder / "references.csv"
    found: dict[str, list[dict[str, str]]] = {}
    if path.exists():
        with path.open(newline="", encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                found.setdefault(row.get("market") or "", []).append(row)
    found.pop("", None)
    return found


def _scenario(asks: Asked, row: Mapping[str, str]) -> Scenario:
    best, bound = number(row.get("best")), number(row.get("lower_bound"))
    try:
        if row["kind"] == "homogeneous":
            return asks.alike(row["shape"], int(row["workers"]), best, bound)
        return asks.mixed({name: int(count) for name, count in json.loads(row["shape"]).items()}, best, bound)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise Malformed(f"references.csv: {row.get('market')}: {type(problem).__name__} {problem}") from problem


def _usual(asks: Asked) -> list[Scenario]:
    shapes: Sequence[str] = [name for name in ("s", "m", "g") if name in asks.shapes] or list(asks.shapes)
    alike = [asks.alike(shape, workers) for shape in shapes for workers in (8, 64, 512)]
    return alike + [asks.mixed(asks.shared_out(workers)) for workers in (64, 512)]


def _grown(folder: Path, name: str, row: Mapping[str, str]) -> Market:
    """A market that the folder names but does not hold, by the folder's own generator."""
    path = folder / "market_gen.py"
    spec = importlib.util.spec_from_file_location("market_gen", path)
    if not path.exists() or spec is None or spec.loader is None:
        raise Malformed(f"{name}: neither its file nor market_gen.py is there")
    its: Any = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(its)
        capacities, prices, _ = its.gen(int(row["n"]), int(row["seed"]), float(row.get("shift") or 0.0))
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise Malformed(f"{name}: market_gen.py: {type(problem).__name__} {problem}") from problem
    return Market.of(name, np.asarray(capacities, dtype=np.int64), np.asarray(prices, dtype=np.float64))
