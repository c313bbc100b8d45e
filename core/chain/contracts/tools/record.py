"""Runs the contracts' tests for long, and every other check, and writes what came out to docs/contracts-long.md."""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field

from core.chain.contracts.tools.suite import OWN, ROOT, forge, shipped

TOP = ROOT.parents[2]
TIMEOUT_S = 7200


@dataclass(slots=True)
class Counted:
    """What one contract's long run did."""

    tests: int = 0
    fuzzed: list[int] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    seconds: float = 0


def tested(contract: str) -> Counted:
    """One contract's tests under the `long` profile; ends the program where one fails."""
    before = time.monotonic()
    env = shipped(contract) | {"FOUNDRY_PROFILE": "long"}
    fine, text = forge("test", env=env, timeout_s=TIMEOUT_S)
    if not fine:
        sys.exit(text)
    return Counted(
        tests=len(re.findall(r"^\[PASS\]", text, re.MULTILINE)),
        fuzzed=[int(runs) for runs in re.findall(r"\(runs: (\d+), μ", text)],
        calls=[int(calls) for calls in re.findall(r"\(runs: \d+, calls: (\d+),", text)],
        seconds=time.monotonic() - before,
    )


def checked(module: str) -> tuple[list[str], float]:
    """The lines that one of the other checks prints, and how long it took; ends the program where it fails."""
    before = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", f"core.chain.contracts.tools.{module}"],
        cwd=TOP,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{module}:\n{done.stdout}{done.stderr}")
    return done.stdout.splitlines(), time.monotonic() - before


def versions() -> str:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    npm = {name: packages[f"node_modules/{name}"]["version"] for name in ("@foundry-rs/forge-linux-amd64", "solc")}
    openzeppelin = packages["node_modules/@openzeppelin/contracts"]["version"]
    pip = "\n".join((TOP / f"locks/{tool}.txt").read_text() for tool in ("slither", "halmos"))
    slither, halmos = (re.search(rf"^{name}==(\S+)", pip, re.M) for name in ("slither-analyzer", "halmos"))
    return (
        f"forge {npm['@foundry-rs/forge-linux-amd64']}, solc {npm['solc']}, OpenZeppelin {openzeppelin}, "
        f"slither {slither[1] if slither else '?'}, halmos {halmos[1] if halmos else '?'}"
    )


def main() -> None:
    begun = time.monotonic()
    rows = []
    sums = Counted()
    for contract in OWN:
        done = tested(contract)
        print(f"long: {contract}: {done.tests} tests in {done.seconds:.0f} s", flush=True)
        rows.append(
            f"| {contract} | {done.tests} | {len(done.fuzzed)} | {sum(done.fuzzed):,} "
            f"| {len(done.calls)} | {sum(done.calls):,} | {done.seconds:.0f} |"
        )
        sums.tests += done.tests
        sums.fuzzed += done.fuzzed
        sums.calls += done.calls
    others = []
    for module in ("artifacts", "trees", "lines", "findings", "proofs", "mutants"):
        lines, seconds = checked(module)
        # Of the mutants only the sum: what each of them is stands beside the tests.
        said = lines[-1:] if module == "mutants" else lines
        others += [f"- {line}" for line in said[:-1]] + [f"- {said[-1]} ({seconds:.0f} s)"]
        print(f"{said[-1]} ({seconds:.0f} s)", flush=True)
    (TOP / "docs/contracts-long.md").write_text(
        "\n".join(
            [
                "# The last long run of the contracts' tests",
                "",
                "Written by `make contracts-long`, which fails, and writes nothing, where anything does not hold.",
                "",
                f"{time.strftime('%Y-%m-%d', time.gmtime())}, {os.cpu_count()} cores, "
                f"{time.monotonic() - begun:.0f} s in all; {versions()}.",
                "",
                "| contract | tests | fuzz tests | fuzz runs | invariants | invariant calls | seconds |",
                "|---|---|---|---|---|---|---|",
                *rows,
                f"| together | {sums.tests} | {len(sums.fuzzed)} | {sum(sums.fuzzed):,} | {len(sums.calls)} "
                f"| {sum(sums.calls):,} | |",
                "",
                "No invariant run had a call that reverted unless it was expected to.",
                "",
                *others,
                "",
            ]
        )
    )


if __name__ == "__main__":
    main()
