"""Traces of workers that come and go, as FORMATS.md lays them out, and the least that any seating of them costs."""

import csv
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.allocator.problems.effort import Integers

Floats = NDArray[np.float64]

AZURE_HOST: Final = (16, 112 * 1024)
"""vCPU and MiB: twice the largest shape of the trace (8 vCPU, 56 GiB), as the largest D-series machine of its time."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Workers with needs[n, d], arrival_s[n], end_s[n], the deployment[n] they came with and the traits known of them.

    The pool has capacities[h, d] at costs[h] a second while open; equal hosts cost 1.
    """

    name: str
    needs: Integers
    arrival_s: Integers
    end_s: Integers
    deployment: Integers
    traits: list[tuple[Hashable, ...]]
    capacities: Integers
    costs: Floats

    def span_s(self) -> int:
        """The last arrival: what comes after has no arrivals to fill the gaps."""
        return int(self.arrival_s.max())


@dataclass(frozen=True, slots=True)
class Bound:
    """The least cost-seconds over all time and until the last arrival, and the least peak of open hosts (or 1)."""

    seconds: float
    seconds_until: float
    peak: int


def azure(path: Path, host: tuple[int, int] = AZURE_HOST) -> Trace:
    """A trace of Azure 2017 on equal hosts, more of them than any policy that fills open hosts first can need.

    A deployment's size is known when it arrives, and the lifetimes are middles of the source's bins.
    """
    rows = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)
    arrival, end = rows[:, 1].astype(np.int64), (rows[:, 1] + rows[:, 2]).astype(np.int64)
    needs = np.stack([rows[:, 4], rows[:, 5] * 1024], axis=1).astype(np.int64)
    deployment = rows[:, 6].astype(np.int64)
    octave = np.log2(np.bincount(deployment)[deployment]).astype(np.int64)
    traits: list[tuple[Hashable, ...]] = [
        (size, (size, *need)) for size, need in zip(octave.tolist(), needs.tolist(), strict=True)
    ]
    peak = max(_ceil(load, room) for load, room in zip(_loads(needs, arrival, end)[1].max(axis=0), host, strict=True))
    count = 3 * peak + 64
    pool = np.tile(np.array(host, dtype=np.int64), (count, 1))
    name = f"{path.stem}, hosts of {host[0]} vCPU and {host[1] // 1024} GiB"
    return Trace(name, needs, arrival, end, deployment, traits, pool, np.ones(count))


def alibaba(nodes: Path, pods: Path) -> Trace:
    """Alibaba's openb pods on its own unequal nodes; a node's GPUs are one amount of thousandths.

    Pods that were never scheduled, or for no time, are left out. A node costs its part of the whole pool, averaged
    over the resources, so that cost is leased capacity.
    """
    with nodes.open(encoding="utf-8") as file:
        pool = np.array(
            [(int(row["cpu_milli"]), int(row["memory_mib"]), 1000 * int(row["gpu"])) for row in csv.DictReader(file)]
        )
    with pods.open(encoding="utf-8") as file:
        lived = [row for row in csv.DictReader(file) if row["scheduled_time"]]
    times = [(int(float(row["scheduled_time"])), int(float(row["deletion_time"]))) for row in lived]
    kept = [(row, *time) for row, time in zip(lived, times, strict=True) if time[1] > time[0]]
    kept.sort(key=lambda item: item[1])
    needs = np.array([(int(row["cpu_milli"]), int(row["memory_mib"]), _gpus(row)) for row, _, _ in kept])
    traits: list[tuple[Hashable, ...]] = [
        ((row["qos"], row["num_gpu"]), (row["qos"], *need))
        for (row, _, _), need in zip(kept, needs.tolist(), strict=True)
    ]
    arrival, end = (np.array([item[k] for item in kept], dtype=np.int64) for k in (1, 2))
    costs = (pool / pool.sum(axis=0)).mean(axis=1)
    return Trace(pods.stem, needs, arrival, end, np.arange(len(kept)), traits, pool, costs)


def bound(trace: Trace) -> Bound:
    """What every seating costs at least, moment by moment.

    Of equal hosts as many as the scarcest resource needs, rounded up; of others, the cheapest cost of a unit of the
    scarcest resource, or each resource at its average cost where that is more.
    """
    times, loads = _loads(trace.needs, trace.arrival_s, trace.end_s)
    capacities, costs = trace.capacities, trace.costs
    if (capacities == capacities[0]).all() and (costs == costs[0]).all():
        hosts = (-(-loads // capacities[0])).max(axis=1)
        rate, peak = hosts * costs[0], int(hosts.max())
    else:
        cheapest = [float((costs[room > 0] / room[room > 0]).min(initial=np.inf)) for room in capacities.T]
        fair = _fair(capacities, costs)
        rate = np.maximum((loads * np.nan_to_num(cheapest, posinf=0.0)).max(axis=1), loads @ fair)
        peak = 1
    lasting = np.diff(times, append=times[-1])
    until = np.clip(np.append(times[1:], times[-1]), None, trace.span_s()) - np.clip(times, None, trace.span_s())
    return Bound(float(rate @ lasting), float(rate @ until), peak)


def _fair(capacities: Integers, costs: Floats) -> Floats:
    """A price a unit of each resource, alike in the pool's total, that charges no host more than it costs."""
    price = 1 / np.maximum(capacities.sum(axis=0), 1)
    return np.asarray(price * (costs / (capacities @ price)).min(), dtype=np.float64)


def _loads(needs: Integers, arrival_s: Integers, end_s: Integers) -> tuple[Integers, Integers]:
    """The moments at which the load changes, and the load[k, d] from each on."""
    times, at = np.unique(np.concatenate([arrival_s, end_s]), return_inverse=True)
    change = np.zeros((len(times), needs.shape[1]), dtype=np.int64)
    np.add.at(change, at, np.concatenate([needs, -needs]))
    return times, np.cumsum(change, axis=0)


def _gpus(row: dict[str, str]) -> int:
    """Thousandths of GPUs: a part of one, or whole ones."""
    count = int(row["num_gpu"])
    return int(row["gpu_milli"]) if count == 1 else 1000 * count


def _ceil(load: int, room: int) -> int:
    return -(-int(load) // room)
