"""Runs traces of arrivals through the allocator's placer and through the usual policies, and prints one table a trace.

Excess is the cost-seconds of open hosts over the proven least (see traces.bound), minus 1, in percent: over all time,
and until the last arrival. A trace that simply stops leaves hosts half empty that a market would fill again; the first
figure charges for that, the second does not. Every figure is that of an independent replay (replay.py).

    python -m benchmarks.allocator.arrivals --data DIR --json FILE
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.allocator.foresight import quality
from benchmarks.allocator.replay import NOBODY, Played, Step, replay
from benchmarks.allocator.traces import Trace, alibaba, azure, bound
from core.allocator.online.emptying import Budget
from core.allocator.online.hosts import NOWHERE, Hosts
from core.allocator.online.lifetimes import Lifetimes
from core.allocator.online.placer import Placer
from core.allocator.online.policy import Aligned, Arrival, Choose, leftover
from core.allocator.online.temporal import pack
from core.allocator.problems.effort import Effort, Integers

MOVES_PER_ARRIVAL: Final = 0.10
STAY_S: Final = 24 * 3600.0
"""How long a donor stays on average in the run with churn; another like it joins at once."""
QUANTILE: Final = 0.75

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Rules:
    """One row of the table: who chooses, what is known of ends, how much may be moved, how long donors stay."""

    name: str
    choose: Callable[[int], Choose]
    ends_known: bool = False
    predicted: bool = False
    moves: float = 0.0
    stay_s: float | None = None
    kept: bool = False


@dataclass(slots=True)
class Run:
    """What a run left: the steps for the replay, and seconds of each arrival and altogether."""

    steps: list[Step] = field(default_factory=list)
    arrival_s: list[float] = field(default_factory=list)
    total_s: float = 0.0


def rows() -> tuple[Rules, ...]:
    """The table's rows, in order."""

    def predicted(_: int) -> Choose:
        return Aligned()

    def oracle(_: int) -> Choose:
        return Aligned(early=1.0, limit=0.25)

    most = MOVES_PER_ARRIVAL
    return (
        Rules("first fit", lambda _: _first),
        Rules("best fit", lambda _: _tightest),
        Rules("worst fit (LeastAllocated)", lambda _: _loosest),
        Rules("random", _random),
        Rules("ours, no traits known", predicted),
        Rules("ours, predicted", predicted, predicted=True, kept=True),
        Rules("ours, ends known", oracle, ends_known=True),
        Rules("ours, predicted, moves", predicted, predicted=True, moves=most, kept=True),
        Rules("ours, ends known, moves", oracle, ends_known=True, moves=most),
        Rules("ours, predicted, churn", predicted, predicted=True, stay_s=STAY_S),
        Rules("ours, predicted, moves, churn", predicted, predicted=True, moves=most, stay_s=STAY_S, kept=True),
    )


def run(trace: Trace, seed: int = 0, say: Say = print) -> dict[str, Any]:
    """Every row of one trace: figures by row, and `assignments` (see replay.Step) of those that are kept."""
    least = bound(trace)
    found: dict[str, Any] = {
        "trace": trace.name,
        "arrivals": len(trace.needs),
        "least_cost_hours": least.seconds / 3600,
        "least_cost_hours_until_last_arrival": least.seconds_until / 3600,
        "least_peak": least.peak,
        "predictor": quality(trace),
        "rows": {},
        "assignments": {},
    }
    workers = list(zip(trace.arrival_s.tolist(), trace.end_s.tolist(), trace.needs.tolist(), strict=True))
    for rules in rows():
        done = _simulate(trace, rules, seed)
        played = replay(trace.capacities.tolist(), trace.costs.tolist(), workers, done.steps, trace.span_s())
        found["rows"][rules.name] = _figures(done, played, len(workers), least.seconds, least.seconds_until)
        if rules.kept:
            found["assignments"][rules.name] = done.steps
        say(f"{trace.name}: {rules.name}: {found['rows'][rules.name]['excess_percent']:.2f} %")
    return found


def _figures(done: Run, played: Played, count: int, least_s: float, least_until_s: float) -> dict[str, float]:
    return {
        "cost_hours": played.seconds / 3600,
        "excess_percent": 100 * (played.seconds / least_s - 1),
        "excess_until_last_arrival_percent": 100 * (played.seconds_until / least_until_s - 1),
        "peak": played.peak,
        "moves_per_arrival": played.moves / count,
        "forced_per_arrival": played.forced / count,
        "dropped": played.dropped,
        "mean_s": done.total_s / count,
        "p99_s": float(np.quantile(done.arrival_s, 0.99)),
    }


def _simulate(trace: Trace, rules: Rules, seed: int) -> Run:
    """Ends, then leaving donors, then deployments, then moves, at each moment at which something happens."""
    levels = len(trace.traits[0]) if rules.predicted else 1
    budget = Budget(per_arrival=rules.moves)
    placer = Placer(trace.needs.shape[1], rules.choose(seed), budget, Lifetimes(levels, QUANTILE))
    placer.donor_joins(trace.capacities, trace.costs)
    done, gone = Run(), set[int]()
    began = time.perf_counter()
    for now, ended, leaving, deployments in _moments(trace, rules.stay_s, seed):
        alive = [worker for worker in ended if worker not in gone]
        if alive:
            placer.end(now, alive)
        for host in leaving:
            moves = placer.donor_leaves(now, host)
            done.steps += [(NOBODY, now, host), *((move.worker, now, move.target) for move in moves)]
            gone.update(move.worker for move in moves if move.target == NOWHERE)
            placer.donor_joins(trace.capacities[host : host + 1], trace.costs[host : host + 1])
        for deployment in deployments:
            _arrive(placer, trace, rules, now, deployment, done)
        done.steps += [(move.worker, now, move.target) for move in placer.rebalance(now)]
    done.total_s = time.perf_counter() - began
    return done


