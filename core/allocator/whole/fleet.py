"""The standing market index: donors as columns, cheapest first, validated once and read by every request."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.allocator.problems.effort import LARGEST, Integers

Floats = NDArray[np.float64]

MOST_DIMENSIONS: Final = 8
"""More are a mistake: every request walks through all of them."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """Donors in the order of their cost; equal costs by capacity, then by the caller's row.

    `columns[d, n]` are capacities, `cost[n]` what leasing the donor whole costs, `rows[n]` the caller's row of each.
    Building it takes two sorts of the market; exchanging a donor copies the columns. Nothing else is kept between
    requests: the order is all that they share.
    """

    columns: Integers
    cost: Floats
    rows: Integers

    @classmethod
    def of(cls, capacity: ArrayLike, cost: ArrayLike) -> "Fleet":
        """The index over capacity[n, d] (whole numbers) and cost[n]; ValueError for anything that is no market."""
        columns = whole_numbers(capacity, "capacities", 2)
        if not 1 <= columns.shape[1] <= MOST_DIMENSIONS:
            raise ValueError(f"Each donor needs 1 to {MOST_DIMENSIONS} capacities, not {columns.shape[1]}.")
        prices = _prices(cost)
        if len(prices) != len(columns):
            raise ValueError(f"{len(columns)} donors have {len(prices)} costs.")
        order = np.argsort(prices, kind="stable")
        if np.any(prices[order[1:]] == prices[order[:-1]]):
            order = np.lexsort((*columns.T[::-1], prices))
        return cls(np.ascontiguousarray(columns[order].T), prices[order], order.astype(np.int64))

    def __len__(self) -> int:
        return len(self.cost)

    def without(self, row: int) -> "Fleet":
        """The index without the caller's row `row`; ValueError where it is not there."""
        place = np.flatnonzero(self.rows == row)
        if not len(place):
            raise ValueError(f"Donor {row} is not in the fleet.")
        return Fleet(np.delete(self.columns, place, axis=1), np.delete(self.cost, place), np.delete(self.rows, place))

    def adding(self, row: int, capacity: ArrayLike, cost: float) -> "Fleet":
        """The index with one donor more under the caller's row `row`; ValueError where that row is taken."""
        one = Fleet.of(np.asarray(capacity)[None], [cost])
        if len(one.columns) != len(self.columns) or np.any(self.rows == row):
            raise ValueError(f"Donor {row} is in the fleet already, or its capacities are not {len(self.columns)}.")
        new = (cost, *one.columns[:, 0].tolist(), row)
        low, high = np.searchsorted(self.cost, cost, "left"), np.searchsorted(self.cost, cost, "right")
        equals = zip(*self.columns[:, low:high].tolist(), self.rows[low:high].tolist(), strict=True)
        at = low + sum((cost, *other) < new for other in equals)
        return Fleet(
            np.insert(self.columns, at, one.columns[:, 0], axis=1),
            np.insert(self.cost, at, cost),
            np.insert(self.rows, at, row),
        )


def whole_numbers(figures: ArrayLike, name: str, dimensions: int) -> Integers:
    """`figures` as a fresh array of whole numbers from 0 to LARGEST; ValueError says what else it holds."""
    array: NDArray[Any] = _array(figures, name)
    if array.ndim != dimensions:
        raise ValueError(f"The {name} are an array of {array.ndim} dimensions instead of {dimensions}.")
    if not array.size and array.dtype == np.float64:
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise ValueError(f"The {name} are not all whole numbers of at most {LARGEST}.")
    if array.size and (array.min() < 0 or array.max() > LARGEST):
        raise ValueError(f"The {name} are not all between 0 and {LARGEST}.")
    return array.astype(np.int64)


def shape_of(fleet: Fleet, shape: ArrayLike) -> Integers:
    """One worker's needs, checked against the fleet's dimensions; ValueError if it needs nothing at all."""
    needs = whole_numbers(shape, "worker's needs", 1)
    if len(needs) != len(fleet.columns):
        raise ValueError(f"The worker has {len(needs)} needs, the donors have {len(fleet.columns)} capacities.")
    if not needs.any():
        raise ValueError("A worker must need something.")
    return needs


def _prices(cost: ArrayLike) -> Floats:
    array = _array(cost, "costs")
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iuf"):
        raise ValueError("The costs are not a column of numbers.")
    prices = array.astype(np.float64)
    # A NaN fails every comparison, so it fails this one.
    if not np.all((prices >= 0) & (prices <= LARGEST)):
        raise ValueError(f"The costs are not all between 0 and {LARGEST}.")
    return prices


def _array(figures: ArrayLike, name: str) -> NDArray[Any]:
    try:
        return np.asarray(figures)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"The {name} are no array: {error}.") from error
