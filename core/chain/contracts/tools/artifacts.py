"""Fails unless the long tests run the bytes that are shipped: `contracts.sh artifacts [CONTRACT...]`."""

import json
import sys
from pathlib import Path

from core.chain.contracts.tools.suite import ROOT, asked, forge, shipped


def compiled(contract: str) -> str:
    """The creation code as the tests deploy it, in hex; 0x of a contract that is only a part of others."""
    env = shipped(contract)
    fine, text = forge("build", env=env)
    if not fine:
        sys.exit(text)
    artifact = json.loads((Path(env["FOUNDRY_OUT"]) / f"{contract}.sol/{contract}.json").read_text())
    return str(artifact["bytecode"]["object"])


def main() -> None:
    same = []
    for contract in asked():
        code = compiled(contract)
        if code == "0x":
            continue
        artifact = json.loads((ROOT.parent / f"artifacts/{contract}.json").read_text())
        if code != artifact["bytecode"]:
            sys.exit(f"The tests run other code of {contract} than core/chain/artifacts/ holds")
        same.append(contract)
    print(f"artifacts: the tests run the very bytes of {', '.join(same)}")


if __name__ == "__main__":
    main()