def _arrive(placer: Placer, trace: Trace, rules: Rules, now: float, deployment: Integers, done: Run) -> None:
    workers = deployment.tolist()
    traits = [trace.traits[worker] for worker in workers] if rules.predicted else None
    ends = trace.end_s[deployment].astype(np.float64) if rules.ends_known else None
    began = time.perf_counter()
    hosts = placer.arrive(now, workers, trace.needs[deployment], traits, ends)
    done.arrival_s += [(time.perf_counter() - began) / len(workers)] * len(workers)
    done.steps += [(worker, now, host) for worker, host in zip(workers, hosts.tolist(), strict=True)]


def _moments(
    trace: Trace, stay_s: float | None, seed: int
) -> Iterator[tuple[int, list[int], list[int], list[Integers]]]:
    """(time, workers that end, hosts that leave, deployments that arrive), in the order of time."""
    ending, arriving = _by_time(trace.end_s), _by_time(trace.arrival_s)
    leaving: dict[int, list[int]] = {}
    if stay_s is not None:
        chance = np.random.default_rng(seed)
        for host in range(len(trace.capacities)):
            when = float(trace.arrival_s.min())
            while (when := when + chance.exponential(stay_s)) < trace.end_s.max():
                leaving.setdefault(int(when), []).append(host)
    for now in sorted({*ending, *arriving, *leaving}):
        came = np.array(arriving.get(now, []), dtype=np.int64)
        starts = np.flatnonzero(np.diff(trace.deployment[came])) + 1
        deployments = np.split(came, starts) if len(came) else []
        yield now, ending.get(now, []), leaving.get(now, []), deployments


def _by_time(times: Integers) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for worker, when in enumerate(times.tolist()):
        found.setdefault(when, []).append(worker)
    return found


def packed(path: Path, seconds: float, seed: int = 0) -> dict[str, Any]:
    """One temporal bin packing file: bins, the proven least, and `solution`, a bin index an item."""
    lines = np.loadtxt(path, skiprows=1, dtype=np.int64, ndmin=2)
    capacity = int(path.read_text(encoding="utf-8").split(maxsplit=2)[1])
    effort = Effort(time.monotonic, seconds, seed)
    answer = pack(lines[:, 1], lines[:, 2], lines[:, 3], capacity, effort)
    took = seconds - effort.left()
    return {"bins": answer.value, "least": answer.bound, "seconds": took, "solution": answer.picks.tolist()}


def _first(hosts: Hosts, arrival: Arrival) -> int:
    able = np.flatnonzero(hosts.able(arrival.need) & hosts.opened())
    return int(able[0]) if len(able) else NOWHERE


def _tightest(hosts: Hosts, arrival: Arrival) -> int:
    able = np.flatnonzero(hosts.able(arrival.need) & hosts.opened())
    return int(able[np.argmin(leftover(hosts, able, arrival.need))]) if len(able) else NOWHERE


def _loosest(hosts: Hosts, arrival: Arrival) -> int:
    able = np.flatnonzero(hosts.able(arrival.need) & hosts.opened())
    return int(able[np.argmax(leftover(hosts, able, arrival.need))]) if len(able) else NOWHERE


def _random(seed: int) -> Choose:
    chance = np.random.default_rng(seed)

    def choose(hosts: Hosts, arrival: Arrival) -> int:
        able = np.flatnonzero(hosts.able(arrival.need) & hosts.opened())
        return int(chance.choice(able)) if len(able) else NOWHERE

    return choose


def traces(folder: Path) -> Iterator[Trace]:
    """Every trace of a folder's `online` part: Azure's on three sizes of host, and Alibaba's."""
    for path in sorted(folder.glob("azure2017_*.csv")):
        for scale in (1, 2, 4):
            yield azure(path, (16 * scale, 112 * 1024 * scale))
    nodes = folder / "alibaba_openb_node_list_all_node.csv"
    for path in sorted(folder.glob("alibaba_openb_pod_list_*.csv")):
        yield alibaba(nodes, path)


def table(found: dict[str, Any]) -> str:
    """One trace as text."""
    lines = [
        f"{found['trace']}: {found['arrivals']} arrivals, at least {found['least_cost_hours']:.1f} cost-hours,"
        f" {found['least_cost_hours_until_last_arrival']:.1f} until the last arrival, peak {found['least_peak']}",
        f"{'policy':32}{'cost-hours':>11}{'excess %':>10}{'arriving %':>11}{'peak':>6}{'moves':>8}{'forced':>8}"
        f"{'mean ms':>9}{'p99 ms':>8}",
    ]
    lines += [
        f"{name:32}{row['cost_hours']:11.1f}{row['excess_percent']:10.2f}"
        f"{row['excess_until_last_arrival_percent']:11.2f}{row['peak']:6.0f}{row['moves_per_arrival']:8.4f}"
        f"{row['forced_per_arrival']:8.4f}{1e3 * row['mean_s']:9.3f}{1e3 * row['p99_s']:8.3f}"
        for name, row in found["rows"].items()
    ]
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="a folder laid out as FORMATS.md says")
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each temporal bin packing file")
    given = parser.parse_args()
    folder = given.data / "online"
    results: dict[str, Any] = {"traces": [], "packed": {}}
    for trace in traces(folder):
        results["traces"].append(found := run(trace))
        print("\n" + table(found) + "\n")
    for path in sorted(folder.glob("tbpp_*.txt")):
        results["packed"][path.stem] = one = packed(path, given.seconds)
        print(f"{path.stem}: {one['bins']:.0f} bins, at least {one['least']:.0f}, {one['seconds']:.2f} s")
    given.json.write_text(json.dumps(results) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
