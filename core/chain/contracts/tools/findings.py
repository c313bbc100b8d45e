"""Fails where slither finds something of high or medium impact in the contracts: `contracts.sh slither [CONTRACT...]`.

What is meant is said where it stands, as `// slither-disable-next-line DETECTOR`, with the reason above it.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from core.chain.contracts.tools.suite import FORGE, ROOT, asked, forge

TIMEOUT_S = 600


def findings(sources: list[str]) -> list[str]:
    """What slither says about these sources alone; OpenZeppelin is left to those who keep it."""
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {"FOUNDRY_OUT": f"{folder}/out", "FOUNDRY_CACHE_PATH": f"{folder}/cache"}
        env["PATH"] = f"{FORGE}:{env['PATH']}"
        fine, text = forge("build", *sources, "--build-info", "--build-info-path", f"{folder}/build-info", env=env)
        if not fine:
            sys.exit(text)
        report = Path(folder) / "report.json"
        done = subprocess.run(
            [
                *(ROOT / ".cache/slither/bin/slither", ".", "--ignore-compile", "--foundry-ignore-compile"),
                *("--foundry-out-directory", folder, "--filter-paths", "node_modules", "--json", str(report)),
                *("--exclude-low", "--exclude-informational", "--exclude-optimization"),
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
        told = json.loads(report.read_text())
    if not told["success"]:
        sys.exit(f"{done.stdout}\n{told['error']}")
    return [
        f"{found['impact']}, {found['check']}: {found['description']}" for found in told["results"].get("detectors", [])
    ]


def main() -> None:
    sources = [f"{contract}.sol" for contract in asked()]
    found = findings(sources)
    if found:
        sys.exit("\n".join(found))
    print(f"slither: nothing of high or medium impact in {', '.join(sources)}")


if __name__ == "__main__":
    main()
