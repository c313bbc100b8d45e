"""Compiles the contracts: `python -m core.chain.compile` writes core/chain/artifacts, `--check` compares with them.

Only who changes a contract, or wants to be sure that the shipped bytes follow from the shipped sources, needs this:
it takes Node.js, and `npm ci` run once in core/chain/contracts.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.chain.artifact import CONTRACTS
from core.errors import InvalidInput, NotFound, SparecloudError

_HERE: Final = Path(__file__).parent
SOURCES: Final = _HERE / "contracts"
ARTIFACTS: Final = _HERE / "artifacts"
_BUILD_WITHIN_S: Final = 300


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where the artifacts were written, or are as they should be; else 1, or 2 where the tools are missing."""
    parser = argparse.ArgumentParser(prog="python -m core.chain.compile", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail where an artifact differs")
    asked = parser.parse_args(arguments)
    try:
        if not asked.check:
            build(ARTIFACTS)
            print("The artifacts are written.")
            return 0
        stale = differing()
    except SparecloudError as refused:
        print(refused, file=sys.stderr)
        return refused.exit_code if isinstance(refused, InvalidInput) else 2
    if stale:
        names = ", ".join(stale)
        print(f"Not what the sources compile to: {names}. Run python -m core.chain.compile.", file=sys.stderr)
        return 1
    print("The artifacts are what the sources compile to.")
    return 0


def build(target: Path) -> None:
    """Compile into `target`. Raises NotFound where a tool is missing, InvalidInput where the sources fail."""
    node = shutil.which("node")
    if node is None:
        raise NotFound("Node.js is not on PATH.", "Install it; only compiling the contracts needs it.")
    if not (SOURCES / "node_modules" / "solc").is_dir():
        raise NotFound("The compiler is not installed.", f"Run: npm ci --prefix {SOURCES}")
    command = [node, str(SOURCES / "build.mjs"), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_BUILD_WITHIN_S, check=False)
    if done.returncode != 0:
        raise InvalidInput(f"The contracts do not compile.\n{done.stderr.strip()}")


def differing() -> tuple[str, ...]:
    """The names of shipped artifacts that are not, byte for byte, what the sources compile to."""
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        return tuple(name for name in CONTRACTS if _bytes(ARTIFACTS, name) != _bytes(Path(folder), name))


def _bytes(folder: Path, contract: str) -> bytes:
    path = folder / f"{contract}.json"
    return path.read_bytes() if path.exists() else b""


if __name__ == "__main__":
    sys.exit(main())
