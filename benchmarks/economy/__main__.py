"""`python -m benchmarks.economy`: does cheating pay, under the contracts as they are?"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import msgspec

from benchmarks.economy.attack import Setting, tried
from benchmarks.economy.jurors import HONEST, bribe_at_risk
from benchmarks.economy.parameters import FIRST_DRAFT, SHIPPED, Parameters, World
from benchmarks.economy.plays import Plays
from benchmarks.economy.report import STAKES, Row, as_json, attack_table, sweep_tables, write
from benchmarks.economy.sweeps import ALL, SWEEPS, swept
from core.chain.artifact import Artifact, load
from core.model import COIN_UNIT


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables; 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.economy", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3000, help="episodes for each figure")
    parser.add_argument("--artifacts", type=Path, help="where build.mjs put other contracts than those shipped")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--write-docs", action="store_true", help="write them into docs/economics.md")
    asked = parser.parse_args(arguments)
    began = time.monotonic()
    source = load if asked.artifacts is None else _from(asked.artifacts)

    @cache
    def plays(parameters: Parameters) -> Plays:
        return Plays(parameters, source)

    rows = []
    for attack in ALL:
        settings = [Setting(plays(SHIPPED), World(), hostile) for hostile in STAKES]
        settings.append(Setting(plays(FIRST_DRAFT), World(), STAKES[-1]))
        *now, before = (tried(attack, one, runs=asked.runs, seed=asked.seed) for one in settings)
        rows.append(Row(attack, tuple(now), before))
    found = [swept(sweep, plays, runs=asked.runs, seed=asked.seed) for sweep in SWEEPS]
    facts = _facts(plays(SHIPPED), asked.runs, asked.seed)
    print(attack_table(rows), sweep_tables(found), *(f"{name}: {value}" for name, value in facts.items()), sep="\n\n")
    if asked.json:
        asked.json.write_text(json.dumps(as_json(rows, found, facts), indent=1) + "\n", "utf-8")
    if asked.write_docs:
        write(rows, found, facts)
    print(f"\n{time.monotonic() - began:.0f} s", file=sys.stderr)
    return 0


def _facts(plays: Plays, runs: int, seed: int) -> dict[str, object]:
    """What the page says besides."""
    rules, world = plays.parameters, World()
    accusing = plays.accused().gas["renter"] - plays.vanished(0, retires=False).gas["renter"]
    renters_part = (100 - rules.court.burn_percent) / 100
    worth_it = accusing * world.gas_price / renters_part / (rules.penalty_percent / 100)
    honest = tried(HONEST, Setting(plays, world, 0.0), runs=max(runs, 40_000), seed=seed)
    at_risk = bribe_at_risk(plays)
    jury = plays.tried((True,) * rules.court.jury_size)
    return {
        "seed, episodes for each figure": f"{seed}, {runs}",
        "a typical share": f"{_coin(rules.cap)} coin for {rules.lease_s // 3600} h of 2 cores and 4 GiB; "
        f"a lease has {rules.workers}",
        "gas of accusing a donor that does not contest": f"{accusing:,}",
        "gas of a jury of five, all parties and jurors": f"{jury.gas['jurors'] + jury.gas['renter'] - accusing:,}",
        "the smallest share over which a renter is not out of pocket when it wins": f"{_coin(worth_it)} coin",
        "an honest juror earns a case, gas paid": f"{_coin(honest.profit)} ± {_coin(2 * honest.error)} coin",
        "a p + epsilon briber must show": f"{at_risk / COIN_UNIT:.0f} coin, and is paid for it by penalties above "
        f"{at_risk / renters_part / COIN_UNIT:.0f} coin even if it has to pay",
    }


def _coin(amount: float) -> str:
    return f"{amount / COIN_UNIT:.3f}"


def _from(folder: Path) -> Callable[[str], Artifact]:
    def read(contract: str) -> Artifact:
        return msgspec.json.decode((folder / f"{contract}.json").read_bytes(), type=Artifact)

    return read


if __name__ == "__main__":
    sys.exit(main())
