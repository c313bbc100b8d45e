"""Every pattern of workers that any donor can host, at once: a dynamic programme over the grid of capacities."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.allocator.problems.effort import LARGEST, Integers
from core.allocator.whole.fleet import Floats
from core.allocator.whole.units import choose, rounded

MOST_FIGURES: Final = 2**21
"""Cells times shapes: so large a table takes some milliseconds to fill, and a search fills about a hundred."""

MOST_ROWS: Final = 50_000
"""So many partial patterns are followed at once; the least promising go."""

_DUST: Final = 1e-9
"""Sums of the same prices in another order differ by less than this part of their value."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Capacities in units: `needs[s, d]` of each shape, at most `most[s]` of it on one donor, 0..extent[d] - 1 of each.

    A unit is the greatest common divisor of the shapes' needs, so rounding capacities down to it loses nothing. Where
    that makes too many cells the units are larger and needs are rounded up: what fits a cell still fits its donors, but
    not all that would fit is found, and `exact` is False.
    """

    needs: Integers
    most: Integers
    extent: tuple[int, ...]
    exact: bool

    def steps(self) -> Integers:
        """How far apart two cells are that differ by one unit, for each dimension."""
        return np.array([int(np.prod(self.extent[d + 1 :])) for d in range(len(self.extent))], dtype=np.int64)

    def bounded(self, most: Integers) -> "Grid":
        """The same grid with at most `most[s]` workers of shape s on a donor."""
        return replace(self, most=np.minimum(self.most, most))

    def tables(self, worth: Floats) -> list[Floats]:
        """tables[k][cell]: the most that workers of the first k shapes are worth together in that capacity."""
        found = [np.zeros(self.extent)]
        for need, most, price in zip(self.needs.tolist(), self.most.tolist(), worth.tolist(), strict=True):
            table = found[-1]
            if price > 0 and most:
                table = table.copy()
                # Up to 1, then 3, 7, ... copies: bounded multiples by doubling.
                copies = 1
                while most:
                    now = min(copies, most)
                    inside = tuple(slice(now * n, None) for n in need)
                    rest = tuple(slice(0, size - now * n) for n, size in zip(need, self.extent, strict=True))
                    np.maximum(table[inside], table[rest] + now * price, out=table[inside])
                    most, copies = most - now, 2 * copies
            found.append(table)
        return [table.ravel() for table in found]

    def room(self, cells: Integers) -> Integers:
        """room[k, s]: how many workers of shape s alone fit into cells[k]."""
        units = self._units(cells)
        fits = np.stack([_fits(units, need) for need in self.needs], axis=1)
        return np.minimum(fits, self.most)

    def best(self, tables: list[Floats], worth: Floats, cells: Integers) -> Integers:
        """patterns[k, s] worth tables[-1][cells[k]]: as few as can be of the last shape, then of the one before."""
        patterns: Integers = np.zeros((len(cells), len(self.needs)), dtype=np.int64)
        cells, left = cells.copy(), self._units(cells)
        steps = self.needs @ self.steps()
        for s in range(len(self.needs) - 1, -1, -1):
            open_rows = np.flatnonzero(tables[s][cells] < tables[s + 1][cells] * (1 - _DUST))
            for count in range(1, int(self.most[s]) + 1):
                open_rows = open_rows[(left[open_rows] >= count * self.needs[s]).all(axis=1)]
                if not len(open_rows):
                    break
                at = cells[open_rows]
                value = tables[s][at - count * steps[s]] + count * worth[s]
                hit = value >= tables[s + 1][at] * (1 - _DUST)
                patterns[open_rows[hit], s] = count
                open_rows = open_rows[~hit]
            cells -= patterns[:, s] * steps[s]
            left -= patterns[:, s, None] * self.needs[s]
        return patterns

    def near(
        self, tables: list[Floats], worth: Floats, cells: Integers, least: Floats
    ) -> tuple[Integers, Integers, bool]:
        """Every full pattern of cells[k] that is worth least[k] or more: (k of each, patterns, whether these are all).

        Shape by shape, with the tables as exact bounds of what is still to come. `all` is False where there were too
        many and the least promising were left out.
        """
        own: Integers = np.arange(len(cells))
        patterns: Integers = np.zeros((len(cells), len(self.needs)), dtype=np.int64)
        left, value, complete = self._units(cells), np.zeros(len(cells)), True
        steps = self.steps()
        least = least - _DUST * np.abs(least)
        for s in range(len(self.needs) - 1, -1, -1):
            fits = np.minimum(_fits(left, self.needs[s]), self.most[s])
            row = np.repeat(np.arange(len(own)), fits + 1)
            count = np.arange(len(row)) - np.repeat(np.cumsum(fits + 1) - (fits + 1), fits + 1)
            left, value = left[row] - count[:, None] * self.needs[s], value[row] + count * worth[s]
            own, patterns = own[row], patterns[row]
            patterns[:, s] = count
            hope = value + tables[s][left @ steps] - least[own]
            kept = np.flatnonzero(hope >= 0)
            if len(kept) > MOST_ROWS:
                kept = kept[np.sort(np.argsort(-hope[kept], kind="stable")[:MOST_ROWS])]
                complete = False
            own, patterns, left, value = own[kept], patterns[kept], left[kept], value[kept]
        full = np.ones(len(own), dtype=np.bool_)
        for s, need in enumerate(self.needs):
            full &= (patterns[:, s] >= self.most[s]) | (left < need).any(axis=1)
        return own[full], patterns[full], complete

    def _units(self, cells: Integers) -> Integers:
        return np.stack(np.unravel_index(cells, self.extent), axis=1)


def lay(columns: Integers, shapes: Integers, counts: Integers, generous: bool = False) -> tuple[Grid, Integers]:
    """The grid for counts[s] workers of shapes[s, d] over donors' columns[d, n], and each donor's cell.

    Where it cannot be exact, a `generous` grid rounds needs down instead: whatever fits a donor fits its cell, so that
    bounds over the cells hold for the donors.
    """
    # What few shapes need comes last: slices are whole there, and NumPy walks longer runs.
    asked = np.argsort(-(shapes > 0).sum(axis=0), kind="stable")[: int(shapes.any(axis=0).sum())]
    columns, shapes = columns[asked], shapes[:, asked]
    largest = columns.max(axis=1, initial=0)

    def few(units: Integers) -> bool:
        tops = _levels(largest[:, None], units, rounded(shapes, units, generous), counts)
        return bool(np.prod(tops + 1.0) * len(shapes) <= MOST_FIGURES)

    units = choose(shapes, counts, largest, generous, few)
    needs = rounded(shapes, units, generous)
    levels = _levels(columns, units, needs, counts)
    top = levels.max(axis=1, initial=0)
    most = np.minimum(_fits(top, needs), counts)
    exact = bool(np.array_equal(units, np.gcd.reduce(shapes, axis=0)))
    grid = Grid(needs, most, tuple((top + 1).tolist()), exact)
    return grid, grid.steps() @ levels


def _levels(columns: Integers, units: Integers, needs: Integers, counts: Integers) -> Integers:
    """Whole units of each donor, no more than any set of workers that fits it could use."""
    asked = np.minimum(counts @ needs.astype(np.float64), LARGEST).tolist()
    levels = np.stack(
        [np.minimum(column // unit, int(most)) for column, unit, most in zip(columns, units, asked, strict=True)]
    )
    for d, e in np.ndindex(len(levels), len(levels)):
        if d != e and needs[:, e].all():
            # A unit of e that workers use brings them at most this many of d. One level too many would do no harm.
            ratio = float((needs[:, d] / needs[:, e]).max()) * (1 + _DUST)
            reach = np.minimum(levels[e] * ratio + _DUST, LARGEST)
            np.minimum(levels[d], reach.astype(np.int64), out=levels[d])
    return levels


def _fits(left: NDArray[np.int64], need: Integers) -> Integers:
    """How many times `need` goes into `left`, row by row; one of the two may be a single row."""
    times: Integers = np.where(need > 0, left // np.maximum(need, 1), np.iinfo(np.int64).max).min(axis=1)
    return times
