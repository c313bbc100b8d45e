"""The allocator's benchmark: its readers, its judge, its baselines, and what a run leaves behind."""

import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest

from benchmarks.allocator import __main__ as command
from benchmarks.allocator import cases, compact, correctness, instances, judge, markets, ours, solvers, table
from benchmarks.allocator.attempt import Attempt, judged
from benchmarks.allocator.baselines import RULES
from benchmarks.allocator.record import OURS, Result, Trial
from benchmarks.allocator.tokens import Malformed
from core.allocator.problems.effort import Answer, Effort

MKP = "3 2\n10 7 6\n5 4 3\n4 4 4\n8 8\n"
MMKP = "2 1\n9\n2\n5 3\n9 7\n3\n1 1\n4 4\n6 6\n"
VBP = "2\n10 10\n3\n6 5 2\n4 5 1\n3 1 1\n"
VSVBP = "2 3 3\n10 10 2.5\n6 6 1.25\n4 4 1.0\n5 5\n4 3\n1 1\n"
TBPP = "4 10 0 0\n0 0 4 6\n1 1 3 4\n2 2 6 5\n3 4 5 5\n"
FILES = {
    "mkp": ("mkp/a.dat", MKP),
    "mmkp": ("mmkp/a.txt", MMKP),
    "vbp": ("vbp/a.vbp", VBP),
    "vsvbp": ("vsvbp/a.txt", VSVBP),
    "tbpp": ("online/tbpp_a.txt", TBPP),
}
BEST = {"mkp": 16, "mmkp": 11, "vbp": 2, "vsvbp": 2.25, "tbpp": 2}
MODELLED = [family for family in FILES if family != "tbpp"]


def written(folder: Path, family: str, text: str | None = None) -> Path:
    name, usual = FILES[family]
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(usual if text is None else text)
    return path


def test_a_knapsack_is_read_as_it_is_written(tmp_path: Path) -> None:
    problem = instances.read("mkp", written(tmp_path, "mkp"))

    assert isinstance(problem, instances.Knapsack)
    assert problem.profits.tolist() == [10, 7, 6]
    assert problem.weights.tolist() == [[5, 4, 3], [4, 4, 4]]
    assert problem.capacities.tolist() == [8, 8]


def test_a_choice_is_read_as_it_is_written(tmp_path: Path) -> None:
    problem = instances.read("mmkp", written(tmp_path, "mmkp"))

    assert isinstance(problem, instances.Choice)
    assert problem.capacities.tolist() == [9]
    assert [(profits.tolist(), weights.tolist()) for profits, weights in problem.groups] == [
        ([5, 9], [[3], [7]]),
        ([1, 4, 6], [[1], [4], [6]]),
    ]


def test_a_row_of_bins_stands_for_as_many_items_as_it_demands(tmp_path: Path) -> None:
    problem = instances.read("vbp", written(tmp_path, "vbp"))

    assert isinstance(problem, instances.Bins)
    assert problem.capacity.tolist() == [10, 10]
    assert problem.items.tolist() == [[6, 5], [6, 5], [4, 5], [3, 1]]


def test_sizes_below_zero_are_read_as_the_published_triplets_have_them(tmp_path: Path) -> None:
    problem = instances.read("vbp", written(tmp_path, "vbp", "1\n10\n2\n-3 1\n12 1\n"))

    assert isinstance(problem, instances.Bins)
    assert problem.items.tolist() == [[-3], [12]]


def test_a_fleet_is_read_as_it_is_written(tmp_path: Path) -> None:
    problem = instances.read("vsvbp", written(tmp_path, "vsvbp"))

    assert isinstance(problem, instances.Fleet)
    assert problem.capacities.tolist() == [[10, 10], [6, 6], [4, 4]]
    assert problem.costs.tolist() == [2.5, 1.25, 1.0]
    assert problem.items.tolist() == [[5, 5], [4, 3], [1, 1]]


