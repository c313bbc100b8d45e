"""Workers of several shapes on whole donors, at the least total cost and with a proven bound.

Covering by patterns: worths from the Lagrangian dual, then an integer program over the patterns whose reduced cost is
small. A pattern whose reduced cost is more than what lies between the bound and the best plan is in no better plan, so
once the net is as wide as that nothing is lost.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from core.allocator.problems.effort import Effort, Integers
from core.allocator.whole import scan
from core.allocator.whole.classes import sort_out
from core.allocator.whole.finish import improved
from core.allocator.whole.fleet import Fleet, shape_of, whole_numbers
from core.allocator.whole.greedy import first
from core.allocator.whole.grid import lay
from core.allocator.whole.plan import Plan, Shortage, checked, planned
from core.allocator.whole.worths import settle

MOST_WORKERS: Final = 2**20
MOST_SHAPES: Final = 4096
MOST_KINDS: Final = 64
"""Of the shapes, so many may differ: each adds to every look at the market."""


def pack(fleet: Fleet, shapes: ArrayLike, counts: ArrayLike, effort: Effort) -> Plan | Shortage:
    """Donors for counts[s] workers of shapes[s, d], the cheapest that are found by the deadline.

    The plan's bound holds over all donors and all patterns that fit them. ValueError for a request that makes no sense.
    """
    needs, wanted = _request(fleet, shapes, counts)
    distinct, kind = np.unique(needs[wanted > 0], axis=0, return_inverse=True)
    together = np.bincount(kind.ravel(), weights=wanted[wanted > 0]).astype(np.int64)
    found = _packed(fleet, distinct, together, effort)
    if isinstance(found, Shortage):
        missing = _split(found.missing[None, :], kind.ravel(), wanted)[0]
        return Shortage(missing, found.proven)
    plan = Plan(found.donors, _split(found.workers, kind.ravel(), wanted), found.cost, found.bound, found.cut_short)
    return checked(fleet, needs, wanted, plan)


def _packed(fleet: Fleet, shapes: Integers, counts: Integers, effort: Effort) -> Plan | Shortage:
    """`pack` for distinct shapes, each of which is wanted."""
    homeless = np.array([scan.best(fleet, shape) is None for shape in shapes])
    if homeless.any():
        return Shortage(np.where(homeless, counts, 0), proven=True)
    grid, cells = lay(fleet.columns, shapes, counts)
    classes = sort_out(cells, fleet.cost, int(counts.sum()))
    market = classes.market
    judged = settle(grid, market, counts, effort.part(0.5))
    bound = judged.bound if grid.exact else _bound(fleet, shapes, counts, effort.part(0.3))
    use, missing = first(grid, market, counts, judged.worth, effort)
    # A bound above the cost of all donors together leaves no plan. Sums of so many floats may be off by a little.
    if bound > float(fleet.cost.sum()) * (1 + 1e-9):
        return Shortage(missing, proven=True)
    best = improved(grid, market, counts, judged, None if missing.any() else use, effort)
    if best is None:
        return Shortage(missing, proven=False)
    return planned(fleet, classes.places(best.classes), best.patterns, max(bound, 0.0), effort.over())


def _bound(fleet: Fleet, shapes: Integers, counts: Integers, effort: Effort) -> float:
    """What no plan is cheaper than, where the grid that plans are found in is not exact."""
    grid, cells = lay(fleet.columns, shapes, counts, generous=True)
    return settle(grid, sort_out(cells, fleet.cost, int(counts.sum())).market, counts, effort).bound


def _split(workers: Integers, kind: Integers, wanted: Integers) -> Integers:
    """workers[k, u] of distinct shape u as workers[k, s] of the request's; kind[i] that of the i-th wanted."""
    split: Integers = np.zeros((len(workers), len(wanted)), dtype=np.int64)
    asked = np.flatnonzero(wanted)
    for u in range(workers.shape[1]):
        donors = np.repeat(np.arange(len(workers)), workers[:, u])
        alike = asked[kind == u]
        np.add.at(split, (donors, np.repeat(alike, wanted[alike])[: len(donors)]), 1)
    return split


def _request(fleet: Fleet, shapes: ArrayLike, counts: ArrayLike) -> tuple[Integers, Integers]:
    wanted = whole_numbers(counts, "numbers of workers", 1)
    needs = whole_numbers(shapes, "workers' needs", 2)
    if len(needs) != len(wanted) or not 1 <= len(needs) <= MOST_SHAPES:
        raise ValueError(
            f"{len(needs)} shapes have {len(wanted)} numbers of workers; 1 to {MOST_SHAPES} can be packed."
        )
    for need in needs:
        shape_of(fleet, need)
    if len(np.unique(needs, axis=0)) > MOST_KINDS:
        raise ValueError(f"At most {MOST_KINDS} different shapes can be packed together.")
    if not 1 <= wanted.sum() <= MOST_WORKERS:
        raise ValueError(f"From 1 to {MOST_WORKERS} workers can be packed, not {wanted.sum()}.")
    return needs, wanted
