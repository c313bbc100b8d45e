"""What a request for whole donors gets: a plan, or what is missing; and the check that every plan passes."""

from dataclasses import dataclass
from math import fsum

import numpy as np

from core.allocator.problems.effort import Integers
from core.allocator.whole.fleet import Fleet


@dataclass(frozen=True, slots=True)
class Plan:
    """Donors leased whole, by the caller's rows in ascending order; `workers[k, s]` of shape s run on donor k.

    `cost` is the sum of the donors' costs. No plan for the request costs less than `bound`.
    `cut_short` says that the deadline ended the search.
    """

    donors: Integers
    workers: Integers
    cost: float
    bound: float
    cut_short: bool = False

    def gap(self) -> float:
        """The distance to the bound as a part of the bound; 0 means proven best."""
        if self.cost <= self.bound:
            return 0.0
        return (self.cost - self.bound) / self.bound if self.bound else float("inf")


@dataclass(frozen=True, slots=True)
class Shortage:
    """No plan was found: `missing[s]` workers of shape s had no donor. `proven` says that there is none."""

    missing: Integers
    proven: bool


def planned(fleet: Fleet, places: Integers, workers: Integers, bound: float, cut_short: bool = False) -> Plan:
    """The plan that takes the fleet's donors at `places`, not yet checked; its bound is never above its cost."""
    order = np.argsort(fleet.rows[places], kind="stable")
    cost = fsum(fleet.cost[places].tolist())
    return Plan(fleet.rows[places][order], workers[order], cost, min(bound, cost), cut_short)


def checked(fleet: Fleet, shapes: Integers, counts: Integers, plan: Plan) -> Plan:
    """`plan` itself, if it breaks no rule; a broken one is a fault of this package and never leaves it."""
    if problems := check(fleet, shapes, counts, plan):
        raise AssertionError("; ".join(problems))
    return plan


def check(fleet: Fleet, shapes: Integers, counts: Integers, plan: Plan) -> list[str]:
    """Every rule that `plan` breaks for counts[s] workers of shapes[s, d], as sentences; none is good."""
    if plan.workers.shape != (len(plan.donors), len(shapes)):
        return ["the plan does not say how many workers of each shape each donor hosts"]
    if len(np.unique(plan.donors)) < len(plan.donors):
        return ["a donor is leased twice"]
    places = np.flatnonzero(np.isin(fleet.rows, plan.donors))
    places = places[np.argsort(fleet.rows[places], kind="stable")]
    if not np.array_equal(fleet.rows[places], np.sort(plan.donors)):
        return ["a donor is not in the fleet"]
    places = places[np.argsort(np.argsort(plan.donors, kind="stable"), kind="stable")]
    problems = []
    if np.any(plan.workers < 0) or np.any(plan.workers.sum(axis=1) == 0):
        problems.append("a donor is leased for no worker")
    if np.any(plan.workers @ shapes > fleet.columns[:, places].T):
        problems.append("a donor hosts more than it has room for")
    if not np.array_equal(plan.workers.sum(axis=0), counts):
        problems.append("not every worker has exactly one donor")
    if plan.cost != fsum(fleet.cost[places].tolist()):
        problems.append("the cost is not the sum of the donors' costs")
    if not plan.bound <= plan.cost:
        problems.append("the bound is above the cost")
    return problems
