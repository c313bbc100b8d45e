"""What quotes cost and what they save: the product's own `quote` against plain policies, from 1,000 donors up.

`python -m benchmarks.allocator.quotes --donors 1000,10000,100000 --requests 60 --json FILE`. Offers are made up (a
laptop's cores, memory and GPU go together, prices are log-normal); every policy places the same workers on one market.
"""

import argparse
import json
import statistics
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from core.allocator import Market, quote
from core.allocator.columns import Floats, Integers
from core.allocator.waste import change
from core.model import Address, Amount, Kind, Offer, Prices, Resources, SignedOffer
from core.quote import Quote, Request

NOW: Final = 1_000_000
SHAPES: Final = (Resources(1000, 2048), Resources(2000, 4096), Resources(4000, 8192), Resources(2000, 12288))
WORKERS: Final = (1, 8, 64)
Policy = Callable[[np.random.Generator, Market, Request, Integers], Floats]
"""Chance, market, request, rooms left to the keys of all donors: a worker goes where the key is lowest."""


def offers(count: int, seed: int) -> list[SignedOffer]:
    """`count` laptops' offers: cores, memory and GPUs go together, prices are log-normal around the defaults."""
    chance = np.random.default_rng(seed)
    strength = chance.normal(size=count)
    cores = np.clip(np.exp(1.3 + 0.5 * strength + 0.3 * chance.normal(size=count)), 1, 24).astype(int)
    memory = np.clip(np.exp(1.9 + 0.6 * strength + 0.4 * chance.normal(size=count)) * 4, 4, 256).astype(int) * 256
    gpus = (chance.random(count) < 1 / (1 + np.exp(1.9 - 1.3 * strength))).astype(int)
    prices = np.exp(chance.normal(0, 0.35, (3, count)))
    return [_offer(i, cores[i], memory[i], gpus[i], prices[:, i]) for i in range(count)]


def _offer(index: int, cores: int, memory_mib: int, gpus: int, price: Floats) -> SignedOffer:
    asked = Prices(
        Amount(int(5.5e9 * price[0])), Amount(int(1.1e9 * price[1])), Amount(0), Amount(int(5.5e13 * price[2]))
    )
    capacity = Resources(int(cores) * 1000, int(memory_mib), 20_480, int(gpus))
    offer = Offer(
        Address(f"0x{index:040x}"), "laptop", capacity, asked, (Kind.SPARK,), "0x" + "11" * 32, 1, NOW + 60, 86_400, 60
    )
    return SignedOffer(offer, f"0x{index:0130x}")


def _random(chance: np.random.Generator, market: Market, request: Request, rooms: Integers) -> Floats:
    return chance.random(len(rooms))


def _cheapest(chance: np.random.Generator, market: Market, request: Request, rooms: Integers) -> Floats:
    return market.rates(request.shape)


def _left(market: Market, request: Request, rooms: Integers) -> Floats:
    """What would be left of each donor after one more worker, as a part of the market's largest, summed."""
    shape = np.array([value for _, value in request.shape.dimensions()])[:2, None]
    placed = market.rooms(request.shape) - rooms
    left = market.capacity[:2] - shape * (placed + 1)
    shares: Floats = (left / market.capacity[:2].max(axis=1, keepdims=True)).sum(axis=0)
    return shares


def _best_fit(chance: np.random.Generator, market: Market, request: Request, rooms: Integers) -> Floats:
    return _left(market, request, rooms)


def _least_allocated(chance: np.random.Generator, market: Market, request: Request, rooms: Integers) -> Floats:
    return -_left(market, request, rooms)


POLICIES: Final[Mapping[str, Policy]] = {
    "random": _random,
    "cheapest first": _cheapest,
    "best fit": _best_fit,
    "LeastAllocated": _least_allocated,
}


def placed(policy: Policy, market: Market, request: Request, seed: int) -> Counter[int]:
    """How many workers each donor gets, one after the other, by `policy`."""
    chance, rooms = np.random.default_rng(seed), market.rooms(request.shape).copy()
    plan: Counter[int] = Counter()
    for _ in range(request.workers):
        keys = policy(chance, market, request, rooms)
        donor = int(np.argmin(np.where(rooms > 0, keys, np.inf)))
        rooms[donor] -= 1
        plan[donor] += 1
    return plan


