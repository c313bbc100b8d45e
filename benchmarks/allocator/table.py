"""The tables that a run prints: a row a solver for each family, and ours by class."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from statistics import fmean, median
from typing import Any

from benchmarks.allocator.record import OURS, QUICK, Result, Trial

_LATE = 0.05, 1.02
"""A result is late after the limit, two per cent and so many seconds."""


def tables(trials: Sequence[Trial], limit_s: float) -> str:
    """One table a family, in the order they ran, each with ours by class below it."""
    parts = []
    for family, of_family in groupby(trials, key=lambda trial: trial.family):
        some = list(of_family)
        rows = [_row(name, some, limit_s) for name in _solvers(some)]
        parts.append(f"## {family}: {len(some)} instances, {limit_s:g} s\n\n{_laid_out(_heads(some), rows)}")
        parts.append(_scenarios(some) if some[0].used is not None else _laid_out(_CLASS_HEADS, _classes(some)))
        parts.append("\n".join(_remarks(some)))
    return "\n\n".join(part for part in parts if part)


def waits(requests: Mapping[str, Mapping[str, Any]]) -> str:
    """How long single requests of a market wait, in milliseconds; a batch's gap to its bound beside."""
    rows = []
    for market, waited in requests.items():
        for kind, figures in waited["kinds"].items():
            if "failed" in figures:
                rows.append([market, kind, figures["failed"], *[""] * 5])
                continue
            seconds, gaps = figures["seconds"], figures["gaps"]
            times = [f"{1000 * seconds[part]:.3f}" for part in ("p50", "p99", "max")]
            gap = [f"{100 * gaps[part]:.4f} %" for part in ("p50", "p99")] if gaps else ["", ""]
            rows.append([market, kind, str(seconds["count"]), *times, *gap])
    heads = ["market", "request", "times", "p50 ms", "p99 ms", "max ms", "gap p50", "gap p99"]
    return f"## market: single requests\n\n{_laid_out(heads, rows)}"


def _heads(trials: Sequence[Trial]) -> list[str]:
    heads = ["solver", "found", "mean value", "to best known", "worst", "to bound", "median s", "max s", "late"]
    heads.append("value / ours")
    return heads + (["waste", "waste / ours"] if trials[0].used is not None else ["gap / ours"])


def _row(name: str, trials: Sequence[Trial], limit_s: float) -> list[str]:
    results = [(trial, trial.results[name]) for trial in trials if name in trial.results]
    judged = [(trial, result.value) for trial, result in results if result.value is not None]
    known = _gaps(judged, lambda trial: trial.best)
    row = [
        name,
        f"{len(judged)} of {len(results)}" if judged else "none",
        f"{fmean(value for _, value in judged):.6g}" if judged else "",
        _percent(known, fmean),
        _percent(known, max),
        _percent(_gaps(judged, Trial.proven), fmean),
        f"{median(result.seconds for _, result in results):.3f}",
        f"{max(result.seconds for _, result in results):.3f}",
        str(sum(_is_late(result, limit_s) for _, result in results)),
        *_against_ours(judged),
    ]
    return row + [""] * (len(_heads(trials)) - len(row))


def _against_ours(judged: Sequence[tuple[Trial, float]]) -> list[str]:
    """Values and gaps (of a market: wastes) in parts of ours, over the instances that both solved."""
    both = [(trial, value, ours) for trial, value in judged if (ours := trial.results[OURS].value) is not None]
    if not both:
        return []
    values = _ratio(sum(value for _, value, _ in both), sum(ours for _, _, ours in both))
    if both[0][0].used is None:
        theirs, mine = (sum(_gap(trial, pair[side]) for trial, *pair in both) for side in (0, 1))
        return [values, _ratio(theirs, mine)]
    theirs, mine = (fmean(_waste(trial, pair[side]) for trial, *pair in both) for side in (0, 1))
    return [values, f"{100 * theirs:.3f} %", _ratio(theirs, mine)]


def _gap(trial: Trial, value: float) -> float:
    """The gap to the best known value, to the bound where none is known."""
    return trial.gap(value, trial.best if trial.best is not None else trial.proven()) or 0.0


def _waste(trial: Trial, leased: float) -> float:
    return (leased - (trial.used or 0.0)) / leased


_CLASS_HEADS = ["ours by class", "instances", "to best known", "worst", "to bound", "at best or better", "median s"]


