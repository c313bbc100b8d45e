"""The market family: donors leased whole, each scenario by each solver, and how long single requests wait."""

import time
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import partial

import numpy as np

from benchmarks.allocator import compact, judge, solvers
from benchmarks.allocator.attempt import Attempt, judged
from benchmarks.allocator.baselines import placing
from benchmarks.allocator.instances import Integers, sampled
from benchmarks.allocator.markets import Market, Scenario, asked, every
from benchmarks.allocator.options import Options, Say
from benchmarks.allocator.record import OURS, Record, Trial
from benchmarks.allocator.tokens import Malformed
from benchmarks.allocator.waiting import Index, waits, warm_up

Plan = tuple[Integers, Integers]
"""Donors, and how many workers of each shape each of them hosts."""


def run(options: Options, record: Record, say: Say) -> None:
    """Every chosen scenario of every market into the record, then the single requests.

    Raises Missing where the allocator cannot lease whole donors, Malformed where the folder's lists are.
    """
    folder = options.data / "market"
    if not folder.exists():
        say("market: no instances")
        return
    asks = asked(folder)
    warm_up(asks)
    for file, grown, scenarios in every(folder):
        chosen = [
            one for one in scenarios if fnmatch(f"{file}#{one.label}", options.only) or fnmatch(file, options.only)
        ]
        if not chosen:
            continue
        try:
            market = grown()
        except Malformed as refusal:
            record.problems.append(str(refusal))
            say(f"market: {refusal}")
            continue
        began = time.perf_counter()
        index = Index(market)
        built_s = time.perf_counter() - began
        for scenario in sampled(chosen, options.sample):
            _try(market, index, scenario, f"market/{file}#{scenario.label}", options, record, say)
        if options.requests:
            waited = {"index_built_s": built_s, "kinds": waits(index, asks, options)}
            record.extra.setdefault("requests", {})[market.name] = waited
            record.write()
            say(f"market {market.name}: single requests timed")


def _try(
    market: Market,
    index: Index,
    scenario: Scenario,
    key: str,
    options: Options,
    record: Record,
    say: Say,
) -> None:
    trial = Trial(
        "market",
        key,
        f"market n={len(market.costs)} {'alike' if scenario.alike else 'mixed'}",
        len(market.costs),
        False,
        scenario.best,
        scenario.alike and scenario.best is not None and scenario.best == scenario.bound,
        scenario.bound,
        used=float(scenario.counts @ scenario.shapes @ market.worth),
    )
    solution = None

    def value(plan: Plan) -> float:
        return _value(market, scenario, plan)

    for name, attempt in _attempts(market, index, scenario, options):
        outcome = judged(attempt, value)
        trial.results[name] = outcome.result
        if name == OURS and outcome.solution is not None:
            donors, counts = (part.tolist() for part in outcome.solution)
            solution = donors if scenario.alike else {"donors": donors, "counts": counts}
    if not any(result.value is not None for result in trial.results.values()):
        say(f"{key}: nobody finds room for so many")
        return
    record.keep(trial, solution)
    say(f"{key}: {trial.said()}")


def _attempts(
    market: Market, index: Index, scenario: Scenario, options: Options
) -> Iterator[tuple[str, Callable[[], Attempt[Plan]]]]:
    yield OURS, partial(_by_us, index, scenario, options)
    for name in (*_SCORES, "random"):
        if options.wants(name):
            yield name, partial(_by_rule, name, market, scenario, options.seed)
    for name in solvers.CHILDREN:
        if options.wants(name):
            yield name, partial(_by_solver, name, market, scenario, options)


def _by_us(index: Index, scenario: Scenario, options: Options) -> Attempt[Plan]:
    plan = index.pack(scenario, options.limit_s, options.seed)
    if not hasattr(plan, "donors"):
        return Attempt(None)
    return Attempt((plan.donors, plan.workers), float(plan.cost), float(plan.bound))


def _by_rule(name: str, market: Market, scenario: Scenario, seed: int) -> Attempt[Plan]:
    """Worker by worker: the largest first, or as they come where the rule is a scheduler's or chance."""
    chance = np.random.default_rng(seed)
    kinds = np.repeat(np.arange(len(scenario.counts)), scenario.counts)
    workers = scenario.shapes[kinds]
    pool = placing.Pool(market.capacities, market.prices)
    score = {**_SCORES, "random": placing.shuffled(seed)}[name]
    come = name in ("MostAllocated", "LeastAllocated", "random")
    order = chance.permutation(len(workers)) if come else placing.decreasing(pool, workers)
    picks = placing.placed(pool, workers, order, score)
    return Attempt(None if picks is None else _gathered(picks, kinds, len(scenario.counts)))


_SCORES: dict[str, placing.Score] = {
    "first fit decreasing": placing.first,
    "best fit decreasing": placing.tightest,
    "dot product": placing.aligned,
    "MostAllocated": placing.most_allocated,
    "LeastAllocated": placing.least_allocated,
    "cheapest": placing.cheapest,
}


def _by_solver(name: str, market: Market, scenario: Scenario, options: Options) -> Attempt[Plan]:
    model = compact.cover(market.capacities, market.costs, scenario.shapes, scenario.counts)
    found = solvers.solved(name, model, options.limit_s, options.seed)
    if found.values is None:
        return Attempt(None, None, found.bound, found.note, found.seconds)
    n, s = len(market.costs), len(scenario.counts)
    workers, leased = found.values[: n * s].reshape(n, s), found.values[n * s :]
    donors = np.flatnonzero(leased)
    return Attempt((donors, workers[donors]), None, found.bound, found.note, found.seconds)


def _gathered(picks: Integers, kinds: Integers, shapes: int) -> Plan:
    donors, places = np.unique(picks, return_inverse=True)
    counts = np.zeros((len(donors), shapes), dtype=np.int64)
    np.add.at(counts, (places, kinds), 1)
    return donors, counts


def _value(market: Market, scenario: Scenario, plan: Plan) -> float:
    """What the plan's donors cost. Raises Broken."""
    donors, counts = (part.tolist() for part in plan)
    capacities = {donor: market.capacities[donor].tolist() for donor in donors if 0 <= donor < len(market.costs)}
    judge.cover(capacities, scenario.shapes.tolist(), scenario.counts.tolist(), donors, counts)
    return float(sum(market.costs[donor] for donor in donors))
