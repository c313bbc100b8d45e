"""Why a request does not fit, in which dimension, and the most that would."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from core.allocator.market import Host, Market, hosts
from core.model import MAX_AMOUNT, Offer, Request, Resources, Shortfall

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
    "price ceiling": "the price ceiling binds: the cheapest plan costs more",
}
_CPU_STEP, _MEMORY_STEP, _DISK_STEP = 100, 64, 64
_LEAST_CPU, _LEAST_MEMORY = 100, 512


def explain(request: Request, seen: Market, fitting: Sequence[Host]) -> Shortfall:
    """The Shortfall of a request that `fitting` (cheapest first) cannot serve."""
    binding = _binding(request, seen, fitting)
    workers = _affordable(request, fitting)
    shape = _largest_shape(request, seen.willing) if seen.willing else None
    return Shortfall(binding, _sentence(request, binding, workers, shape), workers, shape)


def _binding(request: Request, seen: Market, fitting: Sequence[Host]) -> str:
    if not seen.willing and not seen.too_short:
        return "offers"
    seats = _seats(fitting)
    if seats >= request.workers:
        return "price ceiling"
    if seats + _seats(hosts(request, seen.too_short)) >= request.workers or not seen.willing:
        return "duration"
    if sum(host.room for host in fitting) >= request.workers:
        return "donors"
    return _tightest(request, seen.willing)


def _tightest(request: Request, willing: Sequence[Offer]) -> str:
    """The dimension that, were it plentiful, would let the most workers in; of equals, the scarcest by itself."""
    shape = request.shape

    def score(name: str) -> tuple[int, int]:
        without = sum(_room(offer.capacity, shape, leave_out=_DIMENSIONS[name]) for offer in willing)
        alone = sum(_room(offer.capacity, shape, only=_DIMENSIONS[name]) for offer in willing)
        return min(without, request.workers), -alone

    return max((name for name in _DIMENSIONS if _asked(shape, name)), key=score)


def _asked(shape: Resources, name: str) -> bool:
    return any(value for field, value in shape.dimensions() if field in _DIMENSIONS[name])


def _room(capacity: Resources, shape: Resources, *, only: tuple[str, ...] = (), leave_out: tuple[str, ...] = ()) -> int:
    return min(
        (
            room // needed
            for (name, needed), (_, room) in zip(shape.dimensions(), capacity.dimensions(), strict=True)
            if needed and name not in leave_out and (not only or name in only)
        ),
        default=0,
    )


def _seats(fitting: Sequence[Host]) -> int:
    return sum(host.seats for host in fitting)


def _affordable(request: Request, fitting: Sequence[Host]) -> int:
    """How many workers of this shape fit, within the ceiling: the cheapest seats first."""
    money = MAX_AMOUNT if request.ceiling is None else request.ceiling
    workers = 0
    for host in fitting:
        cap = host.rate * request.duration_s
        more = min(host.seats, request.workers - workers)
        if cap:
            more = min(more, money // cap)
        workers += more
        money -= more * cap
        if more < host.seats:
            break
    return workers


def _largest_shape(request: Request, willing: Sequence[Offer]) -> Resources | None:
    """The largest of the shape's hundredths in which all the workers fit, by bisection; GPUs are never scaled."""
    fits, too_large = 0, 100
    while too_large - fits > 1:
        middle = (fits + too_large) // 2
        smaller = replace(request, shape=_scaled(request.shape, middle))
        if _affordable(smaller, hosts(smaller, willing)) >= request.workers:
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