def _classes(trials: Sequence[Trial]) -> list[list[str]]:
    rows = []
    for group, members in groupby(sorted(trials, key=lambda trial: trial.group), key=lambda trial: trial.group):
        some = list(members)
        judged = _found(some, OURS)
        known = _gaps(judged, lambda trial: trial.best)
        rows.append(
            [
                group,
                f"{len(judged)} of {len(some)}",
                _percent(known, fmean),
                _percent(known, max),
                _percent(_gaps(judged, Trial.proven), fmean),
                str(sum(gap <= 1e-9 for gap in known)),
                f"{median(trial.results[OURS].seconds for trial in some):.3f}",
            ]
        )
    return rows


def _scenarios(trials: Sequence[Trial]) -> str:
    """Each scenario of a market: what ours wastes, and how many times that others waste."""
    others = [name for name in _solvers(trials) if name != OURS]
    heads = ["scenario", "ours", "to best known", "to bound", "waste", "seconds"]
    rows = []
    for trial in trials:
        scenario, ours = trial.instance.removeprefix("market/"), trial.results[OURS]
        if ours.value is None:
            rows.append([scenario, "none", "", "", "", f"{ours.seconds:.3f}", *[""] * len(others)])
            continue
        gaps = [_percent(_gaps([(trial, ours.value)], of), fmean) for of in (lambda one: one.best, Trial.proven)]
        waste = _waste(trial, ours.value)
        values = [trial.results[name].value if name in trial.results else None for name in others]
        ratios = ["none" if value is None else _ratio(_waste(trial, value), waste) for value in values]
        rows.append([scenario, f"{ours.value:.6g}", *gaps, f"{100 * waste:.3f} %", f"{ours.seconds:.3f}", *ratios])
    return _laid_out([*heads, *(f"{name} / ours" for name in others)], rows)


def _remarks(trials: Sequence[Trial]) -> list[str]:
    judged = _found(trials, OURS)
    lines = [*_optima(trials, OURS), *_optima(trials, QUICK)]
    if gaps := _gaps(judged, lambda trial: trial.best_heuristic):
        worse = sum(gap > 1e-9 for gap in gaps)
        lines.append(f"Ours worse than the best published heuristic: {worse} of {len(gaps)}.")
    proven = sum(abs(gap) <= 1e-9 for gap in _gaps(judged, Trial.proven))
    lines.append(f"Ours proven best by a bound: {proven} of {len(trials)}.")
    return lines


def _optima(trials: Sequence[Trial], name: str) -> list[str]:
    """How near the solver comes to optima that are proven, over all and by size."""
    lines = []
    for which, of_size in (("", range(2**63)), (", n <= 120", range(121)), (", n > 120", range(121, 2**63))):
        some = [pair for pair in _found(trials, name) if pair[0].optimal and pair[0].size in of_size]
        if gaps := _gaps(some, lambda trial: trial.best):
            figures = f"{len(gaps)} instances, mean {_percent(gaps, fmean)}, worst {_percent(gaps, max)}"
            reached = sum(gap <= 1e-9 for gap in gaps)
            lines.append(f"{name.capitalize()}, to proven optima{which}: {figures}, {reached} reached.")
    return lines


def _found(trials: Sequence[Trial], name: str) -> list[tuple[Trial, float]]:
    results = ((trial, trial.results.get(name)) for trial in trials)
    return [(trial, result.value) for trial, result in results if result is not None and result.value is not None]


def _solvers(trials: Iterable[Trial]) -> list[str]:
    return list(dict.fromkeys(name for trial in trials for name in trial.results))


def _gaps(judged: Iterable[tuple[Trial, float]], reference: Callable[[Trial], float | None]) -> list[float]:
    gaps = (trial.gap(value, reference(trial)) for trial, value in judged)
    return [gap for gap in gaps if gap is not None]


def _is_late(result: Result, limit_s: float) -> bool:
    slack_s, factor = _LATE
    return result.seconds > limit_s * factor + slack_s


def _percent(gaps: Sequence[float], of: Callable[[Sequence[float]], float]) -> str:
    # Adding 0 turns a negative zero into a plain one.
    return f"{round(100 * of(gaps), 3) + 0.0:.3f} %" if gaps else ""


def _ratio(theirs: float, ours: float) -> str:
    if ours <= 1e-12:
        return "1.000" if theirs <= 1e-12 else "inf"
    return f"{theirs / ours:.3f}" if theirs < 10 * ours else f"{theirs / ours:.1f}"


def _laid_out(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, its columns aligned."""
    widths = [max(len(row[place]) for row in [heads, *rows]) for place in range(len(heads))]

    def line(cells: Sequence[str]) -> str:
        padded = [cells[0].ljust(widths[0])]
        padded += [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(heads), line(rule), *map(line, rows)])
