"""Why a request does not fit, in which dimension, and the most that would."""

from dataclasses import replace
from typing import Final

import numpy as np

from core.allocator.columns import Flags
from core.allocator.market import Market
from core.model import MAX_SHARES, Resources
from core.quote import Request, Shortfall

_DIMENSIONS: Final = {
    "cpu": ("cpu_millis",),
    "memory": ("memory_mib",),
    "disk": ("disk_mib",),
    "gpu": ("gpu_count", "gpu_memory_mib"),
}
_WHY: Final = {
    "offers": "no donor offers anything of this kind just now",
    "duration": "duration binds: too few donors lend for that long",
    "donors": "donors bind: too few of them for that many workers on each",
    "cpu": "cpu binds: too few free cores",
    "memory": "memory binds: too little is free",
    "disk": "disk binds: too little is free",
    "gpu": "gpu binds: too few are free",
    "reliability": "reliability binds: too few donors can be relied on for that long",
    "price ceiling": "the price ceiling binds: the cheapest plan costs more",
}
_CPU_STEP, _MEMORY_STEP, _DISK_STEP = 100, 64, 64
_LEAST_CPU, _LEAST_MEMORY = 100, 512


def explain(request: Request, market: Market) -> Shortfall:
    """The Shortfall of a request for which room or money is missing."""
    # Where spare workers are wanted, all those asked for may fit and still be too few.
    workers = min(_affordable(request, market), request.workers - 1)
    binding = "price ceiling" if _seats(request, market) >= request.workers else _binding(request, market)
    shape = _largest_shape(request, market)
    return Shortfall(binding, _sentence(request, binding, workers, shape), workers, shape)


def unreliable(request: Request, workers: int) -> Shortfall:
    """The Shortfall of a request whose confidence is reached for `workers` at most."""
    return Shortfall("reliability", _sentence(request, "reliability", workers, None), workers, None)


def _willing(request: Request, market: Market) -> Flags:
    return market.open_to(request) & (market.longest_s >= request.duration_s)


def _seats(request: Request, market: Market, among: Flags | None = None) -> int:
    rooms = market.rooms(request.shape)[_willing(request, market) if among is None else among]
    return int(np.minimum(rooms, min(request.most_per_donor or MAX_SHARES, request.workers)).sum())


def _binding(request: Request, market: Market) -> str:
    interested, willing = market.open_to(request), _willing(request, market)
    if not interested.any():
        return "offers"
    if _seats(request, market, interested) >= request.workers or not willing.any():
        return "duration"
    if int(market.rooms(request.shape)[willing].sum()) >= request.workers:
        return "donors"
    return _tightest(request, market, willing)


def _tightest(request: Request, market: Market, willing: Flags) -> str:
    """The dimension that, were it plentiful, would let the most workers in; of equals, the scarcest by itself."""
    shape = request.shape

    def merit(name: str) -> tuple[int, int]:
        without = int(market.rooms(shape, leave_out=_DIMENSIONS[name])[willing].sum())
        alone = int(market.rooms(shape, only=_DIMENSIONS[name])[willing].sum())
        return min(without, request.workers), -alone

    return max((name for name in _DIMENSIONS if _asked(shape, name)), key=merit)


def _asked(shape: Resources, name: str) -> bool:
    return any(value for field, value in shape.dimensions() if field in _DIMENSIONS[name])


def _affordable(request: Request, market: Market) -> int:
    """How many workers of this shape fit, within the ceiling: the cheapest seats first, to the unit."""
    money = int(request.most_coin())
    rooms, rates = market.rooms(request.shape), market.rates(request.shape)
    rows = np.flatnonzero(_willing(request, market) & (rooms > 0))
    # No more donors can be needed than there are workers; near-equal rates are put in order to the unit.
    rows = rows[np.argsort(rates[rows], kind="stable")[: request.workers]]
    dear_last = sorted(
        (market.signed[row].offer.prices.per_second(request.shape) * request.duration_s, row) for row in rows.tolist()
    )
    workers = 0
    for cap, row in dear_last:
        seats = min(int(rooms[row]), request.most_per_donor or MAX_SHARES, request.workers - workers)
        more = min(seats, money // cap) if cap else seats
        workers += more
        money -= more * cap
        if more < seats:
            break
    return workers


def _largest_shape(request: Request, market: Market) -> Resources | None:
    """The largest of the shape's hundredths in which all the workers fit, by bisection; GPUs are never scaled."""
    fits, too_large = 0, 100
    while too_large - fits > 1:
        middle = (fits + too_large) // 2
        if _affordable(replace(request, shape=_scaled(request.shape, middle)), market) >= request.workers:
            fits = middle
        else:
            too_large = middle
    if fits:
        return _scaled(request.shape, fits)
    return None


def _scaled(shape: Resources, hundredths: int) -> Resources:
    """A part of `shape` in round numbers, never below what any request must ask for."""

    def part(value: int, step: int, least: int) -> int:
        return max(min(value, least), value * hundredths // 100 // step * step)

    return Resources(
        part(shape.cpu_millis, _CPU_STEP, _LEAST_CPU),
        part(shape.memory_mib, _MEMORY_STEP, _LEAST_MEMORY),
        part(shape.disk_mib, _DISK_STEP, 0),
        shape.gpu_count,
        shape.gpu_memory_mib,
    )


def _sentence(request: Request, binding: str, workers: int, shape: Resources | None) -> str:
    within = " within the price ceiling" if binding == "price ceiling" else ""
    fitting = [f"{_workers(workers)} of this shape"] if workers else []
    if shape is not None:
        fitting.append(f"{_workers(request.workers)} of {_described(shape)}")
    what_fits = f"The largest that fits: {', or '.join(fitting)}." if fitting else "Nothing of this kind fits."
    return f"The market has room for {workers} of the {_workers(request.workers)}{within}; {_WHY[binding]}. {what_fits}"


def _workers(count: int) -> str:
    return "1 worker" if count == 1 else f"{count} workers"


def _described(shape: Resources) -> str:
    parts = [f"{_thousandths(shape.cpu_millis, 1000)} cores", f"{_thousandths(shape.memory_mib, 1024)} GiB"]
    if shape.disk_mib:
        parts.append(f"{_thousandths(shape.disk_mib, 1024)} GiB of disk")
    if shape.gpu_count:
        parts.append("1 GPU" if shape.gpu_count == 1 else f"{shape.gpu_count} GPUs")
    return ", ".join(parts)


def _thousandths(value: int, unit: int) -> str:
    """`value` in `unit`s with at most two decimals, rounded down: a shape shown must fit."""
    hundredths = value * 100 // unit
    return f"{hundredths // 100}.{hundredths % 100:02d}".rstrip("0").rstrip(".")
