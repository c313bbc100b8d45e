"""What a run leaves behind: every result and every solution, on disk after each instance."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

OURS: Final = "ours"
QUICK: Final = "ours, fast tier"


@dataclass(frozen=True, slots=True)
class Result:
    """What one solver made of one instance: a judged value or None, the bound it claims, wall-clock seconds."""

    value: float | None
    seconds: float
    bound: float | None = None
    note: str = ""


@dataclass(slots=True)
class Trial:
    """One instance and what each solver made of it, in the order they ran; `size` is its number of items or donors.

    `used` is, for a market, what the workers take of the leased capacity that is `value`.
    """

    family: str
    instance: str
    group: str
    size: int
    maximised: bool
    best: float | None = None
    optimal: bool = False
    bound: float | None = None
    best_heuristic: float | None = None
    used: float | None = None
    results: dict[str, Result] = field(default_factory=dict)

    def proven(self) -> float | None:
        """The sharpest bound there is: the folder's or our own."""
        own = self.results[OURS].bound if OURS in self.results else None
        bounds = [bound for bound in (self.bound, own) if bound is not None]
        return None if not bounds else min(bounds) if self.maximised else max(bounds)

    def gap(self, value: float, reference: float | None) -> float | None:
        """How much worse `value` is than the reference, as a part of it; below 0 where it is better."""
        if not reference:
            return None
        return (reference - value if self.maximised else value - reference) / abs(reference)

    def said(self) -> str:
        """Our result in a line."""
        result = self.results[OURS]
        if result.value is None:
            return f"none ({result.note})"
        parts = [f"{result.value:g} in {result.seconds:.2f} s"]
        for what, reference in (("best known", self.best), ("bound", self.proven())):
            gap = self.gap(result.value, reference)
            if gap is not None:
                parts.append(f"{100 * gap:+.3f} % to {what}")
        return ", ".join(parts + ([result.note] if result.note else []))

    def faults(self) -> list[str]:
        """Sentences about solvers that failed or broke a rule, and values beyond a bound that is said to be proven."""
        sentences = []
        for name, result in self.results.items():
            if result.note:
                sentences.append(f"{self.instance}: {name}: {result.note}")
            for source, bound in (("the given", self.bound), ("our", self.results[OURS].bound)):
                gap = None if result.value is None else self.gap(result.value, bound)
                if gap is not None and gap < -1e-9:
                    sentences.append(f"{self.instance}: {name} has {result.value}, beyond {source} bound {bound}")
        return sentences


class Record:
    """Trials and solutions of a run, written anew to `solutions` and `results` (where named) after each instance."""

    def __init__(self, facts: Mapping[str, Any], solutions: Path | None, results: Path | None) -> None:
        self.trials: list[Trial] = []
        self.extra: dict[str, Any] = {}
        self.problems: list[str] = []
        self._facts = dict(facts)
        self._solutions: dict[str, Any] = {}
        self._paths = solutions, results

    def keep(self, trial: Trial, solution: Any) -> None:
        """Adds an instance; `solution` is ours in the form that the folder's checkers take, or None."""
        self.trials.append(trial)
        self.problems += trial.faults()
        ours = trial.results[OURS]
        if ours.value is not None:
            self.keep_solution(trial.instance, trial.family, solution, ours.value, ours.seconds)
        self.write()

    def keep_solution(self, instance: str, family: str, solution: Any, value: float, seconds: float) -> None:
        """Adds a solution by itself."""
        self._solutions[instance] = {"family": family, "value": value, "seconds": seconds, "solution": solution}

    def write(self) -> None:
        """Both files whole again, each replaced in one step, so that an interrupted run leaves a readable one."""
        solutions, results = self._paths
        if solutions is not None:
            _replace(solutions, self._solutions)
        if results is not None:
            _replace(results, self.as_json())

    def as_json(self) -> dict[str, Any]:
        """Everything but the solutions."""
        return {
            "facts": self._facts,
            "problems": self.problems,
            "instances": [_trial(trial) for trial in self.trials],
            **self.extra,
        }


def _trial(trial: Trial) -> dict[str, Any]:
    results = {
        name: {"value": result.value, "bound": result.bound, "seconds": round(result.seconds, 6), "note": result.note}
        for name, result in trial.results.items()
    }
    kept = ("family", "instance", "group", "size", "best", "optimal", "bound", "best_heuristic", "used")
    return {name: getattr(trial, name) for name in kept} | {"results": results}


def _replace(path: Path, content: Any) -> None:
    beside = path.with_name(path.name + ".part")
    beside.write_text(json.dumps(content) + "\n", "utf-8")
    beside.replace(path)
