"""Proves every `check_` function of the tests for all inputs, with halmos: `contracts.sh symbolic [CONTRACT...]`.

A proof counts where halmos ended every path, cut no loop short and found no counterexample; anything else fails, as
does a function that halmos left out. All contracts together must have at least ten.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from core.chain.contracts.tools.suite import FORGE, OWN, ROOT, asked, environment

AT_LEAST = 10
TIMEOUT_S = 1800


def stated(contract: str) -> set[str]:
    """The names of the contract's proofs, as its tests state them."""
    sources = (ROOT / "test" / contract).glob("*.t.sol")
    return {name for path in sources for name in re.findall(r"function (check_\w+)\s*\(", path.read_text())}


def proved(contract: str) -> tuple[set[str], str]:
    """The names of what halmos proved, and what it printed."""
    # Not the folder of the other commands: halmos has forge keep the syntax trees, too.
    env = environment(contract, "-proofs")
    env["PATH"] = f"{FORGE}:{ROOT / '.cache/halmos/bin'}:{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        done = subprocess.run(
            [
                ROOT / ".cache/halmos/bin/halmos",
                *("--function", "check_", "--no-status"),
                *("--forge-build-out", str(Path(env["FOUNDRY_OUT"]).relative_to(ROOT))),
                *("--json-output", str(report)),
            ],
            cwd=ROOT,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        if not report.exists():
            sys.exit(done.stdout)
        results = json.loads(report.read_text())["test_results"]
    names = {
        result["name"].partition("(")[0]
        for suite in results.values()
        for result in suite
        if result["exitcode"] == 0 and result["num_bounded_loops"] == 0
    }
    return names, done.stdout


def main() -> None:
    contracts = asked()
    count = 0
    for contract in contracts:
        names = stated(contract)
        if not names:
            continue
        done, text = proved(contract)
        count += len(names & done)
        print(f"symbolic: {contract}: {len(names & done)} of {len(names)} proved", flush=True)
        if names - done:
            sys.exit(f"{text}\nNot proved: {', '.join(sorted(names - done))}")
    if contracts == OWN and count < AT_LEAST:
        sys.exit(f"{count} proofs; there should be at least {AT_LEAST}")


if __name__ == "__main__":
    main()