def test_items_that_begin_and_end_are_read_as_they_are_written(tmp_path: Path) -> None:
    problem = instances.read("tbpp", written(tmp_path, "tbpp"))

    assert isinstance(problem, instances.Temporal)
    assert problem.capacity == 10
    assert [problem.starts.tolist(), problem.ends.tolist(), problem.sizes.tolist()] == [
        [0, 1, 2, 4],
        [4, 3, 6, 5],
        [6, 4, 5, 5],
    ]


@pytest.mark.parametrize(
    ("family", "text", "sentence"),
    [
        ("mkp", "", "ends within n"),
        ("mkp", "0 2", "n must be at least 1"),
        ("mkp", "3 2\n10 7 6\n5 4", "ends within weights, 4 words too early"),
        ("mkp", MKP + "1", "1 words too many"),
        ("mkp", MKP.replace("10 7 6", "10 7 6.5"), "profits must be integers"),
        ("mkp", MKP.replace("10 7 6", "10 -7 6"), "profits must not be negative"),
        ("mkp", MKP.replace("10 7 6", f"10 7 {2**70}"), "profits must be integers"),
        ("mmkp", "1 1\n9\n0\n", "the size of group 0 must be at least 1"),
        ("vbp", "1\n10\n1\n5 -1\n", "a demand must not be negative"),
        ("vbp", "1\n10\n1\n5 2000000\n", "more than a million items"),
        ("vsvbp", "1 1 1\n10 nan\n5\n", "the cost of bin 0 must be finite"),
        ("tbpp", "1 10 0 0\n0 3 3 5\n", "an item must end after it starts"),
        ("vsvbp", "1 1 1\n10 dear\n5\n", "the cost of bin 0 must be a number"),
    ],
)
def test_a_malformed_file_is_refused_with_the_place(tmp_path: Path, family: str, text: str, sentence: str) -> None:
    path = written(tmp_path, family, text)

    with pytest.raises(Malformed, match=sentence):
        instances.read(family, path)


def test_a_sample_is_spread_over_all_instances() -> None:
    taken = instances.sampled(range(100), 4)

    assert taken == [12, 37, 62, 87]


@pytest.mark.parametrize(
    ("family", "picks", "value"),
    [
        ("mkp", [0, 2], 16),
        ("mmkp", [0, 2], 11),
        ("vbp", [4, 7, 4, 7], 2),
        ("vsvbp", [1, 2, 1], 2.25),
        ("tbpp", [0, 0, 3, 0], 2),
    ],
)
def test_the_judge_values_a_good_solution(tmp_path: Path, family: str, picks: list[int], value: float) -> None:
    verdict = judge.of(family, written(tmp_path, family))

    assert verdict(picks) == value


@pytest.mark.parametrize(
    ("family", "picks", "sentence"),
    [
        ("mkp", [0, 1], "dimension 0 is overloaded"),
        ("mkp", [1, 1], "chosen twice"),
        ("mkp", [3], "does not exist"),
        ("mkp", [-1], "does not exist"),
        ("mmkp", [1, 1], "dimension 0 is overloaded"),
        ("mmkp", [0], "one pick for each group"),
        ("mmkp", [0, 3], "no such item"),
        ("mmkp", [0, -1], "no such item"),
        ("vbp", [0, 0, 1, 1], "a bin is overloaded"),
        ("vbp", [0, 1, 2], "one bin for each item"),
        ("vsvbp", [2, 0, 0], "a bin is overloaded"),
        ("vsvbp", [0, 3, 0], "a bin does not exist"),
        ("vsvbp", [0, -1, 0], "a bin does not exist"),
        ("tbpp", [0, 1, 0, 0], "a bin is overloaded"),
        ("tbpp", [0, 1], "one bin for each item"),
    ],
)
def test_the_judge_refuses_a_broken_solution(tmp_path: Path, family: str, picks: list[int], sentence: str) -> None:
    verdict = judge.of(family, written(tmp_path, family))

    with pytest.raises(judge.Broken, match=sentence):
        verdict(picks)


