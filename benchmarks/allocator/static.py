"""The families in which everything is known at once: each instance by each solver, each solution judged."""

from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.allocator import compact, judge, ours, solvers
from benchmarks.allocator.attempt import Attempt, judged
from benchmarks.allocator.baselines import RULES, Rule
from benchmarks.allocator.baselines.placing import BINS
from benchmarks.allocator.instances import (
    MAXIMISED,
    Bins,
    Choice,
    Integers,
    Knapsack,
    Problem,
    Temporal,
    continuous_bound,
    found,
    read,
    size,
)
from benchmarks.allocator.known import Known, manifest
from benchmarks.allocator.options import Options, Say
from benchmarks.allocator.record import OURS, QUICK, Record, Trial
from benchmarks.allocator.tokens import Malformed


def run(family: str, options: Options, record: Record, say: Say) -> None:
    """Every chosen instance of the family into the record; a malformed file is told of and passed over.

    Raises Missing where the allocator has no solver for the family.
    """
    paths = found(options.data, family, options.only, options.sample)
    if not paths:
        say(f"{family}: no instances")
        return
    say(f"{family}: warming up")
    ours.warm_up(family)
    known = manifest(options.data)
    for number, path in enumerate(paths, 1):
        key = path.relative_to(options.data).as_posix()
        try:
            problem = read(family, path)
        except Malformed as refusal:
            record.problems.append(str(refusal))
            say(f"{family} {number}/{len(paths)} {refusal}")
            continue
        trial, solution = tried(family, key, problem, known.get(key, Known()), judge.of(family, path), options)
        record.keep(trial, solution)
        say(f"{family} {number}/{len(paths)} {path.stem}: {trial.said()}")


def tried(
    family: str, key: str, problem: Problem, known: Known, verdict: judge.Verdict, options: Options
) -> tuple[Trial, list[int] | None]:
    """The instance by every solver, and our picks."""
    trial = Trial(
        family,
        key,
        _group(family, known, problem),
        size(problem)[0],
        family in MAXIMISED,
        known.best,
        known.optimal,
        continuous_bound(problem) if known.bound is None else known.bound,
        known.best_heuristic,
    )
    solution: list[int] | None = None

    def value(picks: Integers) -> float:
        return verdict(picks.tolist())

    for name, attempt in _attempts(family, problem, options):
        outcome = judged(attempt, value)
        trial.results[name] = outcome.result
        if name == OURS and outcome.solution is not None:
            solution = outcome.solution.tolist()
    return trial, solution


def _attempts(family: str, problem: Problem, options: Options) -> Iterator[tuple[str, Callable[[], Attempt[Integers]]]]:
    yield OURS, partial(_by_us, problem, options)
    if isinstance(problem, Bins):
        yield QUICK, partial(_by_fast_tier, problem)
    for name, rule in RULES[family].items():
        if options.wants(name):
            yield name, partial(_by_rule, rule, problem, options)
    for name in solvers.CHILDREN:
        # A model of thousands of items in as many bins and moments is beyond any general solver.
        if options.wants(name) and not isinstance(problem, Temporal):
            yield name, partial(_by_solver, name, problem, options)


def _by_us(problem: Problem, options: Options) -> Attempt[Integers]:
    answer = ours.solve(problem, ours.effort(options.limit_s, options.seed))
    return Attempt(answer.picks, answer.value, answer.bound)


def _by_fast_tier(problem: Bins) -> Attempt[Integers]:
    answer = ours.quick(problem)
    return Attempt(answer.picks, answer.value, answer.bound)


def _by_rule(rule: Rule, problem: Problem, options: Options) -> Attempt[Integers]:
    return Attempt(rule(problem, options.seed))


def _by_solver(name: str, problem: compact.Modelled, options: Options) -> Attempt[Integers]:
    enough = None
    if isinstance(problem, Bins):
        first_fit = BINS["first fit decreasing"](problem, options.seed)
        enough = None if first_fit is None else int(first_fit.max()) + 1
    answer = solvers.solved(name, compact.model(problem, enough), options.limit_s, options.seed)
    # The model minimises, so the bound of what is to be maximised has the other sign.
    sign = -1.0 if isinstance(problem, Knapsack | Choice) else 1.0
    picks = None if answer.values is None else compact.picks(problem, answer.values)
    bound = None if answer.bound is None else sign * answer.bound
    return Attempt(picks, None, bound, answer.note, answer.seconds)


def _group(family: str, known: Known, problem: Problem) -> str:
    n, m = size(problem)
    return f"{known.label or family} n={n}" + (f" m={m}" if family == "mkp" else "")
