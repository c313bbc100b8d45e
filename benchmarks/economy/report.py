"""The tables and the plot of docs/economics.md, and the same figures as JSON."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.economy.attack import Attack, Result
from benchmarks.economy.parameters import SHIPPED
from benchmarks.economy.picture import drawn
from benchmarks.economy.sweeps import Swept
from core.model import COIN_UNIT

STAKES: Final = (0.0, 0.1, 0.2, 1 / 3)
DOCS: Final = Path(__file__).parents[2] / "docs"
PICTURE: Final = "pictures/economics.svg"
_MILLI: Final = COIN_UNIT // 1000


@dataclass(frozen=True)
class Row:
    """An attack under the rules as shipped, for each of STAKES, and under the first draft's at the last of them.

    Gas, the victim's loss and the verdict are those under the rules as shipped, at the last of STAKES.
    """

    attack: Attack
    now: tuple[Result, ...]
    before: Result

    @property
    def verdict(self) -> str:
        """In a few words."""
        return self.attack.verdict or ("pays" if self.now[-1].pays else "does not pay")


def attack_table(rows: Sequence[Row]) -> str:
    """Every attack: who, what, what it brings, what it costs the victim, and what decides."""
    lines = [
        "| attack | 0 % | 10 % | 20 % | 33 % | first draft | gas | victim | verdict | against it (what decides) |",
        "|---|--:|--:|--:|--:|--:|--:|--:|---|---|",
    ]
    for row in rows:
        profits = " | ".join(_bold(result) for result in row.now)
        worst = row.now[-1]
        cells = f"{profits} | {_bold(row.before)} | {_thousands(worst.gas)} | {_milli(worst.loss)} | {row.verdict}"
        who = f"**{row.attack.name}** ({row.attack.by}): {row.attack.what}"
        lines.append(f"| {who} | {cells} | {row.attack.against} ({row.attack.decides}) |")
    return "\n".join(lines)


def sweep_tables(found: Sequence[Swept]) -> str:
    """One small table a sweep."""
    tables = []
    for one in found:
        labels = [label for label, _, _ in one.sweep.values]
        lines = [f"| {one.sweep.parameter} | {' | '.join(labels)} |", f"|---|{'--:|' * len(labels)}"]
        for place, name in enumerate(one.sweep.attacks):
            lines.append(f"| {name} | {' | '.join(_bold(results[place]) for results in one.results)} |")
        tables.append("\n".join(lines))
    return "\n\n".join(tables)


def picture(penalties: Swept) -> str:
    """The plot, of the sweep over penalties."""
    xs = [float(label) for label, _, _ in penalties.sweep.values]
    lines = [
        (name, [100 * results[place].profit / SHIPPED.cap for results in penalties.results])
        for place, name in enumerate(penalties.sweep.attacks)
    ]
    return drawn(xs, lines, marked=SHIPPED.penalty_percent)


def as_json(rows: Sequence[Row], found: Sequence[Swept], facts: Mapping[str, object]) -> dict[str, Any]:
    """Everything, in coin."""
    return {
        "facts": dict(facts),
        "attacks": {
            row.attack.name: {
                "by": row.attack.by,
                "verdict": row.verdict,
                "hostile": dict(zip(map(str, STAKES), map(_result, row.now), strict=True)),
                "first_draft": _result(row.before),
            }
            for row in rows
        },
        "sweeps": {
            one.sweep.parameter: {
                label: dict(zip(one.sweep.attacks, map(_result, results), strict=True))
                for (label, _, _), results in zip(one.sweep.values, one.results, strict=True)
            }
            for one in found
        },
    }


def write(rows: Sequence[Row], found: Sequence[Swept], facts: Mapping[str, object], docs: Path = DOCS) -> None:
    """Puts the generated parts between their markers in economics.md, and the plot beside it."""
    page = docs / "economics.md"
    text = page.read_text("utf-8")
    sentences = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    for name, part in (("facts", sentences), ("attacks", attack_table(rows)), ("sweeps", sweep_tables(found))):
        marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        found_at = marked.search(text)
        if found_at is None:
            raise ValueError(f"{page} has no place for {name}")
        text = text[: found_at.start()] + found_at[1] + part + "\n" + found_at[2] + text[found_at.end() :]
    page.write_text(text, "utf-8")
    (docs / PICTURE).write_text(picture(found[0]), "utf-8")


def _result(result: Result) -> dict[str, float]:
    return {
        "profit": result.profit / COIN_UNIT,
        "error": result.error / COIN_UNIT,
        "gas": result.gas,
        "loss": result.loss / COIN_UNIT,
    }


def _bold(result: Result) -> str:
    return f"**{_milli(result.profit)}**" if result.pays else _milli(result.profit)


def _thousands(gas: float) -> str:
    return f"{round(gas / 1000)}k".replace("-", "−")


def _milli(amount: float) -> str:
    value = amount / _MILLI
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}"
    return "0" if float(text.replace(",", "")) == 0 else text.replace("-", "−")