def figures(market: Market, request: Request, plan: Mapping[int, int]) -> tuple[float, float]:
    """(price, fragmentation) of `plan`, both in percent of the worth of what it leases."""
    rows, rates = np.array(list(plan), np.int64), market.rates(request.shape)
    leased = float(market.worth_of(request.shape) * sum(plan.values()))
    wasted = 0.0
    for row in rows.tolist():
        one = np.array([row])
        wasted += float(
            change(market.capacity[:, one], market.fragments[one], request.shape, plan[row], market.worth)[0]
        )
    price = float(sum(rates[row] * plan[row] for row in rows.tolist()))
    return 100 * price / leased, 100 * wasted / leased


def requests(count: int, seed: int) -> Iterator[Request]:
    """`count` requests over all shapes and sizes."""
    chance = np.random.default_rng(seed)
    for _ in range(count):
        shape, workers = SHAPES[chance.integers(len(SHAPES))], WORKERS[chance.integers(len(WORKERS))]
        yield Request(shape, workers, 3600, tightness_percent=int(chance.choice([0, 10, 50, 100])))


def measured(count: int, asked: int) -> dict[str, object]:
    """Times (milliseconds), memory (MiB) and the comparison, for a market of `count` donors."""
    board = offers(count, seed=count)
    began = time.perf_counter()
    market = Market.read(board, NOW)
    read_ms = 1000 * (time.perf_counter() - began)
    tracemalloc.start()
    Market.read(board, NOW)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    quote(Request(SHAPES[1], 64, 3600), market)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    times = []
    for request in requests(asked, seed=1):
        began = time.perf_counter()
        quote(request, market)
        times.append(1000 * (time.perf_counter() - began))
    return {
        "donors": count,
        "read_ms": round(read_ms, 1),
        "quote_p50_ms": round(statistics.median(times), 1),
        "quote_p99_ms": round(sorted(times)[max(0, -(-99 * len(times) // 100) - 1)], 1),
        "market_mib": round(held / 2**20, 1),
        "quote_mib": round(peak / 2**20, 1),
        "policies": compared(market),
    }


def compared(market: Market) -> dict[str, dict[str, float]]:
    """Price and fragmentation, in percent of what is leased, of every policy and of ours along the slider: means."""
    asked = [Request(shape, workers, 3600) for shape in SHAPES for workers in WORKERS]
    found: dict[str, list[tuple[float, float]]] = {}
    least: list[float] = []
    for request in asked:
        for name, policy in POLICIES.items():
            found.setdefault(name, []).append(figures(market, request, placed(policy, market, request, seed=7)))
        for stop in (0, 10, 50, 100):
            answer = quote(Request(request.shape, request.workers, 3600, tightness_percent=stop), market)
            if isinstance(answer, Quote):
                price = 100 * answer.rate() / answer.waste.leased
                found.setdefault(f"ours, {stop} %", []).append((price, answer.waste.percent()))
                least.append(answer.waste.least_percent())
    told = {
        name: {
            "price_percent": round(statistics.mean(price for price, _ in many), 1),
            "waste_percent": round(statistics.mean(wasted for _, wasted in many), 1),
        }
        for name, many in found.items()
    }
    return told | {"least possible": {"waste_percent": round(statistics.mean(least), 1)}}


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--donors", default="1000,10000,100000")
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    rows = []
    for count in map(int, asked.donors.split(",")):
        row = measured(count, asked.requests)
        rows.append(row)
        print(f"{count} donors: " + ", ".join(f"{name} {value}" for name, value in row.items() if name != "policies"))
        policies = row["policies"]
        assert isinstance(policies, dict)
        for name, told in policies.items():
            price = f"{told['price_percent']:6.1f} %" if "price_percent" in told else " " * 8
            print(f"  {name:<16} price {price}   fragmentation {told['waste_percent']:6.1f} %")
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
