"""The demo's report and judge."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.model import Address, Amount
from renter_tui.demo import flights
from renter_tui.demo.flights import Verdict
from renter_tui.demo.report import Earned, Figure, Phase, Report


def report() -> Report:
    donors = (
        Earned(
            "ada",
            Address("0x" + "11" * 20),
            60,
            Amount(2),
            Amount(100),
            Amount(100),
            Amount(100),
            Amount(75),
            Amount(20),
        ),
        Earned(
            "bob", Address("0x" + "22" * 20), 50, Amount(2), Amount(90), Amount(90), Amount(90), Amount(67), Amount(0)
        ),
    )
    return Report(
        phases=(Phase("Quote", 0.5),),
        figures=(Figure("quote", 1.0, 0.5), Figure("whole", 90, 120, applies=False)),
        job=Verdict(flights.FLIGHTS, 3, True, "All 3 rows equal DuckDB's."),
        donors=donors,
        deposit=Amount(500),
        refund=Amount(310),
        renter_before=Amount(1000),
        renter_after=Amount(810),
        supply=Amount(2000),
        held={"bank": Amount(1000), "renter": Amount(810), "ada": Amount(100), "bob": Amount(90), "escrow": Amount(0)},
        pledged={"ada": Amount(0), "bob": Amount(0)},
        left_behind=(),
    )


def test_a_clean_run_has_no_fault_and_says_that_coin_is_conserved() -> None:
    assert report().faults() == ()
    assert "conserved to the last unit" in report().text()


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (replace(report(), job=Verdict(1, 0, False, "Wrong.")), "result is wrong"),
        (replace(report(), supply=Amount(2001)), "not conserved"),
        (replace(report(), refund=Amount(309)), "do not make the deposit"),
        (replace(report(), renter_after=Amount(811)), "renter's wallet"),
        (replace(report(), left_behind=("container x",)), "Left behind: container x"),
        (replace(report(), pledged={"bob": Amount(10**18)}), "bob still has 1 SPARE pledged"),
        (replace(report(), donors=(replace(report().donors[0], held_back=Amount(0)),)), "held back"),
        (replace(report(), donors=(replace(report().donors[0], paid=Amount(0)),)), "ada"),
        (replace(report(), donors=(replace(report().donors[0], served_s=1),)), "for 1 s"),
    ],
)
def test_every_kind_of_fault_is_named(broken: Report, fault: str) -> None:
    assert any(fault in sentence for sentence in broken.faults())
    assert any(fault in line for line in broken.text().splitlines())


def test_the_judge_agrees_with_the_right_answer_and_only_with_that(tmp_path: Path) -> None:
    inputs = flights.prepare(tmp_path / "input")
    right = [list(row) for row in flights.ask_duckdb(inputs)]
    answer = tmp_path / "result.json"

    answer.write_text(json.dumps({"flights": flights.FLIGHTS, "rows": right}), "utf-8")
    assert flights.judge(answer, inputs) == Verdict(flights.FLIGHTS, len(right), True, "All 105 rows equal DuckDB's.")

    right[7][6] = int(str(right[7][6])) + 1
    answer.write_text(json.dumps({"flights": flights.FLIGHTS, "rows": right}), "utf-8")
    assert flights.judge(answer, inputs).sentence == "1 of 105 rows differ from DuckDB's."

    answer.write_text(json.dumps({"flights": 5, "rows": right}), "utf-8")
    assert not flights.judge(answer, inputs).agrees


def test_an_answer_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    answer = tmp_path / "result.json"
    answer.write_text("[]", "utf-8")

    with pytest.raises(InvalidInput, match="cannot be read"):
        flights.judge(answer, tmp_path)
