"""The allocator's face to a market of whole donors, and how long single requests to it wait."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np

from benchmarks.allocator import ours
from benchmarks.allocator.instances import Integers
from benchmarks.allocator.markets import Asked, Market, Scenario
from benchmarks.allocator.options import Options


class Index:
    """The allocator's face to one market."""

    def __init__(self, market: Market) -> None:
        self.fleet: Any = ours.module("core.allocator.whole.fleet").Fleet.of(market.capacities, market.costs)

    def one(self, shape: Integers) -> int | None:
        """A donor for one worker."""
        row: int | None = ours.module("core.allocator.whole.scan").best(self.fleet, shape)
        return row

    def pack(self, scenario: Scenario, limit_s: float, seed: int) -> Any:
        """The plan for the scenario: donors, workers, cost, bound."""
        if scenario.alike:
            its = ours.module("core.allocator.whole.identical")
            return its.pack(self.fleet, scenario.shapes[0], int(scenario.counts[0]))
        its = ours.module("core.allocator.whole.batch")
        return its.pack(self.fleet, scenario.shapes, scenario.counts, ours.effort(limit_s, seed))


def warm_up(asks: Asked) -> None:
    """Imports and compiles what the first requests of each kind need."""
    chance = np.random.default_rng(0)
    shapes = np.array(list(asks.shapes.values()))
    small = Market.of("warm-up", chance.integers(0, 1 + 8 * shapes.max(axis=0), (50, shapes.shape[1])), np.ones(50))
    index = Index(small)
    name = next(iter(asks.shapes))
    for call in (
        partial(index.one, shapes[0]),
        partial(index.pack, asks.alike(name, 4), 1.0, 0),
        partial(index.pack, asks.mixed(asks.shared_out(8)), 1.0, 0),
    ):
        # Where one fails here it fails again when it is timed, and is told then.
        with suppress(Exception):
            call()


def waits(index: Index, asks: Asked, options: Options) -> dict[str, Any]:
    """Seconds that requests of each kind take, one after the other; for batches also how far from the bound.

    A kind that fails is left at its first failure, with the sentence.
    """
    chance = np.random.default_rng(options.seed)
    names = list(asks.shapes)
    parts = np.array([asks.mix.get(name, 0.0) for name in names])
    shapes = [str(name) for name in chance.choice(names, options.requests)]
    sizes = chance.integers(1, 513, options.requests).tolist()
    alike = [asks.alike(shape, size) for shape, size in zip(shapes, sizes, strict=True)]
    counts = chance.multinomial(512, parts / parts.sum(), options.requests).tolist()
    mixed = [asks.mixed({name: n for name, n in zip(names, row, strict=True) if n}) for row in counts]
    kinds: dict[str, list[Callable[[], Any]]] = {
        "one worker": [partial(index.one, scenario.shapes[0]) for scenario in alike],
        "workers alike": [partial(index.pack, scenario, options.limit_s, options.seed) for scenario in alike],
        "batch of 512": [partial(index.pack, scenario, options.limit_s, options.seed) for scenario in mixed],
    }
    return {kind: _timed(calls) for kind, calls in kinds.items()}


def _timed(calls: list[Callable[[], Any]]) -> dict[str, Any]:
    seconds, gaps = [], []
    for call in calls:
        began = time.perf_counter()
        try:
            plan = call()
        except Exception as failure:  # Told in the table instead of the figures.
            return {"failed": f"{type(failure).__name__}: {failure}"}
        seconds.append(time.perf_counter() - began)
        if getattr(plan, "bound", 0):
            gaps.append((plan.cost - plan.bound) / plan.bound)
    return {"seconds": _quantiles(seconds), "gaps": _quantiles(gaps) if gaps else None}


def _quantiles(values: list[float]) -> dict[str, float]:
    p50, p99 = np.quantile(values, [0.5, 0.99])
    return {"p50": float(p50), "p99": float(p99), "max": max(values), "count": len(values)}
