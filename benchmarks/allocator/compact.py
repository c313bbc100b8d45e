"""The plain integer model of each problem, as a general solver would be given it, and how its answer is read."""

from dataclasses import dataclass

import numpy as np

from benchmarks.allocator.instances import Bins, Choice, Fleet, Floats, Integers, Knapsack

Modelled = Knapsack | Choice | Bins | Fleet


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Minimise `costs` . x over integers 0 <= x <= `upper` with `low` <= A x <= `high`, A given by its non-zeros."""

    costs: Floats
    upper: Integers
    rows: Integers
    columns: Integers
    entries: Integers
    low: Integers
    high: Integers


NO_LIMIT = 2**60
"""What stands for infinity in `low` and `high`."""


def model(problem: Modelled, bins: int | None = None) -> Model:
    """The compact model; one of bins has to be told how many `bins` are enough."""
    match problem:
        case Knapsack(profits=profits, weights=weights, capacities=capacities):
            rows, columns = np.nonzero(weights)
            ones, low = np.ones(len(profits), dtype=np.int64), np.full(len(capacities), -NO_LIMIT)
            return Model(-profits.astype(float), ones, rows, columns, weights[rows, columns], low, capacities)
        case Choice():
            return _choice(problem)
        case Bins(items=items, capacity=capacity):
            count = len(items) if bins is None else bins
            return _assignment(items, np.broadcast_to(capacity, (count, len(capacity))), np.ones(count))
        case Fleet(items=items, capacities=capacities, costs=costs):
            return _assignment(items, capacities, costs)


def picks(problem: Modelled, values: Integers) -> Integers:
    """What the model's variables say, in the problem's own terms."""
    match problem:
        case Knapsack():
            return np.flatnonzero(values)
        case Choice(groups=groups):
            ends = np.cumsum([len(profits) for profits, _ in groups])
            return np.array([int(part.argmax()) for part in np.split(values, ends[:-1])])
        case Bins(items=items) | Fleet(items=items):
            # n rows of x for every bin, and a last row that says which bins are used.
            chosen: Integers = values.reshape(len(items) + 1, -1)[:-1].argmax(axis=1)
            return chosen


def cover(capacities: Integers, costs: Floats, shapes: Integers, wanted: Integers) -> Model:
    """Donors, `capacities[n, d]`, leased whole so that `wanted[s]` workers of `shapes[s, d]` find room.

    The variables are workers [donor, shape], then whether each donor is leased.
    """
    n, d = capacities.shape
    s = len(shapes)
    upper = np.minimum(wanted, _rooms(capacities, shapes)).reshape(-1)
    donor, shape, dimension = (axis.reshape(-1) for axis in np.indices((n, s, d)))
    lease, place = (axis.reshape(-1) for axis in np.indices((n, d)))
    rows = np.concatenate([donor * d + dimension, lease * d + place, n * d + np.tile(np.arange(s), n)])
    columns = np.concatenate([donor * s + shape, n * s + lease, np.arange(n * s)])
    entries = np.concatenate([shapes[shape, dimension], -capacities.reshape(-1), np.ones(n * s, dtype=np.int64)])
    return Model(
        np.concatenate([np.zeros(n * s), costs]),
        np.concatenate([upper, np.ones(n, dtype=np.int64)]),
        *_nonzero(rows, columns, entries),
        np.concatenate([np.full(n * d, -NO_LIMIT), wanted]),
        np.concatenate([np.zeros(n * d, dtype=np.int64), np.full(s, NO_LIMIT)]),
    )


def _rooms(capacities: Integers, shapes: Integers) -> Integers:
    """How many workers of each shape fit on each donor alone: [n, s]."""
    rooms = [(capacities[:, shape > 0] // shape[shape > 0]).min(axis=1) for shape in shapes]
    return np.stack(rooms, axis=1)


def _choice(problem: Choice) -> Model:
    profits = np.concatenate([profits for profits, _ in problem.groups])
    weights = np.concatenate([weights for _, weights in problem.groups])
    group = np.repeat(np.arange(len(problem.groups)), [len(profits) for profits, _ in problem.groups])
    item, dimension = np.nonzero(weights)
    m, count = len(problem.capacities), len(problem.groups)
    ones = np.ones(count, dtype=np.int64)
    return Model(
        -profits.astype(float),
        np.ones(len(profits), dtype=np.int64),
        np.concatenate([dimension, m + group]),
        np.concatenate([item, np.arange(len(profits))]),
        np.concatenate([weights[item, dimension], np.ones(len(profits), dtype=np.int64)]),
        np.concatenate([np.full(m, -NO_LIMIT), ones]),
        np.concatenate([problem.capacities, ones]),
    )


def _assignment(items: Integers, capacities: Integers, costs: Floats) -> Model:
    """x[item, bin], then y[bin]: each item in one bin, each bin's load within its capacity where it is used."""
    n, (m, d) = len(items), capacities.shape
    item, place, dimension = (axis.reshape(-1) for axis in np.indices((n, m, d)))
    used, limit = (axis.reshape(-1) for axis in np.indices((m, d)))
    once, where = (axis.reshape(-1) for axis in np.indices((n, m)))
    rows = np.concatenate([once, n + place * d + dimension, n + used * d + limit])
    columns = np.concatenate([once * m + where, item * m + place, n * m + used])
    entries = np.concatenate([np.ones(n * m, dtype=np.int64), items[item, dimension], -capacities[used, limit]])
    ones = np.ones(n, dtype=np.int64)
    return Model(
        np.concatenate([np.zeros(n * m), costs]),
        np.ones((n + 1) * m, dtype=np.int64),
        *_nonzero(rows, columns, entries),
        np.concatenate([ones, np.full(m * d, -NO_LIMIT)]),
        np.concatenate([ones, np.zeros(m * d, dtype=np.int64)]),
    )


def _nonzero(rows: Integers, columns: Integers, entries: Integers) -> tuple[Integers, Integers, Integers]:
    kept = entries != 0
    return rows[kept], columns[kept], entries[kept]
