"""Fails unless the tests reach every line and every branch of the contracts: `contracts.sh coverage [CONTRACT...]`."""

import sys
import tempfile
from pathlib import Path

from core.chain.contracts.tools.suite import ROOT, asked, environment, forge


def missed(report: str, source: str) -> tuple[int, int, list[str]]:
    """Of an lcov report, one source's lines and branches, and what of them was never reached."""
    lines = branches = 0
    gaps = []
    inside = False
    for row in report.splitlines():
        key, _, value = row.partition(":")
        if key == "SF":
            inside = value == source
        elif inside and key == "DA":
            lines += 1
            number, hits = value.split(",")[:2]
            if hits == "0":
                gaps.append(f"{source}:{number}: line never reached")
        elif inside and key == "BRDA":
            branches += 1
            number, _, path, hits = value.split(",")
            if hits in ("0", "-"):
                gaps.append(f"{source}:{number}: branch {path} never taken")
    return lines, branches, gaps


def main() -> None:
    gaps = []
    for contract in asked():
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "lcov.info"
            words = ("coverage", "--report", "lcov", "--report-file", str(report))
            fine, text = forge(*words, env=environment(contract, "-lines"))
            if not fine:
                sys.exit(text)
            lines, branches, found = missed(report.read_text(), f"{contract}.sol")
        if not lines:
            sys.exit(f"No line of {contract}.sol is in the report of {ROOT}")
        share = 100 * (1 - len(found) / (lines + branches))
        print(f"coverage: {contract}: {lines} lines and {branches} branches, {share:.1f} % reached")
        gaps += found
    if gaps:
        sys.exit("\n".join(gaps))


if __name__ == "__main__":
    main()
