"""Breaks the contracts on a copy, one way at a time, and fails unless some test notices each.

`contracts.sh mutants [CONTRACT...]`. The ways are in test/mutants/CONTRACT.toml, as [[mutant]] with `name`, `why`,
`search`, `replace` and, where it is not CONTRACT.sol, `file`. A mutant whose `search` does not occur exactly once, or
that does not compile, is an error.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from core.chain.contracts.tools.suite import ROOT, asked, environment, forge

# Most of the time goes into the compiler, which uses one core.
WORKERS = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Mutant:
    """One way to break a contract; `why` says what harm it would do."""

    name: str
    why: str
    search: str
    replace: str
    file: str


def mutants(contract: str) -> list[Mutant]:
    with (ROOT / f"test/mutants/{contract}.toml").open("rb") as stream:
        return [Mutant(**{"file": f"{contract}.sol"} | entry) for entry in tomllib.load(stream)["mutant"]]


def copy(to: Path) -> None:
    """Lays out there all that a test run needs; proofs are not among the tests."""
    to.mkdir()
    for path in ROOT.glob("*.sol"):
        shutil.copy(path, to)
    shutil.copy(ROOT / "foundry.toml", to)
    shutil.copytree(ROOT / "test", to / "test", ignore=shutil.ignore_patterns("*.symbolic.t.sol"))
    shutil.copytree(ROOT / "tools", to / "tools")
    (to / "node_modules").symlink_to(ROOT / "node_modules")


def settings(contract: str, root: Path) -> dict[str, str]:
    """Unoptimised, which compiles in half the time; what a mutant leaves unused is no reason to refuse it."""
    return environment(contract, "", root) | {"FOUNDRY_OPTIMIZER": "false", "FOUNDRY_DENY": "never"}


def problem(mutant: Mutant, contract: str, root: Path) -> str | None:
    """What is wrong with the tests or with the mutant itself; None where a test notices it."""
    path = root / mutant.file
    source = path.read_text()
    if source.count(mutant.search) != 1:
        return f"its search text occurs {source.count(mutant.search)} times in {mutant.file}, not once"
    env = settings(contract, root)
    path.write_text(source.replace(mutant.search, mutant.replace))
    try:
        fine, text = forge("build", env=env, root=root)
        if not fine:
            return f"it does not compile:\n{text}"
        passed, _ = forge("test", "--fail-fast", env=env, root=root, timeout_s=600)
    except subprocess.TimeoutExpired:
        return "the tests did not end"
    finally:
        path.write_text(source)
    return f"no test notices it. {mutant.why}" if passed else None


def judged(contract: str, root: Path, some: list[Mutant]) -> list[tuple[Mutant, str | None]]:
    """What `problem` says of each of some mutants, one after the other on one copy."""
    return [(mutant, problem(mutant, contract, root)) for mutant in some]


def main() -> None:
    killed = 0
    alive = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(WORKERS) as pool:
        roots = [Path(folder) / str(number) for number in range(WORKERS)]
        for root in roots:
            copy(root)
        for contract in asked():
            fine, text = forge("test", env=settings(contract, roots[0]), root=roots[0])
            if not fine:
                sys.exit(f"The tests of {contract} fail before it is broken:\n{text}")
            every = mutants(contract)
            shares = [every[number::WORKERS] for number in range(WORKERS)]
            for mutant, said in chain.from_iterable(pool.map(judged, [contract] * WORKERS, roots, shares)):
                killed += said is None
                print(f"{contract}: {mutant.name}: {said or 'noticed'}", flush=True)
                if said:
                    alive.append(mutant.name)
    print(f"mutants: {killed} of {killed + len(alive)} killed")
    if alive:
        sys.exit(f"Not killed: {', '.join(alive)}")


if __name__ == "__main__":
    main()