@pytest.mark.parametrize(
    ("donors", "counts", "sentence"),
    [
        ([0, 0], [[1], [1]], "a donor is leased twice"),
        ([0], [[1], [1]], "counts for each donor"),
        ([9], [[2]], "a donor does not exist"),
        ([0], [[3]], "a donor is overloaded"),
        ([0, 1], [[2], [-1]], "a count for each shape, from 0"),
        ([1], [[1]], "too few workers"),
    ],
)
def test_the_judge_refuses_a_broken_lease(donors: list[int], counts: list[list[int]], sentence: str) -> None:
    with pytest.raises(judge.Broken, match=sentence):
        judge.cover({0: [4], 1: [2]}, [[2]], [2], donors, counts)


@pytest.mark.parametrize(("family", "name"), [(family, name) for family, rules in RULES.items() for name in rules])
def test_each_baseline_finds_a_feasible_solution(tmp_path: Path, family: str, name: str) -> None:
    path = written(tmp_path, family)
    picks = RULES[family][name](instances.read(family, path), 1)

    assert picks is not None
    value = judge.of(family, path)(picks.tolist())
    assert value <= BEST[family] if family in instances.MAXIMISED else value >= BEST[family]


def test_a_baseline_that_finds_no_room_says_none() -> None:
    too_large = instances.Fleet(np.array([[5]]), np.array([[4], [4]]), np.ones(2))

    assert [rule(too_large, 1) for rule in RULES["vsvbp"].values()] == [None] * len(RULES["vsvbp"])


@pytest.mark.parametrize("family", MODELLED)
def test_the_compact_model_has_the_best_value_and_nothing_better(tmp_path: Path, family: str) -> None:
    path = written(tmp_path, family)
    problem = instances.read(family, path)
    assert not isinstance(problem, instances.Temporal)
    model = compact.model(problem, 2)

    value, values = least(model)

    assert abs(value) == BEST[family]
    assert judge.of(family, path)(compact.picks(problem, values).tolist()) == BEST[family]


def test_the_compact_model_of_a_market_covers_all_workers_at_the_least_cost() -> None:
    capacities, shapes = np.array([[4, 2], [2, 2], [2, 1]]), np.array([[2, 1], [1, 0]])

    value, _ = least(compact.cover(capacities, np.array([3.0, 2.0, 1.5]), shapes, np.array([2, 1])))

    assert value == 4.5


def least(model: compact.Model) -> tuple[float, instances.Integers]:
    """The model's best solution, by trying them all."""
    matrix = np.zeros((len(model.low), len(model.costs)), dtype=np.int64)
    matrix[model.rows, model.columns] = model.entries
    every = np.array(list(itertools.product(*(range(most + 1) for most in model.upper.tolist()))))
    loads = every @ matrix.T
    good = every[((loads >= model.low) & (loads <= model.high)).all(axis=1)]
    costs = good @ model.costs
    return float(costs.min()), good[costs.argmin()]


@pytest.mark.parametrize("name", solvers.CHILDREN)
def test_a_solver_alone_answers_from_a_process_of_its_own(tmp_path: Path, name: str) -> None:
    problem = instances.read("vbp", written(tmp_path, "vbp"))
    assert isinstance(problem, instances.Bins)

    found = solvers.solved(name, compact.model(problem, 3), 5.0, 1)

    assert found.values is not None
    assert judge.of("vbp", tmp_path / "vbp" / "a.vbp")(compact.picks(problem, found.values).tolist()) == 2
    assert found.bound == pytest.approx(2)


def raises() -> Attempt[list[int]]:
    raise ZeroDivisionError("by nothing")


