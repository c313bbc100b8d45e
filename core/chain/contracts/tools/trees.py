"""Compares test/CONTRACT/*.tree with a contract's functions and with its tests: `contracts.sh tree [CONTRACT...]`.

A tree's root line is `Contract::function`; trees in one file are parted by a blank line. Every external or public
function of the contract, inherited ones too, has one; so may the constructor. A leaf `it refuses what is late` of
`claim` is the test `test_claim_RefusesWhatIsLate` (or testFuzz_claim_...), and every test named after a function is a
leaf. Overloads share a tree.
"""

import json
import re
import sys
from pathlib import Path

from core.chain.contracts.tools.suite import ROOT, asked, environment, forge

# What a contract inherits from one of ours is in that one's trees.
BASES = {"Leases": "Vault"}
TEST = re.compile(r"function test(?:Fuzz)?_(\w+)_([A-Z][A-Za-z0-9]*)\s*\(")


def leaves(text: str, contract: str) -> tuple[dict[str, list[str]], list[str]]:
    """For each function in a .tree file the test names that its leaves stand for, and what is wrong with the file."""
    found: dict[str, list[str]] = {}
    wrong = []
    for block in re.split(r"\n\s*\n", text.strip()):
        root, *rows = block.splitlines()
        owner, _, function = root.partition("::")
        if owner != contract or not function:
            wrong.append(f"{root!r} is no root of a tree of {contract}")
            continue
        if function in found:
            wrong.append(f"{root} has two trees")
        names = found.setdefault(function, [])
        for row in rows:
            words = row.lstrip(" │├└─")
            if words.startswith("it "):
                name = "".join(word[0].upper() + word[1:] for word in re.findall(r"\w+", words[3:].replace("'", "")))
                if name in names:
                    wrong.append(f"{root}: two leaves say {words!r}")
                names.append(name)
            elif not words.startswith(("given ", "when ")):
                wrong.append(f"{root}: {words!r} starts with none of given, when, it")
        if not names:
            wrong.append(f"{root} has no leaf")
    return found, wrong


def functions(contract: str) -> set[str]:
    """The names in the contract's ABI; a payable `receive` and the constructor, which all have, count as functions."""
    env = environment(contract, "")
    fine, text = forge("build", env=env)
    if not fine:
        sys.exit(text)

    def named(owner: str) -> set[str]:
        abi = json.loads((Path(env["FOUNDRY_OUT"]) / f"{owner}.sol/{owner}.json").read_text())["abi"]
        return {entry.get("name", entry["type"]) for entry in abi if entry["type"] not in ("event", "error")}

    inherited = named(BASES[contract]) if contract in BASES else set()
    return named(contract) - inherited | {"constructor"}


def check(contract: str) -> tuple[int, list[str]]:
    """How many leaves the contract's trees have, and what is wrong."""
    folder = ROOT / "test" / contract
    trees: dict[str, list[str]] = {}
    wrong: list[str] = []
    for path in sorted(folder.glob("*.tree")):
        found, said = leaves(path.read_text(), contract)
        wrong += said + [f"{contract}::{name} has trees in two files" for name in found if name in trees]
        trees |= found
    known = functions(contract)
    wrong += [f"{contract}::{name} has no tree" for name in sorted(known - trees.keys() - {"constructor"})]
    wrong += [f"{contract} has no function {name}" for name in sorted(trees.keys() - known)]
    tests = [match for path in sorted(folder.glob("*.t.sol")) for match in TEST.findall(path.read_text())]
    named = {(function, leaf) for function, leaf in tests if function in known}
    for function, names in trees.items():
        said = [leaf for leaf in names if (function, leaf) not in named]
        wrong += [f"{contract}::{function}: no test_{function}_{leaf}" for leaf in said]
    wrong += [
        f"{contract}: test_{function}_{leaf} is no leaf of a tree"
        for function, leaf in sorted(named)
        if leaf not in trees.get(function, [])
    ]
    return sum(map(len, trees.values())), wrong


def main() -> None:
    wrong = []
    for contract in asked():
        count, said = check(contract)
        print(f"tree: {contract}: {count} leaves")
        wrong += said
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
