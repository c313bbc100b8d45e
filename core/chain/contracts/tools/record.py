"""Runs the contracts' tests for long, and every other check, and writes what came out to docs/contracts-long.md.

`contracts.sh long [PART...]`: a part is a contract or a check. Each is written down as soon as it has passed.
"""

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field

from core.chain.contracts.tools.suite import OWN, ROOT, environment, forge

TOP = ROOT.parents[2]
TIMEOUT_S = 7200
CHECKS = ("artifacts", "trees", "lines", "findings", "proofs", "mutants")


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
    env = environment(contract, "-long") | {"FOUNDRY_PROFILE": "long"}
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


def page(record: dict[str, dict[str, object]]) -> str:
    """docs/contracts-long.md."""
    tests = [record[name] for name in OWN if name in record]
    checks = [record[name] for name in CHECKS if name in record]
    missing = [name for name in (*OWN, *CHECKS) if name not in record]
    return "\n".join(
        [
            "# The last long runs of the contracts' tests",
            "",
            "Written by `make contracts-long`, a line whenever a part has passed: what fails is not written down.",
            "One part: `core/chain/contracts/tools/contracts.sh long Leases`. " + versions() + ".",
            "",
            "| contract | tests | fuzz tests | fuzz runs | invariants | invariant calls | seconds | run on |",
            "|---|---|---|---|---|---|---|---|",
            *(" ".join(str(row["line"]).split()) for row in tests),
            "",
            "No invariant run had a call that reverted unless it was expected to.",
            "",
            *(f"- {row['line']}" for row in checks),
            *(["", f"Not run since: {', '.join(missing)}."] if missing else []),
            "",
        ]
    )


def main() -> None:
    parts = sys.argv[1:] or [*OWN, *CHECKS]
    kept = TOP / "docs/contracts-long.json"
    for part in parts:
        today = time.strftime("%Y-%m-%d", time.gmtime())
        if part in OWN:
            done = tested(part)
            line = (
                f"| {part} | {done.tests} | {len(done.fuzzed)} | {sum(done.fuzzed):,} "
                f"| {len(done.calls)} | {sum(done.calls):,} | {done.seconds:.0f} | {today} |"
            )
        elif part in CHECKS:
            lines, seconds = checked(part)
            # Of the mutants only the sum: what each of them is stands beside the tests.
            said = lines[-1:] if part == "mutants" else lines
            line = f"{'; '.join(said)} ({seconds:.0f} s, {today})"
        else:
            sys.exit(f"There is no part {part}: {', '.join((*OWN, *CHECKS))}.")
        print(line, flush=True)
        record = json.loads(kept.read_text()) if kept.exists() else {}
        record[part] = {"line": line}
        kept.write_text(json.dumps(record, indent=1) + "\n")
        (TOP / "docs/contracts-long.md").write_text(page(record))


if __name__ == "__main__":
    main()