@pytest.mark.parametrize(
    ("attempt", "value", "note"),
    [
        (lambda: Attempt([0, 2], value=16.0), 16, ""),
        (lambda: Attempt([0, 2], value=17.0), 16, "says 17.0, is 16"),
        (lambda: Attempt([0, 1], value=17.0), None, "broken: dimension 0 is overloaded"),
        (lambda: Attempt(None, note="out of time"), None, "out of time"),
        (raises, None, "failed: ZeroDivisionError: by nothing"),
    ],
)
def test_a_solver_is_believed_only_what_the_judge_finds(
    tmp_path: Path, attempt: Callable[[], Attempt[list[int]]], value: float | None, note: str
) -> None:
    result = judged(attempt, judge.of("mkp", written(tmp_path, "mkp"))).result

    assert (result.value, result.note) == (value, note)


def test_gaps_and_ratios_are_those_of_instances_that_both_solved() -> None:
    first = Trial("vbp", "vbp/a.vbp", "vbp n=9", 9, False, best=10.0, optimal=True)
    first.results = {OURS: Result(11.0, 0.2, 10.0), "random": Result(14.0, 0.0), "HiGHS": Result(None, 2.0)}
    second = Trial("vbp", "vbp/b.vbp", "vbp n=9", 9, False, best=10.0)
    second.results = {OURS: Result(10.0, 0.4, 10.0), "random": Result(None, 0.0), "HiGHS": Result(None, 0.3)}

    lines = table.tables([first, second], 0.5).splitlines()

    rows = {
        cells[0]: cells[1:] for cells in ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines) if cells
    }
    assert rows["ours"] == ["2 of 2", "10.5", "5.000 %", "10.000 %", "5.000 %", "0.300", "0.400", "0", "1.000", "1.000"]
    assert rows["random"] == [
        "1 of 2",
        "14",
        "40.000 %",
        "40.000 %",
        "40.000 %",
        "0.000",
        "0.000",
        "0",
        "1.273",
        "4.000",
    ]
    assert rows["HiGHS"] == ["none", "", "", "", "", "1.150", "2.000", "1", "", ""]
    assert "Ours, to proven optima: 1 instances, mean 10.000 %, worst 10.000 %, 0 reached." in lines


def test_a_value_beyond_a_proven_bound_is_told() -> None:
    trial = Trial("mkp", "mkp/a.dat", "mkp", 3, True, bound=20.0)
    trial.results = {OURS: Result(17.0, 0.1, 16.0), "random": Result(18.0, 0.1)}

    assert trial.faults() == [
        "mkp/a.dat: ours has 17.0, beyond our bound 16.0",
        "mkp/a.dat: random has 18.0, beyond our bound 16.0",
    ]


def test_a_market_without_lists_is_asked_for_the_usual() -> None:
    asks = markets.Asked(markets.SHAPES, markets.MIX)

    counts = asks.shared_out(64)

    assert sum(counts.values()) == 64
    assert counts == {"xs": 13, "s": 26, "m": 19, "g": 6}


def test_a_market_that_is_only_named_is_grown_by_the_folder_s_generator(tmp_path: Path) -> None:
    (tmp_path / "references.csv").write_text(
        "market,seed,n,shift,kind,shape,workers,lower_bound,best\ndonors_3,7,3,0.0,homogeneous,s,2,0.5,0.5\n"
    )
    (tmp_path / "market_gen.py").write_text(
        "import numpy as np\ndef gen(n, seed, shift):\n    return np.full((n, 4), seed), np.ones(n), np.ones(n)\n"
    )

    ((file, grown, scenarios),) = markets.every(tmp_path)

    assert file == "donors_3.csv"
    assert grown().capacities.tolist() == [[7] * 4] * 3
    assert [(one.label, one.best, one.bound) for one in scenarios] == [("s-2", 0.5, 0.5)]


def tiny_folder(folder: Path) -> Path:
    for family in FILES:
        written(folder, family)
    (folder / "mkp" / "broken.dat").write_text("3 2\n1 2\n")
    (folder / "manifest.csv").write_text(
        "file,family,best_known,status,upper_or_lower_bound,best_heur\nmkp/a.dat,mkp-own,16,Optimal,18,\n"
    )
    (folder / "market").mkdir()
    (folder / "market" / "donors_9.csv").write_text(
        "donor,cpu,ram_mib,gpu,disk_mib,price_per_h,reliability\n"
        + "".join(f"{row},{16 + row},65536,8,500000,0.{row + 1},0.9\n" for row in range(9))
    )
    return folder


def test_a_run_writes_solutions_that_the_judge_accepts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, solutions, figures = tiny_folder(tmp_path), tmp_path / "solutions.json", tmp_path / "figures.json"

    code = ran(data, "mkp,mmkp,vbp,vsvbp,market,online", "random,best-fit-decreasing", solutions, figures)

    kept, told = json.loads(solutions.read_text()), json.loads(figures.read_text())
    for family, (name, _) in FILES.items():
        entry = kept[name]
        assert judge.of(family, data / name)(entry["solution"]) == entry["value"] == BEST[family]
    assert {"market/donors_9.csv#s-8", "market/donors_9.csv#mix-64"} < set(kept)
    assert told["problems"] == ["broken.dat: ends within profits, 1 words too early"]
    assert code == 1
    printed = capsys.readouterr().out
    for heading in ("## mkp: 1 instances", "## market: ", "## market: single requests", "mkp-own n=3 m=2"):
        assert heading in printed


def test_an_interrupted_run_keeps_and_prints_what_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, solutions = tiny_folder(tmp_path), tmp_path / "solutions.json"
    (data / "mkp" / "broken.dat").unlink()

    def solve(problem: instances.Problem, effort: Effort) -> Answer:
        if isinstance(problem, instances.Choice):
            raise KeyboardInterrupt
        return Answer(np.array([0]), 10.0, 18.0, False)

    monkeypatch.setattr(ours, "solve", solve)

    code = ran(data, "mkp,mmkp", "none", solutions, tmp_path / "figures.json")

    assert code == 130
    assert list(json.loads(solutions.read_text())) == ["mkp/a.dat"]
    assert "## mkp: 1 instances" in capsys.readouterr().out


def ran(data: Path, families: str, baselines: str, solutions: Path, figures: Path) -> int:
    where = [f"--data={data}", f"--solutions={solutions}", f"--json={figures}"]
    return command.main([*where, f"--families={families}", f"--baselines={baselines}", "--limit=1", "--requests=2"])


def test_a_chunk_of_generated_cases_breaks_nothing() -> None:
    checked = correctness.chunk_checked((5, 0, 2 * len(cases.KINDS)))

    assert sum(checked.outcomes.values()) == 2 * len(cases.KINDS)
    assert checked.broken == []


def test_a_case_that_raises_is_a_broken_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(chance: Random) -> tuple[str, Sequence[str]]:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(correctness, "KINDS", (raises,))

    checked = correctness.chunk_checked((5, 3, 1))

    assert checked.broken == ["seed 5, chunk 3, case 0: ZeroDivisionError: by nothing"]


def test_a_run_of_cases_goes_on_where_an_earlier_one_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correctness, "CHUNK", 40)
    state = tmp_path / "state.json"
    earlier = correctness.Checked(0, {"quote: answered": 40}, ["seed 5, chunk 0, case 7: kept from before"])
    correctness._keep(state, 5, {0: earlier})

    code = correctness.main(["--cases", "80", "--seed", "5", "--processes", "1", "--json", str(state)])

    kept = json.loads(state.read_text())
    assert code == 1
    assert (kept["cases"], kept["broken"]) == (80, 1)
    assert kept["chunks"][0]["broken"] == ["seed 5, chunk 0, case 7: kept from before"]
